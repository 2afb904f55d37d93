"""The status as a whole: conditions, scalars for the printer columns, and the order in which it shrinks."""

import datetime
import json
from typing import Any

import pytest
from tests.unit import builders

from inspect_operator import errors
from inspect_operator.api import status as schema
from inspect_operator.publish import status

LATER = builders.NOW + datetime.timedelta(hours=1)
THEN, NOW = "2026-01-02T03:04:05Z", "2026-01-02T04:04:05Z"
INVALID = errors.SpecInvalid("spec.tasks[0].script: empty")

PASSED = {"task_name": "a", "state": "finished", "verdict": "success", "reason": "Passed"}
FAILED = {"task_name": "b", "state": "finished", "verdict": "fail", "reason": "ExitCode"}
BROKEN = {"task_name": "c", "state": "finished", "verdict": "error", "reason": "OOMKilled"}
UNKNOWN = {"task_name": "d", "state": "finished", "verdict": "unknown", "reason": "LogLost"}
SKIPPED = {"task_name": "e", "state": "finished", "verdict": "skipped", "reason": "NotYetSupported"}
ACTIVE = {"task_name": "f", "state": "active", "reason": "Running"}
WAITING = {"task_name": "g", "state": "waiting", "reason": "Starting"}
# Of schedules.
DUE = {"task_name": "h", "state": "waiting", "reason": "Scheduled", "schedule": "@daily"}
DONE = {"task_name": "i", "state": "finished", "verdict": "success", "reason": "Passed", "schedule": "@daily"}
AGAIN = {**DONE, "state": "active"}
BAD = {**DONE, "verdict": "fail", "reason": "Findings"}


def _status(*rows: Any, before: Any = None, converged: bool = True, problem: Any = None, generation: int = 1,
            now: datetime.datetime = builders.NOW) -> Any:  # fmt: skip
    made = status.status(status.Facts(generation, converged, problem, rows, now), before or {})
    schema.InspectStatus.model_validate(made)
    return made


def _conditions(made: Any) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in made["conditions"]}


@pytest.mark.parametrize(
    ("situation", "facts", "ready", "finished", "succeeded"),
    [
        ("all passed", {"rows": (PASSED, PASSED)}, ("True", "ReleasesDeployed"), ("True", "RunsFinished"),
         ("True", "TasksPassed")),
        ("one did not run", {"rows": (PASSED, SKIPPED)}, ("True", "ReleasesDeployed"), ("True", "RunsFinished"),
         ("Unknown", "TasksSkipped")),
        ("one failed", {"rows": (PASSED, FAILED)}, ("True", "ReleasesDeployed"), ("True", "RunsFinished"),
         ("False", "TasksFailed")),
        ("one broke", {"rows": (BROKEN,)}, ("True", "ReleasesDeployed"), ("True", "RunsFinished"),
         ("False", "TasksFailed")),
        ("one is unknown", {"rows": (PASSED, UNKNOWN)}, ("True", "ReleasesDeployed"), ("True", "RunsFinished"),
         ("False", "TasksFailed")),
        ("one runs", {"rows": (PASSED, ACTIVE, WAITING)}, ("True", "ReleasesDeployed"), ("False", "Running"),
         ("Unknown", "Running")),
        ("all wait", {"rows": (PASSED, WAITING)}, ("True", "ReleasesDeployed"), ("False", "Waiting"),
         ("Unknown", "Running")),
        ("one failed and another runs: failed it has", {"rows": (FAILED, ACTIVE)}, ("True", "ReleasesDeployed"),
         ("False", "Running"), ("False", "TasksFailed")),
        ("a schedule before its first run", {"rows": (DUE,)}, ("True", "ReleasesDeployed"), ("True", "RunsFinished"),
         ("Unknown", "Scheduled")),
        ("a schedule whose last run passed", {"rows": (DONE, PASSED)}, ("True", "ReleasesDeployed"),
         ("True", "RunsFinished"), ("True", "TasksPassed")),
        ("a schedule whose last run passed, and that runs", {"rows": (AGAIN,)}, ("True", "ReleasesDeployed"),
         ("True", "RunsFinished"), ("True", "TasksPassed")),
        ("a schedule whose last run failed", {"rows": (BAD, PASSED)}, ("True", "ReleasesDeployed"),
         ("True", "RunsFinished"), ("False", "TasksFailed")),
        ("beside a schedule a run that goes on", {"rows": (DUE, ACTIVE)}, ("True", "ReleasesDeployed"),
         ("False", "Running"), ("Unknown", "Running")),
        ("a new generation", {"rows": (PASSED,), "converged": False}, ("Unknown", "Reconciling"),
         ("Unknown", "Reconciling"), ("Unknown", "Reconciling")),
        ("the spec is invalid", {"rows": (PASSED,), "converged": False, "problem": INVALID}, ("False", "SpecInvalid"),
         ("Unknown", "SpecInvalid"), ("Unknown", "SpecInvalid")),
        ("a release failed", {"rows": (PASSED, WAITING), "problem": errors.ReleaseRejected("no")},
         ("False", "ReleaseRejected"), ("False", "Waiting"), ("Unknown", "Running")),
    ],
)  # fmt: skip
def test_conditions(
    situation: str, facts: dict[str, Any], ready: tuple[str, str], finished: tuple[str, str], succeeded: tuple[str, str]
) -> None:
    made = _status(*facts.pop("rows"), **facts)
    assert _conditions(made) == {"Ready": ready, "Finished": finished, "Succeeded": succeeded}, situation
    assert (made["ready"], made["succeeded"]) == (ready[0], succeeded[0])
    assert all(one["message"] for one in made["conditions"])


