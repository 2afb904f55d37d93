"""Asks the operator for a run now, and follows it to its end."""

import asyncio
import contextlib
import dataclasses
import functools
import secrets
import time
from collections.abc import Sequence

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cli import asked, command, inspects, names, pods, telling, watching
from inspect_operator.cluster import client, resources
from inspect_operator.plan import trigger
from inspect_operator.publish.reports import model, reading

#: So long nobody may answer before a note says so, and so long a refusal may be one of before.
PATIENCE_SECONDS, REFUSED_SECONDS = 15.0, 5.0
#: For the last lines of a run that has ended.
OUTPUT_SECONDS = 5.0


async def run(context: command.Context) -> command.Exit:
    """Asks, waits, and tells: PASSED where every task that was asked for did."""
    arguments = context.arguments
    body = await inspects.one(context, arguments.name)
    known = names.of_tasks(body)
    names.refuse_unknown(arguments.tasks, known, arguments.name)
    wanted = [name for name in known if name in (arguments.tasks or known)]
    text = _text(arguments.tasks)
    patch = {"metadata": {"annotations": {group.ANNOTATION_RUN_REQUEST: text}}}
    await context.api.merge(resources.INSPECTS, body["metadata"]["namespace"], body["metadata"]["name"], patch)
    request = asked.Request(trigger.token(text), tuple(wanted), asked.run_keys(body))
    telling.progress(context).print(f"asked for a run of {', '.join(wanted)}")
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
    return telling.result(context, await _report(context, latest, wanted))


async def _report(context: command.Context, body: inspects.Object, wanted: Sequence[str]) -> model.Report:
    """Of the tasks that ran; in a form for programs with all that is kept of them."""
    whole = reading.report([body], {}, command.now())
    if context.arguments.output != telling.TREE:
        with contextlib.suppress(errors.ClusterForbidden):
            whole = await inspects.report(context, [body])
    (one,) = whole.inspections
    tasks = tuple(task for task in one.tasks if task.name in wanted)
    return model.Report(whole.created, (dataclasses.replace(one, tasks=tasks),))


class _Follower:
    """Prints what is new about the runs, and what they print."""

    def __init__(self, context: command.Context, request: asked.Request) -> None:
        self._context = context
        self._shown = telling.progress(context)
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
        name = names.plain(self._context.arguments.name)
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
            line = telling.line(self._shown, one.task, one.ran) if one.of_request else ""
            if line and self._told.get(one.task) != line:
                self._told[one.task] = line
                self._shown.print(line)
        return all(one.ended for one in progress) and bool(progress)

    async def _output(self, task: str, job: str) -> None:
        """What the pod of one Job prints, from its start on."""
        namespace = self._latest["metadata"]["namespace"]
        with contextlib.suppress(errors.InspectError):
            pod = None
            while pod is None:
                found = await pods.of(self._context, self._latest, [task], "")
                pod = next((one for one in found if one.job == job), None)
                await asyncio.sleep(0 if pod else pods.LOOK_SECONDS)
            write = functools.partial(self._write, telling.prefix(self._shown, task, pod.target))
            await pods.lines(self._context, namespace, pod, write, follow=True, tail=None)

    def _write(self, prefix: str, line: str) -> None:
        self._shown.print(f"{prefix} {line}")

    async def _last_lines(self) -> None:
        if self._outputs:
            await asyncio.wait(self._outputs.values(), timeout=OUTPUT_SECONDS)


def _text(tasks: Sequence[str]) -> str:
    """What the annotation says; unlike any before."""
    if len(tasks) > 1 and (odd := [name for name in tasks if "," in name or name != name.strip()]):
        raise command.Usage(f"{odd[0]!r} has a comma or blanks at its ends: run this task alone")
    chosen = f" for {', '.join(tasks)}" if tasks else ""
    return f"{command.now():%Y-%m-%dT%H:%M:%SZ} {secrets.token_hex(4)}{chosen}"
