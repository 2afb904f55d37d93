"""Bringing the cluster up, from whatever state it is in."""

from __future__ import annotations

import calendar
import time

from embedded import (
    api,
    binaries,
    cluster,
    database,
    dns,
    down,
    folders,
    kubeconfig,
    lock,
    network,
    own_images,
    packages,
    preflight,
    prepare,
    shell,
    start,
    steps,
    topology,
)
from embedded.cluster import Cluster
from embedded.errors import ClusterError

_READY_SECONDS = 90.0


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
        _start(ours)
    steps.say(f"The cluster is up after {steps.elapsed_seconds():.1f} s. {_hint()}")


def is_up(ours: Cluster) -> bool:
    """Whether every file, rule and component is as it should be, and DNS answers."""
    if not all(part.is_built() for part in binaries.parts()) or prepare.stale_files(ours.state):
        return False
    if not network.is_raised():
        return False
    return all(start.is_current(ours, component) for component in ours.components()) and dns.answers()


def announcement(ours: Cluster) -> str:
    """What will be installed and changed on this machine, before it is."""
    lacking = packages.missing(packages.CLUSTER)
    unbuilt = [f"{part.name} {part.version}" for part in binaries.parts() if not part.is_built()]
    lines = ["Bringing up a one-node Kubernetes on this machine. It will"]
    if lacking:
        lines.append(f"  - install Debian packages: {' '.join(lacking)}")
    if unbuilt:
        lines.append(f"  - compile, once: {', '.join(unbuilt)} (about 10 minutes on 2 cores; 8 GiB of Go's caches)")
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


def _start(ours: Cluster) -> None:
    began = time.time()
    if not ours.running("kubelet") and not ours.running("containerd"):
        with steps.step("clear what an earlier life left behind"):
            _sweep(ours)
    with steps.step("prepare keys, files, kernel settings and the bridge"):
        prepare.folders(ours)
        prepare.keys(ours)
        prepare.files(ours)
        prepare.kernel(ours)
    etcd, apiserver, containerd, *rest = ours.components()
    with steps.step("start etcd and containerd") as remark:
        start.launch(ours, containerd)
        database.start_etcd(ours, etcd)
        start.launch(ours, apiserver)
        start.await_health(ours, containerd)
        imported = own_images.ensure(ours.state, ours.programs)
        if imported:
            remark(f"imported {' '.join(imported)}")
    with steps.step("start the API server"):
        start.await_health(ours, apiserver)
    with steps.step("start the controllers, the scheduler, the kubelet and kube-proxy"):
        for component in rest:
            start.launch(ours, component)
        _apply_dns(ours)
        for component in rest:
            start.await_health(ours, component)
    with steps.step("wait for the node"):
        if not steps.wait(lambda: _node_ready(ours, began), _READY_SECONDS):
            raise ClusterError(f"the node was not Ready after {_READY_SECONDS:.0f} s: see {ours.log('kubelet')}")
    with steps.step("wait for the cluster's DNS to answer"):
        if not steps.wait(dns.answers, _READY_SECONDS):
            raise ClusterError(
                f"CoreDNS did not answer after {_READY_SECONDS:.0f} s: "
                "see `kubectl -n kube-system describe pod -l k8s-app=kube-dns`"
            )


def _sweep(ours: Cluster) -> None:
    """Without kubelet and containerd no pod of ours is looked after: whatever is left of them goes.

    Also ends daemons that an interrupted `up` could not record.
    """
    down.end_processes(ours)
    left = down.clean(ours)
    if left:
        raise ClusterError(f"left from an earlier life and not removable: {', '.join(left)}; restart the machine")


def _apply_dns(ours: Cluster) -> None:
    kubectl = str(ours.programs / "kubectl")
    config = str(kubeconfig.path(ours.state, "admin"))
    shell.run(
        [kubectl, "--kubeconfig", config, "apply", "--server-side", "--force-conflicts", "-f", f"{ours.state}/dns.json"]
    )


def _node_ready(ours: Cluster, since: float) -> bool:
    """Whether the node is Ready and said so after `since`: the database may remember an earlier life."""
    try:
        node = api.get(ours.state, f"/api/v1/nodes/{topology.NODE}")
    except (OSError, ClusterError):
        return False
    ready = api.condition(node, "Ready")
    return ready.get("status") == "True" and _seconds(ready["lastHeartbeatTime"]) >= int(since)


def _seconds(timestamp: str) -> float:
    return calendar.timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))


def _hint() -> str:
    return 'To use it: eval "$(make -s cluster-env)"'
