"""What tasks become, as people would read it in the cluster."""

from typing import Any

import pytest
from tests.unit import builders, golden
from tests.unit.builders import modern, original

from inspect_operator.plan import desired, nodes
from inspect_operator.render import chart

SECRET = {"name": "logins", "key": "password"}
DAILY = modern("daily", script="df -h /\n", schedule="0 6 * * 1-5", timeZone="Asia/Shanghai", suspend=True)
NODES = {"nodes": {"selector": {"matchLabels": {"pool": "web"}}, "tolerations": [{"key": "dedicated", "value": "web"}]}}

NODES_THERE = tuple(
    nodes.read(builders.node(name, labels={"pool": "web"}, taints=taints))
    for name, taints in (("node-1", ()), ("node-2", [{"key": "dedicated", "value": "web", "effect": "NoSchedule"}]))
)

#: What is written, and what else decides: the spec, what is known of the cluster, what was there before.
TASKS: dict[str, tuple[builders.Object, dict[str, Any]]] = {
    "script": (modern("disk", script="df -h /\n"), {}),
    "script-with-everything": (
        modern(
            "Disk usage, 磁盘",
            script='#!/usr/bin/env python3\nprint("磁盘 {{ .Values.x }}")\n',
            interpreter="python3",
            args=["--limit", "80%", "-v"],
            results={"format": "junit", "file": "/tmp/$(report).xml"},
            env=[{"name": "LANG", "value": "zh_CN.UTF-8"}, {"name": "SAYS", "value": "yes"}],
            envFrom=[{"configMapRef": {"name": "limits"}}, {"prefix": "API_", "secretRef": {"name": "tokens"}}],
            timeout="1h30m",
            retries=2,
            resources={"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
            nodeSelector={"kubernetes.io/os": "linux"},
            tolerations=[{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
            imagePullSecrets=[{"name": "registry"}],
            serviceAccountName="auditor",
        ),
        {},
    ),
    "script-from": (
        modern("large", scriptFrom={"configMapKeyRef": {"name": "scripts", "key": "large.py"}}, interpreter="python3"),
        {},
    ),
    "image": (
        modern("network", image="registry.example/ping:2", args=["-c", "3"], env=[{"name": "A", "value": "1"}]), {},
    ),
    "image-with-everything": (
        modern(
            "network",
            image="registry.example/ping:2",
            envFrom=[{"secretRef": {"name": "tokens"}}],
            imagePullSecrets=[{"name": "registry"}],
            serviceAccountName="auditor",
            timeout="90s",
            profile="node",
        ),
        {},
    ),
    "nodes": (modern("disk", script="df -h /\n", target=NODES), {"facts": "nodes"}),
    "node-profile": (modern("disk", script="df -h /host\n", profile="node", target={"nodes": {}}), {"facts": "nodes"}),
    "schedule": (DAILY, {}),
    "schedule-and-a-run-asked-for": (DAILY, {"request": "now"}),
    "schedule-on-nodes": (modern("daily", script="df\n", schedule="@daily", target=NODES), {"facts": "nodes"}),
    "hosts": (
        modern(
            "hosts",
            script="uptime\n",
            args=["-p"],
            env=[{"name": "LIMIT", "value": "80 $x"}],
            target={
                "hosts": [
                    {"address": "10.0.0.1", "name": "web1"},
                    {"address": "db.example", "port": 2222, "user": "ops", "passwordFrom": {"secretKeyRef": SECRET}},
                ]
            },
            ssh={
                "privateKeyFrom": {"secretKeyRef": {"name": "logins", "key": "id_ed25519"}},
                "passphraseFrom": {"secretKeyRef": {"name": "logins", "key": "passphrase"}},
                "knownHostsFrom": {"configMapKeyRef": {"name": "known-hosts", "key": "known_hosts"}},
                "jumpHost": {
                    "address": "bastion.example", "passwordFrom": {"secretKeyRef": {"name": "bastion", "key": "p"}},
                },
                "parallelism": 4,
                "connectTimeout": "5s",
                "runTimeout": "1m",
            },
        ),
        {},
    ),
    "check": (modern("disk", check="disk-usage", parameters={"limitPercent": 90, "paths": ["/", "/var"]}), {}),
    "check-on-hosts": (
        modern("disk", check="disk-usage", parameters={"limitPercent": 90}, target=builders.hosts("10.0.0.1")), {},
    ),
    "check-with-own-account": (modern("pods", check="pods-well"), {}),
    "check-in-the-whole-cluster": (modern("pods", check="pods-well", parameters={"allNamespaces": True}), {}),
    "original-source": (original("task1", type="script", source="test.sh", script_location="local"), {}),
    "original-image": (original("task2", type="image", source="try:latest", restart=True), {}),
    "original-hosts": (
        original(
            "task3",
            type="script",
            source="test.sh",
            script_location="remote",
            remote_ips=[
                {"ip": "10.0.0.1", "user": "root", "password": "canary-4711"},
                {"ip": "10.0.0.2", "user": "ops", "password": "canary-4712"},
            ],
        ),
        {},
    ),
    "original-all-nodes": (
        original("task4", type="script", script="uptime\n", script_location="all"), {"facts": "nodes"},
    ),
}  # fmt: skip


def _want(name: str) -> desired.Desired:
    written, also = TASKS[name]
    facts = desired.Facts(nodes=NODES_THERE, profiles=frozenset({"node"})) if "facts" in also else None
    after = builders.want(written) if "request" in also else None
    return builders.want(written, after=after, facts=facts, request=also.get("request", ""))


@pytest.mark.parametrize("name", TASKS)
def test_what_a_task_becomes(renderer: chart.Renderer, name: str) -> None:
    made = renderer.render(_want(name), builders.OWNER).manifests
    assert made
    golden.check(f"{name}.yaml", golden.manifests(made))


def test_passwords_stand_in_no_release(renderer: chart.Renderer) -> None:
    made = golden.manifests(renderer.render(_want("original-hosts"), builders.OWNER).manifests)
    assert "canary" not in made
    assert "night--task3-ssh/password-0" in made, "but where they are found does"
