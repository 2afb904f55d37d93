"""One task's row of the status: from what is wanted, what stood there before and what its runs did.

A task in one pod has the result of its run; on a schedule, of the last run that ended. A task on many nodes has one
such row for each, put together by publish/fleet.py.
"""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator.api import status
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, observed, trigger
from inspect_operator.run import outcome
from inspect_operator.runner import findings, targets
from inspect_operator.runner import verdict as verdicts

Row = dict[str, Any]

MAX_FINDINGS = 100
MAX_HISTORY = 10
#: What a row tells of one run, and what of it is remembered once another run takes its place.
RESULT = (
    "verdict", "reason", "message", "res", "job", "runUid", "exitCode", "started", "finished", "counts", "findings",
    "cut", "targets", "targetsCut", "outputTail", "missed", "passRate", "flapping", "newFindings", "fixedFindings",
    "report",
)  # fmt: skip
#: Of these, what its report and the runs before it tell; see publish/record.py.
RECORD = ("passRate", "flapping", "newFindings", "fixedFindings", "report")
#: Waiting for these is nothing to be told of.
QUIET = ("", None, "Starting", "Pending", "Scheduled", "Suspended", "Dependency", "Queued")
_SAME = ("runUid", "job", "verdict", "reason", "exitCode", "finished", "missed")
SCHEDULE_MISSED, SUPERSEDED = "ScheduleMissed", "Superseded"
PAST = ("job", "runUid", "verdict", "reason", "started", "finished")


@dataclasses.dataclass(frozen=True)
class View:
    """What is known of one task but for its runs: `problem` is why its release isn't as wanted."""

    want: desired.Desired
    release: observed.Release | None = None
    problem: errors.InspectError | None = None

    @property
    def task(self) -> tasks.Task:
        """The task itself."""
        return self.want.task


def once(view: View, job: str, run: outcome.Run | None, before: Row | None) -> Row:
    """The row of a run that is done once: `run` is None where its Job was not seen, or is told in `before`."""
    made = head(view)
    if run is not None:
        made |= result(run)
    elif before is not None and before.get("job") == job and before.get("runKey") == view.want.run_key:
        # The Job is gone, or not seen yet: what was known of this run stays.
        made |= {name: value for name, value in before.items() if name not in made}
    if view.want.held is not None and made.get("state") != "finished":
        made |= aside(view.want.held)
    elif view.problem is not None and run is None and made.get("state") != "finished":
        words = str(view.problem)
        made |= {"state": "waiting", "reason": view.problem.reason, "message": words, "res": f"waiting: {words}"}
    elif "state" not in made:
        made |= {"state": "waiting", "reason": "Starting", "res": "waiting: the run is about to start"}
    return clean(with_history(made, before))


def scheduled(
    view: View,
    ended: Sequence[outcome.Run],
    now: outcome.Run | None,
    before: Row | None,
    when: str,
    missed: datetime.datetime | None = None,
) -> Row:
    """The row of a schedule: the result of the last run that ended; `ended` are those that `before` doesn't tell, the
    oldest first, `now` is one that goes on. `missed` is when the next one should have begun, where it has not."""
    made = head(view)
    if before is not None and before.get("schedule"):
        kept = (*RESULT, "history", "lastSuccess")
        made |= {name: before[name] for name in kept if name in before}
        if is_missed(before) and (view.task.suspend or before["schedule"] != made["schedule"]):
            made = _without_result(made)  # nothing is expected any more, or at another time
    for run in ended:
        made = with_history(_without_result(made) | result(run), made)
    if missed is not None and now is None and not is_missed(made):
        made = _missed(made, missed)
    if now is not None:
        made["state"] = now.state.value
        if "verdict" not in made:
            made |= {"reason": now.reason, "message": now.message, "res": f"{now.state.value}: {now.message}"}
    elif "verdict" in made:
        made["state"] = "finished"
    elif view.problem is not None or view.want.held is not None:
        words = str(view.problem) if view.problem else view.want.held.message if view.want.held else ""
        reason = view.problem.reason if view.problem else view.want.held.reason if view.want.held else ""
        made |= {"state": "waiting", "reason": reason, "message": words, "res": f"waiting: {words}"}
    else:
        words = "suspended" if view.task.suspend else f"no run yet; next by its schedule {when}"
        reason = "Suspended" if view.task.suspend else "Scheduled"
        made |= {"state": "waiting", "reason": reason, "message": words, "res": f"waiting: {words}"}
    return clean(made)


