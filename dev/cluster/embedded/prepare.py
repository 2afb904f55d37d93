"""Everything that must lie ready before the first daemon starts. Each part may be repeated at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from embedded import atomic, cgroups, configs, dns, footprint, kubeconfig, network, pki, shell, sysctls
from embedded.cluster import MARKER, Cluster, remember, settings_file
from embedded.errors import ClusterError


def folders(cluster: Cluster) -> None:
    """The state folder, for root alone, and the mark that there is a cluster on this machine."""
    cluster.state.mkdir(parents=True, exist_ok=True)
    cluster.state.chmod(0o700)
    for name in ("run", "logs", "etcd", "kubelet", "containerd", "cni", "audit"):
        (cluster.state / name).mkdir(exist_ok=True)
    footprint.note(cluster.state / "footprint.json")
    atomic.write(MARKER, json.dumps({"state": str(cluster.state)}))
    atomic.write(settings_file(cluster.state), remember(cluster))


def keys(cluster: Cluster) -> None:
    """Certificates and kubeconfigs."""
    pki.ensure(cluster.state / "pki")
    kubeconfig.ensure(cluster.state)


def contents(state: Path) -> dict[str, str]:
    """What the configuration files should hold, by their path below the state folder."""
    servers = dns.upstream_servers()
    return {
        "containerd/config.toml": configs.containerd(state),
        "containerd/registries/_default/hosts.toml": configs.no_registry(),
        "cni/net.d/10-bridge.conflist": configs.cni(state),
        "kubelet/config.json": configs.kubelet(state),
        "kubelet/resolv.conf": "".join(f"nameserver {server}\n" for server in servers),
        "kube-proxy.json": configs.kube_proxy(kubeconfig.path(state, "kube-proxy")),
        "audit/policy.json": json.dumps(configs.AUDIT_POLICY, indent=1),
        "dns.json": dns.manifest(servers),
    }


def stale_files(state: Path) -> dict[str, str]:
    """Those of them that are missing or hold something else."""
    return {name: content for name, content in contents(state).items() if _read(state / name) != content}


def files(cluster: Cluster) -> None:
    """Configuration files."""
    for name, content in stale_files(cluster.state).items():
        atomic.write(cluster.state / name, content)


def kernel(cluster: Cluster) -> None:
    """Modules, settings, cgroups, the bridge and its rules. Raises ClusterError if the kernel lacks what it takes."""
    for module, sign in _MODULES.items():
        if not sign():
            shell.succeeds(["modprobe", module])
        if not sign():
            raise ClusterError(f"the kernel has no {module}: load that module (modprobe {module})")
    sysctls.apply(cluster.state / "sysctls.json")
    cgroups.ensure()
    network.raise_bridge()


_MODULES: dict[str, Callable[[], bool]] = {
    "br_netfilter": lambda: Path("/proc/sys/net/bridge").exists(),
    "overlay": lambda: "overlay" in Path("/proc/filesystems").read_text().split(),
}


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
