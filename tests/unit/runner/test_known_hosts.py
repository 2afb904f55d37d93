"""Whose key is known: the file format of sshd(8), looked up as ssh does."""

import base64
import hashlib
import hmac

import pytest

from inspect_operator.runner import known_hosts
from inspect_operator.runner.known_hosts import Standing


def blob(kind: str, content: str) -> bytes:
    return len(kind).to_bytes(4, "big") + kind.encode() + content.encode()


def line(names: str, key: bytes, kind: str = "ssh-ed25519", marker: str = "") -> str:
    return f"{marker + ' ' if marker else ''}{names} {kind} {base64.b64encode(key).decode()} a comment\n"


def hashed(name: str) -> str:
    salt = b"0123456789abcdef0123"
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


RIGHT, OTHER = blob("ssh-ed25519", "right"), blob("ssh-ed25519", "other")
RSA = blob("ssh-rsa", "right")


def standing(text: str, key: bytes = RIGHT, address: str = "web1.example.com", port: int = 22) -> Standing:
    return known_hosts.lookup(known_hosts.parse(text), address, port).standing(key)


@pytest.mark.parametrize(
    "names",
    [
        "web1.example.com",
        "WEB1.Example.com",
        "db,web1.example.com",
        "*.example.com",
        "web?.example.*",
        hashed("web1.example.com"),
        "*,!web2.example.com",
    ],
)
def test_a_key_is_known_by_name_pattern_and_hash(names: str) -> None:
    assert standing(line(names, RIGHT)) is Standing.KNOWN
    assert standing(line(names, OTHER)) is Standing.DIFFERS
    assert standing(line(names, OTHER) + line(names, RIGHT)) is Standing.KNOWN


@pytest.mark.parametrize(
    "names",
    ["web2.example.com", "*,!web1.*", "web1", "web1?example.com.*", "[web1.example.com]:22", hashed("web1"), "|1|x"],
)
def test_other_names_say_nothing(names: str) -> None:
    assert standing(line(names, RIGHT)) is Standing.UNKNOWN


def test_a_port_of_its_own_is_part_of_the_name() -> None:
    for names in ("[web1.example.com]:2222", hashed("[web1.example.com]:2222"), "[*.example.com]:2222"):
        assert standing(line(names, RIGHT), port=2222) is Standing.KNOWN
        assert standing(line(names, OTHER), port=2222) is Standing.DIFFERS
        assert standing(line(names, RIGHT), port=2223) is Standing.UNKNOWN
        assert standing(line(names, RIGHT)) is Standing.UNKNOWN


def test_a_line_without_the_port_counts_only_for_the_very_key() -> None:
    assert standing(line("web1.example.com", RIGHT), port=2222) is Standing.KNOWN
    assert standing(line("web1.example.com", OTHER), port=2222) is Standing.UNKNOWN


def test_a_known_key_of_another_type_makes_this_one_a_changed_key() -> None:
    assert standing(line("web1.example.com", RSA, "ssh-rsa")) is Standing.DIFFERS
    known = known_hosts.lookup(known_hosts.parse(line("web1.example.com", RSA, "ssh-rsa")), "web1.example.com", 22)
    assert known.types == ("ssh-rsa",)


def test_a_revoked_key_is_refused_though_it_is_known() -> None:
    text = line("web1.example.com", RIGHT) + line("*", RIGHT, marker="@revoked")
    assert standing(text) is Standing.REVOKED
    assert standing(text, port=2222) is Standing.REVOKED
    assert standing(line("web2.*", RIGHT, marker="@revoked") + line("web1.example.com", RIGHT)) is Standing.KNOWN


def test_an_authority_trusts_nothing_and_is_noticed() -> None:
    text = line("*.example.com", RIGHT, marker="@cert-authority")
    assert standing(text) is Standing.UNKNOWN
    assert known_hosts.lookup(known_hosts.parse(text), "web1.example.com", 22).has_authority


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# web1.example.com ssh-ed25519 AAAA",
        "web1.example.com ssh-ed25519",
        "web1.example.com ssh-ed25519 ???",
        "@unheard-of " + line("web1.example.com", RIGHT),
        line("web1.example.com", RIGHT, "ssh-rsa"),  # the key is of another type than the line says
    ],
)
def test_what_is_no_entry_trusts_nothing(text: str) -> None:
    assert standing(text) is Standing.UNKNOWN


def test_an_address_of_ipv6_is_written_as_ssh_does() -> None:
    assert known_hosts.written_name("FE80::1", 22) == "fe80::1"
    assert known_hosts.written_name("fe80::1", 2222) == "[fe80::1]:2222"


def test_the_fingerprint_is_that_of_ssh_keygen() -> None:
    key = blob("ssh-ed25519", "") + (32).to_bytes(4, "big") + bytes(32)
    assert (
        known_hosts.fingerprint(key) == "SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk"
    )  # what `ssh-keygen -l` says
