"""One task's row of the status: from what is wanted, what stood there before and what its run did."""

import dataclasses
import datetime
from typing import Any

from inspect_operator import errors
from inspect_operator.api import status
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, observed
from inspect_operator.run import outcome
from inspect_operator.runner import findings
from inspect_operator.runner import verdict as verdicts

Row = dict[str, Any]

MAX_FINDINGS = 100


@dataclasses.dataclass(frozen=True)
class View:
    """All that is known of one task: `want` is None where it gets no release, `run` where its Job was not seen."""

    task: tasks.Task
    want: desired.Desired | None = None
    release: observed.Release | None = None
    problem: errors.InspectError | None = None
    run: outcome.Run | None = None


def row(view: View, before: Row | None) -> Row:
    """The row in the form of api.status.Result, without empty fields."""
    if view.want is None:
        return _clean({"task_name": view.task.name, **_ended("skipped", "NotYetSupported", view.task.unsupported)})
    made: Row = {"task_name": view.task.name, "release": view.want.release}
    if view.release is not None:
        made["revision"] = view.release.newest.number
    if view.run is not None:
        made |= _run(view.run)
    elif before is not None and before.get("job") == view.want.job:
        # The Job is gone, or not seen yet: what was known of this run stays.
        made |= {name: value for name, value in before.items() if name not in made}
    elif view.problem is None:
        made |= {"state": "waiting", "reason": "Starting", "res": "waiting: the run is about to start"}
    if view.problem is not None and view.run is None and made.get("state") != "finished":
        words = str(view.problem)
        made |= {"state": "waiting", "reason": view.problem.reason, "message": words, "res": f"waiting: {words}"}
    return _clean(made)


def _run(run: outcome.Run) -> Row:
    made: Row = {
        "state": run.state.value,
        "reason": run.reason,
        "message": run.message,
        "job": run.job,
        "runUid": run.uid,
        "exitCode": run.exit_code,
        "started": timestamp(run.started),
        "finished": timestamp(run.finished),
        "counts": {name: number for name, number in run.counts.items() if number},
        "findings": [_finding(one) for one in run.findings[:MAX_FINDINGS]],
        "cut": run.cut + max(0, len(run.findings) - MAX_FINDINGS),
        "outputTail": run.output_tail,
    }
    if run.verdict is None:
        return made | {"res": f"{run.state.value}: {run.message or run.reason}"}
    return made | {"verdict": run.verdict.value, "res": f"{run.verdict.value}: {run.message or run.reason}"}


def _finding(one: findings.Finding) -> Row:
    made = {"name": one.name, "result": one.result.value, "description": one.description, "message": one.message}
    return {"name": "-"} | {name: cut(value) for name, value in made.items() if value}


def lost(before: Row, job: str, reason: str, message: str) -> Row:
    """The row of a run whose end nobody saw."""
    return _clean(before | {"job": job} | _ended(verdicts.Verdict.UNKNOWN.value, reason, message))


def _ended(verdict: str, reason: str, message: str) -> Row:
    return {
        "state": "finished",
        "verdict": verdict,
        "reason": reason,
        "message": message,
        "res": f"{verdict}: {message}",
    }


def timestamp(moment: datetime.datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second, as Kubernetes writes it."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _clean(made: Row) -> Row:
    """Without empty fields and with texts cut to what the schema takes."""
    kept = {name: value for name, value in made.items() if value not in (None, "", [], {}) and value is not False}
    if kept.get("cut") == 0:
        del kept["cut"]
    for name in ("res", "message"):
        if name in kept:
            kept[name] = cut(str(kept[name]))
    return kept


def cut(text: str, limit: int = status.MAX_MESSAGE) -> str:
    """At most `limit` bytes, with an ellipsis where something was cut."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= limit else data[: limit - 3].decode("utf-8", "ignore") + "…"
