"""`get`: Inspects with their tasks, targets and verdicts."""

import argparse
import asyncio
import json

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cli import command, inspects, tree, watching, yaml_text
from inspect_operator.publish.reports import reading


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="Inspects (default: all)")
    parser.add_argument(
        "-o", "--output", choices=["tree", "wide", "json", "yaml", "name"], default="tree", help="default: tree"
    )
    parser.add_argument("-w", "--watch", action="store_true", help="go on: draw it again with every change")


async def run(context: command.Context) -> command.Exit:
    """Prints them; with --watch until it is interrupted."""
    if context.arguments.watch:
        if context.arguments.output not in ("tree", "wide"):
            raise command.Usage("--watch goes together with -o tree and -o wide only")
        await _watch(context)
    found = await inspects.chosen(context)
    if not found:
        where = f"namespace {context.namespace!r}" if context.namespace else "any namespace"
        context.terminal.note(f"no Inspects in {where}")
    if context.arguments.output == "name":
        for one in found:
            context.terminal.print(f"{group.KIND.lower()}.{group.GROUP}/{one['metadata']['name']}")
    elif context.arguments.output in ("json", "yaml"):
        single = len(found) == 1 and len(context.arguments.names) == 1
        shown = found[0] if single else {"apiVersion": "v1", "kind": "List", "items": found}
        text = json.dumps(shown, ensure_ascii=False, indent=2)
        context.terminal.print(text if context.arguments.output == "json" else yaml_text.dumps(shown).rstrip("\n"))
    elif found:
        context.terminal.print(_tree(context, found))
    return command.Exit.PASSED


def _tree(context: command.Context, found: list[inspects.Object]) -> str:
    report = reading.report(found, {}, command.now())
    return tree.text(
        context.terminal, report, wide=context.arguments.output == "wide",
        namespaces=context.arguments.all_namespaces,
    )  # fmt: skip


async def _watch(context: command.Context) -> None:
    """On a terminal the picture is drawn anew; elsewhere it is printed again, after an empty line."""
    before = ""
    async for _ in watching.changes(context):
        try:
            text = _tree(context, await inspects.chosen(context))
        except errors.ClusterUnavailable as error:
            context.terminal.note(f"waiting for the API server: {error}")
            await asyncio.sleep(watching.AGAIN_SECONDS)
            continue
        if text != before:
            context.terminal.print(f"\x1b[H\x1b[2J{text}" if context.terminal.interactive else text + "\n")
            before = text


COMMAND = command.Command(
    configure, run,
    examples=("kubectl inspections get -A", "kubectl inspections get host-health -o wide --watch"),
)  # fmt: skip
