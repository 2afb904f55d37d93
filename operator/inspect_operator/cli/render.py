"""`render`: exactly the manifests that the operator would install; no cluster is asked."""

import argparse
import pathlib
import shutil

from inspect_operator import yaml_json
from inspect_operator.cli import command, rendering, yaml_text
from inspect_operator.render import chart


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    rendering.configure(parser, required=True)
    parser.add_argument("-n", "--namespace", metavar="NAME", help="of Inspects that name none (default: default)")
    parser.add_argument(
        "-o", "--output", choices=["yaml", "json"], default="yaml",
        help="json: one object a line, byte for byte as in `helm get manifest` (default: yaml)",
    )  # fmt: skip
    parser.add_argument("--chart-dir", metavar="DIR", help="also write the charts there, one folder a release")


async def run(context: command.Context) -> command.Exit:
    """Prints them, release by release."""
    arguments = context.arguments
    made, _ = rendering.renderer(arguments)
    facts = rendering.facts(arguments)
    try:
        for _, body in rendering.bodies(arguments.filename, arguments.namespace):
            read = rendering.inspection(body, made)
            for want in rendering.wanted(read, facts):
                rendered = made.render(want, read.owner)
                for item in rendering.in_order(rendered):
                    context.terminal.print(_text(item, arguments.output, want.release))
                if arguments.chart_dir:
                    _write(made, rendered, pathlib.Path(arguments.chart_dir) / read.owner.namespace / want.release)
    finally:
        made.close()
    return command.Exit.PASSED


def _text(item: rendering.Object, output: str, release: str) -> str:
    if output == "json":
        return yaml_json.dumps(item)
    return f"---\n# release {release}\n{yaml_text.dumps(item)}".rstrip("\n")


def _write(made: chart.Renderer, rendered: chart.Chart, folder: pathlib.Path) -> None:
    """Anew where it was written before; a folder of somebody else is left alone."""
    if folder.exists():
        if not (folder / "Chart.yaml").is_file():
            raise command.Usage(f"--chart-dir: {folder} exists and is no chart; choose another folder")
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made.write(rendered, folder)


COMMAND = command.Command(
    configure, run, offline=True,
    examples=(
        "kubectl inspections render -f inspect.yaml",
        "kubectl inspections render -f inspect.yaml --templates ./our-templates --chart-dir ./charts",
    ),
)  # fmt: skip
