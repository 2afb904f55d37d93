"""`checks`: the built-in checks and their parameters; no cluster is asked."""

import argparse
import json
from typing import Any

from inspect_operator import settings
from inspect_operator.api import check as check_api
from inspect_operator.cli import command, terminal
from inspect_operator.render import checks as checks_on_disk


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--explain", metavar="NAME", help="one check with its parameters and how to use it")
    parser.add_argument("-o", "--output", choices=["table", "json", "name"], default="table", help="default: table")


async def run(context: command.Context) -> command.Exit:
    """Prints the catalogue, or one check."""
    known = checks_on_disk.load(settings.data_folder("checks"))
    chosen = context.arguments.explain
    if chosen and chosen not in known:
        near = [name for name in known if chosen.lower() in name]
        raise command.Usage(
            f"there is no built-in check {chosen!r}"
            + (f"; there is {', '.join(near)}" if near else "; see: kubectl inspections checks")
        )
    shown = {chosen: known[chosen]} if chosen else known
    if context.arguments.output == "json":
        told = [_as_object(one) for one in shown.values()]
        context.terminal.print(json.dumps(told[0] if chosen else told, ensure_ascii=False, indent=2))
    elif context.arguments.output == "name":
        context.terminal.print("\n".join(shown))
    elif chosen:
        context.terminal.print(_explained(context.terminal, known[chosen]))
    else:
        rows = [[terminal.Cell("NAME", "bold"), terminal.Cell("ASKS THE API", "bold"), terminal.Cell("WHAT", "bold")]]
        rows += [
            [terminal.Cell(one.name), terminal.Cell("yes" if one.access else ""), terminal.Cell(one.help)]
            for one in known.values()
        ]
        context.terminal.print(terminal.table(context.terminal, rows))
    return command.Exit.PASSED


def _as_object(one: check_api.Check) -> dict[str, Any]:
    return {
        "name": one.name,
        "help": one.help,
        "parameters": dict(one.parameters.get("properties", {})),
        "required": list(one.parameters.get("required", ())),
        "asksApi": one.access is not None,
    }


def _explained(shown: terminal.Terminal, one: check_api.Check) -> str:
    properties: dict[str, Any] = one.parameters.get("properties", {})
    required = one.parameters.get("required", ())
    lines = [f"{shown.paint(one.name, 'bold')}: {one.help}", ""]
    if one.access is not None:
        lines += ["It asks the Kubernetes API with an account of its own, which may:"]
        for rule in one.access.rules:
            lines += [f"  {', '.join(rule['verbs'])} {', '.join(rule['resources'])}"]
        wide = one.access.cluster_wide
        where = "in the whole cluster" if wide is True else "in the Inspect's namespace"
        lines += [f"  {where}{f', or in the whole cluster with {wide}: true' if isinstance(wide, str) else ''}", ""]
    lines += ["Parameters:"] if properties else ["It has no parameters.", ""]
    for name, rule in properties.items():
        limits = [
            f"{word} {rule[key]}" for key, word in (("minimum", "at least"), ("maximum", "at most")) if key in rule
        ]
        if "enum" in rule:
            limits.append("one of " + ", ".join(map(str, rule["enum"])))
        if name in required:
            limits.append("required")
        if "default" in rule:
            limits.append(f"default {json.dumps(rule['default'], ensure_ascii=False)}")
        lines += [
            f"  {shown.paint(name, 'bold')} ({', '.join([rule['type'], *limits])})",
            f"      {rule['description']}",
        ]
    lines += [""] if properties else []
    example = {name: _example(rule) for name, rule in properties.items() if name in required}
    example = example or {name: rule["default"] for name, rule in list(properties.items())[:1] if "default" in rule}
    lines += ["A task with it:", f"    - name: {one.name}", f"      check: {one.name}"]
    lines += [f"      parameters: {json.dumps(example, ensure_ascii=False)}"] if example else []
    return "\n".join(lines)


def _example(rule: dict[str, Any]) -> Any:
    samples = {"string": "…", "integer": 1, "number": 1, "boolean": True, "array": ["…"]}
    return (rule.get("enum") or [rule.get("default", samples[rule["type"]])])[0]


COMMAND = command.Command(
    configure, run, offline=True,
    examples=("kubectl inspections checks --explain disk-usage",),
)  # fmt: skip
