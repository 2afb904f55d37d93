"""Bringing the cluster up, from whatever state it is in."""

from __future__ import annotations

from pathlib import Path

from embedded import (
    binaries,
    cluster,
    dns,
    folders,
    lock,
    network,
    packages,
    preflight,
    prepare,
    sequence,
    start,
    steps,
    topology,
)
from embedded.cluster import Cluster


def up(with_audit: bool | None) -> None:
    """Brings the cluster up; returns when its node is Ready and its DNS answers. Raises ClusterError."""
    preflight.platform()
    ours = cluster.current(with_audit)
    if is_up(ours):
        steps.say(f"The cluster is up already ({steps.elapsed_seconds():.1f} s). {_hint()}")
        return
    with lock.exclusive(ours.lock(), "bringing the cluster up"):
        if is_up(ours):
            steps.say(f"Another call has brought the cluster up. {_hint()}")
            return
        _check(ours)
        steps.say(announcement(ours))
        packages.ensure(packages.CLUSTER)
        binaries.ensure()
        sequence.start_all(ours)
    steps.say(f"The cluster is up after {steps.elapsed_seconds():.1f} s. {_hint()}")


def is_up(ours: Cluster) -> bool:
    """Whether every file, rule and component is as it should be, and DNS answers."""
    if packages.missing(packages.CLUSTER) or not all(part.is_built() for part in binaries.parts()):
        return False
    if prepare.stale_files(ours.state) or not network.is_raised():
        return False
    return all(start.is_current(ours, component) for component in ours.components()) and steps.wait(dns.answers, 2.0)


def announcement(ours: Cluster) -> str:
    """What will be installed and changed on this machine, before it is."""
    lacking = packages.missing(packages.CLUSTER)
    unbuilt = [f"{part.name} {part.version}" for part in binaries.parts() if not part.is_built()]
    lines = ["Bringing up a one-node Kubernetes on this machine. It will"]
    if lacking:
        lines.append(f"  - install Debian packages: {' '.join(lacking)}")
        if "containerd" in lacking and Path("/run/systemd/system").exists():
            lines.append("    (Debian's containerd starts a service of its own, which this cluster does not use)")
    if unbuilt:
        lines.append(f"  - compile, once: {', '.join(unbuilt)} (about 6 minutes on 2 cores; 7 GiB, mostly Go's caches)")
    lines += [
        f"  - keep binaries and images in {folders.cache()}, everything else in {ours.state}",
        f"  - add a bridge {topology.BRIDGE} ({topology.POD_NETWORK}), iptables rules for pods and Services, and a "
        f"cgroup {topology.CGROUP}",
        "  - set ip_forward and the few kernel settings that a kubelet wants",
        "  - start 7 daemons as root, reachable from this machine alone",
        "`down` takes all of this back but the packages, the binaries and the images.",
    ]
    return "\n".join(lines)


def _check(ours: Cluster) -> None:
    preflight.single(cluster.MARKER, ours.state)
    mine = ours.pids()
    preflight.neighbours(mine)
    preflight.disk(preflight.needed_bytes())
    if packages.find("ip"):
        preflight.addresses()
    preflight.ports([port for component in ours.components() for port in component.ports], mine)


def _hint() -> str:
    return 'To use it: eval "$(make -s cluster-env)"'
