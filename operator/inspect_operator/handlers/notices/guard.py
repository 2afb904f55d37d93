"""Which addresses notices may be sent to: whoever may write an Inspect chooses the address, and the operator's place in
the network is not theirs to use.

Decided by the address that a connection is really made to, so that neither a name that changes its mind between two
questions nor an odd way of writing an address gets around it. By default https and mail with TLS to public addresses.
An administrator allows more by a list, of which an entry is
    a host name, with a port or without, * standing for its first part:  alerts.monitoring.svc:9093  *.corp.example
    a network or an address:                                            10.20.0.0/16   192.0.2.7
Both allow private addresses and no TLS. Link-local addresses, where clouds have their metadata, stay closed always, and
loopback unless an entry is of loopback itself.
"""

import dataclasses
import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Networks of IPv6 that carry an IPv4 address: its last 32 bits, or those after the prefix (6to4).
_EMBEDDING = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_METADATA = (
    ipaddress.ip_address("169.254.169.254"),
    ipaddress.ip_address("fd00:ec2::254"),
    ipaddress.ip_address("100.100.100.200"),
    ipaddress.ip_address("192.0.0.192"),
)
#: Where mail servers listen; any other port needs an entry, since SMTP's words could be taken for another protocol's.
MAIL_PORTS = (25, 465, 587, 2525)


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a notice is to go: a host as written, a port, and whether TLS protects the way."""

    host: str
    port: int
    tls: bool
    mail: bool = False
    trusted: bool = False  # the administrator wrote this address


@dataclasses.dataclass(frozen=True)
class Allowed:
    """The administrator's list."""

    hosts: tuple[tuple[str, int], ...] = ()  # name in small letters, and port, 0 for any
    networks: tuple[Network, ...] = ()


def read(entries: tuple[str, ...]) -> Allowed:
    """:raises ValueError: an entry is neither a host nor a network; names it"""
    hosts, networks = [], []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry))
            continue
        except ValueError:
            pass
        name, _, port = entry.partition(":")
        labels = name.lower().rstrip(".").removeprefix("*.").split(".")
        if not all(label and label.replace("-", "").replace("_", "").isalnum() for label in labels):
            raise ValueError(f"{entry!r} is neither a host nor a network; write a name, name:port, or 10.0.0.0/8")
        if entry.count(":") and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"{entry!r}: there is no such port")
        hosts.append((name.lower().rstrip("."), int(port or 0)))
    return Allowed(tuple(hosts), tuple(networks))


def refusal(allowed: Allowed, target: Target, address: str) -> str:
    """Why a connection to this address (as text, of the socket) isn't made; empty where it may be. The words don't tell
    the address: where a name of theirs leads to in the cluster's network is not for everybody."""
    real = unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    listed = [network for network in allowed.networks if real.version == network.version and real in network]
    if real in _METADATA or real.is_link_local or real.is_multicast or real.is_unspecified or _site_local(real):
        return "the address is one that notices are never sent to (link-local, metadata, multicast)"
    if real.is_loopback:
        of_loopback = any(network.is_loopback for network in listed)
        return "" if of_loopback else "the address is the operator's own machine"
    if target.trusted or listed or _host_allowed(allowed, target):
        return ""
    if not real.is_global or real in _LOCAL_NAT64:
        return "the address is not public; an administrator can allow it by notices.allow"
    if not target.tls:
        return "only https, or mail with TLS, is allowed; an administrator can allow more by notices.allow"
    if target.mail and target.port not in MAIL_PORTS:
        return "the port is none of a mail server; an administrator can allow it by notices.allow"
    return ""


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.sixtofour is not None:
        return address.sixtofour
    if address in (ipaddress.IPv6Address("::"), ipaddress.IPv6Address("::1")):
        return address
    if any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _site_local(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local


def _host_allowed(allowed: Allowed, target: Target) -> bool:
    host = target.host.lower().rstrip(".")
    for name, port in allowed.hosts:
        fits = host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name
        if fits and port in (0, target.port):
            return True
    return False
