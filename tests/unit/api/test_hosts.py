"""The hosts of a task in either spelling: how they are reached, and that no password is shown."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator import errors
from inspect_operator.api import inspect
from inspect_operator.api import task as tasks

Object = dict[str, Any]
Login = tasks.Login


def secret(key: str, name: str = "logins") -> Object:
    return {"secretKeyRef": {"name": name, "key": key}}


def ref(key: str, name: str = "logins") -> tasks.KeyRef:
    return tasks.KeyRef("Secret", name, key)


PASSWORD, KEY, PHRASE = secret("password"), secret("key"), secret("phrase")
COMMON = {"passwordFrom": PASSWORD}


def on(*listed: Object, **fields: Any) -> Object:
    """A task on these hosts in the modern spelling."""
    return modern(target={"hosts": list(listed)}, **fields)


def remote(*listed: Object, **fields: Any) -> Object:
    """The same in the original spelling."""
    where = {"script_location": "remote", "remote_ips": list(listed)}
    return original(**{"type": "script", "script": "true", **where, **fields})


def test_everything_that_is_said_of_a_host_arrives() -> None:
    jump: Object = {"address": "gate", "port": 222, "user": "j", "privateKeyFrom": KEY, "passphraseFrom": PHRASE}
    written: Object = {"name": "db-1", "address": "fe80::1%eth0", "port": 2222, "user": "inspector",
                       "passwordFrom": PASSWORD, "privateKeyFrom": secret("key", "own"),
                       "passphraseFrom": secret("phrase", "own"), "jumpHost": jump}  # fmt: skip
    assert builders.task(on(written)).hosts == (
        tasks.Host(
            "db-1",
            Login("fe80::1%eth0", 2222, "inspector", ref("password"), ref("key", "own"), ref("phrase", "own")),
            Login("gate", 222, "j", None, ref("key"), ref("phrase")),
        ),
    )


def test_what_a_host_does_not_say_is_taken_from_ssh() -> None:
    ssh: Object = {"port": 2222, "user": "all", "privateKeyFrom": KEY, "passphraseFrom": PHRASE,
                   "jumpHost": {"address": "gate", **COMMON}}  # fmt: skip
    made = builders.task(on({"address": "a"}, {"address": "b", "port": 22, "user": "me", "name": "second"}, ssh=ssh))
    gate = Login("gate", 22, "root", ref("password"))
    secrets = (None, ref("key"), ref("phrase"))
    assert made.hosts == (
        tasks.Host("a", Login("a", 2222, "all", *secrets), gate),
        tasks.Host("second", Login("b", 22, "me", *secrets), gate),
    )


def test_a_host_that_is_told_nothing_is_root_at_port_22() -> None:
    (host,) = builders.task(on({"address": "a", **COMMON})).hosts
    assert host == tasks.Host("a", Login("a", 22, "root", ref("password")), None)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, (ref("password"), ref("key"), ref("phrase"))),
        ({"passwordFrom": secret("own")}, (ref("own"), None, None)),
        ({"privateKeyFrom": secret("own")}, (None, ref("own"), None)),
        ({"privateKeyFrom": secret("own"), "passphraseFrom": secret("o")}, (None, ref("own"), ref("o"))),
    ],
)
def test_a_host_with_a_secret_of_its_own_gets_none_of_the_others(
    own: Object, expected: tuple[tasks.KeyRef | None, ...]
) -> None:
    """A password that is meant for other machines isn't shown to this one."""
    ssh = {"passwordFrom": PASSWORD, "privateKeyFrom": KEY, "passphraseFrom": PHRASE}
    (host,) = builders.task(on({"address": "a", **own}, ssh=ssh)).hosts
    assert (host.login.password, host.login.private_key, host.login.passphrase) == expected


def test_a_jump_host_takes_nothing_that_is_said_for_the_hosts() -> None:
    ssh = {"port": 2222, "user": "all", **COMMON}
    jump = {"address": "gate", "privateKeyFrom": KEY}
    (host,) = builders.task(on({"address": "a", "jumpHost": jump}, ssh=ssh)).hosts
    assert host.jump == Login("gate", 22, "root", None, ref("key"))


