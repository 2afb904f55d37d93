"""The order of starting, from whatever an earlier life left: nothing, everything, or a part of it."""

from __future__ import annotations

import calendar
import time

from embedded import (
    api,
    cluster,
    database,
    dns,
    down,
    kubeconfig,
    own_images,
    prepare,
    processes,
    shell,
    start,
    steps,
    topology,
)
from embedded.cluster import Cluster
from embedded.errors import ClusterError

_READY_SECONDS = 90.0


def start_all(ours: Cluster) -> None:
    """Starts what does not run as it should, in order, and waits for each. Raises ClusterError."""
    if not ours.running("kubelet") and not ours.running("containerd"):
        with steps.step("clear what an earlier life left behind"):
            _sweep(ours)
    _end_unrecorded(ours)
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
        if not steps.wait(lambda: _node_ready(ours), _READY_SECONDS):
            raise ClusterError(f"the node was not Ready after {_READY_SECONDS:.0f} s: see {ours.log('kubelet')}")
    with steps.step("wait for the cluster's DNS to answer"):
        if not steps.wait(dns.answers, _READY_SECONDS):
            raise ClusterError(
                f"CoreDNS did not answer after {_READY_SECONDS:.0f} s: "
                "see `kubectl -n kube-system describe pod -l k8s-app=kube-dns`"
            )


def _sweep(ours: Cluster) -> None:
    """Without kubelet and containerd no pod of ours is looked after: whatever is left of them goes."""
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


def _end_unrecorded(ours: Cluster) -> None:
    """Ends daemons of ours that are in no record: an interrupted `up` may have started one that it could not note."""
    recorded = {process.pid for component in ours.components() if (process := ours.running(component.name))}
    for pid in cluster.strays(ours.state) - recorded:
        if "containerd-shim" not in "".join(processes.command_line(pid)[:1]):
            processes.kill([pid])


def _node_ready(ours: Cluster) -> bool:
    """Whether the node is Ready, by the word of the kubelet that runs: the database may remember an earlier one."""
    kubelet = ours.running("kubelet")
    if kubelet is None:
        return False
    try:
        node = api.get(ours.state, f"/api/v1/nodes/{topology.NODE}")
    except (OSError, ClusterError):
        return False
    ready = api.condition(node, "Ready")
    return ready.get("status") == "True" and _seconds(ready["lastHeartbeatTime"]) >= int(kubelet.started_at)


def _seconds(timestamp: str) -> float:
    return calendar.timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))
