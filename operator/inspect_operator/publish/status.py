"""The status of an Inspect as a whole: conditions, scalars for the printer columns, and one row a task.

At most 64 KiB: tails of output go first, then passing findings, then the other findings, then words, at last rows.
"""

import dataclasses
import datetime
import json
from collections.abc import Callable, Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator.publish import row as rows

MAX_BYTES = 64 * 1024
PASSED = ("success", "skipped")
MAX_REASONS = 3

Status = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the conditions are decided from.

    `converged`: the releases were brought to what `generation` wants, or failed with `problem` (the first of them).
    `tasks`: how many the spec has, where no row tells of any. `run_request`: the run that was asked for, once clear.
    """

    generation: int
    converged: bool
    problem: errors.InspectError | None
    rows: tuple[rows.Row, ...]
    now: datetime.datetime
    tasks: int = 0
    run_request: str = ""
    notifications: tuple[Status, ...] = ()  # what channels were told, see publish/notices/record.py


def status(facts: Facts, before: Status) -> Status:
    """The whole status; conditions that did not change keep their time of transition."""
    conditions = [_ready(facts), _finished(facts), _succeeded(facts)]
    started = [row["started"] for row in facts.rows if row.get("started")]
    made: Status = {
        "observedGeneration": facts.generation,
        "conditions": [_condition(facts, before, *condition) for condition in conditions],
        "ready": conditions[0][1],
        "succeeded": conditions[2][1],
        "tasks": len(facts.rows) or facts.tasks,
        "failed": sum(row.get("verdict") in ("fail", "error") for row in facts.rows),
        "results": list(facts.rows),
    }
    if reasons := _reasons(facts.rows):
        made["reasons"] = reasons
    if noted := facts.run_request or before.get("runRequest"):
        made["runRequest"] = noted
    if facts.notifications:
        made["notifications"] = list(facts.notifications)
    if when := sorted(
        {"suspended" if row.get("suspended") else row["schedule"] for row in facts.rows if "schedule" in row}
    ):
        made["schedule"] = when[0] if len(when) == 1 else f"{len(when)} schedules"
    if started:
        made["lastRun"] = max(started)
    return _fitting(made)


def _reasons(some: Sequence[rows.Row]) -> str:
    """Each once, in the order of the tasks; as many as a column has room for."""
    bad = [row for row in some if row.get("verdict", "success") not in PASSED or rows.waits_in_vain(row)]
    found = list(dict.fromkeys(str(row["reason"]) for row in bad if row.get("reason")))
    text = ", ".join(found[:MAX_REASONS])
    return rows.cut(f"{text} +{len(found) - MAX_REASONS}" if len(found) > MAX_REASONS else text, 63)


Decision = tuple[str, str, str, str]


def _ready(facts: Facts) -> Decision:
    if facts.problem is not None:
        return "Ready", "False", facts.problem.reason, str(facts.problem)
    if not facts.converged:
        return "Ready", "Unknown", *_why_unknown(facts)
    return "Ready", "True", "ReleasesDeployed", "every release is as desired"


def _why_unknown(facts: Facts) -> tuple[str, str]:
    if facts.problem is not None:
        return facts.problem.reason, "what the spec asks for is not clear: see Ready"
    return "Reconciling", "the releases are being brought to what the spec says"


def _finished(facts: Facts) -> Decision:
    if not facts.converged:
        return "Finished", "Unknown", *_why_unknown(facts)
    open_rows = [row for row in facts.rows if row.get("state") != "finished" and "schedule" not in row]
    if open_rows:
        waiting = sum(row.get("state") == "waiting" for row in open_rows)
        words = f"{len(open_rows) - waiting} running, {waiting} waiting: {_names(open_rows)}"
        return "Finished", "False", "Running" if waiting < len(open_rows) else "Waiting", words
    return "Finished", "True", "RunsFinished", "every run has ended"


def _succeeded(facts: Facts) -> Decision:
    if not facts.converged:
        return "Succeeded", "Unknown", *_why_unknown(facts)
    bad = [row for row in facts.rows if row.get("verdict") and row["verdict"] not in PASSED]
    if bad:
        words = ", ".join(f"{row['task_name']} ({row['verdict']}/{row.get('reason', '')})" for row in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        return "Succeeded", "False", "TasksFailed", f"{len(bad)} of {len(facts.rows)} did not pass: {words}{more}"
    if open_rows := [row for row in facts.rows if not row.get("verdict")]:
        if all("schedule" in row for row in open_rows):
            return "Succeeded", "Unknown", "Scheduled", f"no run of the schedule has ended yet: {_names(open_rows)}"
        return "Succeeded", "Unknown", "Running", "not every run has ended"
    if skipped := [row for row in facts.rows if row.get("verdict") == "skipped"]:
        words = ", ".join(f"{row['task_name']} ({row.get('reason', '')})" for row in skipped[:5])
        return "Succeeded", "Unknown", "TasksSkipped", f"{len(skipped)} of {len(facts.rows)} did not run: {words}"
    return "Succeeded", "True", "TasksPassed", "every run passed"


def _names(some: Sequence[rows.Row]) -> str:
    names = ", ".join(str(row["task_name"]) for row in some[:5])
    return names + (f" and {len(some) - 5} more" if len(some) > 5 else "")


def _condition(facts: Facts, before: Status, kind: str, state: str, reason: str, message: str) -> Status:
    moment = rows.timestamp(facts.now)
    for known in before.get("conditions") or ():
        if known.get("type") == kind and known.get("status") == state:
            moment = known.get("lastTransitionTime", moment)
    return {
        "type": kind,
        "status": state,
        "reason": reason,
        "message": rows.cut(message),
        "observedGeneration": facts.generation,
        "lastTransitionTime": moment,
    }


def _fitting(made: Status) -> Status:
    """Cuts until it fits; what was cut from targets and findings is counted in the row."""
    for shrink in (
        _keep, _without_tails, _without_history, _without_passed_targets, _without_passing, _without_findings,
        _with_short_words, _with_targets(200), _with_targets(50), _with_targets(10), _without_targets, _bare, _barest,
    ):  # fmt: skip
        made = made | {"results": [shrink(row) for row in made["results"]]}
        if _size(made) <= MAX_BYTES:
            return made
    # Channels are then told once more after a restart.
    made = made | _without_told(made)
    return made if _size(made) <= MAX_BYTES else _with_fewer_rows(made)


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _without_told(made: Status) -> Status:
    told = made.get("notifications")
    return {"notifications": [{name: one[name] for name in one if name != "told"} for one in told]} if told else {}


def _with_fewer_rows(made: Status) -> Status:
    """Names alone can be more than there is room for: a hundred of 253 characters, each of four bytes."""
    some = list(made["results"])
    too_much = _size(made) + len('"resultsCut": 100, ') - MAX_BYTES
    left_out: set[int] = set()
    for number in sorted(range(len(some)), key=lambda number: (some[number].get("verdict") not in PASSED, -number)):
        if too_much <= 0:
            break
        left_out.add(number)
        too_much -= _size(some[number]) + len(", ")
    kept = [row for number, row in enumerate(some) if number not in left_out]
    return made | {"results": kept, "resultsCut": len(left_out)}


def _keep(row: rows.Row) -> rows.Row:
    return row


def _without_tails(row: rows.Row) -> rows.Row:
    return {name: value for name, value in row.items() if name != "outputTail"}


def _without_history(row: rows.Row) -> rows.Row:
    return {name: value for name, value in row.items() if name != "history"}


def _without_passed_targets(row: rows.Row) -> rows.Row:
    return _only_targets(row, [one for one in row.get("targets", ()) if one.get("verdict") not in PASSED])


def _with_targets(number: int) -> Callable[[rows.Row], rows.Row]:
    """Those that did not pass first, then those that are not done yet."""

    def shrink(row: rows.Row) -> rows.Row:
        ordered = sorted(
            row.get("targets", ()), key=lambda one: (one.get("verdict") in PASSED, one.get("verdict") is None)
        )
        kept = {one["target"] for one in ordered[:number]}
        return _only_targets(row, [one for one in row.get("targets", ()) if one["target"] in kept])

    return shrink


def _without_targets(row: rows.Row) -> rows.Row:
    return _only_targets(row, [])


def _only_targets(row: rows.Row, kept: list[Any]) -> rows.Row:
    dropped = len(row.get("targets", ())) - len(kept)
    if dropped <= 0:
        return row
    made = row | {"targets": kept, "targetsCut": row.get("targetsCut", 0) + dropped}
    return made if kept else {name: value for name, value in made.items() if name != "targets"}


def _without_passing(row: rows.Row) -> rows.Row:
    return _only(row, [one for one in row.get("findings", ()) if one["result"] not in ("success", "info")])


def _without_findings(row: rows.Row) -> rows.Row:
    changes = ("newFindings", "fixedFindings")
    return _only({name: value for name, value in row.items() if name not in changes}, [])


def _with_short_words(row: rows.Row) -> rows.Row:
    return row | {name: rows.cut(str(row[name]), 128) for name in ("res", "message") if name in row}


def _bare(row: rows.Row) -> rows.Row:
    """What tells runs apart and how they ended; nothing less may be forgotten, it is read back after a restart."""
    kept = (
        "task_name", "state", "verdict", "reason", "schedule", "suspended", "runKey", "requested", "job", "runUid",
        "exitCode", "started", "finished", "missed", "report",
    )  # fmt: skip
    made = {name: row[name] for name in kept if name in row}
    return made | ({"res": rows.cut(str(row["res"]), 64)} if "res" in row else {})


def _barest(row: rows.Row) -> rows.Row:
    made = {name: value for name, value in row.items() if name != "started"}
    return made | ({"res": rows.cut(str(row["res"]), 24)} if "res" in row else {})


def _only(row: rows.Row, kept: list[Any]) -> rows.Row:
    dropped = len(row.get("findings", ())) - len(kept)
    if not dropped:
        return row
    made = row | {"findings": kept, "cut": row.get("cut", 0) + dropped}
    if not kept:
        del made["findings"]
    return made
