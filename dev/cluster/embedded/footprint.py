"""Traces outside of our folders, in places whose names the programs have built in."""

from __future__ import annotations

import json
from pathlib import Path

from embedded import atomic, topology

# Folders that a kubelet, containerd or CNI makes if they are not there.
_FOLDERS = (
    "/run/containerd/s",
    "/run/containerd",
    "/var/lib/cni/results",
    "/var/lib/cni",
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet",
    "/var/log/containers",
)
_DEVICES = "/var/lib/kubelet/device-plugins"
_KUBELET_FILES = (f"{_DEVICES}/kubelet.sock", f"{_DEVICES}/DEPRECATION", f"{_DEVICES}/kubelet_internal_checkpoint")


def note(notes: Path, root: Path = Path("/")) -> None:
    """Notes, at the first start, which of those folders are not there yet."""
    if not notes.exists():
        absent = [folder for folder in _FOLDERS if not (root / folder.lstrip("/")).exists()]
        atomic.write(notes, json.dumps(absent))


def shim_sockets(state: Path) -> list[Path]:
    """The sockets of our containers' shims: containerd 1.6 puts them below /run/containerd whatever its config says."""
    found = []
    for bundle in (state / "containerd/state").glob("io.containerd.runtime.v2.task/*/*/address"):
        scheme, _, path = bundle.read_text().strip().partition("://")
        if scheme == "unix" and path.startswith("/run/containerd/s/"):
            found.append(Path(path))
    return found


def erase(state: Path, notes: Path, sockets: list[Path], root: Path = Path("/")) -> None:
    """Removes our traces, and those folders that were not there before and are empty now."""
    for socket in sockets:
        socket.unlink(missing_ok=True)
    for link in (root / "var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{state}/"):
            link.unlink()
    absent = json.loads(notes.read_text()) if notes.exists() else []
    _erase_cni_results(root)
    if "/var/lib/kubelet" in absent:
        for name in _KUBELET_FILES:
            (root / name.lstrip("/")).unlink(missing_ok=True)
    for folder in absent:
        try:
            (root / folder.lstrip("/")).rmdir()
        except OSError:
            continue  # absent, or someone else uses it by now
    notes.unlink(missing_ok=True)


def _erase_cni_results(root: Path) -> None:
    """libcni keeps what each pod's network was made of, also for the loopback that goes with it."""
    results = root / "var/lib/cni/results"
    for ours in results.glob(f"{topology.CNI_NETWORK}-*-eth0"):
        sandbox = ours.name[len(topology.CNI_NETWORK) + 1 : -len("-eth0")]
        (results / f"cni-loopback-{sandbox}-lo").unlink(missing_ok=True)
        ours.unlink()
