"""`diff`: what the releases of Inspects hold now, against what would be rendered."""

import argparse
import difflib
import json

from inspect_operator import yaml_json
from inspect_operator.cli import command, rendering, yaml_text
from inspect_operator.cluster import client, resources
from inspect_operator.plan import desired, naming, nodes
from inspect_operator.release import store as stores
from inspect_operator.release import stored


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    rendering.configure(parser, required=True)


async def run(context: command.Context) -> command.Exit:
    """Prints a unified diff; exit code 1 where there are differences, as kubectl diff has it."""
    made, _ = rendering.renderer(context.arguments)
    lines: list[str] = []
    try:
        for _, body in rendering.bodies(context.arguments.filename, context.namespace):
            body = await _live(context, body)
            read = rendering.inspection(body, made)
            releases = {naming.release_name(read.owner.name, task.name) for task in read.tasks}
            store = stores.Store(context.api)
            found = await store.refresh(read.owner.namespace, read.owner.uid or "-", releases)
            seen = await _facts(context, any(task.nodes is not None for task in read.tasks))
            for want in rendering.wanted(read, seen, found):
                there: dict[tuple[str, str], rendering.Object] = {}
                if want.release in found:
                    name = stored.secret_name(want.release, found[want.release].newest.number)
                    secret = await context.api.get(resources.SECRETS, read.owner.namespace, name)
                    there = stored.payload(secret).objects
                # As Helm stores them: the order of keys is no difference.
                items = [json.loads(yaml_json.dumps(one)) for one in made.render(want, read.owner).manifests]
                new = {(one["kind"], one["metadata"]["name"]): one for one in items}
                lines += _difference(want.release, there, new)
    finally:
        made.close()
    for line in lines:
        colour = {"+": "success", "-": "fail"}.get(line[:1], "")
        context.terminal.print(context.terminal.paint(line, colour))
    return command.Exit.FAILED if lines else command.Exit.PASSED


async def _live(context: command.Context, body: rendering.Object) -> rendering.Object:
    """The spec in the file, as the object that is there: its uid, generation and what was asked of it count."""
    metadata = body["metadata"]
    try:
        there = await context.api.get(resources.INSPECTS, metadata["namespace"], metadata["name"])
    except client.NotFound:
        return body
    annotations = {**(there["metadata"].get("annotations") or {}), **(metadata.get("annotations") or {})}
    generation = there["metadata"]["generation"] + (there["spec"] != body["spec"])
    return {**body, "metadata": {**there["metadata"], "generation": generation, "annotations": annotations}}


async def _facts(context: command.Context, on_nodes: bool) -> desired.Facts:
    listed = [nodes.read(one) for one in await context.api.list(resources.NODES, "", full=True)] if on_nodes else []
    known = tuple(sorted(listed, key=lambda node: node.name))
    return desired.Facts(nodes=known, profiles=rendering.facts(context.arguments).profiles)


def _difference(
    release: str, there: dict[tuple[str, str], rendering.Object], new: dict[tuple[str, str], rendering.Object]
) -> list[str]:
    """Object by object; one that is on one side only is all plus or all minus."""
    lines: list[str] = []
    for kind, name in sorted(there.keys() | new.keys()):
        texts = [yaml_text.dumps(side[kind, name]) if (kind, name) in side else "" for side in (there, new)]
        place = f"{release}/{kind}/{name}"
        before, after = (text.splitlines() for text in texts)
        lines += difflib.unified_diff(before, after, f"live/{place}", f"rendered/{place}", lineterm="")
    return lines


COMMAND = command.Command(
    configure, run,
    examples=("kubectl inspections diff -f inspect.yaml --templates ./our-templates",),
)  # fmt: skip
