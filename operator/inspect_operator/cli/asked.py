"""How a run that was asked for goes on, read off the status. Pure."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator.plan import naming, runkey
from inspect_operator.publish.reports import model, reading

Object = Mapping[str, Any]

#: Reasons why a run does not begin that waiting doesn't heal.
_FINAL = frozenset(one.reason for one in errors.InspectError.__subclasses__() if not one.retry)


@dataclasses.dataclass(frozen=True)
class Progress:
    """One task. `of_request`: what `ran` tells is of the run that was asked for; `jobs` are those of that run."""

    task: str
    ran: model.Ran
    of_request: bool
    ended: bool
    jobs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Request:
    """`token` as the status notes it, the tasks asked for, and the run key of each task before."""

    token: str
    tasks: tuple[str, ...]
    before: Mapping[str, str]

    def noted(self, body: Object) -> bool:
        """Whether the operator has seen the request."""
        return bool(body.get("status", {}).get("runRequest") == self.token)

    def refused(self, body: Object) -> str:
        """Why nothing of it will run; empty where it may."""
        if self.noted(body):
            return ""
        ready = _condition(body, "Ready")
        final = ready.get("status") == "False" and ready.get("reason") in _FINAL
        return f"{ready.get('reason')}: {ready.get('message')}" if final else ""

    def progress(self, body: Object) -> list[Progress]:
        """How each task stands."""
        rows = {row["task_name"]: row for row in body.get("status", {}).get("results") or ()}
        known = {task.name: task.ran for task in reading.inspection(body, {}).tasks}
        inspect = body["metadata"]["name"]
        return [self._one(inspect, rows.get(name, {}), name, known.get(name, model.Ran())) for name in self.tasks]

    def _one(self, inspect: str, row: Object, name: str, ran: model.Ran) -> Progress:
        key = row.get("runKey") or ""
        if not key or key == self.before.get(name):
            # Still the run before; or one that is refused before it gets a key.
            return Progress(name, ran, False, False)
        release = naming.release_name(inspect, name)
        refused = row.get("state") == "waiting" and row.get("reason") in _FINAL
        if "schedule" not in row:
            jobs = tuple(one["job"] for one in (row, *(row.get("targets") or ())) if one.get("job"))
            return Progress(name, ran, True, refused or bool(row.get("state") == "finished" and ran.verdict), jobs)
        jobs = tuple(_jobs(release, key, row))
        ended = refused or _ended(row, jobs)
        return Progress(name, ran, ended or bool(row.get("targets")) or row.get("job") in jobs, ended, jobs)


def run_keys(body: Object) -> dict[str, str]:
    """The run key of each task's row."""
    rows = body.get("status", {}).get("results") or ()
    return {row["task_name"]: row.get("runKey") or "" for row in rows}


def _jobs(release: str, key: str, row: Object) -> Sequence[str]:
    """Beside a schedule the Jobs of a run that was asked for have its key in their names."""
    if row.get("job") or not row.get("targets"):  # in one pod, for hosts too
        return [naming.run_name(release, key)]
    targets = [one["target"] for one in row["targets"] if one.get("job") or one.get("verdict") != "skipped"]
    members = {target: naming.member_name(release, target) for target in targets}
    return [naming.run_name(member, runkey.member_key(key, target)) for target, member in members.items()]


def _ended(row: Object, jobs: Sequence[str]) -> bool:
    """Whether each of the Jobs is told as a run that has ended, last or before the schedule's next."""
    told = [row, *(row.get("history") or ()), *(row.get("targets") or ())]
    over = {one.get("job") for one in told if one.get("verdict") and one.get("job")}
    return row.get("state") != "active" and over.issuperset(jobs)


def _condition(body: Object, name: str) -> Object:
    conditions = body.get("status", {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == name), {})
