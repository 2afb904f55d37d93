"""`status`: what runs, since when, and whether it is well."""

from __future__ import annotations

import time

from embedded import api, cluster, components, dns, folders, preflight, start, topology, versions
from embedded.cluster import Cluster
from embedded.errors import ClusterError


def report() -> tuple[str, bool]:
    """The report, and whether the whole cluster is well. Raises ClusterError if the machine has another one."""
    ours = cluster.current()
    preflight.single(cluster.MARKER, ours.state)
    rows = [("COMPONENT", "PID", "SINCE", "HEALTH")]
    well = True
    for component in ours.components():
        row, healthy = _row(ours, component)
        rows.append(row)
        well = well and healthy
    node = _node(ours)
    answers = dns.answers()
    well = well and node.startswith("Ready") and answers
    lines = [*_table(rows), "", f"node      {topology.NODE}: {node}"]
    lines.append(f"DNS       {'answers' if answers else 'does not answer'} at {topology.DNS_SERVICE_ADDRESS}")
    lines.append(
        f"versions  Kubernetes {versions.KUBERNETES}, etcd {versions.ETCD}, CoreDNS {versions.COREDNS}, "
        f"helm {versions.HELM}"
    )
    lines.append(f"API       {topology.API_URL}, reachable from this machine and its pods")
    lines.append(f"state     {ours.state}")
    lines.append(f"logs      {ours.state / 'logs'}")
    lines.append(f"audit     {components.audit_log(ours.state) if ours.with_audit else 'off (up --audit)'}")
    lines.append(f"cache     {folders.cache()}")
    if well:
        lines.append('to use    eval "$(make -s cluster-env)"')
    return "\n".join(lines), well


def _row(ours: Cluster, component: components.Component) -> tuple[tuple[str, str, str, str], bool]:
    running = ours.running(component.name)
    if running is None:
        return (component.name, "-", "-", "not running"), False
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(running.started_at))
    healthy = component.is_healthy()
    word = "healthy" if healthy else f"unwell: see {ours.log(component.name)}"
    if healthy and not start.is_current(ours, component):
        word = "healthy, but its settings have changed: run `up` again"
    return (component.name, str(running.pid), since, word), healthy


def _node(ours: Cluster) -> str:
    try:
        node = api.get(ours.state, f"/api/v1/nodes/{topology.NODE}")
    except (OSError, ClusterError) as error:
        return f"unknown ({error})"
    ready = api.condition(node, "Ready")
    if ready.get("status") == "True":
        return f"Ready since {ready['lastTransitionTime']}, {node['status']['nodeInfo']['containerRuntimeVersion']}"
    return f"not Ready: {ready.get('message', 'it has not said why')}"


def _table(rows: list[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]) for row in rows]
