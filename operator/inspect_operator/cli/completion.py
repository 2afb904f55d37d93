"""`completion`: what a shell needs to complete this command line."""

import argparse

import shtab

from inspect_operator.cli import command, typed

SHELLS = ("bash", "zsh", "fish")
#: What people type; kubectl completes its plugins by a program of another kind, see docs/cli.md.
PROGRAM = "kubectl-inspections"


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("shell", choices=SHELLS)


async def run(context: command.Context) -> command.Exit:
    """Prints a script for the shell."""
    typed.complete(context.parser)
    context.parser.prog = PROGRAM
    context.terminal.print(shtab.complete(context.parser, shell=context.arguments.shell))
    return command.Exit.PASSED


COMMAND = command.Command(
    configure, run, offline=True,
    examples=("source <(kubectl-inspections completion bash)",),
)  # fmt: skip
