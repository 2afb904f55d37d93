"""The full report: everything that fits, what does not fit counted; never more than 256 KiB."""

import json
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.publish import conftest

from inspect_operator.api import task as tasks
from inspect_operator.publish import open_report, row, task_report

ABOUT = task_report.About("default", "night", "uid-1", 3, "script", "pod")
OWNER = tasks.Owner("default", "night", "uid-1")


def told(**also: Any) -> row.Row:
    return row.once(row.View(conftest.WANT), conftest.JOB, conftest.finished(), None) | also


def finding(number: int, text: str = "seen", result: str = "fail") -> row.Row:
    return {"name": f"check-{number}", "result": result, "message": text}


def test_it_tells_whose_run_it_is_and_all_that_was_found() -> None:
    found = [finding(number) for number in range(300)]
    made = task_report.of_run(ABOUT, told(passRate="1/1"), task_report.Detail(found, 7, "one\ntwo", 5, "oops"))
    assert made["version"] == 1
    assert (made["namespace"], made["inspect"], made["uid"], made["generation"]) == ("default", "night", "uid-1", 3)
    assert (made["task"], made["kind"], made["target"]) == ("disk", "script", "pod")
    assert (made["verdict"], made["runUid"], made["exitCode"]) == ("success", "job-uid", 0)
    assert made["findings"] == found
    assert (made["cut"], made["output"], made["outputCut"], made["stderr"]) == (7, "one\ntwo", 5, "oops")
    assert "missed" not in made


@pytest.mark.slow
@pytest.mark.parametrize("text", ["x", "长", "\U0001f600", '"\\', "\t"])
def test_it_stays_small_whatever_was_printed_and_counts_what_it_cut(text: str) -> None:
    words = text * 1000
    found = [finding(number, words) for number in range(1500)]
    rows = [{"target": f"node-{number}", "verdict": "fail", "message": words, "output": text * 2000,
             "findings": found[:50]} for number in range(1024)]  # fmt: skip
    output = (text * 100 + "\n") * 20_000
    detail = task_report.Detail(found, 5, output, 9, words * 20, rows)
    made = task_report.of_run(ABOUT, told(counts={"fail": 1505}), detail)
    assert len(task_report.dumps(made).encode()) <= task_report.MAX_BYTES
    assert len(made.get("findings", ())) + made["cut"] == 1505
    assert len(made.get("targets", ())) + made["targetsCut"] == 1024
    assert made["outputCut"] >= len(output.encode()) + 9 - task_report.MAX_OUTPUT_BYTES
    assert made["findings"], "a finding says more than passing nodes or output"


def test_output_goes_before_findings_and_passing_findings_before_failing_ones() -> None:
    found = [finding(number, "m" * 300) for number in range(400)]
    found += [finding(number, "p" * 300, "success") for number in range(600)]
    made = task_report.of_run(ABOUT, told(), task_report.Detail(found, 0, "o" * 120_000))
    assert [one for one in made["findings"] if one["result"] == "fail"] == found[:400]
    assert len(task_report.dumps(made).encode()) <= task_report.MAX_BYTES
    assert len(made.get("output", "")) + made["outputCut"] == 120_000


def test_the_end_of_the_output_is_what_stays() -> None:
    output = "\n".join(str(number) for number in range(60_000))
    made = task_report.of_run(ABOUT, told(), task_report.Detail(output=output))
    assert made["output"].endswith("59999")
    assert len(made["output"]) + made["outputCut"] == len(output)


def test_a_lesser_one_is_made_of_what_the_status_tells() -> None:
    made = task_report.of_row(ABOUT, told())
    assert made["findings"] == [{"name": "disk", "result": "success", "message": "45%"}]
    assert made["output"] == "disk ok 45%\n"
    assert task_report.of_row(ABOUT, {"task_name": "new", "state": "waiting"})["task"] == "new"


def test_a_missed_run_leaves_what_the_last_one_found() -> None:
    last = task_report.of_run(ABOUT, told(), task_report.Detail([finding(1)], 0, "printed"))
    missed = {"task_name": "disk", "verdict": "unknown", "reason": "ScheduleMissed", "missed": "2026-01-02T03:00:00Z"}
    made = task_report.of_missed(ABOUT, missed, last)
    assert (made["verdict"], made["missed"]) == ("unknown", "2026-01-02T03:00:00Z")
    assert (made["findings"], made["output"], made["runUid"]) == ([finding(1)], "printed", "job-uid")


def test_it_is_read_back_and_anything_else_is_none() -> None:
    made = task_report.of_run(ABOUT, told(), task_report.Detail([finding(1, "长、\u2028")]))
    body = task_report.config_map(OWNER, "night--disk", "disk", made)
    assert body["metadata"]["name"] == "night--disk.report"
    assert "taskType" not in body["metadata"]["labels"], "it is no object of the release"
    assert task_report.loads(body) == made
    for data in (None, {}, {"report.json": "{"}, {"report.json": "[" * 9000}, {"report.json": '{"version": 2}'}):
        assert task_report.loads({"data": data}) == {}


def test_open_report_has_a_result_for_each_finding() -> None:
    found = [finding(1), finding(2, "near", "warn"), finding(3, "well", "success") | {"severity": "low"}]
    report = task_report.of_run(
        ABOUT, told(verdict="fail", counts={"fail": 1, "warn": 1, "success": 5}), task_report.Detail(found)
    )
    made = open_report.of_task(OWNER, "night--disk", report)
    assert [(one["policy"], one["result"], one["severity"]) for one in made["results"]] == [
        ("check-1", "fail", "high"), ("check-2", "warn", "low"), ("check-3", "pass", "low"),
    ]  # fmt: skip
    assert made["summary"] == {"pass": 5, "fail": 1, "warn": 1, "error": 0, "skip": 0}
    assert made["scope"]["name"] == "night"
    assert made["results"][0]["timestamp"] == {"seconds": int(builders.NOW.timestamp()), "nanos": 0}
    json.dumps(made)


@pytest.mark.parametrize(
    ("verdict", "result"),
    [("error", "error"), ("unknown", "error"), ("skipped", "skip"), ("fail", "fail"), ("success", "pass")],
)
def test_open_report_tells_a_verdict_that_no_finding_tells(verdict: str, result: str) -> None:
    report = task_report.of_run(ABOUT, told(verdict=verdict, counts={}), task_report.Detail())
    (only,) = open_report.of_task(OWNER, "night--disk", report)["results"]
    assert (only["policy"], only["result"]) == ("disk", result)
    assert open_report.of_task(OWNER, "night--disk", report)["summary"][result] == 1
