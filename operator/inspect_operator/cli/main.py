"""The command line: parses, connects, runs one subcommand, and turns every failure into words and an exit code."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from inspect_operator import __version__, errors
from inspect_operator.cli import command, commands, terminal
from inspect_operator.cluster import client

EPILOG = """exit codes:
  0    done; of run: every task passed; of lint and diff: nothing found
  1    of run: a task did not pass, or it can't be told; of lint: mistakes; of diff: differences
  2    what was typed is not understood
  3    not reached, not allowed, not found, or refused by the operator
  130  interrupted by Ctrl-C
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code; see command.Exit."""
    shown = terminal.of_process()
    whole = parser()
    parsed = whole.parse_args(arguments)
    try:
        return asyncio.run(_run(commands.TABLE[parsed.command], parsed, whole, shown))
    except KeyboardInterrupt:
        return command.Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain again while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return command.Exit.PASSED
    except command.Usage as error:
        shown.note(f"error: {error}")
        return command.Exit.USAGE
    except (errors.SpecInvalid, errors.SettingsInvalid) as error:
        shown.note(f"error: {error}")
        return command.Exit.USAGE
    except errors.InspectError as error:
        shown.note(f"error: {error}{_hint(error)}")
        return command.Exit.IMPOSSIBLE


async def _run(
    chosen: command.Command, arguments: argparse.Namespace, whole: argparse.ArgumentParser, shown: terminal.Terminal
) -> command.Exit:
    if chosen.offline:
        return await chosen.run(command.Context(arguments, whole, shown))
    context, kubeconfig = arguments.context or "", arguments.kubeconfig or ""
    async with await client.Cluster.connect(context, kubeconfig, "kubectl-inspections") as cluster:
        return await chosen.run(command.Context(arguments, whole, shown, cluster))


def parser() -> argparse.ArgumentParser:
    """The whole command line; completion and its reference are made from it."""
    made = argparse.ArgumentParser(
        prog="kubectl inspections",
        description="See, run and report inspections.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"kubectl-inspections {__version__}")
    _connection(made)
    subparsers = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for one in commands.TABLE.values():
        examples = "".join(f"  {line}\n" for line in one.examples)
        sub = subparsers.add_parser(
            one.name, help=one.help, description=one.help, formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=f"examples:\n{examples}" if examples else None,
        )  # fmt: skip
        one.configure(sub)
        if not one.offline:
            _connection(sub, again=True)
    return made


def _connection(made: argparse.ArgumentParser, *, again: bool = False) -> None:
    """kubectl's own flags. They may stand before the subcommand and after it, where the default must not undo what
    stood before."""
    group = made.add_argument_group("cluster")
    default = argparse.SUPPRESS if again else None
    group.add_argument("-n", "--namespace", metavar="NAME", default=default, help="default: that of the context")
    group.add_argument(
        "-A", "--all-namespaces", action="store_true", default=argparse.SUPPRESS if again else False,
        help="in all namespaces",
    )  # fmt: skip
    group.add_argument("-l", "--selector", metavar="LABELS", default=default, help="by labels, such as team=db")
    group.add_argument("--context", metavar="NAME", default=default, help="context of the kubeconfig")
    group.add_argument("--kubeconfig", metavar="FILE", default=default, help="default: KUBECONFIG, ~/.kube/config")


def _hint(error: errors.InspectError) -> str:
    if isinstance(error, errors.ClusterForbidden):
        return "\nwhat you may do is shown by: kubectl auth can-i --list"
    return ""


if __name__ == "__main__":
    sys.exit(main())
