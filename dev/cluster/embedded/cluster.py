"""This machine's cluster as a value: its folders, its components, and which of them run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from embedded import binaries, cgroups, components, folders, processes

MARKER = Path("/run/inspect-operator/cluster.json")

_DAEMONS = {
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "containerd",
    "containerd-shim-runc-v2",
}


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Where it is kept, where its programs are, and whether the API server writes an audit log."""

    state: Path
    programs: Path
    with_audit: bool

    def components(self) -> list[components.Component]:
        """In the order of starting."""
        return components.all_of(self.state, self.programs, self.with_audit)

    def record(self, name: str) -> Path:
        """Which process a component is."""
        return self.state / "run" / f"{name}.json"

    def log(self, name: str) -> Path:
        """What a component says; begun afresh at each start."""
        return self.state / "logs" / f"{name}.log"

    def running(self, name: str) -> processes.Process | None:
        """The component's process, if it is alive."""
        return processes.load(self.record(name))

    def lock(self) -> Path:
        """Held while the cluster is changed. Beside the state folder, which `down --purge` removes."""
        return self.state.with_name("cluster.lock")

    def pids(self) -> set[int]:
        """Every process of the cluster: components, containerd's shims and what runs in pods."""
        recorded = (processes.load(record) for record in (self.state / "run").glob("*.json"))
        return {process.pid for process in recorded if process} | strays(self.state) | cgroups.members()


def current(with_audit: bool | None = None) -> Cluster:
    """The cluster of this user. `with_audit` None: as it was last time, on at first."""
    state = folders.state()
    if with_audit is None:
        with_audit = _remembered(state)
    return Cluster(state, binaries.kubernetes().folder(), with_audit)


def remember(cluster: Cluster) -> str:
    """What is kept in the state folder about this cluster, as JSON."""
    return json.dumps({"audit": cluster.with_audit})


def settings_file(state: Path) -> Path:
    """Where `remember` is kept."""
    return state / "cluster.json"


def _remembered(state: Path) -> bool:
    try:
        return bool(json.loads(settings_file(state).read_text())["audit"])
    except (OSError, ValueError, KeyError):
        return True


def strays(state: Path) -> set[int]:
    """Daemons and shims that name our state folder on their command line, recorded or not.

    An interrupted `up` may have started one that it could not record; a killed containerd leaves its shims.
    """
    mark = f"{state}/"
    found = set()
    for pid in processes.pids():
        argv = processes.command_line(pid)
        if argv and Path(argv[0]).name in _DAEMONS and any(mark in argument for argument in argv[1:]):
            found.add(pid)
    return found