def test_a_hosts_own_jump_host_wins() -> None:
    ssh = {"jumpHost": {"address": "gate", **COMMON}, **COMMON}
    own = {"address": "b", "jumpHost": {"address": "own", **COMMON}}
    first, second = builders.task(on({"address": "a"}, own, ssh=ssh)).hosts
    assert [host.jump.address for host in (first, second) if host.jump] == ["gate", "own"]


def test_how_hosts_are_reached_by_default() -> None:
    made = builders.task(on({"address": "a", **COMMON}, timeout="2m"))
    assert made.ssh == tasks.Ssh(None, False, 10, 10, 120)


@pytest.mark.parametrize(
    ("known_hosts", "kind"),
    [
        ({"secretKeyRef": {"name": "keys", "key": "known_hosts"}}, "Secret"),
        ({"configMapKeyRef": {"name": "keys", "key": "known_hosts"}}, "ConfigMap"),
    ],
)
def test_how_hosts_are_reached_may_all_be_said(known_hosts: Object, kind: str) -> None:
    ssh = {"knownHostsFrom": known_hosts, "trustOnFirstUse": True, "parallelism": 64, "connectTimeout": "1m5s",
           "runTimeout": "1h"}  # fmt: skip
    expected = tasks.Ssh(tasks.KeyRef(kind, "keys", "known_hosts"), True, 64, 65, 3600)
    host = {"address": "a", **COMMON}
    assert builders.task(on(host, ssh=ssh)).ssh == builders.task(on(host), ssh=ssh).ssh == expected
    assert builders.task(remote({"ip": "a", "password": "x"}), ssh=ssh).ssh == expected


def test_a_tasks_own_ssh_takes_the_place_of_the_specs() -> None:
    spec = {"user": "all", "parallelism": 2, **COMMON}
    (host,) = builders.task(on({"address": "a"}, ssh={"privateKeyFrom": KEY}), ssh=spec).hosts
    assert host.login == Login("a", 22, "root", None, ref("key"))


@pytest.mark.parametrize(
    ("ssh", "modern_trusts", "original_trusts"),
    [
        ({}, False, True),
        ({"knownHostsFrom": secret("known_hosts")}, False, False),
        ({"trustOnFirstUse": False}, False, False),
        ({"trustOnFirstUse": True}, True, True),
        ({"knownHostsFrom": secret("known_hosts"), "trustOnFirstUse": True}, True, True),
    ],
)
def test_an_unknown_key_of_a_host_is_accepted_where_it_is_said_or_cannot_be(
    ssh: Object, modern_trusts: bool, original_trusts: bool
) -> None:
    """The original spelling has no word for keys, and its Inspects must go on working."""
    assert builders.task(on({"address": "a", **COMMON}), ssh=ssh).ssh.trust_on_first_use is modern_trusts
    assert builders.task(remote({"ip": "a", "password": "x"}), ssh=ssh).ssh.trust_on_first_use is original_trusts


def test_original_hosts_have_their_own_password_or_what_the_spec_says() -> None:
    ssh: Object = {"port": 2222, "user": "all", "privateKeyFrom": KEY, "jumpHost": {"address": "gate", **COMMON}}
    listed = [{"ip": "10.0.0.1", "user": "me", "password": "s3cret"}, {"ip": "10.0.0.2", "password": ""}]
    first, second = builders.task(remote(*listed), ssh=ssh).hosts
    assert first.login == Login("10.0.0.1", 2222, "me")
    assert (first.login.inline_password, first.login.private_key) == ("s3cret", None)
    assert second.login == Login("10.0.0.2", 2222, "all", None, ref("key"))
    assert second.login.inline_password == ""
    assert first.jump == second.jump == Login("gate", 22, "root", ref("password"))


