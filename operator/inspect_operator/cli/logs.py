"""`logs`: what the tasks of an Inspect printed; of a pod that is gone, what was kept of it."""

import argparse
import asyncio
import functools
from collections.abc import Callable

from inspect_operator import errors
from inspect_operator.cli import command, inspects, names, pods
from inspect_operator.cluster import client
from inspect_operator.publish.reports import model, reading, words


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("name", metavar="NAME", help="the Inspect")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="its tasks (default: all)")
    parser.add_argument("--target", metavar="NAME", default="", help="of this node or host only")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the runs end")
    parser.add_argument("--tail", type=_number, metavar="LINES", help="only the last lines of each (default: all)")


async def run(context: command.Context) -> command.Exit:
    """Prints them; of several tasks or nodes with the name in front of each line."""
    arguments = context.arguments
    body = await inspects.one(context, arguments.name)
    known = names.of_tasks(body)
    names.refuse_unknown(arguments.tasks, known, arguments.name)
    found = await pods.of(context, body, arguments.tasks, arguments.target)
    wanted = [name for name in known if name in (arguments.tasks or known)]
    several = len(wanted) > 1 or len(found) > 1

    def write(prefix: str, line: str) -> None:
        context.terminal.print(f"{context.terminal.paint(prefix, 'grey')} {line}" if several else line)

    async def one(pod: pods.Pod) -> bool:
        prefix = f"[{pod.task}{' ' + pod.target if pod.target else ''}]"
        try:
            await pods.lines(
                context, body["metadata"]["namespace"], pod, functools.partial(write, prefix),
                follow=arguments.follow, tail=arguments.tail,
            )  # fmt: skip
        except (client.NotFound, errors.ManifestRejected) as error:
            context.terminal.note(f"{prefix} its log can't be read any more: {error}")
            return False
        return True

    if arguments.follow:
        read = await asyncio.gather(*map(one, found))
    else:
        read = [await one(pod) for pod in found]
    there = {pod.task for pod, ok in zip(found, read, strict=True) if ok}
    if gone := [name for name in wanted if name not in there]:
        await _kept(context, body, gone, write)
    return command.Exit.PASSED


async def _kept(
    context: command.Context, body: inspects.Object, gone: list[str], write: Callable[[str, str], None]
) -> None:
    """What reports and the status have of tasks whose pods are gone."""
    try:
        report = await inspects.report(context, [body])
    except errors.ClusterForbidden:
        report = reading.report([body], {}, command.now())
    for _, task in report.tasks:
        if task.name not in gone:
            continue
        note = _why(task)
        if task.output:
            kept = words.output_note(task)
            context.terminal.note(f"[{task.name}] its pod is gone; this was kept{': ' + kept if kept else ''}")
            lines = task.output.rstrip("\n").split("\n")
            for line in lines[-context.arguments.tail :] if context.arguments.tail else lines:
                write(f"[{task.name}]", line)
        else:
            context.terminal.note(f"[{task.name}] {note}")


def _why(task: model.Task) -> str:
    if not task.ran.verdict:
        return f"nothing to see yet: {words.verdict(task.ran)} {task.ran.reason} {task.ran.message}".rstrip()
    return "its pod is gone, and it printed nothing that was kept"


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("expected 0 or more")
    return number


COMMAND = command.Command(
    configure, run,
    examples=(
        "kubectl inspections logs host-health disk -f",
        "kubectl inspections logs host-health memory --target node-1 --tail 20",
    ),
)  # fmt: skip
