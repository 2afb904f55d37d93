"""Running other programs to their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from embedded.errors import ClusterError

# `sudo` and `su` may leave out the folders of iptables, ip and modprobe.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, with the system's folders on PATH, and with `changes`."""
    path = os.environ.get("PATH", "/usr/bin:/bin").split(":")
    path += [folder for folder in _SYSTEM_FOLDERS if folder not in path]
    return {**os.environ, "PATH": ":".join(path), **changes}


def run(argv: Sequence[str], stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """Runs a program and returns its standard output; raises ClusterError with what it said if it failed."""
    done = _complete(argv, stdin, env)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ClusterError(f"{said}\n(exit code {done.returncode} of: {' '.join(argv)})")
    return done.stdout


def succeeds(argv: Sequence[str]) -> bool:
    """Whether a program exits 0. Its output is dropped; a program that is not installed counts as a failure."""
    try:
        return _complete(argv, None, None).returncode == 0
    except ClusterError:
        return False


def _complete(
    argv: Sequence[str], stdin: str | None, env: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment() if env is None else dict(env),
            check=False,
        )
    except FileNotFoundError:
        raise ClusterError(f"`{argv[0]}` is not installed") from None
