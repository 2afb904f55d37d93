"""The command line: parses, connects, runs one subcommand, and turns every failure into words and an exit code."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from inspect_operator import errors
from inspect_operator.cli import command, commands, terminal, typed


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code; see command.Exit."""
    shown = terminal.of_process()
    whole = typed.parser()
    parsed = whole.parse_args(arguments)
    try:
        return asyncio.run(_run(commands.load(parsed.command), parsed, whole, shown))
    except (KeyboardInterrupt, asyncio.CancelledError):  # by Ctrl-C; by another signal
        return command.Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain again while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # What a run came to was not told, and is no success.
        return command.Exit.FAILED if parsed.command == "run" else command.Exit.PASSED
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
    if chosen.offline or chosen.alone(arguments):
        return await chosen.run(command.Context(arguments, whole, shown))
    from inspect_operator.cluster import client  # not at the top: see commands

    context, kubeconfig = arguments.context or "", arguments.kubeconfig or ""
    async with await client.Cluster.connect(context, kubeconfig, "kubectl-inspections") as cluster:
        return await chosen.run(command.Context(arguments, whole, shown, cluster))


def _hint(error: errors.InspectError) -> str:
    if isinstance(error, errors.ClusterForbidden):
        return "\nwhat you may do is shown by: kubectl auth can-i --list"
    return ""


if __name__ == "__main__":
    sys.exit(main())
