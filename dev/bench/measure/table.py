"""The figures as Markdown: one table a size, a column a peer."""

import collections
from collections.abc import Callable, Mapping

from measure import counting, scenarios

#: Of a part of a run: the uncounted run for seconds and CPU, the counted one for requests and processes.
Pair = tuple[scenarios.Result | None, scenarios.Result | None]
MISSING = "–"


def markdown(pairs: Mapping[str, Pair], plan: scenarios.Plan, command: str) -> str:
    """A section; releases are objects times tasks."""
    releases = plan.objects * plan.tasks
    rows = [
        ("first install: releases a second", _timed("install", _rate(releases))),
        ("first install: CPU a release, ms", _timed("install", _cpu(releases))),
        ("first install: requests a release", _counted("install", _requests(releases))),
        ("first install: writes a release", _counted("install", _writes(releases))),
        ("first install: helm processes a release", _counted("install", _processes(releases))),
        ("a script changed: releases a second", _timed("change a script", _rate(releases))),
        ("a script changed: CPU a release, ms", _timed("change a script", _cpu(releases))),
        ("a script changed: requests a release", _counted("change a script", _requests(releases))),
        ("a script changed: writes a release", _counted("change a script", _writes(releases))),
        ("restart: helm processes", _counted("restart, nothing changed", _processes(1))),
        ("restart: requests", _counted("restart, nothing changed", _requests(1))),
        ("restart: writes", _counted("restart, nothing changed", _writes(1))),
        ("restart: CPU, s", _timed("restart, nothing changed", lambda part: f"{part.cpu_seconds:.2f}")),
        ("idle: requests a minute", _counted("idle", _requests(plan.idle_seconds / 60))),
        ("idle: CPU a minute, s", _timed("idle", lambda part: f"{part.cpu_seconds / plan.idle_seconds * 60:.2f}")),
        ("object to Job, p50, ms", _latency(50)),
        ("object to Job, p99, ms", _latency(99)),
        ("delete all: releases a second", _timed("delete", _rate(releases))),
        ("delete all: requests a release", _counted("delete", _requests(releases))),
        ("delete all: writes a release", _counted("delete", _writes(releases))),
        ("memory charged at most, MiB", lambda timed, _: f"{timed.peak_mib:.0f}" if timed else MISSING),
        ("memory held after the install, MiB", lambda timed, _: f"{timed.used_mib:.0f}" if timed else MISSING),
        ("tracebacks in the log", lambda timed, counted: str(sum(one.tracebacks for one in (timed, counted) if one))),
    ]  # fmt: skip
    lines = [f"### {plan.objects} objects of {plan.tasks} task{'s' if plan.tasks > 1 else ''}", ""]
    lines += [f"| | {' | '.join(pairs)} |", f"|---|{'---|' * len(pairs)}"]
    lines += [f"| {title} | {' | '.join(cell(*pair) for pair in pairs.values())} |" for title, cell in rows]
    return "\n".join([*lines, "", f"`{command}`", ""])


Cell = Callable[[scenarios.Result | None, scenarios.Result | None], str]
Figure = Callable[[scenarios.Part], str]


def _timed(name: str, figure: Figure) -> Cell:
    return lambda timed, _: figure(timed.part(name)) if timed else MISSING


def _counted(name: str, figure: Figure) -> Cell:
    return lambda _, counted: figure(counted.part(name)) if counted else MISSING


def _cpu(releases: int) -> Figure:
    return lambda part: f"{1000 * part.cpu_seconds / releases:.0f}"


def _rate(releases: int) -> Figure:
    return lambda part: f"{releases / part.seconds:.1f}"


def _latency(percent: int) -> Cell:
    return lambda timed, _: f"{1000 * timed.latency(percent):.0f}" if timed and len(timed.latencies) > 1 else MISSING


def _requests(by: float) -> Figure:
    return lambda part: _number(sum((part.requests or {}).values()) / by)


def _writes(by: float) -> Figure:
    return lambda part: _number(counting.writes(collections.Counter(part.requests or {})) / by)


def _processes(by: float) -> Figure:
    return lambda part: _number(part.helm_processes / by)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