def test_a_new_generation_is_unknown_from_the_very_write_that_observes_it() -> None:
    before = _status(PASSED, generation=1)
    after = _status(PASSED, before=before, converged=False, generation=2, now=LATER)
    assert after["observedGeneration"] == 2
    for one in after["conditions"]:
        assert (one["status"], one["observedGeneration"], one["lastTransitionTime"]) == ("Unknown", 2, NOW)


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    before = _status(ACTIVE)
    after = _status(FAILED, before=before, now=LATER)
    times = {one["type"]: one["lastTransitionTime"] for one in after["conditions"]}
    assert times == {"Ready": THEN, "Finished": NOW, "Succeeded": NOW}


def test_another_reason_is_no_transition() -> None:
    before = _status(WAITING, problem=INVALID)
    after = _status(WAITING, before=before, problem=errors.ReleaseRejected("no"), now=LATER)
    assert after["conditions"][0]["reason"] == "ReleaseRejected"
    assert after["conditions"][0]["lastTransitionTime"] == THEN


def test_nothing_new_is_the_same_status_so_that_nothing_is_written() -> None:
    before = _status(PASSED, ACTIVE)
    assert _status(PASSED, ACTIVE, before=before, now=LATER) == before


def test_messages_name_the_tasks() -> None:
    made = {one["type"]: one["message"] for one in _status(PASSED, FAILED, BROKEN, ACTIVE, WAITING)["conditions"]}
    assert made["Succeeded"] == "2 of 5 did not pass: b (fail/ExitCode), c (error/OOMKilled)"
    assert made["Finished"] == "1 running, 1 waiting: f, g"


def test_messages_name_five_tasks_and_count_the_rest() -> None:
    many = [{**FAILED, "task_name": f"t{number}"} for number in range(7)] + [
        {**ACTIVE, "task_name": f"a{number}"} for number in range(6)
    ]
    made = {one["type"]: one["message"] for one in _status(*many)["conditions"]}
    assert made["Succeeded"].endswith("t4 (fail/ExitCode) and 2 more")
    assert made["Finished"] == "6 running, 0 waiting: a0, a1, a2, a3, a4 and 1 more"


def test_a_long_problem_is_cut() -> None:
    (ready, *_) = _status(problem=errors.TemplateFailed("磁" * 5000))["conditions"]
    assert len(ready["message"].encode()) <= 1024


def test_scalars_for_the_printer_columns() -> None:
    made = _status({**PASSED, "started": THEN}, FAILED, BROKEN, UNKNOWN, SKIPPED, {**ACTIVE, "started": NOW})
    assert (made["tasks"], made["failed"], made["lastRun"]) == (6, 2, NOW)
    assert "lastRun" not in _status(WAITING)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((PASSED,), None),
        ((DUE, PASSED), "@daily"),
        ((DUE, DONE), "@daily"),
        ((DUE, {**DONE, "schedule": "@hourly"}), "2 schedules"),
        (({**DUE, "suspended": True},), "suspended"),
        (({**DUE, "suspended": True}, DONE), "2 schedules"),
    ],
)
def test_the_column_of_schedules(rows: tuple[Any, ...], said: str | None) -> None:
    assert _status(*rows).get("schedule") == said


def _full(number: int, verdict: str = "fail", name: str = "task") -> dict[str, Any]:
    """A row with everything in it."""
    return {
        "task_name": f"{name}-{number:03d}",
        "release": "r" * 52,
        "revision": 3,
        "state": "finished",
        "verdict": verdict,
        "reason": "Findings",
        "message": "m" * 1000,
        "res": f"{verdict}: " + "m" * 1000,
        "job": "j" * 63,
        "runUid": f"{number:036d}",
        "exitCode": 1,
        "started": THEN,
        "finished": NOW,
        "counts": {"fail": 2, "success": 2},
        "findings": [
            {"name": "f" * 20, "result": result, "message": "x" * 20}
            for result in ("fail", "unknown", "warn", "success", "info")
        ],
        "cut": 2,
        "outputTail": "o" * 4000,
        "report": "r" * 52 + ".report",
    }


