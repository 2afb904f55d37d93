"""The row of a schedule: the last run that ended, those before, and what goes on beside."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.publish.conftest import finished, run

from inspect_operator import errors
from inspect_operator.api import status as schema
from inspect_operator.publish import row as rows
from inspect_operator.run import outcome
from inspect_operator.runner import verdict

WANT = builders.want(builders.modern(schedule="0 3 * * *", timeZone="UTC"))
PAUSED = builders.want(builders.modern(schedule="0 3 * * *", suspend=True))
PROBLEM = errors.ReleaseRejected("spec.schedule: invalid")


def _row(*ended: outcome.Run, now: outcome.Run | None = None, before: Any = None, **view: Any) -> rows.Row:
    made = rows.scheduled(rows.View(**{"want": WANT, **view}), ended, now, before, "0 3 * * *")
    schema.Result.model_validate(made)
    return made


def _ended(number: int, worst: verdict.Verdict = verdict.Verdict.SUCCESS) -> outcome.Run:
    return finished(uid=f"uid-{number}", job=f"night--disk-{number}", verdict=worst)


def _history(made: rows.Row) -> list[str]:
    return [past["runUid"] for past in made.get("history", ())]


def test_before_the_first_run() -> None:
    made = _row()
    assert (made["state"], made["reason"], made["res"]) == (
        "waiting", "Scheduled", "waiting: no run yet; next by its schedule 0 3 * * *",
    )  # fmt: skip
    assert (made["schedule"], "suspended" in made) == ("0 3 * * * UTC", False)
    paused = _row(want=PAUSED)
    assert (paused["reason"], paused["res"], paused["suspended"]) == ("Suspended", "waiting: suspended", True)


def test_a_problem_is_told_until_there_is_a_result() -> None:
    made = _row(problem=PROBLEM)
    assert (made["state"], made["reason"], made["message"]) == ("waiting", "ReleaseRejected", str(PROBLEM))
    assert _row(_ended(1), problem=PROBLEM)["verdict"] == "success"


def test_the_last_that_ended_is_the_result_and_the_others_are_the_history() -> None:
    made = _row(_ended(1), _ended(2, verdict.Verdict.FAIL), _ended(3))
    assert (made["state"], made["verdict"], made["runUid"]) == ("finished", "success", "uid-3")
    assert _history(made) == ["uid-2", "uid-1"]


def test_what_was_told_before_goes_on() -> None:
    before = _row(_ended(1), _ended(2))
    assert _row(before=before) == before
    assert _history(_row(_ended(3), before=before)) == ["uid-2", "uid-1"]
    assert _row(_ended(2), before=before) == before, "the same run told again is not another"


def test_a_result_that_became_better_known_replaces_itself() -> None:
    before = _row(_ended(1), finished(uid="uid-2", verdict=verdict.Verdict.UNKNOWN))
    made = _row(_ended(2), before=before)
    assert (made["verdict"], _history(made)) == ("success", ["uid-1"])


def test_a_run_that_goes_on_leaves_the_result_and_changes_the_state() -> None:
    before = _row(_ended(1))
    made = _row(now=run(uid="uid-2"), before=before)
    assert made == before | {"state": "active"}
    assert _row(before=made)["state"] == "finished", "it is gone, and nothing is known of it"


def test_the_first_run_says_what_it_does() -> None:
    made = _row(now=run())
    assert (made["state"], made["reason"], made["res"]) == ("active", "Running", "active: pod p runs")
    assert "verdict" not in made


def test_nothing_of_the_run_before_is_left_in_the_result() -> None:
    before = _row(_ended(1))
    bare = finished(uid="uid-2", findings=(), counts={}, output_tail="", exit_code=None, message="")
    made = _row(bare, before=before)
    assert not {"findings", "counts", "outputTail", "exitCode", "message"} & set(made)


def test_the_history_is_at_most_ten() -> None:
    made = _row(*(_ended(number) for number in range(15)))
    assert _history(made) == [f"uid-{number}" for number in range(13, 3, -1)]


@pytest.mark.parametrize("edit", [{"schedule": "@hourly"}, {"suspend": True}, {"script": "other"}])
def test_an_edit_of_the_schedule_keeps_what_is_known(edit: builders.Object) -> None:
    before = _row(_ended(1), _ended(2))
    edited = builders.want(builders.modern(**({"schedule": "0 3 * * *"} | edit)))
    made = _row(before=before, want=edited)
    assert (made["runUid"], _history(made)) == ("uid-2", ["uid-1"])


def test_the_result_of_a_task_that_had_no_schedule_is_not_the_schedules() -> None:
    once = rows.once(rows.View(builders.want()), "j", finished(), None)
    assert _row(before=once)["reason"] == "Scheduled"


def test_the_last_success_is_remembered_for_longer_than_the_history_is() -> None:
    made = _row(_ended(0))
    success = made["finished"]
    for number in range(1, rows.MAX_HISTORY + 3):
        made = _row(_ended(number, verdict.Verdict.FAIL), before=made)
    assert {past["verdict"] for past in made["history"]} == {"fail"}
    assert made["lastSuccess"] == success
    assert "lastSuccess" not in _row(_ended(1, verdict.Verdict.FAIL)), "there was none"
