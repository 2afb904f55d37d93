"""Every kind of task runs where Pod Security enforces *restricted*; what a task may not have is refused in words."""

import pathlib

import pytest
import yaml

from tests.e2e.harness import kube, process

LINUX = {"kubernetes.io/os": "linux"}  # not on the nodes that other tests make up
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # where Kubernetes mounts it
CHECKS = pathlib.Path(__file__).resolve().parents[2] / "checks"


@pytest.fixture
def restricted(namespace: str) -> str:
    """The test's namespace, enforcing restricted."""
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    return namespace


@pytest.mark.timeout(300)
def test_pods_of_every_kind_are_admitted(
    operator: process.Operator, restricted: str, runner_image: str, check_roles: None
) -> None:
    namespace = restricted
    operator.start()
    kube.run(
        "create", "configmap", "scripts", "-n", namespace, "--from-literal=big.py=#!/usr/bin/python3\nprint('x ok 1')"
    )
    kube.run(
        "create", "secret", "generic", "login", "-n", namespace, "--from-literal=password=x", "--from-literal=WORD=w"
    )
    kube.run("create", "serviceaccount", "allowed", "-n", namespace)
    kube.run("label", "serviceaccount", "allowed", "-n", namespace, "api.practice.com/inspect-tasks=allowed")
    secret = {"secretKeyRef": {"name": "login", "key": "password"}}
    shapes: list[kube.Object] = [
        {"name": "script", "script": "echo 'id ok '$(id -u)"},
        {"name": "python", "script": "print('py ok 1')", "interpreter": "python3", "retries": 1},
        {"name": "from", "scriptFrom": {"configMapKeyRef": {"name": "scripts", "key": "big.py"}}},
        {"name": "nodes", "script": "true", "target": {"nodes": {"selector": {"matchLabels": LINUX}}}},
        {"name": "ssh", "script": "true", "target": {"hosts": [{"address": "127.0.0.1", "passwordFrom": secret}]}},
        {"name": "cron", "script": "true", "schedule": "0 3 1 1 *"},
        {
            "name": "account", "script": f"test -s {TOKEN} && echo 'token ok 1'",
            "serviceAccountName": "allowed",
        },
        {"name": "secret env", "script": 'echo "word ok $WORD"', "envFrom": [{"secretRef": {"name": "login"}}]},
        {
            "name": "image", "image": runner_image, "args": ["--interpreter", "sh", "/etc/hostname"],
            "nodeSelector": {"kubernetes.io/os": "linux"}, "tolerations": [{"operator": "Exists"}],
        },
    ]  # fmt: skip
    builtin = [
        {"name": f"check {folder.name}", "check": folder.name, **_needed(folder)}
        for folder in sorted(CHECKS.iterdir())
        if (folder / "check.yaml").is_file() and folder.name != "original" and not _cluster_wide(folder)
    ]
    assert len(builtin) >= 15
    kube.apply(kube.inspect("shapes", *shapes, timeout="1m"), namespace)
    kube.apply(kube.inspect("checks", *builtin, timeout="1m", suspend=False), namespace)
    kube.run("annotate", "inspect", "shapes", "-n", namespace, "api.practice.com/run-requested-at=1 for cron")
    for name in ("shapes", "checks"):
        found = kube.finished(namespace, name, 240)
        reasons = {row["task_name"]: row.get("reason") for row in found["status"]["results"]}
        # A foreign image may run as any user, and restricted doesn't take that: it says so.
        assert {task for task, reason in reasons.items() if reason == "PodSecurity"} <= {"image"}, reasons
        assert "FailedCreate" not in reasons.values(), reasons
        assert kube.condition(found, "Ready")["status"] == "True", found["status"]["conditions"]
    found = kube.finished(namespace, "shapes")
    for name in ("script", "python", "from", "nodes", "account", "secret env"):
        assert kube.row(found, name)["verdict"] == "success", kube.row(found, name)
    kube.until(
        "asked for",
        lambda: kube.row(kube.get("inspect", namespace, "shapes") or {}, "cron").get("verdict") == "success",
    )
    # Without an account no token is mounted; this is what all the others were like.
    pods = kube.items("pods", namespace, labels="taskType=inspect")
    with_token = [one for one in pods if any("projected" in volume for volume in one["spec"]["volumes"])]
    tasks = {one["metadata"]["annotations"]["api.practice.com/task"] for one in with_token}
    assert tasks == {"account", *(one["name"] for one in builtin if _asks(CHECKS / one["check"]))}


