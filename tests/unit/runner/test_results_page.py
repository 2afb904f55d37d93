"""What docs/results.md shows is what happens."""

import pathlib
import re

import pytest
import yaml
from tests.unit import builders

from inspect_operator.api import canonical
from inspect_operator.runner import documents, findings, lines, results_file, stream
from inspect_operator.runner.dialects import json_lines

PAGE = (pathlib.Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```output\n(.*?)```\n\n```findings\n(.*?)```", PAGE, re.DOTALL)


def as_shown(finding: findings.Finding) -> str:
    text = f"{finding.result:<8} {finding.name}"
    text += f" ({finding.severity})" if finding.severity else ""
    text += f" [{finding.target}]" if finding.target else ""
    text += f": {finding.message}" if finding.message else ""
    return text + (f" → {finding.remediation}" if finding.remediation else "")


def test_every_example_has_its_findings_beside_it() -> None:
    assert len(EXAMPLES) == PAGE.count("```output") == PAGE.count("```findings") == 4


@pytest.mark.parametrize(("output", "shown"), EXAMPLES)
def test_an_example_has_the_findings_that_are_shown(output: str, shown: str) -> None:
    assert [as_shown(finding) for finding in stream.parse(output.encode()).findings] == shown.splitlines()


def test_the_tasks_that_are_shown_are_understood() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    tasks = canonical.read(builders.body(*yaml.safe_load(example)["tasks"]), {}).tasks
    assert [(task.results_format, task.results_file) for task in tasks] == [("auto", "/tmp/report.xml"), ("none", "")]


@pytest.mark.parametrize("what", ["NAME", "RESULT", "MESSAGE", "DESCRIPTION", "TARGET", "SEVERITY", "REMEDIATION"])
def test_the_keys_of_json_lines_are_all_named(what: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {what.lower()} | `")]
    assert tuple(re.findall("`([a-zA-Z]+)`", row)) == getattr(json_lines, what)


def test_the_words_for_results_are_all_named() -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| result | `result`")]
    groups = [set(re.findall("[a-z]+", group.partition(";")[0])) for group in row.partition(":")[2].split("·")]
    assert groups == [
        {word for word, result in json_lines.RESULTS.items() if result is one}
        for one in (
            findings.Result.SUCCESS,
            findings.Result.FAIL,
            findings.Result.WARN,
            findings.Result.INFO,
            findings.Result.UNKNOWN,
        )
    ]


def test_the_limits_and_severities_that_are_told_hold() -> None:
    assert lines.MAX_LINE_BYTES == 16 * 1024
    assert (documents.MAX_BYTES, results_file.MAX_BYTES) == (4 << 20, 16 << 20)
    assert (findings.MAX_NAME, findings.MAX_MESSAGE, findings.MAX_DESCRIPTION) == (200, 1000, 300)
    assert findings.MAX_REMEDIATION == 500
    for result, severity in findings.DEFAULT_SEVERITY.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{result}` |")]
        assert row.endswith(f"| `{severity}` |")
