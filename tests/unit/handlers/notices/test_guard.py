"""Which addresses notices may be sent to."""

import ipaddress
import random

import pytest

from inspect_operator.handlers.notices import guard

NOTHING = guard.Allowed()
HTTPS = guard.Target("hooks.example.com", 443, tls=True)
HTTP = guard.Target("hooks.example.com", 80, tls=False)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]
)
def test_public_addresses_are_open_by_tls_only(address: str) -> None:
    assert guard.refusal(NOTHING, HTTPS, address) == ""
    assert "only https" in guard.refusal(NOTHING, HTTP, address)


NEVER = [
    "169.254.169.254", "169.254.1.1", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "224.0.0.1", "ff02::1", "0.0.0.0", "::", "fec0::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "::169.254.169.254", "::ffff:0:169.254.169.254",
]  # fmt: skip
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:0:7f00:1"]
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
    "64:ff9b:1::a00:1", "240.0.0.1", "255.255.255.255", "0.1.2.3", "198.18.0.1", "2001:db8::1", "2001::1",
]  # fmt: skip


@pytest.mark.parametrize("address", NEVER + LOOPBACK + PRIVATE)
def test_nothing_else_is_open_by_itself(address: str) -> None:
    assert guard.refusal(NOTHING, HTTPS, address)
    assert address not in guard.refusal(NOTHING, HTTPS, address)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("entry", ["0.0.0.0/0", "::/0", "169.254.0.0/16", "hooks.example.com"])
def test_metadata_and_the_like_stay_closed_whatever_is_listed(address: str, entry: str) -> None:
    allowed = guard.read((entry,))
    assert guard.refusal(allowed, HTTPS, address)
    trusted = guard.Target("hooks.example.com", 443, tls=True, trusted=True)
    assert guard.refusal(allowed, trusted, address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_opens_by_an_entry_of_loopback_only(address: str) -> None:
    assert guard.refusal(guard.read(("0.0.0.0/0", "::/0", "hooks.example.com")), HTTP, address)
    assert guard.refusal(guard.read(("127.0.0.0/8", "::1")), HTTP, address) == ""


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "is_open"),
    [
        ("10.0.0.0/8", "any.example", 80, "10.1.2.3", True),
        ("10.0.0.0/8", "any.example", 80, "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "any.example", 80, "11.1.2.3", False),
        ("am.monitoring.svc", "am.monitoring.svc", 9093, "10.1.2.3", True),
        ("am.monitoring.svc", "AM.Monitoring.svc.", 9093, "10.1.2.3", True),
        ("am.monitoring.svc:9093", "am.monitoring.svc", 9093, "10.1.2.3", True),
        ("am.monitoring.svc:9093", "am.monitoring.svc", 6443, "10.1.2.3", False),
        ("am.monitoring.svc", "xam.monitoring.svc", 9093, "10.1.2.3", False),
        ("*.corp.example", "a.corp.example", 80, "10.1.2.3", True),
        ("*.corp.example", "corp.example", 80, "10.1.2.3", False),
        ("*.corp.example", "evilcorp.example", 80, "10.1.2.3", False),
    ],
)
def test_what_an_administrator_lists_is_open_without_tls(
    entry: str, host: str, port: int, address: str, is_open: bool
) -> None:
    refusal = guard.refusal(guard.read((entry,)), guard.Target(host, port, tls=False), address)
    assert (refusal == "") is is_open


def test_mail_goes_to_ports_of_mail_unless_listed() -> None:
    redis = guard.Target("mail.example.com", 6379, tls=True, mail=True)
    assert "port" in guard.refusal(NOTHING, redis, "1.1.1.1")
    assert guard.refusal(NOTHING, guard.Target("m", 587, tls=True, mail=True), "1.1.1.1") == ""
    assert guard.refusal(guard.read(("mail.example.com",)), redis, "1.1.1.1") == ""


@pytest.mark.parametrize("entry", ["", "a b", "http://x", "x:y", "x:99999", "10.0.0.0/99", "x/y", "*.", "*"])
def test_an_entry_that_is_nothing_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r"neither a host nor|no such port") as raised:
        guard.read((entry,))
    assert repr(entry) in str(raised.value)


def test_no_way_of_writing_an_ipv4_address_in_ipv6_opens_it() -> None:
    numbers = random.Random(7)
    for prefix in ("::ffff:0:0", "64:ff9b::", "::", "::ffff:0:0:0"):
        base = int(ipaddress.IPv6Address(prefix))
        for _ in range(200):
            inner = ipaddress.IPv4Address((10 << 24) + numbers.getrandbits(24))
            assert guard.refusal(NOTHING, HTTPS, str(ipaddress.IPv6Address(base + int(inner))))
