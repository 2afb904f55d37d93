"""Makes the model of a report from what the cluster keeps: the status of Inspects and the full report of each task.

The status is the truth about how a task stands; the full report (a ConfigMap with JSON, written once a run has ended)
adds what has no place there: all findings, those of each target, the output. Both are read with tolerance: a field of
a wrong form counts as missing, since people can edit these objects and newer operators may write more.
"""

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inspect_operator.publish import task_report
from inspect_operator.publish.reports import model

Object = Mapping[str, Any]

#: What XML 1.0 can't hold, and what reorders or hides the text around it.
_UNHOLDABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
#: Of these a task's row and its full report say the same about the same run; the report says more.
_DETAILS = ("findings", "cut", "counts", "targets", "targetsCut", "output", "outputCut", "stderr", "history")
_SAME_RUN = ("job", "runUid", "finished")


def report(
    inspects: Iterable[Object], kept: Mapping[tuple[str, str], Object], created: datetime.datetime
) -> model.Report:
    """All of it. `kept` are full reports by namespace and name of their ConfigMap."""
    return model.Report(created, tuple(inspection(one, kept) for one in inspects))


def inspection(body: Object, kept: Mapping[tuple[str, str], Object]) -> model.Inspection:
    """One Inspect as the API serves it."""
    metadata, status = _object(body.get("metadata")), _object(body.get("status"))
    namespace = text(metadata.get("namespace"))
    rows = [(row, kept.get((namespace, text(row.get("report"))))) for row in _objects(status.get("results"))]
    return model.Inspection(
        namespace=namespace,
        name=text(metadata.get("name")),
        tasks=tuple(_task(merged(row, full)) for row, full in rows),
        conditions=tuple(
            model.Condition(*(text(one.get(name)) for name in ("type", "status", "reason", "message")))
            for one in _objects(status.get("conditions"))
        ),
        current=status.get("observedGeneration") == metadata.get("generation"),
    )


def full_report(config_map: Object) -> Object | None:
    """The JSON in a task's ConfigMap; None where it is no such report."""
    try:
        found = json.loads(_object(config_map.get("data")).get(task_report.KEY, ""))
    except (TypeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("version") == task_report.VERSION else None


def merged(row: Object, full: Object | None) -> dict[str, Any]:
    """A row of the status in the shape of a full report, with the details of that where it is of the same run."""
    told = of_row(row)
    if full is None or any(told.get(name) != full.get(name) for name in _SAME_RUN):
        return told
    if all(told.get(name) == full.get(name) for name in ("verdict", "reason")):
        return {**told, **full, "state": told.get("state")}
    return {**full, **told, **{name: full[name] for name in _DETAILS if name in full}}


def of_row(row: Object) -> dict[str, Any]:
    """A row of the status in the shape of a full report: what it has of it."""
    return {"task" if name == "task_name" else name: value for name, value in row.items()}


def text(value: object) -> str:
    """Any value as clean text: what no form can hold becomes U+FFFD, line ends become LF."""
    plain = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return _UNHOLDABLE.sub("\ufffd", plain.replace("\r\n", "\n").replace("\r", "\n"))


def _task(told: Object) -> model.Task:
    whole = isinstance(told.get("output"), str)
    findings = [_finding(one) for one in _objects(told.get("findings"))]
    targets = tuple(_target(one, findings) for one in _objects(told.get("targets")))
    known = {finding for target in targets for finding in target.findings}
    return model.Task(
        name=text(told.get("task")) or "-",
        ran=_ran(told),
        kind=text(told.get("kind")),
        where=text(told.get("target")) or _where(told, targets),
        schedule=text(told.get("schedule")),
        suspended=told.get("suspended") is True,
        release=text(told.get("release")),
        revision=_number(told.get("revision")),
        counts=_counts(told.get("counts")),
        findings=tuple(_worst_first([*(one for one in findings if one not in known), *_of(targets)])),
        cut=_number(told.get("cut")) or 0,
        targets=targets,
        targets_cut=_number(told.get("targetsCut")) or 0,
        output=text(told.get("output")) if whole else text(told.get("outputTail")),
        output_cut=_number(told.get("outputCut")) or 0,
        output_whole=whole,
        stderr=text(told.get("stderr")),
        history=tuple(_ran(one) for one in _objects(told.get("history"))),
        pass_rate=text(told.get("passRate")),
        flapping=told.get("flapping") is True,
        new=_texts(told.get("newFindings")),
        fixed=_texts(told.get("fixedFindings")),
        missed=moment(told.get("missed")),
        advice=text(told.get("advice")),
    )


def _target(told: Object, of_task: Sequence[model.Finding]) -> model.Target:
    """With its own findings, else with those of the task that name it."""
    name = text(told.get("target")) or "-"
    own = [_finding({**one, "target": name}) for one in _objects(told.get("findings"))]
    found = own or [finding for finding in of_task if finding.target == name]
    return model.Target(name, _ran(told), tuple(_worst_first(found)))


def _where(told: Object, targets: Sequence[model.Target]) -> str:
    """What kind of targets they are, where only the status tells: hosts share one Job."""
    return "" if not targets else "hosts" if told.get("job") else "nodes"


def _ran(told: Object) -> model.Ran:
    verdict = text(told.get("verdict"))
    return model.Ran(
        verdict=verdict if verdict in model.VERDICTS else "unknown",
        reason=text(told.get("reason")),
        message=text(told.get("message")) or _of_res(text(told.get("res"))),
        state=text(told.get("state")) or ("finished" if verdict else ""),
        job=text(told.get("job")),
        started=moment(told.get("started")),
        finished=moment(told.get("finished")),
        exit_code=_number(told.get("exitCode")),
    )


def _finding(told: Object) -> model.Finding:
    result = text(told.get("result"))
    result = result if result in model.RESULTS else "unknown"
    severity = text(told.get("severity"))
    return model.Finding(
        name=text(told.get("name")) or "-",
        result=result,
        severity=severity if severity in (*model.SEVERITIES.values(), "critical") else model.SEVERITIES[result],
        message=text(told.get("message")),
        description=text(told.get("description")),
        target=text(told.get("target")),
        remediation=text(told.get("remediation")),
    )


def _of_res(res: str) -> str:
    """The words of the original's `res`, which begins with the verdict or the state."""
    return res.partition(": ")[2]


def _of(targets: Sequence[model.Target]) -> list[model.Finding]:
    return [finding for target in targets for finding in target.findings]


def _worst_first(findings: Sequence[model.Finding]) -> list[model.Finding]:
    return sorted(findings, key=lambda one: model.RESULTS.index(one.result))


def _counts(told: object) -> tuple[tuple[str, int], ...]:
    numbers = {name: _number(_object(told).get(name)) for name in model.RESULTS}
    return tuple((name, number) for name, number in numbers.items() if number)


def moment(told: object) -> datetime.datetime | None:
    """An RFC 3339 time; None for anything else."""
    try:
        found = datetime.datetime.fromisoformat(told) if isinstance(told, str) else None
        return found.astimezone(datetime.UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _number(told: object) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _texts(told: object) -> tuple[str, ...]:
    return tuple(text(one) for one in told) if isinstance(told, list) else ()


def _object(told: object) -> Object:
    return told if isinstance(told, dict) else {}


def _objects(told: object) -> list[Object]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
