"""Progress for a person who waits: one line a step, with the time it took. Goes to stderr; stdout is for values."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

_started = time.monotonic()


def say(text: str) -> None:
    """Prints one line of progress."""
    print(text, file=sys.stderr, flush=True)


def elapsed_seconds() -> float:
    """Seconds since this program started."""
    return time.monotonic() - _started


@contextlib.contextmanager
def step(name: str) -> Iterator[Callable[[str], None]]:
    """Announces a step when it ends, with its duration; yields a function that adds a remark to that line."""
    began = time.monotonic()
    remarks: list[str] = []
    try:
        yield remarks.append
    except BaseException:
        say(f"  {'FAILED':>7}  {name}")
        raise
    taken = time.monotonic() - began
    remark = f" ({', '.join(remarks)})" if remarks else ""
    say(f"  {taken:6.1f}s  {name}{remark}")


def wait(holds: Callable[[], bool], within_seconds: float, every_seconds: float = 0.1) -> bool:
    """Polls until `holds` is true; False when the deadline passed."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_seconds)
    return True
