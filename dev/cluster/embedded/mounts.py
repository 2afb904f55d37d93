"""What is mounted below a folder: pods' volumes, containers' root file systems, network namespaces."""

from __future__ import annotations

import re
from pathlib import Path

from embedded import processes, shell


def below(folder: Path, mountinfo: str) -> list[Path]:
    """Mount points below `folder`, the last mounted first. `mountinfo` as in /proc/self/mountinfo."""
    points = [_unescape(line.split()[4]) for line in mountinfo.splitlines() if line]
    return [Path(point) for point in reversed(points) if point.startswith(f"{folder}/")]


def unmount(folder: Path) -> list[Path]:
    """Unmounts everything below `folder`; returns what could not be."""
    for _ in range(3):
        points = below(folder, (processes.PROC / "self/mountinfo").read_text())
        if not points:
            return []
        for point in points:
            # Lazily, where something still has a file open there: it goes with its last user.
            if not shell.succeeds(["umount", str(point)]):
                shell.succeeds(["umount", "--lazy", str(point)])
    return below(folder, (processes.PROC / "self/mountinfo").read_text())


def _unescape(text: str) -> str:
    """The kernel writes blanks and backslashes as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)
