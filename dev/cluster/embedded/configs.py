"""The configuration files that the components read, each a pure function of the state folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from embedded import packages, topology

PAUSE_IMAGE = "localhost/inspect-operator/pause:1"

# What the audit log holds: who did what to which object with which answer, never a body. Not the endless polling.
AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/readyz*", "/livez*", "/version", "/openapi*", "/api*"]},
        {
            "level": "None",
            "users": [f"system:node:{topology.NODE}", "system:apiserver"],
            "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
        },
        {"level": "Metadata"},
    ],
}


def containerd(state: Path) -> str:
    """containerd's TOML. Everything it keeps or listens on is below the state folder."""
    root = state / "containerd"
    return f"""\
version = 2
root = "{root}/root"
state = "{root}/state"

[grpc]
  address = "{root}/containerd.sock"

[ttrpc]
  address = "{root}/containerd.sock.ttrpc"

[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # A container may not be able to lower its own score below ours.
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  max_container_log_line_size = 16384

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{packages.cni_folder()}"
    conf_dir = "{state}/cni/net.d"

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{root}/registries"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "{root}/runc"
"""


def no_registry() -> str:
    """containerd's hosts.toml for every registry: a closed port of this machine, so an unknown image fails at once."""
    return 'server = "http://127.0.0.1:1"\n\n[host."http://127.0.0.1:1"]\n  capabilities = ["pull", "resolve"]\n'


def cni(state: Path) -> str:
    """The pods' network. Masquerading is one rule of ours (see network.py) instead of two a pod, and much faster."""
    bridge = {
        "type": "bridge",
        "bridge": topology.BRIDGE,
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(state / "cni/leases"),
            "ranges": [[{"subnet": str(topology.POD_NETWORK), "gateway": topology.NODE_ADDRESS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": topology.CNI_NETWORK, "plugins": [bridge]}, indent=1)


def kubelet(state: Path) -> str:
    """KubeletConfiguration."""
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": topology.NODE_ADDRESS,
        "port": topology.KUBELET_PORT,
        "healthzBindAddress": topology.LOOPBACK,
        "healthzPort": topology.KUBELET_HEALTH_PORT,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(state / "pki/ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(state / "pki/kubelet.crt"),
        "tlsPrivateKeyFile": str(state / "pki/kubelet.key"),
        "clusterDomain": topology.DOMAIN,
        "clusterDNS": [topology.DNS_SERVICE_ADDRESS],
        "resolvConf": str(state / "kubelet/resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{state}/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": topology.CGROUP,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "maxPods": topology.MAX_PODS,
        "podLogsDir": str(state / "pod-logs"),
        "volumePluginDir": str(state / "kubelet/volume-plugins"),
        "serializeImagePulls": False,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "eventRecordQPS": 0,
        # No registry brings a lost image back, so a full disk must not remove images: no image is ever collected.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
    }
    return json.dumps(document, indent=1)


def kube_proxy(kubeconfig: Path) -> str:
    """KubeProxyConfiguration. Zeroes leave the kernel's own connection tracking limits alone."""
    document = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": topology.NODE,
        "clusterCIDR": str(topology.POD_NETWORK),
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "healthzBindAddress": f"{topology.LOOPBACK}:{topology.PROXY_HEALTH_PORT}",
        "metricsBindAddress": f"{topology.LOOPBACK}:{topology.PROXY_METRICS_PORT}",
        "nodePortAddresses": ["primary"],
        "iptables": {"localhostNodePorts": False, "syncPeriod": "30s", "minSyncPeriod": "100ms"},
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
    return json.dumps(document, indent=1)
