"""`python3 -m inspect_operator.runner`: run one script, here or on hosts, judge it, leave the summary, tell its end."""

import contextlib
import os
import select
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from inspect_operator.runner import (
    arguments,
    findings,
    lines,
    oom,
    process,
    results_file,
    shebang,
    stream,
    summary,
    verdict,
)

_CONFIG_MAPS = Path("/inspect/configmaps")  # where templates mount those that tasks name, each in a folder of its name


def main(argv: Sequence[str] | None = None) -> int:
    started = datetime.now(UTC)
    try:
        given = arguments.parse(sys.argv[1:] if argv is None else argv)
    except arguments.UsageError as failure:
        judgement = verdict.error(verdict.Reason.BAD_ARGUMENTS, str(failure))
        log = arguments.TERMINATION_LOG if arguments.TERMINATION_LOG.exists() else None
        return _refuse(judgement, verdict.CANNOT_EXECUTE, log, started)
    refusal = _why_not(given)
    if refusal:
        not_found = refusal.reason in (verdict.Reason.COMMAND_NOT_FOUND, verdict.Reason.CONFIG_MAP_MISSING)
        exit_code = verdict.NOT_FOUND if not_found else verdict.CANNOT_EXECUTE
        return _refuse(refusal, exit_code, given.termination_log, started)
    if given.hosts is not None:
        return _inspect_hosts(given, given.hosts, started)
    note = _run(given, started)
    _leave(note, given.termination_log)
    return note.exit_code


def _why_not(given: arguments.Arguments) -> verdict.Judgement | None:
    """Why the script cannot be run at all: said in words of ours, the interpreter's are less clear."""
    try:
        first = _first_line(given)
    except FileNotFoundError:
        if given.script.is_relative_to(_CONFIG_MAPS):
            name, key = given.script.relative_to(_CONFIG_MAPS).parts
            message = f"there is no ConfigMap {name} in this namespace, or no key {key} in it; make it, and run again"
            return verdict.error(verdict.Reason.CONFIG_MAP_MISSING, message)
        return verdict.error(verdict.Reason.COMMAND_NOT_FOUND, f"there is no script {given.script}")
    except OSError as failure:
        return verdict.error(verdict.Reason.NOT_EXECUTABLE, f"the script {given.script}: {failure.strerror}")
    if given.hosts is not None:
        return None  # the hosts have interpreters of their own
    if first is None:
        command = _command(given, first)[0]
        missing = None if shutil.which(command) else command
    else:
        missing = None if Path(first.path).is_file() and os.access(first.path, os.X_OK) else first.program
    if missing:
        told = f" (the script's first line is {first.line})" if first else ""
        return verdict.error(verdict.Reason.COMMAND_NOT_FOUND, f"this image has no {missing}{told}")
    return None


def _first_line(given: arguments.Arguments) -> shebang.Shebang | None:
    """The script's shebang, where it is to be followed. Raises OSError where there is no script to read."""
    with given.script.open("rb") as file:
        return shebang.read(file.read(shebang.HEAD_BYTES)) if given.interpreter == "auto" else None


def _command(given: arguments.Arguments, first: shebang.Shebang | None) -> list[str]:
    """What stands before the script on its command line."""
    if first is not None:
        return first.command
    return ["bash" if given.interpreter == "auto" else given.interpreter]


def _inspect_hosts(given: arguments.Arguments, hosts_file: Path, started: datetime) -> int:
    # Not at the top: paramiko takes longer to load than most scripts to run.
    from inspect_operator.runner import hosts, printing

    try:
        listed = hosts.read(hosts_file)
    except hosts.HostsInvalid as failure:
        judgement = verdict.error(verdict.Reason.BAD_ARGUMENTS, str(failure))
        return _refuse(judgement, verdict.CANNOT_EXECUTE, given.termination_log, started)
    try:
        from inspect_operator.runner import fleet
    except ImportError as failure:
        judgement = verdict.error(verdict.Reason.COMMAND_NOT_FOUND, f"this image cannot speak SSH: {failure}")
        return _refuse(judgement, verdict.NOT_FOUND, given.termination_log, started)
    note = fleet.run(given, listed, given.script.read_bytes(), printing.Printer())
    _leave(note, given.termination_log)
    return note.exit_code


