"""What a subcommand is, what it gets, and how it ends."""

import argparse
import dataclasses
import datetime
import enum
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from inspect_operator import errors
from inspect_operator.cli import terminal

if TYPE_CHECKING:  # loading the client takes longer than most commands that need none
    from inspect_operator.cluster import client


class Exit(enum.IntEnum):
    """Exit codes; docs/cli.md lists them."""

    PASSED = 0
    FAILED = 1  # what was inspected did not pass, or can't be told
    USAGE = 2  # also argparse's own
    IMPOSSIBLE = 3  # not reached, not allowed, not found
    INTERRUPTED = 130  # by Ctrl-C, as shells have it


class Usage(Exception):
    """What was typed can't be done; says what to type instead."""


@dataclasses.dataclass(frozen=True)
class Context:
    """What every subcommand has: its arguments, the whole command line that they are of, and where to write. `cluster`
    is there where the command needs it."""

    arguments: argparse.Namespace
    parser: argparse.ArgumentParser
    terminal: terminal.Terminal
    cluster: "client.Cluster | None" = None

    @property
    def api(self) -> "client.Cluster":
        """The API server."""
        if self.cluster is None:
            raise errors.ClusterUnavailable(f"{self.arguments.command} is a command that needs no cluster")
        return self.cluster

    @property
    def namespace(self) -> str:
        """The namespace asked for; empty: all of them."""
        if self.arguments.all_namespaces:
            return ""
        return str(self.arguments.namespace or self.api.namespace)


@dataclasses.dataclass(frozen=True)
class Command:
    """One subcommand. `offline`: it needs no cluster, and has no flags for it; `alone` tells the same of one that can
    do without, by what was typed."""

    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context], Coroutine[Any, Any, Exit]]
    offline: bool = False
    alone: Callable[[argparse.Namespace], bool] = lambda _: False
    examples: tuple[str, ...] = ()


def now() -> datetime.datetime:
    """The time, in UTC and to the second."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
