"""What must hold before anything is changed: each check names what is wrong and what to do."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from embedded import binaries, folders, listeners, network, processes, topology
from embedded.errors import ClusterError

_GIBIBYTE = 1 << 30
# Measured: Go's caches after a cold build, and the binaries; then images, containers and logs.
_BUILD_BYTES = 8 * _GIBIBYTE
_RUN_BYTES = 2 * _GIBIBYTE

_KUBERNETES = {"kubelet": "another kubelet", "k3s": "k3s", "k0s": "k0s", "kubelite": "MicroK8s"}
_OTHERS = {**_KUBERNETES, "dockerd": "a Docker daemon", "crio": "CRI-O"}


def platform() -> None:
    """Linux, and root."""
    if sys.platform != "linux":
        raise ClusterError(
            f"the embedded cluster runs on Linux, not on {sys.platform}: "
            "use CLUSTER=current with a cluster of your own (kind, minikube, …)"
        )
    if os.geteuid() != 0:
        raise ClusterError(
            "the embedded cluster runs containers and must be started as root (sudo): "
            "or use CLUSTER=current with a cluster of your own"
        )


def disk(places: dict[Path, int]) -> None:
    """Enough space at each place (bytes)."""
    for place, wanted in places.items():
        existing = next(parent for parent in (place, *place.parents) if parent.exists())
        free = shutil.disk_usage(existing).free
        if free < wanted:
            raise ClusterError(
                f"too little disk for {place}: {free / _GIBIBYTE:.1f} GiB free, {wanted / _GIBIBYTE:.0f} GiB needed; "
                "free some, or point XDG_CACHE_HOME and XDG_STATE_HOME to a larger disk"
            )


def needed_bytes() -> dict[Path, int]:
    """What the next `up` may write, by place."""
    built = all(part.is_built() for part in binaries.parts())
    return {folders.state(): _RUN_BYTES, folders.cache(): _RUN_BYTES if built else _BUILD_BYTES}


def neighbours(ours: set[int]) -> None:
    """No other container platform, unless the person said they know. `ours` are pids of this cluster."""
    if os.environ.get("CLUSTER") == "embedded":
        return
    found = others(ours)
    if found:
        raise ClusterError(
            f"{' and '.join(found)} runs on this machine: it writes iptables rules and cgroups too, and what is "
            "changed here may reach its containers. Say CLUSTER=embedded to start the embedded cluster all the same, "
            "or CLUSTER=current to use the cluster that your kubeconfig names"
        )


def others(ours: set[int]) -> list[str]:
    """Other container platforms at work here, each in words."""
    # Inside our own pods, a process of that name is no concern.
    names = {pid: _program(pid) for pid in set(processes.pids()) - ours}
    return sorted(f"{_OTHERS[name]} (pid {pid})" for pid, name in names.items() if name in _OTHERS)


def another_kubernetes() -> bool:
    """Whether, with ours ended, a Kubernetes is at work here whose kube-proxy may own the KUBE-* chains."""
    return any(_program(pid) in _KUBERNETES for pid in processes.pids())


def _program(pid: int) -> str:
    argv = processes.command_line(pid)
    return Path(argv[0]).name if argv else ""


def addresses() -> None:
    """No route of this machine leads where our pods and Services will be."""
    met = network.overlaps(network.routes())
    if met:
        raise ClusterError(
            f"routes of this machine overlap with the cluster's networks {topology.POD_NETWORK} (pods) and "
            f"{topology.SERVICE_NETWORK} (Services): {', '.join(met)}; end that network (a VPN?) while you use it"
        )


def ports(wanted: list[tuple[str, int]], ours: set[int]) -> None:
    """Nothing else listens where we want to."""
    met = listeners.taken(wanted, ours)
    if met:
        raise ClusterError(f"ports of the cluster are taken: {'; '.join(met)}: end what listens there")


def single(marker: Path, state: Path) -> None:
    """One cluster a machine: raises ClusterError if one with another state folder runs."""
    try:
        other = Path(json.loads(marker.read_text())["state"])
    except (OSError, ValueError, KeyError):
        return
    if other == state:
        return
    if _is_hidden(other):
        raise ClusterError(f"the embedded cluster of this machine is another user's ({other}): run this as that user")
    alive = [record for record in (other / "run").glob("*.json") if processes.load(record)]
    if alive:
        raise ClusterError(
            f"another embedded cluster runs on this machine, with its state in {other}: there can be one; "
            "use that one as its user, or take it down first"
        )


def _is_hidden(folder: Path) -> bool:
    """Whether it is there, as far as can be told, but not for this user to look into."""
    try:
        return folder.exists() and not os.access(folder, os.R_OK | os.X_OK)
    except PermissionError:
        return True