def _run(given: arguments.Arguments, started: datetime) -> summary.Summary:
    collector = stream.Collector()
    printed = given.results if given.results_file is None else stream.Format.NONE
    parsers = {1: stream.Parser(collector, printed), 2: stream.Parser(collector, printed)}
    outputs = {1: _Output(1), 2: _Output(2)}
    last_words = lines.Tail(summary.MAX_STDERR_BYTES)

    def on_output(number: int, piece: bytes) -> None:
        outputs[number].write(piece)
        parsers[number].feed(piece)
        if number == 2:
            last_words.feed(piece)

    killed_before = oom.kills()
    ending = process.run(
        [*_command(given, _first_line(given)), str(given.script), *given.script_arguments],
        environment={"PYTHONUNBUFFERED": "1"} | os.environ,  # else a killed Python script loses what it printed
        timeout_seconds=given.timeout_seconds,
        grace_seconds=given.grace_seconds,
        on_output=on_output,
    )
    for parser in parsers.values():
        parser.close()
    if given.results_file is not None:
        results_file.read(given.results_file, given.results, collector)
    report = collector.report()
    exit_code, judgement = judge(ending, given, report, oom_killed=oom.kills() > killed_before)
    if ending.left_behind:
        _say("the script ended but left processes that held its output open; they were killed")
    if ending.timed_out or ending.stopped_by:
        _say(judgement.message)
    return summary.Summary(exit_code, judgement, report, started, datetime.now(UTC), last_words.text())


def judge(
    ending: process.Ending, given: arguments.Arguments, report: findings.Report, *, oom_killed: bool
) -> tuple[int, verdict.Judgement]:
    """The exit code to pass on, and the verdict. What stopped the script from outside comes before what it said."""
    if ending.timed_out:
        message = f"stopped after its timeout of {given.timeout_seconds:g} s; {verdict.tally(report)}"
        return verdict.TIMED_OUT, verdict.error(verdict.Reason.DEADLINE_EXCEEDED, message)
    if ending.stopped_by:
        message = f"told to stop before the script had ended; {verdict.tally(report)}"
        exit_code = ending.exit_code or 128 + ending.stopped_by
        return exit_code, verdict.error(verdict.Reason.TERMINATED, message)
    if oom_killed:
        message = (
            "the kernel killed a process of the script for memory; "
            "raise the memory limit or make the script need less; "
            f"{verdict.exit_in_words(ending.exit_code)}; {verdict.tally(report)}"
        )
        return ending.exit_code, verdict.error(verdict.Reason.OOM_KILLED, message)
    return ending.exit_code, verdict.judge(ending.exit_code, report)


class _Output:
    """The container's stdout or stderr. Where nobody reads it any more, the script still runs to its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._open = True

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and self._open:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                self._open = False


def _refuse(judgement: verdict.Judgement, exit_code: int, log: Path | None, started: datetime) -> int:
    _say(judgement.message)
    _leave(summary.Summary(exit_code, judgement, findings.Report(), started, datetime.now(UTC)), log)
    return exit_code


def _leave(note: summary.Summary, path: Path | None) -> None:
    """Write the summary; where that is impossible the exit code and the log still tell."""
    if path is None:
        return
    try:
        path.write_bytes(summary.compose(note))
    except OSError as failure:
        _say(f"the summary could not be written to {path}: {failure.strerror}")


def _say(message: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"inspect-runner: {message}\n".encode("utf-8", "replace"))


if __name__ == "__main__":
    sys.exit(main())
