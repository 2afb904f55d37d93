"""The pods' bridge, and the few firewall rules that let pods out and answers in. All removed again by `down`."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from embedded import shell, topology

_MASQUERADE = f"{topology.CHAIN_PREFIX}-MASQ"
_FORWARD = f"{topology.CHAIN_PREFIX}-FORWARD"
_INPUT = f"{topology.CHAIN_PREFIX}-INPUT"
_LOCAL_ONLY = (
    f"-i {topology.BRIDGE} -j RETURN",
    "-i lo -j RETURN",
    f"-p tcp -m tcp --dport {topology.API_PORT} -j REJECT",
)


@dataclass(frozen=True)
class Chain:
    """A chain of ours, the built-in chain that jumps to it, and its rules."""

    table: str
    parent: str
    name: str
    rules: tuple[str, ...]
    tool: str = "iptables"


CHAINS = (
    # The API server has to listen on two addresses, and can only listen on one or on all.
    Chain("filter", "INPUT", _INPUT, _LOCAL_ONLY),
    Chain("filter", "INPUT", _INPUT, _LOCAL_ONLY, "ip6tables"),
    # What leaves the pods' network takes the machine's address, or no answer would find its way back.
    Chain(
        "nat",
        "POSTROUTING",
        _MASQUERADE,
        (f"-s {topology.POD_NETWORK} ! -d {topology.POD_NETWORK} -j MASQUERADE",),
    ),
    # Some machines drop what they are asked to forward (Docker sets that policy).
    Chain(
        "filter",
        "FORWARD",
        _FORWARD,
        (f"-i {topology.BRIDGE} -j ACCEPT", f"-o {topology.BRIDGE} -j ACCEPT"),
    ),
)


def overlaps(routes: list[dict[str, object]]) -> list[str]:
    """Routes (as `ip -json route` lists them) that meet our networks, each as `NETWORK dev DEVICE`."""
    found = []
    for route in routes:
        if route.get("dst") in (None, "default") or route.get("dev") == topology.BRIDGE:
            continue
        network = ipaddress.ip_network(str(route["dst"]), strict=False)
        # 0.0.0.0/1 and the like are how a VPN says "default"; a longer prefix of ours wins over them.
        if network.version == 4 and network.prefixlen >= 8:
            ours = (topology.POD_NETWORK, topology.SERVICE_NETWORK)
            if any(network.overlaps(mine) for mine in ours):
                found.append(f"{network} dev {route.get('dev')}")
    return found


def routes() -> list[dict[str, object]]:
    """The machine's IPv4 routes."""
    listed: list[dict[str, object]] = json.loads(shell.run(["ip", "-json", "-4", "route", "show"]) or "[]")
    return listed


def raise_bridge() -> None:
    """Makes the bridge with the node's address, and our chains; what is there already stays."""
    bridge, address = topology.BRIDGE, f"{topology.NODE_ADDRESS}/{topology.POD_NETWORK.prefixlen}"
    if not bridge_exists():
        shell.run(["ip", "link", "add", bridge, "type", "bridge"])
    shell.run(["ip", "address", "replace", address, "dev", bridge])
    shell.run(["ip", "link", "set", bridge, "up"])
    # Otherwise packets to a Service that kube-proxy does not know (yet) would leave by the default route.
    shell.run(["ip", "route", "replace", str(topology.SERVICE_NETWORK), "dev", bridge, "src", topology.NODE_ADDRESS])
    for chain in _chains():
        table = _table(chain)
        if not shell.succeeds([*table, "-n", "-L", chain.name]):
            shell.run([*table, "-N", chain.name])
        for rule in chain.rules:
            if not shell.succeeds([*table, "-C", chain.name, *rule.split()]):
                shell.run([*table, "-A", chain.name, *rule.split()])
        if not shell.succeeds([*table, "-C", chain.parent, "-j", chain.name]):
            shell.run([*table, "-I", chain.parent, "-j", chain.name])


def is_raised() -> bool:
    """Whether the bridge and every rule of ours are there."""
    wanted = [[*_table(chain), "-C", chain.parent, "-j", chain.name] for chain in _chains()]
    wanted += [[*_table(chain), "-C", chain.name, *rule.split()] for chain in _chains() for rule in chain.rules]
    return bridge_exists() and all(shell.succeeds(command) for command in wanted)


def _table(chain: Chain) -> list[str]:
    return [chain.tool, "-w", "-t", chain.table]


def _chains() -> list[Chain]:
    """Those that this machine's kernel can have."""
    has_ipv6 = Path("/proc/net/if_inet6").exists()
    return [chain for chain in CHAINS if chain.tool == "iptables" or has_ipv6]


def bridge_exists() -> bool:
    """Whether the bridge is there."""
    return shell.succeeds(["ip", "link", "show", topology.BRIDGE])


def remove_bridge() -> None:
    """Undoes raise_bridge; also when only half of it is there."""
    for chain in _chains():
        table = _table(chain)
        while shell.succeeds([*table, "-D", chain.parent, "-j", chain.name]):
            pass
        if shell.succeeds([*table, "-F", chain.name]):
            shell.run([*table, "-X", chain.name])
    if bridge_exists():
        shell.run(["ip", "link", "delete", topology.BRIDGE])
