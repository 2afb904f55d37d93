"""Our corner of the cgroup tree. Every process below it was started by our kubelet: that is how pods are told apart."""

from __future__ import annotations

import contextlib
from pathlib import Path

from embedded import topology

ROOT = Path("/sys/fs/cgroup")
_V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")


def ensure(root: Path = ROOT) -> None:
    """Makes our folder in every hierarchy (version 1) or in the one there is (version 2)."""
    name = topology.CGROUP.lstrip("/")
    if (root / "cgroup.controllers").exists():
        for controller in _V2_CONTROLLERS:
            if controller in (root / "cgroup.controllers").read_text().split():
                # In a container that may be refused; the kubelet then says which controller it lacks.
                with contextlib.suppress(OSError):
                    (root / "cgroup.subtree_control").write_text(f"+{controller}")
        (root / name).mkdir(exist_ok=True)
        return
    for hierarchy in _hierarchies(root):
        ours = hierarchy / name
        ours.mkdir(exist_ok=True)
        # A cpuset starts out empty, and nothing can run in an empty one.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (ours / setting).exists() and not (ours / setting).read_text().strip():
                (ours / setting).write_text((hierarchy / setting).read_text())


def members(root: Path = ROOT) -> set[int]:
    """The pids of everything that runs in our pods."""
    found: set[int] = set()
    for folder in _ours(root):
        for listing in folder.rglob("cgroup.procs"):
            try:
                found.update(int(line) for line in listing.read_text().split())
            except OSError:
                continue  # gone between the listing and the reading, or a threaded cgroup
    return found - {0}


def remove(root: Path = ROOT) -> bool:
    """Removes our folders, deepest first; False if something still runs in one."""
    clean = True
    for folder in _ours(root):
        inner = [entry for entry in folder.rglob("*") if entry.is_dir()]
        for entry in [*sorted(inner, key=lambda path: len(path.parts), reverse=True), folder]:
            try:
                entry.rmdir()
            except OSError:
                clean = False
    return clean


def _hierarchies(root: Path) -> list[Path]:
    """Version 1 mounts one folder a controller; a symbolic link is a second name for one of them."""
    if not root.exists():
        return []
    return [entry for entry in sorted(root.iterdir()) if entry.is_dir() and not entry.is_symlink()]


def _ours(root: Path) -> list[Path]:
    name = topology.CGROUP.lstrip("/")
    candidates = [root / name, *(hierarchy / name for hierarchy in _hierarchies(root))]
    return [folder for folder in candidates if folder.is_dir()]