def test_a_password_in_the_inspect_shows_nowhere() -> None:
    body = builders.body(remote({"ip": "10.0.0.1", "user": "root", "password": "s3cret"}))
    made = builders.inspection(*body["spec"]["tasks"])
    (host,) = made.tasks[0].hosts
    assert host.login.inline_password == "s3cret"
    for shown in (made, made.tasks, host, host.login, inspect.parse(body), builders.want(body["spec"]["tasks"][0])):
        assert "s3cret" not in repr(shown)
        assert "s3cret" not in str(shown)
        assert "s3cret" not in f"{shown}"


REFUSED: list[tuple[str, Object, Object, str]] = [
    ("no hosts", on(), {}, "spec.tasks[0].target.hosts: "),
    ("too many", on(*({"address": f"h{number}", **COMMON} for number in range(257))), {}, "spec.tasks[0].target.hosts"),
    ("no address", on({"name": "a", **COMMON}), {}, "spec.tasks[0].target.hosts[0].address"),
    ("an address with a blank", on({"address": "a b", **COMMON}), {}, "spec.tasks[0].target.hosts[0].address"),
    ("a user with a blank", on({"address": "a", "user": "a b", **COMMON}), {}, "spec.tasks[0].target.hosts[0].user"),
    ("port 0", on({"address": "a", "port": 0, **COMMON}), {}, "spec.tasks[0].target.hosts[0].port"),
    ("port 65536", on({"address": "a", "port": 65536, **COMMON}), {}, "spec.tasks[0].target.hosts[0].port"),
    ("a password as text", on({"address": "a", "password": "x"}), {}, "spec.tasks[0].target.hosts[0].password"),
    (
        "a password in a ConfigMap",
        on({"address": "a", "passwordFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}), {},
        "spec.tasks[0].target.hosts[0].passwordFrom",
    ),
    ("no secret", on({"address": "a", **COMMON}, {"address": "b"}), {}, "spec.tasks[0].target.hosts[1]: no way to log"),
    (
        "a passphrase without its key", on({"address": "a", "passwordFrom": PASSWORD, "passphraseFrom": PHRASE}), {},
        "spec.tasks[0].target.hosts[0].passphraseFrom belongs to privateKeyFrom; give both",
    ),
    (
        "a passphrase here, its key there", on({"address": "a", "passphraseFrom": PHRASE}),
        {"ssh": {"privateKeyFrom": KEY}},
        "spec.tasks[0].target.hosts[0].passphraseFrom belongs to privateKeyFrom; give both",
    ),
    (
        "a passphrase alone in a task's ssh", on({"address": "a"}, ssh={**COMMON, "passphraseFrom": PHRASE}), {},
        "spec.tasks[0].ssh.passphraseFrom belongs to privateKeyFrom; give both",
    ),
    (
        "a passphrase alone in the spec's ssh", on({"address": "a"}), {"ssh": {**COMMON, "passphraseFrom": PHRASE}},
        "spec.ssh.passphraseFrom belongs to privateKeyFrom; give both",
    ),
    (
        "a jump host without a secret", on({"address": "a", **COMMON, "jumpHost": {"address": "gate"}}), {},
        "spec.tasks[0].target.hosts[0].jumpHost: no way to log in; give passwordFrom or privateKeyFrom there",
    ),
    (
        "a jump host's passphrase alone",
        on({"address": "a", **COMMON, "jumpHost": {"address": "gate", **COMMON, "passphraseFrom": PHRASE}}), {},
        "spec.tasks[0].target.hosts[0].jumpHost.passphraseFrom belongs to privateKeyFrom; give both",
    ),
    (
        "the spec's jump host without a secret", on({"address": "a"}),
        {"ssh": {**COMMON, "jumpHost": {"address": "gate"}}}, "spec.ssh.jumpHost: no way to log in",
    ),
    (
        "a task's jump host without a secret", on({"address": "a"}, ssh={**COMMON, "jumpHost": {"address": "gate"}}),
        {}, "spec.tasks[0].ssh.jumpHost: no way to log in",
    ),
    (
        "one address twice", on({"address": "b", **COMMON}, {"address": "a", **COMMON}, {"address": "b", **COMMON}),
        {}, "spec.tasks[0].target.hosts: b stands there more than once; give each host a name",
    ),
    (
        "a name that is another's address", on({"address": "b", **COMMON}, {"address": "a", "name": "b", **COMMON}),
        {}, "spec.tasks[0].target.hosts: b stands there more than once",
    ),
    (
        "no time to connect", on({"address": "a"}), {"ssh": {**COMMON, "connectTimeout": "0s"}},
        "spec.ssh.connectTimeout: '0s' is no time at all",
    ),
    (
        "no time to run", on({"address": "a"}, ssh={**COMMON, "runTimeout": "0m"}), {},
        "spec.tasks[0].ssh.runTimeout: '0m' is no time at all",
    ),
    ("none at once", on({"address": "a", **COMMON}, ssh={"parallelism": 0}), {}, "spec.tasks[0].ssh.parallelism"),
    ("too many at once", on({"address": "a", **COMMON}), {"ssh": {"parallelism": 65}}, "spec.ssh.parallelism"),
    ("an unknown word", on({"address": "a", **COMMON}), {"ssh": {"password": "x"}}, "spec.ssh.password"),
    (
        "an image", modern(image="try:1", target={"hosts": [{"address": "a", **COMMON}]}), {},
        "spec.tasks[0]: an image runs in a pod, not on hosts",
    ),
    (
        "the environment of an object", on({"address": "a", **COMMON}, envFrom=[{"secretRef": {"name": "s"}}]), {},
        "spec.tasks[0].envFrom would stay in the pod",
    ),
    (
        "an account", on({"address": "a", **COMMON}, serviceAccountName="reader"), {},
        "spec.tasks[0].serviceAccountName: a task on hosts has no use for an account",
    ),
    ("a profile", on({"address": "a", **COMMON}, profile="node"), {}, "spec.tasks[0]: a profile is about nodes"),
    ("original: no hosts", remote(), {}, "spec.tasks[0].task.remote_ips is missing: name the hosts"),
    (
        "original: no list of hosts", original(type="script", script="true", script_location="remote"), {},
        "spec.tasks[0].task.remote_ips is missing: name the hosts",
    ),
    (
        "original: no address", remote({"ip": "a", "password": "x"}, {"password": "x"}), {},
        "spec.tasks[0].task.remote_ips[1].ip is missing",
    ),
    (
        "original: no password", remote({"ip": "a", "user": "me"}), {},
        "spec.tasks[0].task.remote_ips[0]: no way to log in",
    ),
    (
        "original: one address twice", remote(*({"ip": "a", "password": word} for word in "xy")), {},
        "spec.tasks[0].task.remote_ips: a stands there more than once",
    ),
    (
        "original: a jump host without a secret", remote({"ip": "a", "password": "x"}),
        {"ssh": {"jumpHost": {"address": "gate"}}}, "spec.ssh.jumpHost: no way to log in",
    ),
    (
        "original: a passphrase alone", remote({"ip": "a", "password": "x"}), {"ssh": {"passphraseFrom": PHRASE}},
        "spec.ssh.passphraseFrom belongs to privateKeyFrom; give both",
    ),
    (
        "original: no time to connect", remote({"ip": "a", "password": "x"}), {"ssh": {"connectTimeout": "0s"}},
        "spec.ssh.connectTimeout: '0s' is no time at all",
    ),
    (
        "original: a check that asks Kubernetes", remote({"ip": "a", "password": "x"}, script="", source="everywhere"),
        {}, "spec.tasks[0].task: the check everywhere asks the Kubernetes API",
    ),
    (
        "original: a profile", remote({"ip": "a", "password": "x"}), {"profile": "node"},
        "spec.tasks[0].task: a profile is about nodes",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("written", "spec", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_hosts_are_refused_by_the_name_of_their_field(written: Object, spec: Object, words: str) -> None:
    with pytest.raises(errors.SpecInvalid) as refused:
        builders.task(written, **spec)
    assert str(refused.value).startswith(words)


def test_256_hosts_are_taken() -> None:
    assert len(builders.task(on(*({"address": f"h{number}", **COMMON} for number in range(256)))).hosts) == 256
