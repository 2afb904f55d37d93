"""`run --local`: which tasks, in which order, and what came of them."""

import asyncio
import dataclasses
import signal
from typing import Any

from inspect_operator.api import task as tasks
from inspect_operator.cli import command, names, rendering, telling
from inspect_operator.cli.local import given as givens
from inspect_operator.cli.local import one_task
from inspect_operator.plan import dependencies, desired, naming
from inspect_operator.publish import status
from inspect_operator.publish.reports import model, reading
from inspect_operator.render import chart


async def run(context: command.Context) -> command.Exit:
    """PASSED where every task that was asked for passed; those count too that could not run here."""
    arguments = context.arguments
    documents = [(file, one) for file in arguments.filename for one in rendering.documents(file)]
    namespace = arguments.namespace or "default"
    bodies = [body for file, one in documents for body in rendering.inspects(file, [one], namespace)]
    if not bodies:
        raise command.Usage(f"{', '.join(arguments.filename)}: no Inspect in it")
    made, _ = rendering.renderer(arguments)
    try:
        read = [rendering.inspection(body, made) for body in _chosen(bodies, names.plain(arguments.name))]
    finally:
        made.close()
    given = givens.read(documents, namespace)
    shown = telling.progress(context)
    place = one_task.Place(given, rendering.settings(arguments), shown, quiet=arguments.quiet)
    # Whoever ends us otherwise than by Ctrl-C wants scripts to be ended, and Secrets removed, all the same.
    this = asyncio.current_task()
    assert this is not None  # noqa: S101
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    try:
        async with asyncio.timeout(arguments.timeout):
            inspections = [await _inspection(context, place, made, one) for one in read]
    except TimeoutError:
        context.terminal.note(f"error: not every run ended within {arguments.timeout:g} s; what ran was stopped")
        return command.Exit.FAILED
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)
    return telling.result(context, model.Report(command.now(), tuple(inspections)))


def _chosen(bodies: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    found = [body for body in bodies if name in ("", body["metadata"]["name"])]
    if not found:
        known = ", ".join(str(body["metadata"]["name"]) for body in bodies)
        raise command.Usage(f"no Inspect {name!r} is given; there is {known}")
    return found


async def _inspection(
    context: command.Context, place: one_task.Place, made: chart.Renderer, read: tasks.Inspection
) -> model.Inspection:
    """Runs its tasks one after the other: on one machine they would be in each other's way."""
    asked = context.arguments.tasks
    names.refuse_unknown(asked, [task.name for task in read.tasks], read.owner.name)
    dependencies.check(read)
    # Whatever the schedule says, and also while suspended: as if a run of all of them were asked for.
    here = dataclasses.replace(read, tasks=_with_dependencies(read.tasks, asked), run_request="now")
    shown = telling.progress(context)
    shown.print(f"running {', '.join(task.name for task in here.tasks)}, on this machine")
    results: dict[str, one_task.Result] = {}
    ended: dict[str, desired.Ended] = {}
    while waiting := [want for want in _wanted(here, ended) if want.task.name not in results]:
        # Of those that don't wait for another one the first; where all do, that is how it stays.
        want = next((one for one in waiting if one.held is None or one.held.skipped), waiting[0])
        result = await place.result(want, here.owner, here.generation, made.checks.get(want.task.check))
        results[want.task.name] = result
        ended[want.task.name] = desired.Ended(want.run_key, str(result.row.get("verdict") or "unknown"))
        told = _read(here, {want.task.name: result}).tasks[0]
        shown.print(telling.line(shown, told.name, told.ran))
    return _read(here, {task.name: results[task.name] for task in here.tasks})


def _with_dependencies(listed: tuple[tasks.Task, ...], asked: list[str]) -> tuple[tasks.Task, ...]:
    """Those that were asked for, and those that they wait for."""
    known, todo, chosen = {task.name: task for task in listed}, list(asked or (task.name for task in listed)), set()
    while todo:
        name = todo.pop()
        if name not in chosen:
            chosen.add(name)
            todo += known[name].depends_on
    return tuple(task for task in listed if task.name in chosen)


def _wanted(here: tasks.Inspection, ended: dict[str, desired.Ended]) -> tuple[desired.Desired, ...]:
    facts = dataclasses.replace(rendering.ANYWHERE, results=ended)
    return desired.releases(here, {}, facts)


def _read(here: tasks.Inspection, results: dict[str, one_task.Result]) -> model.Inspection:
    """The Inspect as reports tell it, by way of the status that it would have."""
    owner = here.owner
    rows = tuple(one.row | {"report": naming.report_name(name)} for name, one in results.items())
    facts = status.Facts(here.generation, True, None, rows, command.now())
    body = {
        "metadata": {"namespace": owner.namespace, "name": owner.name, "generation": here.generation},
        "status": status.status(facts, {}),
    }
    kept = {(owner.namespace, naming.report_name(name)): one.report for name, one in results.items()}
    return reading.inspection(body, kept)
