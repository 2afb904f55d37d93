"""The daemons: how each is called, what tells that it is well, and what it must be started after."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

from embedded import api, health, kubeconfig, packages, topology

_EVERYWHERE = "0.0.0.0"  # noqa: S104


@dataclasses.dataclass(frozen=True)
class Component:
    """A daemon. `reads` are files whose change calls for a restart; `is_healthy` asks it over its own address."""

    name: str
    argv: list[str]
    reads: list[Path]
    is_healthy: Callable[[], bool]
    ports: list[tuple[str, int]]
    deadline_seconds: float = 60.0
    # The API server would wait for its clients; only the database has something to finish.
    stop_seconds: float = 2.0

    def fingerprint(self) -> str:
        """Changes with the command line and with the content of what it reads."""
        digest = hashlib.sha256("\0".join(self.argv).encode())
        for path in self.reads:
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def all_of(state: Path, programs: Path, with_audit: bool) -> list[Component]:
    """Every component, in the order of starting. `programs` is the folder of the Kubernetes and etcd binaries."""
    return [
        etcd(state, programs),
        apiserver(state, programs, with_audit),
        containerd(state),
        controller_manager(state, programs),
        scheduler(state, programs),
        kubelet(state, programs),
        kube_proxy(state, programs),
    ]


def etcd(state: Path, programs: Path) -> Component:
    """The database. TLS with client certificates even on loopback: whoever can write here is root on this machine."""
    keys = state / "pki"
    client = f"https://{topology.LOOPBACK}:{topology.ETCD_CLIENT_PORT}"
    peer = f"https://{topology.LOOPBACK}:{topology.ETCD_PEER_PORT}"
    argv = [
        str(programs / "etcd"),
        f"--name={topology.NODE}",
        f"--data-dir={state}/etcd",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={topology.NODE}={peer}",
        f"--listen-metrics-urls=http://{topology.LOOPBACK}:{topology.ETCD_HEALTH_PORT}",
        *_tls("", keys / "etcd"),
        f"--trusted-ca-file={keys}/ca.crt",
        "--client-cert-auth",
        *_tls("peer-", keys / "etcd"),
        f"--peer-trusted-ca-file={keys}/ca.crt",
        "--peer-client-cert-auth",
        # Much faster. A killed process loses nothing by it, a machine without power may: see up.py for that.
        "--unsafe-no-fsync",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=10m",
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
    ]
    ports = [topology.ETCD_CLIENT_PORT, topology.ETCD_PEER_PORT, topology.ETCD_HEALTH_PORT]
    return Component(
        "etcd",
        argv,
        [keys / "etcd.crt", keys / "ca.crt"],
        lambda: health.http_ok(topology.LOOPBACK, topology.ETCD_HEALTH_PORT, "/health"),
        [(topology.LOOPBACK, port) for port in ports],
        stop_seconds=10.0,
    )


def apiserver(state: Path, programs: Path, with_audit: bool) -> Component:
    """The API: for pods on the bridge's address, for this machine on loopback. network.py keeps others out."""
    keys = state / "pki"
    argv = [
        str(programs / "kube-apiserver"),
        f"--bind-address={_EVERYWHERE}",
        f"--secure-port={topology.API_PORT}",
        f"--advertise-address={topology.NODE_ADDRESS}",
        f"--etcd-servers=https://{topology.LOOPBACK}:{topology.ETCD_CLIENT_PORT}",
        f"--etcd-cafile={keys}/ca.crt",
        f"--etcd-certfile={keys}/etcd.crt",
        f"--etcd-keyfile={keys}/etcd.key",
        f"--service-cluster-ip-range={topology.SERVICE_NETWORK}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={keys}/ca.crt",
        f"--tls-cert-file={keys}/apiserver.crt",
        f"--tls-private-key-file={keys}/apiserver.key",
        f"--kubelet-certificate-authority={keys}/ca.crt",
        f"--kubelet-client-certificate={keys}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={keys}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={keys}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={keys}/front-proxy-client.crt",
        f"--proxy-client-key-file={keys}/front-proxy-client.key",
        f"--service-account-issuer=https://kubernetes.default.svc.{topology.DOMAIN}",
        f"--service-account-key-file={keys}/service-account.pub",
        f"--service-account-signing-key-file={keys}/service-account.key",
        "--shutdown-delay-duration=0s",
        "--profiling=false",
    ]
    reads = [keys / "apiserver.crt", keys / "ca.crt"]
    if with_audit:
        policy = state / "audit/policy.json"
        reads.append(policy)
        argv += [
            f"--audit-policy-file={policy}",
            f"--audit-log-path={audit_log(state)}",
            "--audit-log-maxsize=64",
            "--audit-log-maxbackup=2",
        ]
    endpoint = [(_EVERYWHERE, topology.API_PORT)]
    return Component("kube-apiserver", argv, reads, lambda: api.is_ready(state), endpoint)


