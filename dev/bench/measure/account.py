"""What a tree of processes used: a cgroup of its own, so that children that have ended count too."""

import contextlib
import os
import pathlib
import secrets

_ROOT = pathlib.Path("/sys/fs/cgroup")


class Account:
    """Made before the operator starts; put() moves a process in, its later children follow by themselves."""

    def __init__(self) -> None:
        name = f"inspect-bench-{secrets.token_hex(4)}"
        self._second = (_ROOT / "cgroup.controllers").exists()
        roots = [_ROOT] if self._second else [_ROOT / one for one in ("cpuacct", "memory")]
        self._folders = [root / name for root in roots]
        for folder in self._folders:
            folder.mkdir()

    def enter(self) -> None:
        """Moves the calling process in."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_seconds(self) -> float:
        """User and system time of everything in it, ended or not."""
        if self._second:
            fields = dict(line.split() for line in (self._folders[0] / "cpu.stat").read_text().splitlines())
            return int(fields["usage_usec"]) / 1e6
        return int((self._folders[0] / "cpuacct.usage").read_text()) / 1e9

    def peak_mib(self) -> float:
        """The most memory charged at one time, page cache included."""
        name = "memory.peak" if self._second else "memory.max_usage_in_bytes"
        return int((self._folders[-1] / name).read_text()) / 2**20

    def used_mib(self) -> float:
        """What processes hold now, page cache aside."""
        fields = dict(line.split() for line in (self._folders[-1] / "memory.stat").read_text().splitlines())
        return int(fields["anon" if self._second else "total_rss"]) / 2**20

    def close(self) -> None:
        """Once nothing runs in it."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
