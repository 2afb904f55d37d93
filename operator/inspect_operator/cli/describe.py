"""`describe`: everything about some Inspects, for people."""

import argparse
import datetime
from collections.abc import Iterator

from inspect_operator import errors
from inspect_operator.cli import command, inspects, terminal, tree
from inspect_operator.cluster import resources
from inspect_operator.publish.reports import model, words

MAX_FINDINGS, MAX_OUTPUT_LINES, MAX_EVENTS = 30, 12, 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="Inspects (default: all)")
    parser.add_argument("--all", action="store_true", dest="everything", help="all findings, and the whole output")


async def run(context: command.Context) -> command.Exit:
    """Prints them one after the other."""
    found = await inspects.chosen(context)
    if not found:
        context.terminal.note("no Inspects")
    report = await inspects.report(context, found)
    for number, (body, inspection) in enumerate(zip(found, report.inspections, strict=True)):
        if number:
            context.terminal.print("\n" + "─" * 60 + "\n")
        single = model.Report(report.created, (inspection,))
        for line in _lines(context, single, inspection):
            context.terminal.print(line)
        for line in await _events(context, body):
            context.terminal.print(line)
    return command.Exit.PASSED


def _lines(context: command.Context, report: model.Report, inspection: model.Inspection) -> Iterator[str]:
    paint = context.terminal.paint
    yield f"{paint(f'{inspection.namespace}/{inspection.name}', 'bold')}: {words.headline(report)}"
    for one in inspection.conditions:
        colour = {"True": "success", "False": "fail"}.get(one.status, "unknown")
        yield f"  {one.type}: {paint(one.status, colour)} ({one.reason}) {terminal.one_line(one.message)}".rstrip()
    yield ""
    yield tree.text(context.terminal, report, wide=True)
    for task in inspection.tasks:
        yield from _task(context, report, task)


def _task(context: command.Context, report: model.Report, task: model.Task) -> Iterator[str]:
    paint, ran = context.terminal.paint, task.ran
    verdict = words.verdict(ran)
    yield ""
    yield f"{paint(task.name, 'bold')}: {paint(verdict, verdict)} {ran.reason}"
    facts = {
        "what": ran.message,
        "runs": " on ".join(part for part in (task.kind, task.where) if part),
        "schedule": task.schedule + (" (suspended)" if task.suspended else ""),
        "release": task.release + (f", revision {task.revision}" if task.revision else ""),
        "job": ran.job,
        "exit code": "" if ran.exit_code is None else str(ran.exit_code),
        "started": _when(ran.started, report),
        "finished": _when(ran.finished, report)
        + (f", took {words.duration(ran.seconds)}" if ran.seconds is not None else ""),
        "missed": _when(task.missed, report),
        "history": " ".join(words.MARKS.get(run.verdict, "?") for run in reversed(task.history))
        + (f"  {task.pass_rate} passed" if task.pass_rate else ""),
        "new": ", ".join(task.new),
        "fixed": ", ".join(task.fixed),
        "advice": task.advice,
    }
    for name, value in facts.items():
        if value.strip():
            yield f"  {name + ':':<11}{terminal.one_line(value)}"
    everything = context.arguments.everything
    shown = task.findings if everything else task.findings[:MAX_FINDINGS]
    for one in shown:
        where = f"{one.target}: " if one.target else ""
        line = terminal.one_line(f"{where}{one.name}: {one.message or one.description}".removesuffix(": "))
        yield f"  {paint(words.MARKS[one.result], one.result)} {line}"
        if one.remediation:
            yield f"    → {terminal.one_line(one.remediation)}"
    if len(shown) < len(task.findings):
        yield f"  and {len(task.findings) - len(shown)} more: see --all"
    if words.cut(task):
        yield f"  {words.cut(task)}"
    for title, printed in (("output", task.output), ("standard error", task.stderr)):
        lines = printed.rstrip("\n").split("\n") if printed.strip() else []
        kept = lines if everything else lines[-MAX_OUTPUT_LINES:]
        if kept:
            yield f"  {title}{', its end' if len(kept) < len(lines) else ''}:"
            yield from (f"    {line}" for line in kept)


async def _events(context: command.Context, body: inspects.Object) -> list[str]:
    """The latest Events about the object; none where they may not be read."""
    metadata = body["metadata"]
    try:
        found = await context.api.list(
            resources.EVENTS, metadata["namespace"], fields=f"involvedObject.uid={metadata['uid']}", full=True
        )
    except errors.ClusterForbidden:
        return []
    found.sort(key=lambda one: str(one.get("lastTimestamp") or one["metadata"].get("creationTimestamp") or ""))
    if not found:
        return []
    said = [f"  {one.get('type')}  {one.get('reason')}  {terminal.one_line(str(one.get('message')))}" for one in found]
    return ["", context.terminal.paint("Events", "bold"), *said[-MAX_EVENTS:]]


def _when(moment: datetime.datetime | None, report: model.Report) -> str:
    return f"{words.moment(moment)}, {words.age(moment, report.created)} ago" if moment else ""


COMMAND = command.Command(
    configure, run,
    examples=("kubectl inspections describe host-health",),
)  # fmt: skip
