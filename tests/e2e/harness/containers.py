"""Processes in containers of the embedded cluster, whose node is this machine: what a kernel does to them, undone by
nobody."""

import os
import pathlib
import signal


def pid(pod_uid: str, word: str) -> int:
    """Of the first process of a pod whose command line has the word."""
    names = (pod_uid, pod_uid.replace("-", "_"))
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            of_pod = any(name in (path / "cgroup").read_text() for name in names)
            if of_pod and word in (path / "cmdline").read_text():
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):  # it ended just now
            continue
    assert found, f"no process of pod {pod_uid} has {word} in its command line"
    return min(found)


def kill(number: int) -> None:
    """SIGKILL, which the first process of a container can't be sent from inside."""
    os.kill(number, signal.SIGKILL)


def freeze(number: int) -> None:
    """SIGSTOP."""
    os.kill(number, signal.SIGSTOP)


def thaw(number: int) -> None:
    """SIGCONT."""
    os.kill(number, signal.SIGCONT)


def ended(number: int) -> bool:
    """Whether it runs no more; it may wait to be collected."""
    try:
        return pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
