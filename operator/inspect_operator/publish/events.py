"""Kubernetes Events: one for each change of state, read off two statuses; reasons are few and fixed."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from inspect_operator.publish import row as rows

#: Reasons of the Events about a run that ended, by verdict.
ENDED = {
    "success": "RunPassed",
    "fail": "RunFailed",
    "error": "RunError",
    "unknown": "RunUnknown",
    "skipped": "RunSkipped",
}
NORMAL, WARNING = "Normal", "Warning"


@dataclasses.dataclass(frozen=True)
class Event:
    """`type` is Normal or Warning."""

    type: str
    reason: str
    message: str


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Event]:
    """What happened between two statuses."""
    known = {row["task_name"]: row for row in before.get("results") or ()}
    found = [event for row in after.get("results") or () for event in _of_row(known.get(row["task_name"], {}), row)]
    return _of_conditions(before, after) + found + list(_of_channels(before, after))


def _of_channels(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Event]:
    """Of notices only what goes wrong is told, once for each cause, and that it is over."""
    known = {one["name"]: one for one in before.get("notifications") or ()}
    for one in after.get("notifications") or ():
        was = known.get(one["name"], {})
        words = f"{one['name']} ({one.get('type', '')}): {one.get('outcome', '')}"
        if one.get("failing") and one.get("outcome") != was.get("outcome"):
            yield Event(WARNING, "NotifyFailed", rows.cut(words))
        elif was.get("failing") and not one.get("failing"):
            yield Event(NORMAL, "NotifyRecovered", rows.cut(words))


def _of_row(before: rows.Row, after: rows.Row) -> Iterator[Event]:
    name = after["task_name"]
    if "schedule" in after and "schedule" in before:
        # Of runs that come again and again only a change is told.
        same_run = True
    else:
        same_run = all(before.get(word) == after.get(word) for word in ("runUid", "runKey"))
    if (
        before.get("runUid")
        and before.get("runUid") != after.get("runUid")
        and not same_run
        and (before.get("state") != "finished")
    ):
        yield Event(WARNING, "RunSuperseded", f"{name}: the run before was replaced before it ended")
    if same_run and (before.get("verdict"), before.get("reason")) == (after.get("verdict"), after.get("reason")):
        return
    reason = after.get("reason", "")
    words = after.get("message") or reason
    if verdict := after.get("verdict"):
        kind = NORMAL if verdict in ("success", "skipped") else WARNING
        yield Event(
            kind, reason if rows.is_missed(after) else ENDED[verdict], rows.cut(f"{name}: {verdict}/{reason}: {words}")
        )
    elif after.get("state") == "active":
        if (not same_run or before.get("state") != "active") and "schedule" not in after:
            what = (
                f"Job {after['job']}" if "job" in after else f"a Job on each of {len(after.get('targets', ()))} nodes"
            )
            yield Event(NORMAL, "RunStarted", f"{name}: {what} started")
    elif rows.waits_in_vain(after):
        yield Event(WARNING, "RunWaiting", rows.cut(f"{name}: {reason}: {words}"))


def _of_conditions(before: dict[str, Any], after: dict[str, Any]) -> list[Event]:
    was, now = _ready(before), _ready(after)
    if now.get("status") == "False" and (was.get("reason"), was.get("message")) != (now["reason"], now["message"]):
        return [Event(WARNING, now["reason"], now["message"])]
    if now.get("status") == "True" and was.get("status") != "True":
        return [Event(NORMAL, now["reason"], now["message"])]
    return []


def _ready(status: dict[str, Any]) -> dict[str, Any]:
    return next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), {})
