"""The command line of `inspect-runner`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from inspect_operator.runner import stream

TERMINATION_LOG = Path("/dev/termination-log")  # Kubernetes' default terminationMessagePath

INTERPRETERS = ("auto", "bash", "sh", "python3")


@dataclass(frozen=True, slots=True)
class Arguments:
    script: Path
    script_arguments: tuple[str, ...]
    interpreter: str
    timeout_seconds: float | None
    grace_seconds: float
    termination_log: Path | None  # None: nowhere, there is no kubelet to read it
    hosts: Path | None = None  # the hosts file; None: run the script here
    results: stream.Format = stream.Format.AUTO
    results_file: Path | None = None  # where the script leaves its findings; None: it prints them


class UsageError(Exception):
    """The command line makes no sense; the text says why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parse(arguments: Sequence[str]) -> Arguments:
    """Raises UsageError; `--help` ends the process with 0."""
    own, script_arguments = _split(arguments)
    given = _parser().parse_args(own)
    if given.hosts and given.results_file:
        raise UsageError("--results-file: a file on hosts is not read; let the script print it")
    return Arguments(
        script=given.script,
        script_arguments=script_arguments,
        interpreter=given.interpreter,
        timeout_seconds=given.timeout,
        grace_seconds=given.grace,
        termination_log=given.termination_log,
        hosts=given.hosts,
        results=stream.Format(given.results),
        results_file=given.results_file,
    )


def _split(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """What stands before the first `--` is ours, the rest is the script's, untouched."""
    given = list(arguments)
    if "--" not in given:
        return given, ()
    end = given.index("--")
    return given[:end], tuple(given[end + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="inspect-runner",
        usage="inspect-runner [options] SCRIPT [-- ARGUMENT ...]",
        description="Run one inspection script and leave a summary of what it found in the termination message.",
        epilog="Exit code: the script's own; 124 after the timeout, 126 or 127 where the script could not be run, "
        "128+N where signal N ended it. With --hosts: 0 where every host passed, 124 after the timeout, 126 or 127 "
        "where nothing could be begun, else 1.",
        allow_abbrev=False,
    )
    parser.add_argument("script", metavar="SCRIPT", type=Path, help="the script file; it is only read")
    parser.add_argument(
        "--interpreter",
        choices=INTERPRETERS,
        default="auto",
        help="what runs it (default: auto, which is what its first line says after #!, else bash)",
    )
    parser.add_argument(
        "--hosts", type=Path, metavar="FILE", help="run it by SSH on every host of this JSON file instead of here"
    )
    parser.add_argument(
        "--results",
        choices=[form.value for form in stream.Format],
        default=stream.Format.AUTO.value,
        help="how findings are told (default: auto, which is in any of these ways)",
    )
    parser.add_argument(
        "--results-file",
        type=Path,
        metavar="FILE",
        help="where the script leaves its findings instead of printing them",
    )
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="stop it after this long (default: never)")
    parser.add_argument(
        "--grace",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="how long it may take to end after SIGTERM before SIGKILL (default: 5)",
    )
    parser.add_argument(
        "--termination-log",
        type=Path,
        metavar="FILE",
        default=TERMINATION_LOG if TERMINATION_LOG.exists() else None,
        help=f"where the summary goes (default: {TERMINATION_LOG}, where there is one)",
    )
    return parser


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number
