"""The model of a report from what the cluster keeps, whatever stands there."""

from typing import Any

import pytest
from tests.unit.publish.reports import sample

from inspect_operator.publish import task_report
from inspect_operator.publish.reports import attention, model, reading, words


def _task(row: sample.Object, full: sample.Object | None = None) -> model.Task:
    kept = {("shop", str(row.get("report"))): full} if full else {}
    return reading.inspection(sample.inspect("i", row), kept).tasks[0]


def test_the_full_report_adds_findings_output_and_what_each_target_found() -> None:
    task = sample.report(sample.HEALTH).inspections[0].tasks[0]
    assert (task.kind, task.where, task.output_cut, task.output_whole) == ("check", "nodes", 70000, True)
    assert [one.result for one in task.findings] == ["fail", "warn", "success", "success"], "worst first, none twice"
    assert {one.target for one in task.findings} == {"node-1", "node-3"}
    assert [len(target.findings) for target in task.targets] == [2, 2, 0]
    assert task.findings[0].severity == "critical"


def test_without_a_full_report_the_row_is_what_is_told() -> None:
    task = sample.report(sample.HEALTH).inspections[0].tasks[1]
    assert task.output.startswith("caseName:无CPU降频")
    assert not task.output_whole
    assert words.output_note(task) == "only the end of the output is kept in the status"


def test_a_full_report_of_another_run_does_not_count() -> None:
    row = {"task_name": "a", **sample.ran("success", "Passed"), "runUid": "new", "report": "r"}
    old = {"runUid": "old", "finished": row["finished"], "output": "of before", "verdict": "fail"}
    assert _task(row, old).output == ""
    assert _task(row, old).ran.verdict == "success"


def test_a_missed_schedule_keeps_the_details_of_the_last_run() -> None:
    full = {**sample.ran("success", "Passed"), "runUid": "u", "output": "all well\n", "findings": []}
    row = {**full, "task_name": "a", "verdict": "unknown", "reason": "ScheduleMissed", "report": "r"}
    task = _task({name: value for name, value in row.items() if name != "output"}, full)
    assert (task.ran.verdict, task.ran.reason, task.output) == ("unknown", "ScheduleMissed", "all well\n")


@pytest.mark.parametrize("wrong", [None, 7, "x", [], [1], {"a": 1}, True, 1.5])
def test_fields_of_a_wrong_form_count_as_missing(wrong: Any) -> None:
    fields = (
        "res state verdict reason message job started finished exitCode counts findings cut targets targetsCut output "
        "history passRate flapping newFindings fixedFindings missed advice revision schedule outputTail report"
    )
    row = {"task_name": "a"} | dict.fromkeys(fields.split(), wrong)
    inspection = reading.inspection(sample.inspect("i", row), {})
    assert inspection.tasks[0].name == "a"
    assert reading.inspection({"metadata": wrong, "status": wrong}, {}).tasks == ()
    assert reading.full_report({"data": wrong}) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"a"', '{"version": 2}', "[" * 100_000])
def test_what_is_no_report_is_none(text: str) -> None:
    assert reading.full_report({"data": {task_report.KEY: text}}) is None


def test_texts_lose_what_no_form_can_hold() -> None:
    assert reading.text("a\x00b\x1b[1mc\ud800d\u202ee\r\nf\tg") == "a\ufffdb\ufffd[1mc\ufffdd\ufffde\nf\tg"
    assert reading.text("中文，“好”😀") == "中文，“好”😀"
    reading.text("\ud83d").encode()


def test_the_score_counts_targets_and_is_100_only_if_all_passed() -> None:
    report = sample.report(sample.HEALTH)
    assert (report.score.passed, report.score.counted, report.score.percent) == (6, 9, 66)
    assert model.Score(999, 1000).percent == 99
    assert model.Score(0, 0).percent is None


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "Nothing was inspected"),
        (["success"], "The task passed"),
        (["success", "success"], "All 2 tasks passed"),
        (["success", "fail", "error", "unknown"], "3 of 4 tasks did not pass"),
        (["success", ""], "1 of 2 tasks has not run to an end yet"),
        (["success", "skipped"], "1 of 2 tasks was skipped, the others passed"),
    ],
)
def test_the_headline_tells_the_whole(verdicts: list[str], expected: str) -> None:
    rows = [{"task_name": str(n), "verdict": verdict} for n, verdict in enumerate(verdicts)]
    assert words.headline(sample.report(sample.inspect("i", *rows))) == expected


def test_what_needs_attention_is_told_once_and_the_most_severe_first() -> None:
    points = attention.points(sample.report(sample.HEALTH))
    assert [(one.level, one.title, one.target) for one in points] == [
        ("critical", "disk-usage:/var", "node-3"),
        ("high", "HostUnreachable", "10.0.0.9"),
        ("medium", "ScheduleMissed", ""),
        ("low", "disk-usage:/", "node-1"),
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (330, "5m30s"), (7199, "119m"), (7260, "2h1m"), (172800, "2d"), (None, "")],
)
def test_durations_read_as_kubectl_writes_ages(seconds: float | None, expected: str) -> None:
    assert words.duration(seconds) == expected
