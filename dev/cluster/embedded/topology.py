"""Names, addresses and ports of the cluster. Fixed, and chosen not to meet anyone else's.

The node's own address is that of our bridge, so the cluster outlives a change of the machine's network, needs none to
start, and listens nowhere that another machine could reach.
"""

from __future__ import annotations

import ipaddress

NAME = "inspect-operator"
NODE = "inspect-node"
DOMAIN = "cluster.local"

BRIDGE = "inspect0"
POD_NETWORK = ipaddress.IPv4Network("10.213.0.0/20")
SERVICE_NETWORK = ipaddress.IPv4Network("10.213.128.0/20")

NODE_ADDRESS = str(POD_NETWORK[1])
API_SERVICE_ADDRESS = str(SERVICE_NETWORK[1])
DNS_SERVICE_ADDRESS = str(SERVICE_NETWORK[10])

LOOPBACK = "127.0.0.1"

# All below 32768, where Linux starts to hand out ports by itself.
API_PORT = 26443
ETCD_CLIENT_PORT = 26379
ETCD_PEER_PORT = 26380
ETCD_HEALTH_PORT = 26381
KUBELET_PORT = 26250
KUBELET_HEALTH_PORT = 26248
PROXY_HEALTH_PORT = 26256
PROXY_METRICS_PORT = 26249
CONTROLLER_MANAGER_PORT = 26257
SCHEDULER_PORT = 26259

# By loopback, so that what is left of a client never looks for a cluster that is down anywhere but on this machine.
API_URL = f"https://{LOOPBACK}:{API_PORT}"

MAX_PODS = 200

# Our own corner of the cgroup tree: whatever runs below it is ours to end.
CGROUP = "/inspect-operator"
CNI_NETWORK = "inspect-operator"
CHAIN_PREFIX = "INSPECT-OPERATOR"