def test_what_a_task_may_not_have_is_refused(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.run("create", "serviceaccount", "plain", "-n", namespace)
    tasks: list[kube.Object] = [
        {"name": "profile", "script": "true", "profile": "node"},
        {"name": "account", "script": "true", "serviceAccountName": "plain"},
        {"name": "nobody", "script": "true", "serviceAccountName": "missing"},
        {"name": "wide", "check": "nodes-ready"},
        {"name": "fine", "script": "echo 'fine ok 1'"},
    ]
    kube.apply(kube.inspect("asks", *tasks), namespace)
    found = kube.until("all told", lambda: _all_refused(namespace))
    assert kube.condition(found, "Ready")["reason"] == "NotAllowed"
    words = {name: kube.row(found, name)["message"] for name in ("profile", "account", "nobody", "wide")}
    assert "profile 'node' is not allowed in this namespace" in words["profile"]
    assert "ServiceAccount plain may not be used" in words["account"]
    assert "no ServiceAccount missing" in words["nobody"]
    assert "checks.clusterWideNamespaces" in words["wide"]
    assert kube.row(found, "fine")["verdict"] == "success"
    assert set(kube.releases(namespace)) == {"asks--fine"}
    # It heals once an administrator allows it.
    kube.run("label", "serviceaccount", "plain", "-n", namespace, "api.practice.com/inspect-tasks=allowed")
    kube.until("runs", lambda: kube.row(kube.get("inspect", namespace, "asks") or {}, "account").get("verdict"), 120)


def test_profile_that_is_allowed_sees_the_node(operator: process.Operator, namespace: str) -> None:
    operator.start(settings={"PROFILES": f"node={namespace}"})
    script = """
        [ "$HOST_ROOT" = /host ] && [ -f /host/etc/os-release ] && echo "host-files ok read"
        touch /host/tmp/written 2>/dev/null && echo "host-write error possible" || echo "host-write ok refused"
        [ "$(ps -e | wc -l)" -gt 20 ] && echo "host-processes ok seen"
        chroot /host true && echo "host-chroot ok done"
    """
    task = {
        "name": "look",
        "script": script,
        "profile": "node",
        "target": {"nodes": {"selector": {"matchLabels": LINUX}}},
    }
    kube.apply(kube.inspect("node", task), namespace)
    row = kube.row(kube.finished(namespace, "node"), "look")
    assert {one["name"]: one["result"] for one in row["findings"]} == dict.fromkeys(
        ("host-files", "host-write", "host-processes", "host-chroot"), "success"
    ), row


def _yaml(folder: pathlib.Path) -> kube.Object:
    return dict(yaml.safe_load((folder / "check.yaml").read_text()))


def _asks(folder: pathlib.Path) -> bool:
    return "access" in _yaml(folder)


def _cluster_wide(folder: pathlib.Path) -> bool:
    return _yaml(folder).get("access", {}).get("clusterWide") is True


def _needed(folder: pathlib.Path) -> kube.Object:
    """Parameters that the check can't do without; what they point to need not be there: only admission matters."""
    values = {"urls": ["http://127.0.0.1:9/"], "targets": ["127.0.0.1:9"]}
    required = _yaml(folder).get("required", ())
    assert set(required) <= set(values), f"{folder.name}: {required}"
    return {"parameters": {name: values[name] for name in required}} if required else {}


def _all_refused(namespace: str) -> kube.Object:
    found = kube.get("inspect", namespace, "asks") or {}
    rows = found.get("status", {}).get("results", ())
    refused = [row for row in rows if row.get("reason") == "NotAllowed"]
    return found if len(refused) == 4 and kube.row(found, "fine").get("verdict") else {}
