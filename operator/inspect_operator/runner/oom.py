"""How many processes of this container the kernel has killed for memory.

The kernel may pick the script or one of its commands and spare the runner; then the container ends like after any
SIGKILL, and only this counter tells the truth.
"""

from pathlib import Path

_COUNTERS = (
    Path("/sys/fs/cgroup/memory.events"),  # cgroup v2, inside the container's cgroup namespace
    Path("/sys/fs/cgroup/memory/memory.oom_control"),  # cgroup v1, the container's own cgroup is mounted there
)


def kills(counters: tuple[Path, ...] = _COUNTERS) -> int:
    """The `oom_kill` counter of the first file that has one; 0 where none can be read."""
    for path in counters:
        try:
            text = path.read_text()
        except OSError:
            continue
        for line in text.splitlines():
            key, _, number = line.partition(" ")
            if key == "oom_kill" and number.strip().isdigit():
                return int(number)
    return 0
