"""The termination message: at most 4096 bytes of valid JSON, whatever was found."""

import dataclasses
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from inspect_operator.runner import findings, stream, summary, verdict

START = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def of(output: str, exit_code: int = 0) -> summary.Summary:
    report = stream.parse(output.encode("utf-8", "replace"))
    return summary.Summary(exit_code, verdict.judge(exit_code, report), report, START, START + timedelta(seconds=2))


def test_the_shape_that_the_operator_and_people_read() -> None:
    note = of("caseName:磁盘, caseDesc:根, result:fail, resultDesc:满了\nmemory-usage ok fine\n", exit_code=1)
    assert json.loads(summary.compose(note)) == {
        "version": 1,
        "exitCode": 1,
        "verdict": "fail",
        "reason": "Findings",
        "message": "1 of 2 findings failed (exit code 1): 磁盘: 满了",
        "counts": {"fail": 1, "unknown": 0, "warn": 0, "success": 1, "info": 0},
        "findings": [
            {"name": "磁盘", "result": "fail", "message": "满了", "description": "根"},
            {"name": "memory-usage", "result": "success", "message": "fine"},
        ],
        "cut": 0,
        "startedAt": "2026-01-02T03:04:05.678Z",
        "finishedAt": "2026-01-02T03:04:07.678Z",
    }


def test_what_fits_is_read_back_as_it_was() -> None:
    note = of("a-1 fail x\na-2 warn y\na-3 ok\na-4 info z\ncaseName:q, caseDesc:, result:hm, resultDesc:\n", 3)
    assert summary.parse(summary.compose(note).decode()) == note


def test_severity_remediation_and_stderr_are_read_back_as_they_were() -> None:
    note = of("caseName:a, result:fail, severity:critical, remediation:do it, resultDesc:b\n")
    note = dataclasses.replace(note, stderr="one\n磁盘 two")
    read = json.loads(summary.compose(note))
    assert read["findings"] == [
        {"name": "a", "result": "fail", "message": "b", "severity": "critical", "remediation": "do it"}
    ]
    assert read["stderr"] == "one\n磁盘 two"
    assert summary.parse(summary.compose(note).decode()) == note


@pytest.mark.parametrize(
    "line", ["e" * 99 + "\n", "满" * 33 + "\n", '"' * 99 + "\n", "e"], ids=["e", "满", "quotes", "one"]
)
def test_stderr_shrinks_before_any_finding_goes(line: str) -> None:
    stderr = (line * 1024)[: summary.MAX_STDERR_BYTES // len(line[0].encode())].rstrip("\n")
    printed = "\n".join(f"caseName:a{i}, result:fail, resultDesc:{'m' * 100}" for i in range(20))
    note = dataclasses.replace(of(printed), stderr=stderr)
    data = summary.compose(note)
    assert len(data) <= summary.MAX_BYTES
    read = summary.parse(data.decode())
    assert read is not None
    assert read.report == note.report
    assert stderr.endswith(read.stderr)
    assert 0 < len(read.stderr) < len(stderr)


def test_what_to_do_is_told_once_before_a_finding_goes() -> None:
    advice = "r" * 200
    lines = [f"caseName:a{i}, result:fail, remediation:{advice}, resultDesc:{'m' * 100}" for i in range(20)]
    read = summary.parse(summary.compose(of("\n".join(lines))).decode())
    assert read is not None
    assert [finding.remediation for finding in read.report.findings] == [advice] + [""] * 19


@pytest.mark.parametrize(
    "text", ["m" * 100, "满" * 1000, '"\\' * 500, "🙂" * 1000], ids=["short", "chinese", "quotes", "emoji"]
)
@pytest.mark.parametrize("number", [1, 2, 10, 64, 5000])
def test_it_never_exceeds_its_size_and_cuts_the_least_bad_first(text: str, number: int) -> None:
    printed = [f"caseName:通过{i}, caseDesc:{text}, result:success, resultDesc:{text}" for i in range(number)]
    printed += [f"caseName:失败{i}, caseDesc:{text}, result:fail, resultDesc:{text}" for i in range(number)]
    data = summary.compose(of("\n".join(printed)))
    assert len(data) <= summary.MAX_BYTES
    read = json.loads(data)
    assert read["verdict"] == "fail"
    assert (read["counts"]["fail"], read["counts"]["success"]) == (number, number)
    assert read["findings"][0]["name"].startswith("失败0")
    assert read["cut"] == 2 * number - len(read["findings"])
    assert [row["result"] for row in read["findings"]] == sorted(row["result"] for row in read["findings"])
    if number == 5000:
        assert len(data) > 1000, "room was wasted"


@pytest.mark.parametrize("seed", range(30))
def test_random_findings_always_fit_and_parse(seed: int) -> None:
    source = random.Random(seed)
    rows = tuple(
        findings.Finding(
            "".join(chr(source.choice((34, 92, 97, 0x4E00, 0x1F600, 0x2028))) for _ in range(source.randrange(200))),
            source.choice(list(findings.Result)),
            "".join(chr(source.randrange(32, 0xD000)) for _ in range(source.randrange(1000))),
            severity=source.choice([None, *findings.Severity]),
            remediation="做" * source.randrange(500),
        )
        for _ in range(source.randrange(64))
    )
    report = findings.Report(rows, findings.Counts(fail=len(rows)), 0)
    judgement = verdict.Judgement(verdict.Verdict.FAIL, "Findings", "\udcff满" * source.randrange(1000))
    stderr = "\x00\n" * source.randrange(500)
    data = summary.compose(summary.Summary(1, judgement, report, START, START, stderr))
    assert len(data) <= summary.MAX_BYTES
    read = summary.parse(data.decode())
    assert read is not None
    assert read.report.counts.fail == len(rows)


WHOLE = {
    "exitCode": 0,
    "verdict": "fail",
    "reason": "",
    "message": "",
    "counts": {},
    "findings": [],
    "cut": 0,
    "startedAt": "2026-01-02T03:04:05Z",
    "finishedAt": "2026-01-02T03:04:05Z",
}


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "killed", "3", "{}", "[" * 100_000, "1" * 10_000])
def test_another_text_in_a_termination_message_is_no_summary(text: str) -> None:
    assert summary.parse(text) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "fine"},
        {"verdict": None},
        {"exitCode": "x"},
        {"exitCode": float("inf")},
        {"counts": []},
        {"counts": {"fail": "many"}},
        {"findings": 3},
        {"findings": [{}]},
        {"findings": [{"name": "a", "result": "maybe"}]},
        {"findings": [{"name": "a", "result": "fail", "severity": "odd"}]},
        {"startedAt": 5},
        {"finishedAt": ""},
    ],
    ids=str,
)
def test_a_summary_with_a_wrong_field_is_none(wrong: dict[str, object]) -> None:
    assert summary.parse(json.dumps(WHOLE)) is not None
    assert summary.parse(json.dumps(WHOLE | wrong)) is None
