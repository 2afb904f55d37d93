"""`run`: asks for a run now, shows how it goes on and what it prints, and ends with its verdict."""

import argparse
import asyncio
import contextlib
import dataclasses
import functools
import re
import secrets
import time
from collections.abc import Sequence

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cli import asked, command, inspects, logs, pods, tree, watching
from inspect_operator.cluster import client, resources
from inspect_operator.plan import trigger
from inspect_operator.publish.reports import model, reading, words

#: So long nobody may answer before a note says so, and so long a refusal may be one of before.
PATIENCE_SECONDS, REFUSED_SECONDS = 15.0, 5.0
#: For the last lines of a run that has ended.
OUTPUT_SECONDS = 5.0
_UNITS = {"s": 1, "m": 60, "h": 3600}


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("name", metavar="NAME", help="the Inspect")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="its tasks (default: all)")
    parser.add_argument("--no-wait", action="store_true", help="ask for the run, and don't wait for its end")
    parser.add_argument("-q", "--quiet", action="store_true", help="don't show what the runs print")
    parser.add_argument(
        "--timeout", type=_duration, metavar="DURATION", help="wait no longer, such as 90s, 5m, 1h (default: for ever)"
    )


async def run(context: command.Context) -> command.Exit:
    """Asks, waits, and tells: PASSED where every task that was asked for did."""
    arguments = context.arguments
    body = await inspects.one(context, arguments.name)
    names = logs.task_names(body)
    logs.refuse_unknown(arguments.tasks, names, arguments.name)
    wanted = [name for name in names if name in (arguments.tasks or names)]
    text = _text(arguments.tasks)
    patch = {"metadata": {"annotations": {group.ANNOTATION_RUN_REQUEST: text}}}
    await context.api.merge(resources.INSPECTS, body["metadata"]["namespace"], body["metadata"]["name"], patch)
    request = asked.Request(trigger.token(text), tuple(wanted), asked.run_keys(body))
    context.terminal.print(f"asked for a run of {', '.join(wanted)}")
    if arguments.no_wait:
        return command.Exit.PASSED
    follower = _Follower(context, request)
    try:
        async with asyncio.timeout(arguments.timeout):
            latest = await follower.wait(body)
    except TimeoutError:
        context.terminal.note(f"error: not every run ended within {arguments.timeout:g} s; they go on")
        return command.Exit.FAILED
    finally:
        await follower.close()
    return _result(context, latest, wanted)


def _result(context: command.Context, body: inspects.Object, wanted: Sequence[str]) -> command.Exit:
    whole = reading.inspection(body, {})
    chosen = dataclasses.replace(whole, tasks=tuple(task for task in whole.tasks if task.name in wanted))
    report = model.Report(inspects.now(), (chosen,))
    context.terminal.print("\n" + tree.text(context.terminal, report))
    return command.Exit.PASSED if report.verdict == "success" else command.Exit.FAILED


class _Follower:
    """Prints what is new about the runs, and what they print."""

    def __init__(self, context: command.Context, request: asked.Request) -> None:
        self._context = context
        self._request = request
        self._told: dict[str, str] = {}
        self._outputs: dict[str, asyncio.Task[None]] = {}  # by name of the Job
        self._latest: inspects.Object = {}
        self._changed = asyncio.Event()

    async def wait(self, body: inspects.Object) -> inspects.Object:
        """The Inspect once every run that was asked for has ended, or can't begin.

        :raises errors.InspectError: it was deleted, or what it asks for was refused
        """
        self._latest = body
        watcher = asyncio.create_task(self._watch())
        began, noted = time.monotonic(), False
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 1.0)
                self._changed.clear()
                if watcher.done():
                    watcher.result()
                    raise client.NotFound("the Inspect was deleted while its runs went on")
                waited = time.monotonic() - began
                if self._look(refusals=waited > REFUSED_SECONDS):
                    await self._last_lines()
                    return self._latest
                if not noted and waited > PATIENCE_SECONDS and not self._request.noted(self._latest):
                    noted = True
                    self._context.terminal.note(
                        "nobody has taken the request up yet: does the operator run? "
                        "see: kubectl get pods -A -l app.kubernetes.io/name=inspect-operator"
                    )
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def close(self) -> None:
        """Ends what still reads."""
        for one in self._outputs.values():
            one.cancel()
        await asyncio.gather(*self._outputs.values(), return_exceptions=True)

    async def _watch(self) -> None:
        name = inspects.plain(self._context.arguments.name)
        async with contextlib.aclosing(watching.changes(self._context, name)) as changes:
            async for body in changes:
                if body is not None:
                    self._latest = body
                    self._changed.set()

    def _look(self, *, refusals: bool) -> bool:
        """Tells what is new; whether there is nothing more to wait for."""
        if refusals and (words := self._request.refused(self._latest)):
            raise errors.ManifestRejected(words)
        progress = self._request.progress(self._latest)
        for one in progress:
            if not self._context.arguments.quiet:
                for job in one.jobs:
                    if job not in self._outputs:
                        self._outputs[job] = asyncio.create_task(self._output(one.task, job))
            line = self._line(one)
            if line and self._told.get(one.task) != line:
                self._told[one.task] = line
                self._context.terminal.print(line)
        return all(one.ended for one in progress) and bool(progress)

    def _line(self, one: asked.Progress) -> str:
        if not one.of_request:
            return ""
        verdict = words.verdict(one.ran)
        said = f"{one.ran.reason}{': ' if one.ran.reason and one.ran.message else ''}{one.ran.message}"
        mark = self._context.terminal.paint(f"{words.MARKS.get(verdict, words.MARKS[''])} {verdict}", verdict)
        return f"{one.task}: {mark} {said}".rstrip()

    async def _output(self, task: str, job: str) -> None:
        """What the pod of one Job prints, from its start on."""
        namespace = self._latest["metadata"]["namespace"]
        with contextlib.suppress(errors.InspectError):
            pod = None
            while pod is None:
                found = await pods.of(self._context, self._latest, [task], "")
                pod = next((one for one in found if one.job == job), None)
                await asyncio.sleep(0 if pod else pods.LOOK_SECONDS)
            prefix = f"[{task}{' ' + pod.target if pod.target else ''}]"
            write = functools.partial(self._write, self._context.terminal.paint(prefix, "grey"))
            await pods.lines(self._context, namespace, pod, write, follow=True, tail=None)

    def _write(self, prefix: str, line: str) -> None:
        self._context.terminal.print(f"{prefix} {line}")

    async def _last_lines(self) -> None:
        if self._outputs:
            await asyncio.wait(self._outputs.values(), timeout=OUTPUT_SECONDS)


def _text(tasks: Sequence[str]) -> str:
    """What the annotation says; unlike any before."""
    if len(tasks) > 1 and (odd := [name for name in tasks if "," in name or name != name.strip()]):
        raise command.Usage(f"{odd[0]!r} has a comma or blanks at its ends: run this task alone")
    chosen = f" for {', '.join(tasks)}" if tasks else ""
    return f"{inspects.now():%Y-%m-%dT%H:%M:%SZ} {secrets.token_hex(4)}{chosen}"


def _duration(text: str) -> float:
    found = re.fullmatch(r"(\d+)([smh])", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError("write a number and s, m or h, such as 90s")
    return float(int(found[1]) * _UNITS[found[2]])


COMMAND = command.Command(
    "run", "run tasks now, wait for their end; the exit code tells whether they passed", configure, run,
    examples=("kubectl inspections run host-health", "kubectl inspections run host-health disk --timeout 5m --quiet"),
)  # fmt: skip
