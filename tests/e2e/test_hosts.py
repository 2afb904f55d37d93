"""Machines that are reached by SSH: one truthful row for each, and no password or key anywhere but in its Secret."""

import base64
import gzip
import json
import os
import pathlib
import socket
from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.e2e.harness import kube, process, sshd

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "original.yaml"
SCRIPT = 'echo "caseName:host, caseDesc:, result:success, resultDesc:on $(hostname), $1, $WORD"; sleep 2\n'
#: Tests side by side leave little of the machine to a pod that asks for nothing, and a handshake is work.
SHARE = {"requests": {"cpu": "200m"}}


@pytest.fixture(scope="session")
def sshd_image(runner_image: str) -> str:
    """Debian's sshd."""
    return sshd.image()


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """Address and port of something on the node that takes connections and says nothing."""
    nodes = json.loads(kube.run("get", "nodes", "-o", "json"))["items"]
    addresses = [
        one["address"] for node in nodes for one in node["status"].get("addresses", ()) if one["type"] == "InternalIP"
    ]
    with socket.create_server((addresses[0], 0)) as server:
        yield addresses[0], server.getsockname()[1]


def test_each_host_tells_its_own_truth_and_no_secret_leaves(
    operator: process.Operator, namespace: str, sshd_image: str, silent: tuple[str, int]
) -> None:
    password, passphrase, control = "canary-Pa55word", "canary-Pa55phrase", "control-canary-env"
    key = sshd.new_key(passphrase)
    by_password = sshd.start(namespace, "by-password", sshd_image, passwords={"root": password})
    by_key = sshd.start(namespace, "by-key", sshd_image, keys={"inspect": [key.public]})
    other = sshd.start(namespace, "other-key", sshd_image, passwords={"root": password})
    known = by_password.known_hosts + by_key.known_hosts + f"[{other.address}]:{other.port} {sshd.new_key().public}\n"
    _secret(namespace, "logins", {"password": password, "key": key.private, "passphrase": passphrase})
    kube.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "known"}, "data": {"hosts": known}}, namespace
    )

    def secret(name: str) -> kube.Object:
        return {"secretKeyRef": {"name": "logins", "key": name}}

    task = {
        "name": "machines",
        "script": SCRIPT,
        "args": ["it's", "two words"],
        "env": [{"name": "WORD", "value": control}],
        "timeout": "2m",
        "resources": SHARE,
        "ssh": {
            "passwordFrom": secret("password"),
            "knownHostsFrom": {"configMapKeyRef": {"name": "known", "key": "hosts"}},
            "connectTimeout": "30s",
            "runTimeout": "10s",
        },
        "target": {
            "hosts": [
                {"name": "by-password", "address": by_password.address, "port": by_password.port},
                {
                    "name": "by-key", "address": by_key.address, "port": by_key.port, "user": "inspect",
                    "privateKeyFrom": secret("key"), "passphraseFrom": secret("passphrase"),
                },
                {"name": "other-key", "address": other.address, "port": other.port},
                {"name": "closed", "address": by_key.address, "port": 9},
                {"name": "silent", "address": silent[0], "port": silent[1]},
                {"name": "no-secret", "address": by_key.address, "port": by_key.port, "passwordFrom": secret("none")},
            ]
        },
    }  # fmt: skip
    operator.start("--log-level", "DEBUG")
    kube.apply(kube.inspect("remote", task), namespace)
    seen = kube.until("the runner's processes", lambda: _processes(b"--hosts"))
    found = kube.finished(namespace, "remote")
    row = kube.row(found, "machines")
    told = {one["target"]: (one["verdict"], one["reason"]) for one in row["targets"]}
    assert told == {
        "by-password": ("success", "Passed"),
        "by-key": ("success", "Passed"),
        "other-key": ("error", "HostKeyMismatch"),
        "closed": ("error", "HostUnreachable"),
        "silent": ("error", "ConnectTimeout"),
        "no-secret": ("error", "SecretMissing"),
    }, row
    assert row["verdict"] == "error"
    assert {(one["target"], one["message"]) for one in row["findings"]} == {
        (name, f"on {name}, it's, {control}") for name in ("by-password", "by-key")
    }
    assert len(by_password.logins()) == 1
    assert len(other.logins()) == 0
    assert by_password.run("ls -A /tmp") == ""

    # The search finds the control, and none of the secrets.
    places = {
        "releases": "".join(_payload(one) for one in kube.items("secrets", namespace, labels="owner=helm")),
        "objects": json.dumps(kube.items("events,configmaps,jobs,pods,inspects", namespace)),
        "processes": seen,
        "log of the operator": operator.log(),
        "log of the runner": kube.run("logs", "-n", namespace, f"job/{row['job']}"),
    }
    assert {place for place, text in places.items() if control in text} >= {"releases", "objects", "log of the runner"}
    assert "WORD" not in places["processes"] or control in places["processes"]
    for canary in (password, passphrase, key.private.splitlines()[1]):
        assert {place for place, text in places.items() if canary in text} == set()