def audit_log(state: Path) -> Path:
    """One JSON line a request, at most 64 MB and two older files of that size."""
    return state / "audit/audit.log"


def controller_manager(state: Path, programs: Path) -> Component:
    """Jobs, Deployments, garbage collection, service accounts' tokens."""
    keys, config = state / "pki", kubeconfig.path(state, "controller-manager")
    argv = [
        str(programs / "kube-controller-manager"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={topology.LOOPBACK}",
        f"--secure-port={topology.CONTROLLER_MANAGER_PORT}",
        f"--cluster-cidr={topology.POD_NETWORK}",
        f"--root-ca-file={keys}/ca.crt",
        f"--service-account-private-key-file={keys}/service-account.key",
        f"--cluster-signing-cert-file={keys}/ca.crt",
        f"--cluster-signing-key-file={keys}/ca.key",
        "--use-service-account-credentials",
        f"--flex-volume-plugin-dir={state}/kubelet/volume-plugins",
        # There is one: electing it would only cost time.
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
    return _loopback("kube-controller-manager", argv, config, topology.CONTROLLER_MANAGER_PORT)


def scheduler(state: Path, programs: Path) -> Component:
    """Which node a pod goes to; here there is one."""
    config = kubeconfig.path(state, "scheduler")
    argv = [
        str(programs / "kube-scheduler"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={topology.LOOPBACK}",
        f"--secure-port={topology.SCHEDULER_PORT}",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
    return _loopback("kube-scheduler", argv, config, topology.SCHEDULER_PORT)


def containerd(state: Path) -> Component:
    """The container runtime: Debian's program, our own configuration, folders and socket."""
    root = state / "containerd"
    return Component(
        "containerd",
        [packages.find("containerd") or "containerd", f"--config={root}/config.toml", "--log-level=warn"],
        [root / "config.toml", state / "cni/net.d/10-bridge.conflist"],
        lambda: health.socket_answers(root / "containerd.sock"),
        [],
    )


def kubelet(state: Path, programs: Path) -> Component:
    """The node's agent."""
    config = kubeconfig.path(state, "kubelet")
    argv = [
        str(programs / "kubelet"),
        f"--config={state}/kubelet/config.json",
        f"--kubeconfig={config}",
        f"--root-dir={state}/kubelet/root",
        f"--cert-dir={state}/kubelet/pki",
        f"--hostname-override={topology.NODE}",
        f"--node-ip={topology.NODE_ADDRESS}",
    ]
    return Component(
        "kubelet",
        argv,
        [state / "kubelet/config.json", state / "kubelet/resolv.conf", config],
        lambda: health.http_ok(topology.LOOPBACK, topology.KUBELET_HEALTH_PORT, "/healthz"),
        [(topology.NODE_ADDRESS, topology.KUBELET_PORT), (topology.LOOPBACK, topology.KUBELET_HEALTH_PORT)],
    )


def kube_proxy(state: Path, programs: Path) -> Component:
    """Services' addresses, as iptables rules."""
    config = state / "kube-proxy.json"
    return Component(
        "kube-proxy",
        [str(programs / "kube-proxy"), f"--config={config}"],
        [config, kubeconfig.path(state, "kube-proxy")],
        lambda: health.http_ok(topology.LOOPBACK, topology.PROXY_HEALTH_PORT, "/livez"),
        [(topology.LOOPBACK, topology.PROXY_HEALTH_PORT), (topology.LOOPBACK, topology.PROXY_METRICS_PORT)],
    )


def _loopback(name: str, argv: list[str], config: Path, port: int) -> Component:
    healthy = lambda: health.http_ok(topology.LOOPBACK, port, "/healthz", secure=True)  # noqa: E731
    return Component(name, argv, [config], healthy, [(topology.LOOPBACK, port)])


def _tls(prefix: str, pair: Path) -> list[str]:
    return [f"--{prefix}cert-file={pair}.crt", f"--{prefix}key-file={pair}.key"]
