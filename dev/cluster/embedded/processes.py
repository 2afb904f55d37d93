"""Starting daemons, and finding them again: by pid, start time and boot, so a reused pid is never taken for ours."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from embedded import atomic, steps

PROC = Path("/proc")


@dataclasses.dataclass(frozen=True)
class Process:
    """A daemon of ours. `started_ticks` is field 22 of /proc/PID/stat, counted since the boot named by `boot`."""

    name: str
    pid: int
    started_ticks: int
    boot: str
    fingerprint: str
    started_at: float


def boot_id() -> str:
    """The kernel's name for this boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def started_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if there is none or it is a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, which may itself hold spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid: int) -> list[str]:
    """A process's argv; empty if it is gone or a kernel thread."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode("utf-8", "replace") for part in raw.split(b"\0") if part]


def pids() -> list[int]:
    """Every process there is."""
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def load(record: Path) -> Process | None:
    """The recorded process, if it is still the same one and alive."""
    try:
        process = Process(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return process if is_alive(process) else None


def is_alive(process: Process) -> bool:
    """Whether this very process runs, not merely one with its pid."""
    return process.boot == boot_id() and started_ticks(process.pid) == process.started_ticks


def spawn(
    name: str, argv: list[str], log: Path, record: Path, fingerprint: str, environment: Mapping[str, str]
) -> Process:
    """Starts a daemon in a session of its own, its output in `log` (begun afresh), and records it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd="/",
            start_new_session=True,
        )
    ticks = started_ticks(child.pid)
    child.returncode = 0  # It outlives us: Popen shall neither wait for it nor warn that nobody did.
    process = Process(name, child.pid, ticks or 0, boot_id(), fingerprint, time.time())
    atomic.write(record, json.dumps(dataclasses.asdict(process), indent=1), 0o600)
    return process


def stop(process: Process, within_seconds: float) -> None:
    """Asks a process to end, and kills it if it has not done so in time."""
    _signal(process, signal.SIGTERM)
    if not steps.wait(lambda: not _lives(process), within_seconds, 0.05):
        _signal(process, signal.SIGKILL)
        steps.wait(lambda: not _lives(process), 5.0, 0.05)


def kill(targets: Iterable[int]) -> None:
    """Kills processes at once; those already gone are passed over."""
    for pid in targets:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _lives(process: Process) -> bool:
    # A child of ours that ended stays a zombie until it is waited for.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return is_alive(process)


def _signal(process: Process, number: signal.Signals) -> None:
    if is_alive(process):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return
