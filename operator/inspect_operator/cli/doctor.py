"""`doctor`: looks for what keeps inspections from working, and says how to mend it; nothing is changed."""

import argparse
import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from inspect_operator import errors
from inspect_operator.cli import command, terminal
from inspect_operator.cli.health import (
    clocks,
    definition,
    deletions,
    images,
    operators,
    releases,
    rights,
    site,
    webhooks,
)
from inspect_operator.cli.health.finding import Finding, Level, worst
from inspect_operator.cli.health.place import Place
from inspect_operator.cluster import client

Look = Callable[[Place], Coroutine[Any, Any, list[Finding]]]
#: What each is about, in the order in which they are told.
LOOKS: dict[str, Look] = {
    "the CRD": definition.look,
    "the operators": operators.look,
    "rights": rights.look,
    "releases": releases.look,
    "images": images.look,
    "the nodes' clocks": clocks.look,
    "webhooks": webhooks.look,
    "deletions": deletions.look,
    "the site's templates and checks": site.look,
}
VERSION = 1
_MARKS = {Level.ERROR: "✘", Level.WARN: "!", Level.UNKNOWN: "?", Level.INFO: "·", Level.OK: "✔"}
_COLOURS = {Level.ERROR: "red", Level.WARN: "yellow", Level.UNKNOWN: "magenta", Level.INFO: "grey", Level.OK: "green"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text", help="default: text")
    parser.add_argument("-q", "--quiet", action="store_true", help="don't tell what is well")


async def run(context: command.Context) -> command.Exit:
    """FAILED where something doesn't work."""
    if context.arguments.selector:
        raise command.Usage("-l selects Inspects; doctor looks at all of them, or with -n at those of a namespace")
    found = await _found(context.api, str(context.arguments.namespace or ""))
    if context.arguments.output == "json":
        context.terminal.print(_as_json(found))
    else:
        for one in found:
            if not (context.arguments.quiet and one.level in (Level.OK, Level.INFO)):
                _tell(context.terminal, one)
        context.terminal.print(_sum(found))
    return command.Exit.FAILED if worst(found) is Level.ERROR else command.Exit.PASSED


async def _found(cluster: client.Cluster, namespace: str) -> list[Finding]:
    """:raises errors.InspectError: the API server doesn't answer at all"""
    found, now = await clocks.server(cluster)
    try:
        installed, leases = await operators.find(cluster, namespace), await operators.leases(cluster, namespace)
        place = Place(cluster, namespace, now, installed, leases)
    except errors.InspectError as error:
        place = Place(cluster, namespace, now, seen=False)
        found.append(_not_seen("which operators there are", error))
    answers = await asyncio.gather(*(look(place) for look in LOOKS.values()), return_exceptions=True)
    for about, answer in zip(LOOKS, answers, strict=True):
        if isinstance(answer, errors.InspectError):
            found.append(_not_seen(about, answer))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found += answer
    return found


def _not_seen(about: str, error: errors.InspectError) -> Finding:
    allowed = "kubectl inspections doctor -n NAME # of a namespace where you may; the rest is for an administrator"
    fix = allowed if isinstance(error, errors.ClusterForbidden) else ""
    return Finding(Level.UNKNOWN, f"{about}: could not be looked at", str(error), fix)


def _tell(shown: terminal.Terminal, one: Finding) -> None:
    shown.print(
        f"{shown.paint(f'{_MARKS[one.level]} {one.level.value}', _COLOURS[one.level])}: {terminal.one_line(one.what)}"
    )
    if one.evidence:
        shown.print(f"    {terminal.one_line(one.evidence)}")
    if one.fix:
        shown.print(f"    → {terminal.one_line(one.fix)}")


def _sum(found: list[Finding]) -> str:
    counts = [(level, sum(one.level is level for one in found)) for level in Level]
    return "\n" + ", ".join(f"{number} {level.value}" for level, number in counts if number)


def _as_json(found: list[Finding]) -> str:
    told = [
        {name: value for name, value in (
            ("level", one.level.value), ("what", one.what), ("evidence", one.evidence), ("fix", one.fix),
        ) if value}
        for one in found
    ]  # fmt: skip
    return json.dumps({"version": VERSION, "worst": worst(found).value, "findings": told}, ensure_ascii=False, indent=2)


COMMAND = command.Command(
    configure, run,
    examples=("kubectl inspections doctor", "kubectl inspections doctor -n ops -o json"),
)  # fmt: skip
