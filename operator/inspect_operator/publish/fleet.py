"""The row of a task on many nodes, put together from a row for each."""

import datetime
from collections.abc import Sequence

from inspect_operator.plan import desired
from inspect_operator.publish import row as rows
from inspect_operator.runner import verdict as verdicts

Row = rows.Row

_TARGET = (
    "state", "verdict", "reason", "message", "job", "runUid", "exitCode", "started", "finished", "counts", "missed",
)  # fmt: skip
_KEPT = ("history", "lastSuccess")
_NAMED = 5
#: Schedules have minutes: what begins within half of one belongs together.
ROUND_SECONDS = 30.0
_ORDER = ("fail", "unknown", "warn", "success", "info")


def combined(view: rows.View, members: Sequence[tuple[str, Row]], left_out: int, before: Row | None) -> Row:
    """`members` are nodes with their rows, `left_out` nodes that the selector fits and a taint keeps off."""
    made = rows.head(view)
    targets = [{"target": name} | {key: row[key] for key in _TARGET if key in row} for name, row in members]
    states = {row.get("state") for _, row in members}
    verdicts_seen = [verdicts.Verdict(row["verdict"]) for _, row in members if row.get("verdict")]
    made["state"] = "active" if "active" in states else "waiting" if "waiting" in states else "finished"
    if view.task.schedule and verdicts_seen and made["state"] == "waiting":
        made["state"] = "finished"  # some nodes have had their turn, the others wait for theirs
    if not members:
        return rows.clean(made | rows.ended("skipped", desired.NO_NODES, "no node fits"))
    worst = verdicts.worst(verdicts_seen)
    words = _words(members, left_out)
    if worst is not None and (made["state"] == "finished" or view.task.schedule):
        made |= {"verdict": worst.value, "reason": _reason(members, worst), "res": f"{worst.value}: {words}"}
    else:
        waiting = [row for _, row in members if row.get("state") == made["state"]]
        made |= {"reason": waiting[0].get("reason", "") if waiting else "", "res": f"{made['state']}: {words}"}
    made |= {"message": words, "targets": targets, "counts": _counts(members), **_findings(members), **_times(members)}
    if made["state"] != "finished":
        made.pop("finished", None)
    if missed := [row["missed"] for _, row in members if row.get("missed")]:
        made["missed"] = min(missed)
    return rows.clean(rows.with_history(made, _as_run(before, view, members)))


def tells_the_same(made: Row, before: Row) -> bool:
    """Whether a row tells of the very runs that `before` tells of, as far as there was room for it."""
    words = ("target", "runUid", "verdict", "reason")
    now = {one["target"]: [one.get(word) for word in words] for one in made.get("targets") or ()}
    was = {one["target"]: [one.get(word) for word in words] for one in before.get("targets") or ()}
    same = all(made.get(word) == before.get(word) for word in ("verdict", "reason", "finished", "counts", "missed"))
    return same and len(now) == len(was) + before.get("targetsCut", 0) and all(now.get(one) == was[one] for one in was)


def member(before: Row | None, target: str) -> Row | None:
    """What the row of the whole tells of one node, as that node's row was."""
    for one in (before or {}).get("targets") or ():
        if one["target"] == target and before is not None:
            own = [finding for finding in before.get("findings") or () if finding.get("target") == target]
            kept = {key: before[key] for key in ("runKey", "schedule") if key in before}
            return {**kept, **one, "findings": [_without_target(finding) for finding in own]}
    return None


def _as_run(before: Row | None, view: rows.View, members: Sequence[tuple[str, Row]]) -> Row | None:
    """The whole of a run on all nodes counts as one in the history: of runs that are done once by its run key, of a
    schedule by its time."""
    another = _new_round(before, members) if view.task.schedule else (before or {}).get("runKey") != view.want.run_key
    if before is None or not another:
        return {"history": [], **{name: value for name, value in (before or {}).items() if name in _KEPT}}
    uid = next((one.get("runUid") for one in before.get("targets") or () if one.get("runUid")), None)
    return before | ({"runUid": uid} if uid else {})


def _new_round(before: Row | None, members: Sequence[tuple[str, Row]]) -> bool:
    """Whether a CronJob has begun a run since those that `before` tells: all nodes' begin within seconds."""
    known = (before or {}).get("targets") or ()
    latest = max((str(one["started"]) for one in known if one.get("started")), default="")
    if not latest or not (before or {}).get("verdict"):
        return False
    told = {one.get("runUid") for one in known}
    new = [row["started"] for _, row in members if row.get("started") and row.get("runUid") not in told]
    after = datetime.datetime.fromisoformat(latest) + datetime.timedelta(seconds=ROUND_SECONDS)
    return any(datetime.datetime.fromisoformat(started) > after for started in new)


def _words(members: Sequence[tuple[str, Row]], left_out: int) -> str:
    passed = sum(row.get("verdict") == "success" for _, row in members)
    said = [f"{passed} of {len(members)} node{'' if len(members) == 1 else 's'} passed"]
    for verdict in ("error", "fail", "unknown", "skipped"):
        names = [f"{name} ({row.get('reason', '')})" for name, row in members if row.get("verdict") == verdict]
        if names:
            said.append(f"{verdict}: {_some(names)}")
    for state in ("active", "waiting"):
        names = [name for name, row in members if row.get("state") == state and not row.get("verdict")]
        if names:
            said.append(f"{state}: {_some(names)}")
    if left_out:
        said.append(f"{left_out} left out for a taint that the task does not tolerate")
    return "; ".join(said)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _reason(members: Sequence[tuple[str, Row]], worst: verdicts.Verdict) -> str:
    return next((str(row.get("reason", "")) for _, row in members if row.get("verdict") == worst.value), "")


def _counts(members: Sequence[tuple[str, Row]]) -> Row:
    made: Row = {}
    for _, row in members:
        for name, number in (row.get("counts") or {}).items():
            made[name] = made.get(name, 0) + number
    return made


def _findings(members: Sequence[tuple[str, Row]]) -> Row:
    """Of all nodes, the worst first; those of a node in their own order."""
    found = [{**finding, "target": name} for name, row in members for finding in row.get("findings") or ()]
    found.sort(key=lambda finding: _ORDER.index(finding["result"]) if finding["result"] in _ORDER else len(_ORDER))
    cut = sum(row.get("cut", 0) for _, row in members) + max(0, len(found) - rows.MAX_FINDINGS)
    return {"findings": found[: rows.MAX_FINDINGS], "cut": cut}


def _times(members: Sequence[tuple[str, Row]]) -> Row:
    started = [row["started"] for _, row in members if row.get("started")]
    finished = [row["finished"] for _, row in members if row.get("finished")]
    made: Row = {}
    if started:
        made["started"] = min(started)
    if finished:
        made["finished"] = max(finished)
    return made


def _without_target(finding: Row) -> Row:
    return {name: value for name, value in finding.items() if name != "target"}
