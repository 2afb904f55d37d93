"""One Event for each change of state, read off two statuses."""

from typing import Any

import pytest

from inspect_operator.publish import events

UID, OTHER = {"runUid": "1", "job": "j1"}, {"runUid": "2", "job": "j2"}
STARTING = {"state": "waiting", "reason": "Starting"}
PENDING = {"state": "waiting", "reason": "Pending", **UID}
IMAGE_PULL = {"state": "waiting", "reason": "ImagePull", "message": "cannot be pulled", **UID}
ACTIVE = {"state": "active", "reason": "Running", **UID}
RETRYING = {"state": "active", "reason": "Retrying", **UID}
ENDED = {"state": "finished", "verdict": "success", "reason": "Passed", "message": "2 findings", **UID}
FAILED = {"state": "finished", "verdict": "fail", "reason": "Findings", "message": "1 of 2 failed", **UID}

STARTED = ("Normal", "RunStarted", "disk: Job j1 started")
SUPERSEDED = ("Warning", "RunSuperseded", "disk: the run before was replaced before it ended")


def _status(row: dict[str, Any] | None, ready: tuple[str, str] = ("True", "ReleasesDeployed")) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready[0], "reason": ready[1], "message": f"because of {ready[1]}"}
    return {"conditions": [condition], "results": [] if row is None else [{"task_name": "disk", **row}]}


def _between(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(event.type, event.reason, event.message) for event in events.changes(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, STARTING, []),
        (STARTING, PENDING, []),
        (STARTING, ACTIVE, [STARTED]),
        (PENDING, ACTIVE, [STARTED]),
        (IMAGE_PULL, ACTIVE, [STARTED]),
        (ACTIVE, ACTIVE, []),
        (ACTIVE, RETRYING, []),
        (ACTIVE, {**ACTIVE, "message": "other words"}, []),
        (STARTING, IMAGE_PULL, [("Warning", "RunWaiting", "disk: ImagePull: cannot be pulled")]),
        (IMAGE_PULL, IMAGE_PULL, []),
        (ACTIVE, ENDED, [("Normal", "RunPassed", "disk: success/Passed: 2 findings")]),
        (STARTING, ENDED, [("Normal", "RunPassed", "disk: success/Passed: 2 findings")]),
        (ACTIVE, FAILED, [("Warning", "RunFailed", "disk: fail/Findings: 1 of 2 failed")]),
        (ENDED, ENDED, []),
        (ENDED, {**ENDED, "revision": 2}, []),
        (ENDED, {**PENDING, **OTHER}, []),
        (ENDED, {**ACTIVE, **OTHER}, [("Normal", "RunStarted", "disk: Job j2 started")]),
        (ENDED, STARTING, []),
        (ACTIVE, STARTING, [SUPERSEDED]),
        (ACTIVE, {**PENDING, **OTHER}, [SUPERSEDED]),
        (ACTIVE, {**ACTIVE, **OTHER}, [SUPERSEDED, ("Normal", "RunStarted", "disk: Job j2 started")]),
        (ACTIVE, {**FAILED, **OTHER}, [SUPERSEDED, ("Warning", "RunFailed", "disk: fail/Findings: 1 of 2 failed")]),
        (ENDED, {**FAILED, **OTHER}, [("Warning", "RunFailed", "disk: fail/Findings: 1 of 2 failed")]),
        (ACTIVE, None, []),
        ({**FAILED, "reason": "ImagePull"}, ACTIVE, [STARTED]),
    ],
)
def test_events_of_a_task(
    before: dict[str, Any] | None, after: dict[str, Any] | None, expected: list[tuple[str, str, str]]
) -> None:
    assert _between(_status(before), _status(after)) == expected


