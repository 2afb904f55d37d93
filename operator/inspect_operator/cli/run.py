"""`run`: runs tasks now, in the cluster or on this machine, shows how that goes on, and ends with their verdict."""

import argparse
import re

import shtab

from inspect_operator.cli import command, forms, rendering, telling

_UNITS = {"s": 1, "m": 60, "h": 3600}


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="the Inspect")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="its tasks (default: all)")
    parser.add_argument("--no-wait", action="store_true", help="ask for the run, and don't wait for its end")
    parser.add_argument("-q", "--quiet", action="store_true", help="don't show what the runs print")
    parser.add_argument(
        "--timeout", type=_duration, metavar="DURATION", help="wait no longer, such as 90s, 5m, 1h (default: for ever)"
    )
    parser.add_argument(
        "-o", "--output", choices=[telling.TREE, *forms.WRITERS], default=telling.TREE,
        help="how the result is told at the end; what comes before then goes to stderr (default: tree)",
    )  # fmt: skip
    here = parser.add_argument_group("on this machine")
    here.add_argument(
        "--local", action="store_true",
        help="run here what -f holds, as a pod would; no cluster is asked. NAME may be left out",
    )  # fmt: skip
    option = here.add_argument(
        "-f", "--filename", metavar="FILE", action="append", default=[],
        help="with --local: file with Inspects and the Secrets and ConfigMaps that they name, - for standard input; "
        "may be repeated",
    )  # fmt: skip
    option.complete = shtab.FILE  # type: ignore[attr-defined]
    rendering.configure_site(here)


async def run(context: command.Context) -> command.Exit:
    """PASSED where every task that was asked for did."""
    arguments = context.arguments
    if arguments.local:
        if not arguments.filename:
            raise command.Usage("--local needs the file with the Inspect: -f FILE")
        for flag, given in (
            ("--no-wait", arguments.no_wait),
            ("-A", arguments.all_namespaces),
            ("-l", arguments.selector),
        ):
            if given:
                raise command.Usage(f"{flag} is about a cluster; leave it out with --local")
        from inspect_operator.cli.local import run as local_run

        return await local_run.run(context)
    for flag in ("filename", "templates", "checks", "set"):
        if getattr(arguments, flag):
            raise command.Usage(f"--{flag} goes together with --local only")
    if not arguments.name:
        raise command.Usage("name the Inspect to run; see: kubectl inspections get")
    from inspect_operator.cli import following  # it takes a second to load, which a run on this machine doesn't need

    return await following.run(context)


def _duration(text: str) -> float:
    found = re.fullmatch(r"(\d+)([smh])", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError("write a number and s, m or h, such as 90s")
    return float(int(found[1]) * _UNITS[found[2]])


COMMAND = command.Command(
    configure, run, alone=lambda arguments: arguments.local,
    examples=(
        "kubectl inspections run host-health",
        "kubectl inspections run host-health disk --timeout 5m --quiet",
        "kubectl inspections run host-health -o junit > report.xml",
        "kubectl inspections run --local -f host-health.yaml",
    ),
)  # fmt: skip
