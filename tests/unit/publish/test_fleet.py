"""One row for a task on many nodes: what it says of all of them, and how little room that takes."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.publish import conftest

from inspect_operator.api import status as schema
from inspect_operator.plan import desired
from inspect_operator.publish import fleet, status
from inspect_operator.publish import row as rows
from inspect_operator.runner import findings, verdict

WANT = builders.want(builders.modern(target={"nodes": {}}), facts=builders.on_nodes("a", "b", "c"))
CRON = builders.want(builders.modern(schedule="@hourly", target={"nodes": {}}), facts=builders.on_nodes("a", "b"))
PASSED = rows.once(rows.View(WANT), conftest.JOB, conftest.finished(), None)
FAILED = rows.once(
    rows.View(WANT),
    conftest.JOB,
    conftest.finished(
        verdict=verdict.Verdict.FAIL,
        reason="Findings",
        message="1 of 1 failed",
        counts={"fail": 1},
        findings=(findings.Finding("disk", findings.Result.FAIL, "91%"),),
    ),
    None,
)
ACTIVE = rows.once(rows.View(WANT), conftest.JOB, conftest.run(), None)
SKIPPED = rows.ended("skipped", "NodeNotReady", "node is not Ready")
QUEUED = rows.aside(desired.Aside("b", False, "Queued", "waits"))
LOST = rows.ended("unknown", "JobDeleted", "deleted")


def _of(*members: rows.Row, want: Any = WANT, left_out: int = 0, before: Any = None) -> rows.Row:
    made = fleet.combined(rows.View(want), list(zip("abcdefghij", members, strict=False)), left_out, before)
    schema.Result.model_validate(made)
    return made


@pytest.mark.parametrize(
    ("members", "state", "worst", "reason", "message"),
    [
        ((PASSED, PASSED), "finished", "success", "Passed", "2 of 2 nodes passed"),
        ((PASSED,), "finished", "success", "Passed", "1 of 1 node passed"),
        ((PASSED, SKIPPED), "finished", "success", "Passed", "1 of 2 nodes passed; skipped: b (NodeNotReady)"),
        ((SKIPPED, SKIPPED), "finished", "skipped", "NodeNotReady",
         "0 of 2 nodes passed; skipped: a (NodeNotReady), b (NodeNotReady)"),
        ((PASSED, FAILED, LOST), "finished", "fail", "Findings",
         "1 of 3 nodes passed; fail: b (Findings); unknown: c (JobDeleted)"),
        ((PASSED, LOST), "finished", "unknown", "JobDeleted", "1 of 2 nodes passed; unknown: b (JobDeleted)"),
        ((FAILED, ACTIVE), "active", None, "Running", "0 of 2 nodes passed; fail: a (Findings); active: b"),
        ((PASSED, QUEUED), "waiting", None, "Queued", "1 of 2 nodes passed; waiting: b"),
    ],
)  # fmt: skip
def test_what_it_says(members: Any, state: str, worst: str | None, reason: str, message: str) -> None:
    made = _of(*members)
    assert (made["state"], made.get("verdict"), made["reason"], made["message"]) == (state, worst, reason, message)
    assert ("finished" in made) is (state == "finished" and any("finished" in one for one in members))


def test_a_schedule_tells_the_last_result_while_a_run_goes_on() -> None:
    made = _of(PASSED, {**PASSED, "state": "active"}, want=CRON)
    assert (made["state"], made["verdict"]) == ("active", "success")


def test_nodes_that_had_no_turn_yet_leave_a_schedule_its_result() -> None:
    waiting = {"state": "waiting", "reason": "Scheduled", "message": "no run yet"}
    made = _of(PASSED, waiting, want=CRON)
    assert (made["state"], made["verdict"], made["message"]) == (
        "finished",
        "success",
        "1 of 2 nodes passed; waiting: b",
    )


def test_six_bad_nodes_are_five_and_a_number() -> None:
    assert _of(*[FAILED] * 6)["message"].endswith("e (Findings) and 1 more")


def test_nodes_that_are_left_out_are_told() -> None:
    assert _of(PASSED, left_out=3)["message"] == (
        "1 of 1 node passed; 3 left out for a taint that the task does not tolerate"
    )


def test_findings_of_all_nodes_begin_with_the_worst_and_name_their_node() -> None:
    made = _of(PASSED, FAILED)
    assert [(one["result"], one["target"]) for one in made["findings"]] == [("fail", "b"), ("success", "a")]
    assert made["counts"] == {"success": 1, "fail": 1}


def test_a_nodes_row_is_found_again_in_the_row_of_all() -> None:
    """After a restart that is all there is."""
    made = _of(PASSED, FAILED)
    assert fleet.member(made, "b") == {
        "runKey": WANT.run_key,
        "target": "b",
        **{key: FAILED[key] for key in ("state", "verdict", "reason", "message", "job", "runUid", "exitCode")},
        **{key: FAILED[key] for key in ("started", "finished", "counts", "findings")},
    }
    assert fleet.member(made, "z") is None
    assert fleet.member(None, "a") is None


def test_the_run_before_on_all_nodes_is_one_in_the_history() -> None:
    before = _of(PASSED, FAILED) | {"runKey": "0000000000"}
    (past,) = _of(ACTIVE, ACTIVE, before=before)["history"]
    assert (past["verdict"], past["reason"], past["runUid"]) == ("fail", "Findings", "job-uid")
    assert len(_of(PASSED, PASSED, before=_of(ACTIVE, ACTIVE, before=before))["history"]) == 1


@pytest.mark.parametrize("bad", [0, 10, 1000])
def test_a_thousand_nodes_fit_into_the_status_and_those_that_failed_go_last(bad: int) -> None:
    members = [
        (f"node-{number:04d}.some-datacentre.example.com", FAILED if number < bad else PASSED) for number in range(1000)
    ]
    made = fleet.combined(rows.View(WANT), members, 0, None)
    whole = status.status(status.Facts(1, True, None, (made, PASSED | {"task_name": "other"}), builders.NOW), {})
    schema.InspectStatus.model_validate(whole)
    assert len(builders.as_json(whole)) <= 64 * 1024
    (row, _) = whole["results"]
    assert row["message"].startswith(f"{1000 - bad} of 1000 nodes passed")
    assert row["targetsCut"] + len(row.get("targets", ())) == 1000
    if bad == 10:
        assert [one["target"] for one in row["targets"]] == [name for name, _ in members[:10]]
        assert len(row["findings"]) + row["cut"] == 1000