def test_host_that_hangs_ends_at_its_own_time(operator: process.Operator, namespace: str, sshd_image: str) -> None:
    one = sshd.start(namespace, "one", sshd_image, passwords={"root": "p"})
    two = sshd.start(namespace, "two", sshd_image, passwords={"root": "p"})
    _secret(namespace, "logins", {"password": "p"})
    operator.start()
    task = {
        "name": "hang",
        "script": 'echo "begun ok on $(hostname)"; [ "$(hostname)" = one ] || sleep 600',
        "timeout": "2m",
        "resources": SHARE,
        "ssh": {
            "passwordFrom": {"secretKeyRef": {"name": "logins", "key": "password"}},
            "trustOnFirstUse": True,
            "connectTimeout": "30s",
            "runTimeout": "4s",
        },
        "target": {"hosts": [{"name": one.name, "address": one.address, "port": one.port} for one in (one, two)]},
    }
    kube.apply(kube.inspect("hang", task), namespace)
    row = kube.row(kube.finished(namespace, "hang"), "hang")
    told = {target["target"]: (target["verdict"], target["reason"]) for target in row["targets"]}
    assert told == {"one": ("success", "Passed"), "two": ("error", "DeadlineExceeded")}, row
    # Trust on first use says whom it trusted.
    assert all("SHA256:" in target["message"] for target in row["targets"]), row
    kube.until("nothing of it runs on", lambda: "sleep 600" not in two.run("ps -eo args"))


def test_password_that_changes_is_used_from_then_on_and_runs_nothing(
    operator: process.Operator, namespace: str, sshd_image: str
) -> None:
    host = sshd.start(namespace, "host", sshd_image, passwords={"root": "new"})
    operator.start()
    body = _original(host.address, "old")
    body["spec"]["ssh"]["port"] = host.port
    kube.apply(body, namespace)
    row = kube.row(kube.finished(namespace, "myinspect"), "task3")
    assert (row["targets"][0]["verdict"], row["targets"][0]["reason"]) == ("error", "AuthenticationFailed"), row
    uid = row["runUid"]
    body["spec"]["tasks"][0]["task"]["remote_ips"][0]["password"] = "new"
    kube.apply(body, namespace)
    found = kube.finished(namespace, "myinspect")
    assert kube.row(found, "task3")["runUid"] == uid
    kube.until("copied", lambda: _copied(namespace) == "new")
    kube.run("annotate", "inspect", "myinspect", "-n", namespace, "api.practice.com/run-requested-at=now")
    kube.until(
        "run again", lambda: kube.row(kube.get("inspect", namespace, "myinspect") or {}, "task3")["runUid"] != uid
    )
    target = kube.row(kube.finished(namespace, "myinspect"), "task3")["targets"][0]
    assert target["verdict"] == "success", target
    kube.run("delete", "inspect", "myinspect", "-n", namespace, "--timeout=60s")
    assert kube.get("secret", namespace, "myinspect--task3-ssh") is None


def test_original_task3_with_its_fields_filled_in_works_unchanged(
    operator: process.Operator, namespace: str, sshd_image: str
) -> None:
    """The original logs in to port 22; sshd of the test listens there too."""
    canary = "canary-inline-Pa55"
    host = sshd.start(namespace, "host", sshd_image, passwords={"root": canary}, options=["Port 2222", "Port 22"])
    operator.start("--log-level", "DEBUG")
    kube.apply(_original(host.address, canary), namespace)
    found = kube.finished(namespace, "myinspect")
    row = kube.row(found, "task3")
    assert [finding["name"] for finding in row["findings"]] == ["无CPU降频"], row
    assert row["verdict"] == row["findings"][0]["result"]
    assert "spec.ssh.passwordFrom" in row["advice"]
    assert _copied(namespace) == canary  # the search would find it
    owner = (kube.get("secret", namespace, "myinspect--task3-ssh") or {})["metadata"]["ownerReferences"][0]
    assert owner["uid"] == found["metadata"]["uid"]
    assert canary in str(found["spec"])
    for text in (
        json.dumps(found["status"]),
        operator.log(),
        json.dumps(kube.items("events,configmaps,jobs,pods", namespace)),
        "".join(_payload(one) for one in kube.items("secrets", namespace, labels="owner=helm")),
        kube.run("logs", "-n", namespace, f"job/{row['job']}"),
    ):
        assert canary not in text
        assert base64.b64encode(canary.encode()).decode() not in text


def _original(address: str, password: str) -> kube.Object:
    body = yaml.safe_load(EXAMPLE.read_text())
    body["spec"]["tasks"] = body["spec"]["tasks"][2:]
    (host,) = body["spec"]["tasks"][0]["task"]["remote_ips"]
    host |= {"ip": address, "user": "root", "password": password}
    body["spec"] |= {"ssh": {"connectTimeout": "30s"}, "resources": SHARE}
    return dict(body)


def _secret(namespace: str, name: str, data: dict[str, str]) -> None:
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}, namespace)


def _copied(namespace: str) -> str:
    found = kube.get("secret", namespace, "myinspect--task3-ssh") or {"data": {}}
    return base64.b64decode(found["data"].get("password-0", "")).decode()


def _payload(secret: kube.Object) -> str:
    """What Helm stored, readable."""
    raw = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    return gzip.decompress(raw).decode()


def _processes(word: bytes) -> str:
    """Arguments and environment of every process on this machine with `word` among its arguments; the node is here."""
    found = b""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        read: Callable[[str], bytes] = lambda name, folder=folder: (folder / name).read_bytes()  # type: ignore[misc]  # noqa: E731
        try:
            if word in read("cmdline").split(b"\0") and int(folder.name) != os.getpid():
                found += read("cmdline") + b"\n" + read("environ") + b"\n"
        except OSError:
            continue
    return found.replace(b"\0", b" ").decode("utf-8", "replace")
