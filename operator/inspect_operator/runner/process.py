"""One script as a child process: its output passed on as it comes, its time limited, nothing of it left behind.

The runner is process 1 of its container: it also reaps what the script orphans, it gets no default signal handling
from the kernel, and what left the script's process group ends when the runner does. One thread, one loop: a pipe of
output, a signal or a deadline wakes it.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LINGER_SECONDS = 2.0
"""How long output is still read after the script's end, when something it started holds the pipe open."""

_PIECE = 64 * 1024
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ending:
    exit_code: int  # the script's own, 128 + N where signal N ended it
    timed_out: bool = False
    stopped_by: int | None = None  # the signal that told the runner to stop before the script had ended
    left_behind: bool = False  # the script had ended, but processes of it held its output open and were killed


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    timeout_seconds: float | None,
    grace_seconds: float,
    on_output: Callable[[int, bytes], None],
) -> Ending:
    """Run `command` to its end. `on_output(1 or 2, piece)` gets stdout and stderr as they come.

    Raises FileNotFoundError or PermissionError where the command cannot be started.
    """
    wakeup = _wakeup_pipe()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        bufsize=0,
        start_new_session=True,  # its own process group, so that one kill reaches all of it
    )
    return _Watch(child, wakeup, grace_seconds, on_output).until_the_end(timeout_seconds)


def _wakeup_pipe() -> int:
    """A descriptor that yields one byte, its number, for each signal that concerns us."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (*_STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reading


class _Watch:
    def __init__(
        self,
        child: "subprocess.Popen[bytes]",
        wakeup: int,
        grace_seconds: float,
        on_output: Callable[[int, bytes], None],
    ) -> None:
        self._child = child
        self._wakeup = wakeup
        self._grace_seconds = grace_seconds
        self._on_output = on_output
        self._exit_code: int | None = None
        self._stopped_by: int | None = None
        self._kill_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(wakeup, selectors.EVENT_READ)
        self._pipes: dict[int, int] = {}
        for stream, pipe in ((1, child.stdout), (2, child.stderr)):
            if pipe is not None:
                self._pipes[pipe.fileno()] = stream
                self._selector.register(pipe.fileno(), selectors.EVENT_READ)

    def until_the_end(self, timeout_seconds: float | None) -> Ending:
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        timed_out = False
        self._reap()
        while self._exit_code is None:
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                deadline, timed_out = None, True
                self._end_softly()
            if self._kill_at is not None and now >= self._kill_at:
                self._signal_group(signal.SIGKILL)
                if now >= self._kill_at + self._grace_seconds:
                    self._exit_code = 128 + signal.SIGKILL  # stuck in the kernel; it goes when process 1 goes
                    break
            self._turn(_nearest(deadline, self._kill_at, now))
        left_behind = self._drain()
        return Ending(self._exit_code, timed_out, self._stopped_by, left_behind)

    def _turn(self, wait_seconds: float | None) -> None:
        # epoll counts milliseconds in 32 bits; a longer wait is simply taken up again.
        for key, _ in self._selector.select(None if wait_seconds is None else min(wait_seconds, 3600.0)):
            if key.fd == self._wakeup:
                self._take_signals()
            else:
                self._take_output(key.fd)

    def _take_signals(self) -> None:
        for number in os.read(self._wakeup, 512):
            if number in _STOP_SIGNALS and self._exit_code is None:
                self._stopped_by = self._stopped_by or number
                self._end_softly(number)
        self._reap()

    def _take_output(self, pipe: int) -> None:
        data = os.read(pipe, _PIECE)
        if data:
            self._on_output(self._pipes[pipe], data)
        else:
            self._selector.unregister(pipe)
            del self._pipes[pipe]

    def _reap(self) -> None:
        """Collect every child that has ended: the script, and as process 1 also what it orphaned."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child.pid:
                code = os.waitstatus_to_exitcode(status)
                self._child.returncode = code
                self._exit_code = code if code >= 0 else 128 - code

    def _end_softly(self, number: int = signal.SIGTERM) -> None:
        self._signal_group(number)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._grace_seconds

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)

    def _drain(self) -> bool:
        """Read what is left after the script's end; True where something held the output open and had to be killed."""
        killed = False
        until = time.monotonic() + LINGER_SECONDS
        while self._pipes:
            now = time.monotonic()
            if now >= until:
                if killed:
                    break
                self._signal_group(signal.SIGKILL)
                killed, until = True, now + 0.5
            self._turn(until - now if until > now else 0)
        self._signal_group(signal.SIGKILL)
        self._reap()
        return killed


def _nearest(deadline: float | None, kill_at: float | None, now: float) -> float | None:
    """Seconds until the next moment that matters, None where there is none. After a kill: look again soon."""
    moments = [moment for moment in (deadline, kill_at) if moment is not None]
    if not moments:
        return None
    return max(min(moments) - now, 0.0) or 0.1
