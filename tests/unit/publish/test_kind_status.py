"""Status of chart-backed objects: operator-sdk's conditions, and how what they hold is."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders

from inspect_operator.publish import dependents, kind_status

FACTS = kind_status.Facts(
    generation=2, now=builders.NOW, release="web", revision=1, up_to_date=True, manifest="---\nkind: X\n", notes="hi\n"
)


def reasons(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one.get("reason", "")) for one in status["conditions"]}


def test_a_first_release_is_told_as_operator_sdk_tells_it() -> None:
    made = kind_status.status(FACTS, {})
    assert reasons(made) == {
        "Initialized": ("True", ""),
        "Deployed": ("True", "InstallSuccessful"),
        "Ready": ("True", "AllReady"),
    }
    assert made["deployedRelease"] == {"name": "web", "manifest": "---\nkind: X\n"}
    assert made["observedGeneration"] == 2
    assert next(one for one in made["conditions"] if one["type"] == "Deployed")["message"] == "hi"
    upgraded = kind_status.status(dataclasses.replace(FACTS, revision=2), made)
    assert reasons(upgraded)["Deployed"] == ("True", "UpgradeSuccessful")


def test_an_unchanged_state_is_an_equal_status_whatever_the_time() -> None:
    made = kind_status.status(FACTS, {})
    later = dataclasses.replace(FACTS, now=builders.NOW.replace(year=2030))
    assert kind_status.status(later, made) == made


def test_a_failed_upgrade_keeps_what_is_deployed_and_says_what_helm_said() -> None:
    made = kind_status.status(dataclasses.replace(FACTS, up_to_date=False, failed=("UpgradeError", "helm's words")), {})
    assert reasons(made)["Deployed"] == ("True", "InstallSuccessful")
    assert reasons(made)["ReleaseFailed"] == ("True", "UpgradeError")
    assert reasons(made)["Ready"] == ("False", "UpgradeError")
    (event,) = kind_status.changes({}, made)
    assert (event.type, event.reason, event.message) == ("Warning", "UpgradeError", "helm's words")
    assert kind_status.changes(made, made) == []


def test_what_is_not_ready_is_named() -> None:
    parts = (
        {"kind": "Deployment", "name": "a", "ready": False, "message": "0/2"},
        {"kind": "Service", "name": "b", "ready": True},
    )
    made = kind_status.status(dataclasses.replace(FACTS, parts=parts), {})
    ready = next(one for one in made["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "DependentsNotReady", "Deployment a: 0/2")


def test_a_manifest_too_long_for_an_object_says_where_it_is() -> None:
    made = kind_status.status(dataclasses.replace(FACTS, manifest="x" * 500_000), {})
    assert "helm get manifest web" in made["deployedRelease"]["manifest"]


def test_an_uninstalled_release_that_is_waited_for_keeps_its_manifest() -> None:
    made = kind_status.status(dataclasses.replace(FACTS, uninstalled=True, waiting=True), {})
    assert reasons(made)["Deployed"] == ("False", "UninstallSuccessful")
    assert made["deployedRelease"]["name"] == "web"
    assert kind_status.status(dataclasses.replace(FACTS, uninstalled=True), {})["deployedRelease"] is None


@pytest.mark.parametrize(
    ("live", "ready", "message"),
    [
        ({"kind": "StatefulSet", "spec": {}, "status": {"readyReplicas": 1, "updatedReplicas": 1}}, True, "1/1"),
        (
            {"kind": "Deployment", "spec": {"replicas": 2}, "status": {"readyReplicas": 2, "updatedReplicas": 1}},
            False, "2/2, 1 updated",
        ),
        ({"kind": "Deployment", "spec": {"replicas": 0}, "status": {}}, True, "0/0"),
        (
            {"kind": "Deployment", "metadata": {"generation": 3}, "spec": {"replicas": 1},
             "status": {"observedGeneration": 2, "readyReplicas": 1, "updatedReplicas": 1}}, False, "1/1",
        ),
        ({"kind": "DaemonSet", "status": {"desiredNumberScheduled": 3, "numberReady": 1}}, False, "1/3, 0 updated"),
        ({"kind": "Job", "status": {"conditions": [{"type": "Complete", "status": "True"}]}}, True, "complete"),
        ({"kind": "Job", "status": {}}, False, "not complete yet"),
        ({"kind": "CronJob", "spec": {"schedule": "@daily"}}, True, "@daily"),
        ({"kind": "Service", "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 8}]}}, True, "ClusterIP 10.0.0.1:8"),
        ({"kind": "Service", "spec": {"type": "LoadBalancer"}}, False, "LoadBalancer"),
        ({"kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}, False, "Pending"),
        (
            {"kind": "Certificate", "status": {"conditions": [{"type": "Ready", "status": "False", "message": "no"}]}},
            False, "no",
        ),
        ({"kind": "ConfigMap"}, True, ""),
        (None, False, "not there"),
    ],
)  # fmt: skip
def test_each_kind_says_how_it_is(live: dict[str, Any] | None, ready: bool, message: str) -> None:
    item = {"apiVersion": "v1", "kind": (live or {"kind": "X"})["kind"], "metadata": {"name": "n"}}
    if live is not None:
        live = {"metadata": {}, **live}
    made = dependents.dependent(item, live)
    assert made["ready"] is ready
    assert made.get("message", "").startswith(message)