def waits_in_vain(row: Mapping[str, Any]) -> bool:
    """Whether it waits for what may never come: a node, an image, a release that could not be installed."""
    return row.get("state") == "waiting" and not row.get("verdict") and row.get("reason") not in QUIET


def is_missed(row: Mapping[str, Any]) -> bool:
    """Whether it tells of a run of a schedule that did not begin."""
    return row.get("reason") == SCHEDULE_MISSED and bool(row.get("missed"))


def with_record(made: Row, before: Row | None) -> Row:
    """With what is known of the run from its report, where `before` tells the very same run."""
    same = before is not None and all(before.get(name) == made.get(name) for name in _SAME)
    return made | ({name: before[name] for name in RECORD if name in before} if before and same else {})


def _missed(made: Row, due: datetime.datetime) -> Row:
    """What is known of the last run is history: what the one that did not begin would have found nobody knows."""
    last = f"the last one ended {made['finished']}" if made.get("finished") else "none has ended yet"
    message = (
        f"the run of {timestamp(due)} did not begin, {last}; look at the CronJob's events, at the namespace's quota "
        "and at kube-controller-manager"
    )
    told = with_history(_without_result(made), made)
    return told | {"missed": timestamp(due)} | ended(verdicts.Verdict.UNKNOWN.value, SCHEDULE_MISSED, message)


def _without_result(made: Row) -> Row:
    return {name: value for name, value in made.items() if name not in RESULT}


def head(view: View) -> Row:
    """What a row says whatever the runs did."""
    task = view.task
    made: Row = {"task_name": task.name, "release": view.want.release, "runKey": view.want.run_key}
    if view.release is not None:
        made["revision"] = view.release.newest.number
    if task.schedule:
        made["schedule"] = f"{task.schedule} {task.time_zone}".strip()
        made["suspended"] = task.suspend
    made["advice"] = "; ".join(filter(None, (_advice(task), _older_templates(view))))
    accepted = view.release is not None and trigger.parse(view.release.newest.trigger).request == view.want.requested
    made["requested"] = "" if accepted else view.want.requested
    return made


def result(run: outcome.Run) -> Row:
    """What one run did."""
    made: Row = {
        "state": run.state.value,
        "reason": run.reason,
        "message": run.message,
        "job": run.job,
        "runUid": run.uid,
        "exitCode": run.exit_code,
        "started": timestamp(run.started),
        "finished": timestamp(run.finished),
        "counts": counts(run.counts),
        "findings": [finding(one) for one in run.findings[:MAX_FINDINGS]],
        "cut": run.cut + max(0, len(run.findings) - MAX_FINDINGS),
        "targets": [_target(one) for one in run.targets],
        "outputTail": run.output_tail,
    }
    words = run.message or run.reason
    if run.verdict is None:
        return made | {"res": f"{run.state.value}: {words}"}
    return made | {"verdict": run.verdict.value, "res": f"{run.verdict.value}: {words}"}


def lost(before: Row, job: str, reason: str, message: str) -> Row:
    """The row of a run whose end nobody saw."""
    return clean(before | {"job": job} | ended(verdicts.Verdict.UNKNOWN.value, reason, message))


def aside(one: desired.Aside) -> Row:
    """What a run is told of that isn't there (yet)."""
    if one.skipped:
        return ended(verdicts.Verdict.SKIPPED.value, one.reason, one.message)
    return {"state": "waiting", "reason": one.reason, "message": one.message, "res": f"waiting: {one.message}"}


