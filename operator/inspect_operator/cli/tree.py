"""Inspects, their tasks and targets as a tree for a terminal."""

import datetime
from collections.abc import Iterator, Sequence
from typing import TypeVar

from inspect_operator.cli import terminal
from inspect_operator.publish.reports import model, words

Row = Sequence[terminal.Cell]
T = TypeVar("T", model.Task, model.Target)
_HEAD = ("NAME", "VERDICT", "REASON", "AGE")
_WIDE = ("TOOK", "PASSED", "SCHEDULE", "RELEASE", "MESSAGE")
#: Targets that passed are not listed beyond so many, unless all is asked for.
MAX_TARGETS = 20


def text(
    shown: terminal.Terminal, report: model.Report, *, wide: bool = False, namespaces: bool = False, head: bool = True
) -> str:
    """The tree; `wide` adds columns and all targets, `namespaces` puts each Inspect's in front of its name."""
    rows: list[Row] = [[terminal.Cell(name, "bold") for name in (*_HEAD, *(_WIDE if wide else ()))]] if head else []
    for inspection in report.inspections:
        rows += _inspection(inspection, report.created, wide, namespaces)
    return terminal.table(shown, rows)


def _inspection(one: model.Inspection, now: datetime.datetime, wide: bool, namespaces: bool) -> Iterator[Row]:
    name = f"{one.namespace}/{one.name}" if namespaces else one.name
    ready = one.condition("Ready")
    latest = max((task.ran.started for task in one.tasks if task.ran.started), default=None)
    running = any(task.ran.state == "active" and not task.ran.verdict for task in one.tasks)
    verdict = one.verdict or ("running" if running else "waiting")
    reason = "" if ready.status == "True" and one.current else f"{ready.reason or 'NotSeenYet'}"
    message = "" if ready.status == "True" else ready.message
    tail = ("", "", "", "", message) if wide else ()
    yield _row(_name(name), verdict, reason, words.age(latest, now), *tail, colour="bold")
    if ready.status == "False" and not wide:
        yield [terminal.Cell(f"{'│' if one.tasks else ' '}  {terminal.one_line(ready.message, 110)}", "red")]
    for task, branch, stem in _branches(one.tasks):
        ran = task.ran
        tail = ()
        if wide:
            schedule = "suspended" if task.suspended else task.schedule
            release = f"{task.release}.v{task.revision}" if task.revision else task.release
            tail = (words.duration(ran.seconds), task.pass_rate, schedule, release, ran.message)
        yield _row(branch + _name(task.name), _verdict(ran), _reason(task), words.age(_when(ran), now), *tail)
        targets = task.targets if wide else _worst(task.targets)
        for target, twig, _ in _branches(targets, more=len(task.targets) - len(targets)):
            tail = (words.duration(target.ran.seconds), "", "", "", target.ran.message) if wide else ()
            age = words.age(_when(target.ran), now)
            yield _row(stem + twig + _name(target.name), _verdict(target.ran), target.ran.reason, age, *tail)
        if len(task.targets) > len(targets):
            yield [terminal.Cell(f"{stem}└─ and {len(task.targets) - len(targets)} more, which passed")]


def _name(text: str) -> str:
    return terminal.one_line(text, 60)


def _row(name: str, verdict: str, reason: str, age: str, *more: str, colour: str = "") -> Row:
    mark = words.MARKS.get(verdict, words.MARKS[""])
    cells = [terminal.Cell(name, colour), terminal.Cell(f"{mark} {verdict}", verdict)]
    return [*cells, terminal.Cell(reason), terminal.Cell(age), *(terminal.Cell(terminal.one_line(one)) for one in more)]


def _branches(items: Sequence[T], more: int = 0) -> Iterator[tuple[T, str, str]]:
    """Each with its branch and what stands before its own branches; `more` follow after them."""
    for number, item in enumerate(items):
        last = number == len(items) - 1 and not more
        yield item, "└─ " if last else "├─ ", "   " if last else "│  "


def _worst(targets: Sequence[model.Target]) -> Sequence[model.Target]:
    if len(targets) <= MAX_TARGETS:
        return targets
    bad = [target for target in targets if target.ran.verdict not in model.PASSED]
    return bad or targets[:MAX_TARGETS]


def _verdict(ran: model.Ran) -> str:
    """While a schedule's run goes on, the one before is told."""
    return words.verdict(ran)


def _reason(task: model.Task) -> str:
    going_on = " (running)" if task.ran.verdict and task.ran.state == "active" else ""
    return f"{task.ran.reason}{' (flapping)' if task.flapping else ''}{going_on}"


def _when(ran: model.Ran) -> datetime.datetime | None:
    return ran.finished or ran.started
