"""The report for programs."""

import json

from tests.unit.publish.reports import sample

from inspect_operator.publish.reports import as_json


def test_it_holds_everything_that_is_known_and_nothing_that_is_not() -> None:
    made = json.loads(as_json.write(sample.report()))
    assert made["summary"] == {
        "headline": "4 of 9 tasks did not pass",
        "verdict": "error",
        "score": 60,
        "passed": 6,
        "counted": 10,
        "tasks": {"error": 1, "fail": 2, "unknown": 1, "unfinished": 2, "success": 2, "skipped": 1},
    }
    disk, cpu, *_ = made["inspects"][0]["tasks"]
    assert disk["targets"][0]["findings"][0]["remediation"].startswith("Delete what")
    assert (disk["newFindings"], disk["flapping"], disk["outputCut"]) == (["disk-usage:/var on node-3"], True, 70000)
    assert (cpu["exitCode"], cpu["seconds"], cpu["findings"][0]["name"]) == (0, 5.0, "无CPU降频")
    assert "flapping" not in cpu
    assert "missed" not in cpu


def test_hostile_text_makes_no_invalid_json() -> None:
    row = {"task_name": "\ud800", "message": "\x00", "verdict": "fail"}
    text = as_json.write(sample.report(sample.inspect("i", row)))
    assert json.loads(text.encode())["inspects"][0]["tasks"][0]["name"] == "\ufffd"
