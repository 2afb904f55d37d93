"""The cluster's DNS: CoreDNS as an ordinary Deployment and Service, and a real question to see that it answers."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
import struct
from pathlib import Path
from typing import Any

from embedded import topology, versions

IMAGE = f"localhost/inspect-operator/coredns:{versions.COREDNS}"
_NAME = "coredns"
_PORT = 1053
_HEALTH_PORT = 8080
_READY_PORT = 8181
_LABELS = {"k8s-app": "kube-dns"}


def upstream_servers(host_file: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The machine's name servers that a pod can reach too: not those that listen on loopback."""
    systemd = Path("/run/systemd/resolve/resolv.conf")
    found: list[str] = []
    for source in (host_file, systemd):
        lines = source.read_text().splitlines() if source.exists() else []
        servers = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
        found = found or [server for server in servers if not _is_loopback(server)]
    return found[:3]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return True


def corefile(upstream: list[str]) -> str:
    """CoreDNS's configuration."""
    forward = f"    forward . {' '.join(upstream)}\n" if upstream else ""
    return (
        f".:{_PORT} {{\n    errors\n    health :{_HEALTH_PORT} {{\n        lameduck 0s\n    }}\n"
        f"    ready :{_READY_PORT}\n"
        f"    kubernetes {topology.DOMAIN} in-addr.arpa ip6.arpa {{\n        pods insecure\n"
        f"        fallthrough in-addr.arpa ip6.arpa\n        ttl 5\n    }}\n{forward}    cache 5\n}}\n"
    )


def manifest(upstream: list[str]) -> str:
    """Everything to apply, as one List."""
    configuration = corefile(upstream)
    metadata = {"name": _NAME, "namespace": "kube-system", "labels": _LABELS}
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    role, rbac = {"name": "system:coredns"}, "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": "kube-system"}
    ports = [{"name": "dns", "port": 53, "targetPort": _PORT, "protocol": "UDP"}]
    ports.append({"name": "dns-tcp", "port": 53, "targetPort": _PORT, "protocol": "TCP"})
    service = {"clusterIP": topology.DNS_SERVICE_ADDRESS, "selector": _LABELS, "ports": ports}
    items = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": role, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": role,
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role["name"]},
            "subjects": [subject],
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"Corefile": configuration}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {**metadata, "name": "kube-dns"}, "spec": service},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": _deployment(configuration)},
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def _deployment(configuration: str) -> dict[str, Any]:
    container = {
        "name": _NAME,
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": _READY_PORT}, "periodSeconds": 2},
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": _HEALTH_PORT},
            "initialDelaySeconds": 30,
            "failureThreshold": 5,
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    # A pod reads the file once, so a changed file must make a changed pod.
    stamp = {"inspect-operator.dev/corefile": hashlib.sha256(configuration.encode()).hexdigest()[:12]}
    template = {
        "metadata": {"labels": _LABELS, "annotations": stamp},
        "spec": {
            "serviceAccountName": _NAME,
            "priorityClassName": "system-cluster-critical",
            "dnsPolicy": "Default",
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
            "volumes": [{"name": "config", "configMap": {"name": _NAME}}],
        },
    }
    return {"replicas": 1, "selector": {"matchLabels": _LABELS}, "template": template}


def answers() -> bool:
    """Whether the DNS service, asked at its service address, knows the API server's: the whole path works."""
    question = query(f"kubernetes.default.svc.{topology.DOMAIN}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        try:
            # Without our bridge there is no such address, and nothing leaves this machine.
            client.bind((topology.NODE_ADDRESS, 0))
            client.sendto(question, (topology.DNS_SERVICE_ADDRESS, 53))
            return socket.inet_aton(topology.API_SERVICE_ADDRESS) in client.recv(512)
        except OSError:
            return False


def query(name: str) -> bytes:
    """A DNS question for the IPv4 address of `name`, as in RFC 1035."""
    labels = b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split("."))
    return struct.pack(">HHHHHH", 0x1D57, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