PAST = {"job": "j" * 63, "runUid": "u" * 36, "verdict": "fail", "reason": "Findings", "started": THEN, "finished": NOW}
TARGETS = [{"target": f"node-{number}", "verdict": verdict, "reason": "r" * 60} for number, verdict in
           enumerate(["success", "fail", "skipped", "error", "success"])]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "tail", "history", "targets", "findings"),
    [
        (5, True, True, 5, 5),
        (12, False, True, 5, 5),
        (17, False, False, 5, 5),
        (19, False, False, 2, 5),
        (26, False, False, 2, 0),
    ],
)
def test_tails_go_before_history_and_that_before_targets_that_passed_and_these_before_findings(
    rows: int, tail: bool, history: bool, targets: int, findings: int
) -> None:
    more = {"history": [PAST] * 6, "targets": TARGETS}
    made = _status(*(_full(number) | more for number in range(rows)))
    first = made["results"][0]
    assert _bytes(made) <= 64 * 1024
    assert ("outputTail" in first, "history" in first) == (tail, history)
    assert (len(first["targets"]), first.get("targetsCut", 0)) == (targets, 5 - targets)
    assert len(first.get("findings", ())) == findings


def _bytes(made: Any) -> int:
    return len(json.dumps(made, ensure_ascii=False).encode())


def _found(made: Any) -> list[str]:
    return [one["result"] for one in made["results"][0].get("findings", ())]


@pytest.mark.parametrize(
    ("count", "tail", "results", "cut", "words"),
    [
        (9, True, ["fail", "unknown", "warn", "success", "info"], 2, 1000),
        (20, False, ["fail", "unknown", "warn", "success", "info"], 2, 1000),
        (23, False, ["fail", "unknown", "warn"], 4, 1000),
        (25, False, [], 7, 1000),
        (60, False, [], 7, 126),
    ],
)
def test_it_shrinks_in_order_tails_passing_findings_findings_words(
    count: int, tail: bool, results: list[str], cut: int, words: int
) -> None:
    made = _status(*(_full(number) for number in range(count)))
    assert _bytes(made) <= 64 * 1024
    first = made["results"][0]
    assert ("outputTail" in first) is tail
    assert (_found(made), first["cut"], len(first["message"])) == (results, cut, words)


@pytest.mark.parametrize("name", ["a", "a-task-with-a-name-of-forty-characters-x", "n" * 249, "磁盘" * 40])
def test_a_hundred_full_rows_fit(name: str) -> None:
    made = _status(*(_full(number, name=name) for number in range(100)))
    assert _bytes(made) <= 64 * 1024
    assert len(made["results"]) == 100
    for number, row in enumerate(made["results"]):
        assert row["task_name"] == f"{name}-{number:03d}"
        assert (row["verdict"], row["reason"], row["state"]) == ("fail", "Findings", "finished")
        assert (row["runUid"], row["exitCode"], row["finished"]) == (f"{number:036d}", 1, NOW)
        assert row["job"] == "j" * 63
        assert row["res"].startswith("fail: m")


@pytest.mark.parametrize("letter", ["磁", "\U0001f600", '"'])
def test_where_names_alone_are_too_much_rows_go_and_are_counted_those_that_passed_first(letter: str) -> None:
    some = [_full(number, "fail" if number % 10 == 0 else "success", letter * 249) for number in range(100)]
    made = _status(*some)
    assert _bytes(made) <= 64 * 1024
    kept = [row["task_name"] for row in made["results"]]
    assert len(kept) + made["resultsCut"] == made["tasks"] == 100
    assert len(kept) > 30
    assert {row["task_name"] for row in some if row["verdict"] == "fail"} <= set(kept)
    assert made["failed"] == 10
    assert kept == sorted(kept)


def test_reasons_are_those_of_what_did_not_pass_and_few() -> None:
    rows = [_full(number, "fail") | {"reason": reason} for number, reason in enumerate("ABACD")]
    rows += [{"task_name": "p", "verdict": "success", "reason": "Passed", "state": "finished"}]
    rows += [{"task_name": "w", "state": "waiting", "reason": "Unschedulable"}]
    rows += [{"task_name": "s", "state": "waiting", "reason": "Scheduled"}]
    assert _status(*rows)["reasons"] == "A, B, C +2"
    assert "reasons" not in _status(*rows[5:6], rows[7])
    assert _status(*rows[5:])["reasons"] == "Unschedulable"


def test_what_fits_is_not_touched() -> None:
    row = _full(1)
    assert _status(row)["results"] == [row]


def test_what_channels_were_told_stands_in_the_status_until_there_is_no_room() -> None:
    told = {f"task-{number}": "fail 0123abcd 3 high" for number in range(100)}
    entry = {"name": "chat", "type": "slack", "outcome": "sent", "told": told}

    def made(*rows: Any) -> Any:
        return status.status(status.Facts(1, True, None, rows, builders.NOW, notifications=(entry,) * 2), {})

    assert made(PASSED)["notifications"] == [entry, entry]
    crowded = made(*(_full(number, name="n" * 249) for number in range(100)))
    assert _bytes(crowded) <= 64 * 1024
    assert crowded["notifications"] == [{name: entry[name] for name in entry if name != "told"}] * 2
