"""Everything that must lie ready before the first daemon starts. Each part may be repeated at any time."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from embedded import atomic, cgroups, configs, dns, kubeconfig, network, pki, shell, sysctls
from embedded.cluster import MARKER, Cluster, remember, settings_file


def folders(cluster: Cluster) -> None:
    """The state folder, for root alone, and the mark that there is a cluster on this machine."""
    cluster.state.mkdir(parents=True, exist_ok=True)
    os.chmod(cluster.state, 0o711)  # pods' own users pass through it to their volumes and logs
    for name in ("run", "logs", "etcd", "kubelet", "containerd", "cni", "audit"):
        (cluster.state / name).mkdir(exist_ok=True)
    for name in ("etcd", "audit"):
        os.chmod(cluster.state / name, 0o700)
    atomic.write(MARKER, json.dumps({"state": str(cluster.state)}))
    atomic.write(settings_file(cluster.state), remember(cluster))


def keys(cluster: Cluster) -> None:
    """Certificates and kubeconfigs."""
    pki.ensure(cluster.state / "pki")
    kubeconfig.ensure(cluster.state)


def files(cluster: Cluster) -> None:
    """Configuration files."""
    state = cluster.state
    servers = dns.upstream_servers()
    contents = {
        "containerd/config.toml": configs.containerd(state),
        "containerd/registries/_default/hosts.toml": configs.no_registry(),
        "cni/net.d/10-bridge.conflist": configs.cni(state),
        "kubelet/config.json": configs.kubelet(state),
        "kubelet/resolv.conf": "".join(f"nameserver {server}\n" for server in servers),
        "kube-proxy.json": configs.kube_proxy(kubeconfig.path(state, "kube-proxy")),
        "audit/policy.json": json.dumps(configs.AUDIT_POLICY, indent=1),
        "dns.json": dns.manifest(servers),
    }
    for name, content in contents.items():
        target = state / name
        if not target.exists() or target.read_text() != content:
            atomic.write(target, content)


def kernel(cluster: Cluster) -> None:
    """Modules, settings, cgroups, the bridge and its rules."""
    if not Path("/proc/sys/net/bridge").exists():
        shell.succeeds(["modprobe", "br_netfilter"])
    shell.succeeds(["modprobe", "overlay"])
    sysctls.apply(cluster.state / "sysctls.json")
    cgroups.ensure()
    network.raise_bridge()


def leftovers(cluster: Cluster) -> None:
    """After a boot, nothing that was running is: what the last one left behind would only mislead its successors."""
    shutil.rmtree(cluster.state / "containerd/state", ignore_errors=True)
