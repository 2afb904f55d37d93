"""Reads Inspects and what belongs to them from the API server."""

from collections.abc import Iterable, Sequence
from typing import Any

from inspect_operator.api import group
from inspect_operator.cli import command, names
from inspect_operator.cluster import client, resources
from inspect_operator.publish.reports import model, reading

Object = dict[str, Any]
#: On the ConfigMaps that hold the full report of a task.
REPORTS = f"{group.LABEL_REPORT}=true"


async def chosen(context: command.Context) -> list[Object]:
    """The Inspects that the arguments name or select, sorted by namespace and name.

    :raises command.Usage: names and -A or -l at once
    :raises client.NotFound: one that is named isn't there
    """
    typed: Sequence[str] = context.arguments.names
    selector = str(context.arguments.selector or "")
    if typed and (context.arguments.all_namespaces or selector):
        raise command.Usage("names don't go together with -A or -l: give one or the other")
    if typed:
        return [await one(context, name) for name in dict.fromkeys(map(names.plain, typed))]
    try:
        found = await context.api.list(resources.INSPECTS, context.namespace, selector=selector, full=True)
    except client.NotFound as error:
        raise _unknown_kind(error) from None
    return sorted(map(whole, found), key=lambda each: (each["metadata"]["namespace"], each["metadata"]["name"]))


async def one(context: command.Context, name: str) -> Object:
    """One Inspect of the namespace.

    :raises command.Usage: -A
    :raises client.NotFound: it isn't there
    """
    if context.arguments.all_namespaces:
        raise command.Usage("one Inspect is in one namespace: say -n instead of -A")
    try:
        return whole(await context.api.get(resources.INSPECTS, context.namespace, names.plain(name)))
    except client.NotFound as error:
        if f'"{names.plain(name)}" not found' not in str(error):
            raise _unknown_kind(error) from None
        raise client.NotFound(
            f"no Inspect {names.plain(name)!r} in namespace {context.namespace!r}; see: kubectl inspections get -A"
        ) from None


def _unknown_kind(error: client.NotFound) -> client.NotFound:
    return client.NotFound(
        f"this cluster doesn't know Inspects: install the operator, or choose another --context ({error})"
    )


def whole(item: Object) -> Object:
    """As kubectl shows it: an item of a list like a single object, and without managedFields."""
    metadata = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
    return {"apiVersion": group.API_VERSION, "kind": group.KIND, **item, "metadata": metadata}


async def report(context: command.Context, found: Iterable[Object]) -> model.Report:
    """The model of these Inspects, with the full report of each task where it is kept and may be read."""
    bodies = list(found)
    kept = await full_reports(context, {body["metadata"]["namespace"] for body in bodies})
    return reading.report(bodies, kept, command.now())


async def full_reports(context: command.Context, namespaces: set[str]) -> dict[tuple[str, str], reading.Object]:
    """Full reports of tasks by namespace and name of their ConfigMap."""
    where = sorted(namespaces) if len(namespaces) <= 10 else [""]
    made: dict[tuple[str, str], reading.Object] = {}
    for namespace in where:
        for item in await context.api.list(resources.CONFIG_MAPS, namespace, selector=REPORTS, full=True):
            told = reading.full_report(item)
            if told is not None:
                made[(item["metadata"]["namespace"], item["metadata"]["name"])] = told
    return made
