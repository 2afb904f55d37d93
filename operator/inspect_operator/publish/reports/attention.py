"""What a person should look at first: failing findings, and what failed without one."""

import dataclasses

from inspect_operator.publish.reports import model

_LEVELS = ("critical", "high", "medium", "low", "info")


@dataclasses.dataclass(frozen=True)
class Point:
    """One thing to look at. `level` is a severity; `result` fail, error, unknown or warn."""

    level: str
    result: str
    title: str
    inspection: model.Inspection
    task: model.Task
    target: str = ""
    message: str = ""
    remediation: str = ""


def points(report: model.Report) -> list[Point]:
    """The most severe first, else in the order of the tasks."""
    found = [point for inspection, task in report.tasks for point in _of(inspection, task)]
    return sorted(found, key=lambda one: _LEVELS.index(one.level))


def _of(inspection: model.Inspection, task: model.Task) -> list[Point]:
    made = [
        Point(
            one.severity, one.result, one.name, inspection, task, one.target,
            one.message or one.description, one.remediation,
        )
        for one in task.findings
        if one.bad
    ]  # fmt: skip
    ran = [(target.name, target.ran) for target in task.targets]
    if not any(_bad(one) for _, one in ran):
        ran.append(("", task.ran))
    for target, one in ran:
        explained = any(point.result != "warn" and point.target in (target, "") for point in made)
        if _bad(one) and (one.verdict == "error" or not explained):
            level = "medium" if one.verdict == "unknown" else "high"
            made.append(Point(level, one.verdict, one.reason or one.verdict, inspection, task, target, one.message))
    return made


def _bad(ran: model.Ran) -> bool:
    return ran.verdict in ("error", "fail", "unknown")
