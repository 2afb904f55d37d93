"""Two calls at once: the second waits for the first."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from embedded import steps


@contextlib.contextmanager
def exclusive(path: Path, doing: str) -> Iterator[None]:
    """Holds the lock file `path`, waiting for another holder; the kernel frees it when its holder dies.

    Children must not inherit the lock, or it would live as long as the cluster: Python opens files close-on-exec.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            steps.say(f"  waiting for another call that is {_holder(descriptor) or doing} …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{doing} (pid {os.getpid()})".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
