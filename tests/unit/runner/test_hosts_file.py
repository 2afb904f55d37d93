"""The hosts file: what may be left out, and what is refused before anything is connected to."""

from pathlib import Path
from typing import Any

import pytest

from inspect_operator.runner import hosts

WEB = {"name": "web1", "address": "10.0.0.5", "user": "root"}


def test_only_name_address_and_user_are_needed() -> None:
    settings = ("parallelism", "connectTimeoutSeconds", "runTimeoutSeconds", "trustOnFirstUse", "knownHosts", "env")
    nothing = dict.fromkeys(settings) | {"hosts": [WEB | {"port": None, "jump": None, "keyFile": None}]}
    expected = hosts.Hosts(hosts=(hosts.Host("web1", hosts.Login("10.0.0.5", "root")),))
    assert hosts.parse(nothing) == expected
    assert hosts.parse({"hosts": [WEB]}) == expected
    assert (expected.parallelism, expected.connect_timeout_seconds, expected.hosts[0].login.port) == (10, 10.0, 22)
    assert not expected.trust_on_first_use


def test_all_of_it_is_read() -> None:
    gate = {"address": "gate", "port": 2222, "user": "jump", "keyFile": "/k", "passphraseFile": "/p"}
    read = hosts.parse(
        {
            "parallelism": 3,
            "connectTimeoutSeconds": 1.5,
            "runTimeoutSeconds": 600,
            "trustOnFirstUse": True,
            "knownHosts": "/ssh/configmaps/known/known_hosts",
            "env": [["A", "1"], ["B.c-d", ""]],
            "hosts": [WEB | {"port": 8022, "passwordFile": "/ssh/secrets/web/password", "jump": gate, "new": 1}],
            "fieldOfTheFuture": 1,
        }
    )
    login = hosts.Login("10.0.0.5", "root", 8022, password_file=Path("/ssh/secrets/web/password"))
    jump = hosts.Login("gate", "jump", 2222, key_file=Path("/k"), passphrase_file=Path("/p"))
    assert read == hosts.Hosts(
        (hosts.Host("web1", login, jump),), 3, 1.5, 600.0, True, Path("/ssh/configmaps/known/known_hosts"),
        (("A", "1"), ("B.c-d", "")),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "the hosts file must be an object"),
        ({}, "hosts: 0 of them"),
        ({"hosts": []}, "hosts: 0 of them"),
        ({"hosts": {}}, "hosts must be a list"),
        ({"hosts": [WEB] * 1001}, "hosts: 1001 of them"),
        ({"hosts": ["web1"]}, "hosts[0] must be an object"),
        ({"hosts": [WEB, WEB]}, "the name web1 stands there twice"),
        ({"hosts": [WEB | {"name": ""}]}, "hosts[0].name must be a text"),
        ({"hosts": [WEB | {"name": "a\nb"}]}, "hosts[0].name must be a text"),
        ({"hosts": [WEB | {"name": "a\u2028b"}]}, "hosts[0].name must be a text"),
        ({"hosts": [WEB | {"name": "x" * 254}]}, "hosts[0].name must be a text"),
        ({"hosts": [WEB | {"address": None}]}, "hosts[0].address must be a text"),
        ({"hosts": [WEB | {"user": 0}]}, "hosts[0].user must be a text"),
        ({"hosts": [WEB | {"port": 0}]}, "hosts[0].port must be a whole number from 1 to 65535"),
        ({"hosts": [WEB | {"port": 65536}]}, "hosts[0].port"),
        ({"hosts": [WEB | {"port": "22"}]}, "hosts[0].port"),
        ({"hosts": [WEB | {"port": True}]}, "hosts[0].port"),
        ({"hosts": [WEB | {"passwordFile": "relative"}]}, "hosts[0].passwordFile must be an absolute path"),
        ({"hosts": [WEB | {"keyFile": "/a\0b"}]}, "hosts[0].keyFile must be an absolute path"),
        ({"hosts": [WEB | {"jump": "gate"}]}, "hosts[0] must be an object"),
        ({"hosts": [WEB | {"jump": {"address": "gate"}}]}, "hosts[0].jump.user must be a text"),
        ({"hosts": [WEB], "parallelism": 0}, "parallelism must be a whole number from 1 to 100"),
        ({"hosts": [WEB], "parallelism": 2.5}, "parallelism"),
        ({"hosts": [WEB], "connectTimeoutSeconds": 0}, "connectTimeoutSeconds must be a number of seconds"),
        ({"hosts": [WEB], "runTimeoutSeconds": -1}, "runTimeoutSeconds must be a number of seconds"),
        ({"hosts": [WEB], "runTimeoutSeconds": float("nan")}, "runTimeoutSeconds"),
        ({"hosts": [WEB], "runTimeoutSeconds": float("inf")}, "runTimeoutSeconds"),
        ({"hosts": [WEB], "trustOnFirstUse": "no"}, "trustOnFirstUse must be true or false"),
        ({"hosts": [WEB], "env": [["A"]]}, "env[0] must be a pair"),
        ({"hosts": [WEB], "env": [["A", 1]]}, "env[0] must be a pair"),
        ({"hosts": [WEB], "env": [["-u", "x"]]}, "cannot be the name of a variable"),
        ({"hosts": [WEB], "env": [["A=B", "x"]]}, "cannot be the name of a variable"),
        ({"hosts": [WEB], "env": [["A", "x\0"]]}, "the value of A is no text"),
        ({"hosts": [WEB], "env": [["A", "\ud800"]]}, "the value of A is no text"),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(data: Any, words: str) -> None:
    with pytest.raises(hosts.HostsInvalid) as refused:
        hosts.parse(data)
    assert words in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100000])
def test_a_file_that_is_no_json_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hosts.json"
    path.write_bytes(content)
    with pytest.raises(hosts.HostsInvalid, match="is no JSON"):
        hosts.read(path)
    with pytest.raises(hosts.HostsInvalid, match="No such file"):
        hosts.read(tmp_path / "none")