DUE = {"state": "waiting", "reason": "Scheduled", "schedule": "@daily"}
GOOD = {**ENDED, "schedule": "@daily"}
WORSE = {**FAILED, "schedule": "@daily"}
PASSED = ("Normal", "RunPassed", "disk: success/Passed: 2 findings")
WENT_BAD = ("Warning", "RunFailed", "disk: fail/Findings: 1 of 2 failed")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, DUE, []),
        (DUE, {**DUE, **ACTIVE}, []),
        ({**DUE, **ACTIVE}, GOOD, [PASSED]),
        (GOOD, {**GOOD, **OTHER}, []),
        (GOOD, {**GOOD, "state": "active"}, []),
        (GOOD, {**WORSE, **OTHER}, [WENT_BAD]),
        (WORSE, {**WORSE, **OTHER, "message": "2 of 2 failed"}, []),
        (WORSE, {**WORSE, **OTHER, "reason": "ExitCode"},
         [("Warning", "RunFailed", "disk: fail/ExitCode: 1 of 2 failed")]),
        (WORSE, {**GOOD, **OTHER}, [PASSED]),
        (DUE, {**DUE, "reason": "Suspended", "suspended": True}, []),
        (DUE, {**DUE, "reason": "ReleaseRejected", "message": "no"},
         [("Warning", "RunWaiting", "disk: ReleaseRejected: no")]),
    ],
)  # fmt: skip
def test_of_a_schedule_only_changes_are_told(
    before: dict[str, Any] | None, after: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    """Else there would be one Event a run, for ever."""
    assert _between(_status(before), _status(after)) == expected


@pytest.mark.parametrize("reason", ["Suspended", "Dependency", "Queued", "Scheduled"])
def test_an_orderly_wait_is_no_news(reason: str) -> None:
    assert _between(_status(None), _status({"state": "waiting", "reason": reason, "message": "m"})) == []


@pytest.mark.parametrize(
    ("verdict", "kind", "reason"),
    [
        ("success", "Normal", "RunPassed"),
        ("skipped", "Normal", "RunSkipped"),
        ("fail", "Warning", "RunFailed"),
        ("error", "Warning", "RunError"),
        ("unknown", "Warning", "RunUnknown"),
    ],
)
def test_every_verdict_has_an_event(verdict: str, kind: str, reason: str) -> None:
    (event,) = events.changes(_status(ACTIVE), _status({**ENDED, "verdict": verdict}))
    assert (event.type, event.reason) == (kind, reason)


OK, BAD, NEW = ("True", "ReleasesDeployed"), ("False", "SpecInvalid"), ("Unknown", "Reconciling")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, OK, [("Normal", "ReleasesDeployed", "because of ReleasesDeployed")]),
        (None, BAD, [("Warning", "SpecInvalid", "because of SpecInvalid")]),
        (OK, BAD, [("Warning", "SpecInvalid", "because of SpecInvalid")]),
        (NEW, BAD, [("Warning", "SpecInvalid", "because of SpecInvalid")]),
        (BAD, BAD, []),
        (BAD, ("False", "ReleaseRejected"), [("Warning", "ReleaseRejected", "because of ReleaseRejected")]),
        (BAD, OK, [("Normal", "ReleasesDeployed", "because of ReleasesDeployed")]),
        (NEW, OK, [("Normal", "ReleasesDeployed", "because of ReleasesDeployed")]),
        (OK, OK, []),
        (OK, NEW, []),
    ],
)
def test_events_of_the_whole(
    before: tuple[str, str] | None, after: tuple[str, str], expected: list[tuple[str, str, str]]
) -> None:
    assert _between(_status(None, before) if before else {}, _status(None, after)) == expected


def test_messages_fit_into_an_event() -> None:
    (event,) = events.changes(_status(ACTIVE), _status({**FAILED, "message": "磁" * 2000}))
    assert len(event.message.encode()) <= 1024


def test_each_task_is_compared_with_itself() -> None:
    before = {"results": [{"task_name": "a", **ACTIVE}, {"task_name": "b", **ENDED}]}
    after = {"results": [{"task_name": "b", **ENDED}, {"task_name": "a", **FAILED}]}
    assert [event.message.partition(":")[0] for event in events.changes(before, after)] == ["a"]


def test_a_status_without_anything_is_no_news() -> None:
    assert events.changes({}, {}) == []


SENT: dict[str, Any] = {"name": "chat", "type": "slack", "outcome": "sent"}
DOWN: dict[str, Any] = {**SENT, "outcome": "not sent: the endpoint answered 500", "failing": True}
SLOW: dict[str, Any] = {**DOWN, "outcome": "not sent: the endpoint did not answer within 10 s"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, SENT, []),
        (None, DOWN, [("Warning", "NotifyFailed", "chat (slack): not sent: the endpoint answered 500")]),
        (DOWN, DOWN, []),
        (DOWN, {**DOWN, "told": {"disk": "fail 1 1 high"}}, []),
        (DOWN, SLOW, [("Warning", "NotifyFailed", "chat (slack): not sent: the endpoint did not answer within 10 s")]),
        (DOWN, SENT, [("Normal", "NotifyRecovered", "chat (slack): sent")]),
        (SENT, {**SENT, "lastSent": "later"}, []),
        (DOWN, None, []),
    ],
)
def test_a_channel_that_fails_is_told_once_for_each_cause(
    before: dict[str, Any] | None, after: dict[str, Any] | None, expected: list[tuple[str, str, str]]
) -> None:
    was, now = ({"notifications": [one]} if one else {} for one in (before, after))
    assert _between(was, now) == expected