def ended(verdict: str, reason: str, message: str) -> Row:
    """A result without a run that told it."""
    return {
        "state": "finished",
        "verdict": verdict,
        "reason": reason,
        "message": message,
        "res": f"{verdict}: {message}",
    }


def with_history(made: Row, before: Row | None) -> Row:
    """With the runs before this one, the one in `before` included where it is another."""
    made = made | {"lastSuccess": _last_success(made, before or {})}
    if before is None:
        return made
    past = list(before.get("history") or ())
    if is_missed(before) and not is_missed(made):
        past.insert(0, {name: before[name] for name in PAST if name in before} | {"finished": before["missed"]})
    elif before.get("runUid") and before["runUid"] != made.get("runUid"):
        if not before.get("verdict"):
            before = before | {"verdict": verdicts.Verdict.UNKNOWN.value, "reason": SUPERSEDED}
        past.insert(0, {name: before[name] for name in PAST if name in before})
    return made | {"history": past[:MAX_HISTORY]}


def _last_success(made: Row, before: Row) -> str | None:
    """Kept by itself: the history may be too short to tell it."""
    ended = [row.get("finished") for row in (made, before) if row.get("verdict") == verdicts.Verdict.SUCCESS.value]
    return max((moment for moment in (*ended, before.get("lastSuccess")) if moment), default=None)


def counts(numbers: Any) -> Row:
    """Without zeros."""
    return {name: number for name, number in numbers.items() if number}


def finding(one: findings.Finding) -> Row:
    """As it stands in a row; texts are cut to what the schema takes."""
    made = {"name": one.name, "result": one.result.value, "description": one.description, "message": one.message}
    made |= {"target": one.target, "severity": one.severity or "", "remediation": one.remediation}
    return {"name": "-"} | {name: cut(value) for name, value in made.items() if value}


def _target(one: targets.Target) -> Row:
    return clean(
        {
            "target": one.name,
            "state": "finished",
            "verdict": one.judgement.verdict.value,
            "reason": one.judgement.reason,
            "message": one.judgement.message,
            "exitCode": one.exit_code,
            "started": timestamp(one.started),
            "finished": timestamp(one.finished),
            "counts": counts(dataclasses.asdict(one.counts)),
        }
    )


def _advice(task: tasks.Task) -> str:
    """What could be done better in the task itself; it works all the same."""
    said = []
    if any(host.login.inline_password for host in task.hosts):
        said.append(
            "a password stands in remote_ips, readable by everybody who may read this Inspect; "
            "put it into a Secret and name that in spec.ssh.passwordFrom"
        )
    if task.original and task.hosts and task.ssh.trust_on_first_use:
        said.append("host keys are not checked; name a known_hosts file in spec.ssh.knownHostsFrom")
    return "; ".join(said)


def _older_templates(view: View) -> str:
    """A run that is done once keeps what it was made from."""
    newest = view.release.newest if view.release else None
    if view.task.schedule or newest is None or newest.run_key != view.want.run_key:
        return ""
    if not newest.templates or not view.want.templates or newest.templates == view.want.templates:
        return ""
    return "templates have changed since this run was made; it keeps its own, the next run takes the new ones"


def timestamp(moment: datetime.datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second, as Kubernetes writes it."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def clean(made: Row) -> Row:
    """Without empty fields and with texts cut to what the schema takes."""
    kept = {name: value for name, value in made.items() if value not in (None, "", [], {}) and value is not False}
    for name in ("cut", "targetsCut"):
        if kept.get(name) == 0:
            del kept[name]
    for name in ("res", "message", "advice"):
        if name in kept:
            kept[name] = cut(str(kept[name]))
    return kept


def cut(text: str, limit: int = status.MAX_MESSAGE) -> str:
    """At most `limit` bytes, with an ellipsis where something was cut."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= limit else data[: limit - 3].decode("utf-8", "ignore") + "…"
