"""Taking the cluster down: ends what it started, and takes back what it changed on this machine."""

from __future__ import annotations

import shutil

from embedded import (
    cgroups,
    cluster,
    folders,
    footprint,
    lock,
    mounts,
    network,
    preflight,
    processes,
    service_rules,
    steps,
    store,
    sysctls,
)
from embedded.cluster import Cluster
from embedded.errors import ClusterError


def down(purge: bool) -> None:
    """Takes the cluster down; repeating it does no harm. `purge` also removes its state. Raises ClusterError."""
    preflight.platform()
    ours = cluster.current()
    preflight.single(cluster.MARKER, ours.state)
    with lock.exclusive(ours.lock(), "taking the cluster down"):
        with steps.step("end the daemons and what runs in pods"):
            end_processes(ours)
        with steps.step("remove mounts, network and kernel settings"):
            left = clean(ours)
            undo_settings(ours)
            with lock.exclusive(folders.cache() / "containers.lock", "unmounting the image store"):
                store.unmount()
        if left:
            raise ClusterError(f"could not be removed: {', '.join(left)}; try again, or restart the machine")
        if purge and ours.state.exists():
            with steps.step(f"remove {ours.state}"):
                shutil.rmtree(ours.state)
    kept = "" if purge or not ours.state.exists() else f" Its state is kept in {ours.state} (--purge removes it)."
    steps.say(f"The cluster is down.{kept}")


def end_processes(ours: Cluster) -> None:
    """Ends every process of ours: recorded daemons, unrecorded ones, shims, and what runs in pods."""
    # The agents first, so that nobody makes up for what the next step ends; the database last.
    for component in reversed(ours.components()):
        running = ours.running(component.name)
        if running:
            processes.stop(running, component.stop_seconds)
        ours.record(component.name).unlink(missing_ok=True)
        if component.name == "kubelet":
            _end_pods()
    processes.kill(cluster.strays(ours.state))
    _end_pods()


def clean(ours: Cluster) -> list[str]:
    """Removes what ended processes left behind: mounts, cgroups, sockets, leases. Returns what could not be removed."""
    sockets = footprint.shim_sockets(ours.state)
    left = [str(point) for point in mounts.unmount(ours.state)]
    if not steps.wait(cgroups.remove, 5.0):
        left.append("cgroups /inspect-operator")
    if not left:
        # Only once nothing is mounted in there: removing through a mount would reach into pods' volumes.
        for name in ("containerd/state", "containerd/runc", "cni/leases"):
            shutil.rmtree(ours.state / name, ignore_errors=True)
    footprint.erase(ours.state, ours.state / "footprint.json", sockets)
    return left


def undo_settings(ours: Cluster) -> None:
    """Takes back the bridge, iptables rules and kernel settings."""
    if not preflight.another_kubernetes():
        service_rules.remove(ours.programs / "kube-proxy")
    network.remove_bridge()
    sysctls.restore(ours.state / "sysctls.json")
    cluster.MARKER.unlink(missing_ok=True)


def _end_pods() -> None:
    def ended() -> bool:
        processes.kill(cgroups.members())
        return not cgroups.members()

    steps.wait(ended, 10.0)
