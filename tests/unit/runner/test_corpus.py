"""What is found in lines and outputs as scripts print them: tests/unit/runner/corpus."""

from typing import Any

import pytest
from tests.unit.runner import corpus

from inspect_operator.runner import findings, stream
from inspect_operator.runner.dialects import case_name, check_word, json_lines

LINES = [(entry["line"], corpus.finding(entry["finding"])) for name in corpus.LINES for entry in corpus.read(name)]
OUTPUTS = [pytest.param(entry, id=entry["what"]) for name in corpus.OUTPUTS for entry in corpus.read(name)]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line_in_one_of_the_dialects_is_a_finding(line: str, expected: findings.Finding) -> None:
    assert stream.parse(line.encode()).findings == (expected,)


@pytest.mark.parametrize("line", corpus.read("nothing"))
def test_any_other_line_is_none(line: str) -> None:
    assert stream.parse(line.encode()).findings == ()
    assert stream.parse(f"before\n{line}\nafter\n".encode()).findings == ()


@pytest.mark.parametrize("entry", OUTPUTS)
@pytest.mark.timeout(20)
def test_the_findings_of_a_whole_output(entry: dict[str, Any]) -> None:
    assert stream.parse(corpus.output(entry)).findings == tuple(map(corpus.finding, entry["findings"]))


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(LINES) + len(corpus.read("nothing")) + len(OUTPUTS) >= 150


def test_long_values_are_cut_with_an_ellipsis() -> None:
    finding = case_name.parse(
        f"caseName:{'名' * 900}, caseDesc:{'d' * 900}, result:fail, remediation:{'r' * 900}, resultDesc:{'m' * 9000}"
    )
    assert finding is not None
    assert finding.name == "名" * (findings.MAX_NAME - 1) + "…"
    assert len(finding.description) == findings.MAX_DESCRIPTION
    assert len(finding.message) == findings.MAX_MESSAGE
    assert len(finding.remediation) == findings.MAX_REMEDIATION


@pytest.mark.parametrize(
    "line",
    [
        "caseName:" + ",caseDesc:" * 1600,
        "caseName:" + ",result:" * 2000,
        "caseName:x" + " " * 16000,
        "caseName:x,result:" + " " * 16000 + "y",
        "caseName:x,caseDesc:" + ", " * 8000,
        "caseName:x,result:fail" + ",severity:low" * 1200,
        "caseName:x,result:fail,remediation" + " " * 16000,
        "caseName:x,result:fail,remediation:" + ",severity" * 1700,
        "caseName:x,result:fail" + "," * 16000 + "severity:",
        "a" * 16000 + " ok x",
        "a ok" + " " * 16000,
        "a." * 8000,
        '{"result":' + "[" * 16000,
        '{"result":' * 1600,
        '{"result":"' + "\\u0000" * 2500 + '","name":"a"}',
    ],
)
@pytest.mark.timeout(2)
def test_no_line_takes_more_than_a_moment(line: str) -> None:
    for parse in (case_name.parse, check_word.parse, json_lines.parse):
        parse(line)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (stream.Format.AUTO, ["case", "check", "json", "junit"]),
        (stream.Format.CASES, ["case"]),
        (stream.Format.CHECKS, ["check"]),
        (stream.Format.JSON_LINES, ["json"]),
        (stream.Format.JUNIT, ["junit"]),
        (stream.Format.NONE, []),
    ],
)
def test_a_task_may_say_how_findings_are_told(form: stream.Format, expected: list[str]) -> None:
    printed = (
        b"caseName:case, result:fail, resultDesc:b\ncheck fail b\n"
        b'{"name":"json","result":"fail"}\n<testsuite><testcase name="junit"><error/></testcase></testsuite>\n'
    )
    assert [finding.name for finding in stream.parse(printed, form).findings] == expected


def test_severity_is_that_of_the_result_unless_the_finding_has_its_own() -> None:
    usual = {result: findings.severity(findings.Finding("a", result)) for result in findings.Result}
    assert usual == {"fail": "high", "unknown": "medium", "warn": "low", "success": "info", "info": "info"}
    assert findings.severity(findings.Finding("a", findings.Result.WARN, severity=findings.Severity.HIGH)) == "high"
