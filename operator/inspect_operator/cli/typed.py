"""The command line's flags and arguments, by argparse."""

import argparse
from typing import Any

from inspect_operator import __version__
from inspect_operator.cli import commands

EPILOG = """exit codes:
  0    done; of run: every task passed; of lint and diff: nothing found; of doctor: no error
  1    of run: a task did not pass, or it can't be told; of lint: mistakes; of diff: differences; of doctor: errors
  2    what was typed is not understood
  3    not reached, not allowed, not found, or refused by the operator
  130  interrupted by Ctrl-C
"""


class _Subparser(argparse.ArgumentParser):
    """The arguments of one subcommand, which are not known before somebody types it."""

    known = False

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        """As argparse does it, which also comes here for --help."""
        self.fill()
        return super().parse_known_args(*given, **named)

    def fill(self) -> None:
        """From here on they are known."""
        if self.known:
            return
        self.known = True
        one = commands.load(self.prog.rpartition(" ")[2])
        one.configure(self)
        if not one.offline:
            _connection(self, again=True)
        self.epilog = "examples:\n" + "".join(f"  {line}\n" for line in one.examples)


def parser() -> argparse.ArgumentParser:
    """The whole command line; that of a subcommand is filled in once it is typed."""
    made = argparse.ArgumentParser(
        prog="kubectl inspections",
        description="See, run and report inspections.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"kubectl-inspections {__version__}")
    _connection(made)
    subparsers = made.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Subparser)
    for name, help_line in commands.HELP.items():
        subparsers.add_parser(
            name, help=help_line, description=help_line, formatter_class=argparse.RawDescriptionHelpFormatter
        )
    return made


def complete(made: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Fills in every subcommand, for completion and the reference; these by name."""
    (action,) = [one for one in made._actions if isinstance(one, argparse._SubParsersAction)]
    for one in action.choices.values():
        one.fill()
    return dict(action.choices)


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
