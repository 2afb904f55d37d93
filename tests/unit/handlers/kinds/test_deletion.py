"""The end of an object: its release first, and nothing that is somebody else's."""

import copy
from typing import Any

import pytest
from tests.unit.handlers.kinds import conftest
from tests.unit.handlers.kinds.conftest import Land

from inspect_operator import errors
from inspect_operator.handlers.kinds import deletion
from inspect_operator.plan import kind


async def test_the_release_goes_and_then_the_object(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)
    land.called()
    await land.delete()
    assert land.called() == [("uninstall", "shop")]
    assert land.there("Web") is None
    assert land.cluster.names("Secret") == []
    assert land.cluster.names("Deployment") == []


async def test_only_finalizers_of_ours_are_taken_away(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)
    found = land.cluster.objects[("Web", "default", "shop")]
    others = ["backup.example.com/keep", kind.LEGACY_FINALIZER, *found["metadata"]["finalizers"]]
    land.cluster.put({**found, "metadata": {**found["metadata"], "finalizers": others}})
    await land.settled()
    await land.delete()
    left = land.there("Web")
    assert left is not None
    assert left["metadata"]["finalizers"] == ["backup.example.com/keep"]
    assert land.called()[-1] == ("uninstall", "shop")
    await land.wake()
    assert land.called() == [], "ours is gone: the rest is somebody else's"


async def test_an_object_that_waits_goes_when_nothing_of_its_release_is_left(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "WAIT_SECONDS", 60.0)  # woken by the test
    await land.start()
    await land.apply(replicas=1, annotations={kind.UNINSTALL_WAIT: "true"})
    kept: dict[str, Any] = {}

    def keep(verb: str) -> None:
        """Deployments have a finalizer of their own: helm's end of them is not their end."""
        if verb == "uninstall":
            kept.update(copy.deepcopy(land.cluster.objects[("Deployment", "default", "shop")]))

    land.helm.before = keep
    uninstall = land.helm.uninstall

    async def slowly(release: str, namespace: str, *, timeout_seconds: float) -> None:
        await uninstall(release, namespace, timeout_seconds=timeout_seconds)
        land.cluster.put(kept)

    monkeypatch.setattr(land.helm, "uninstall", slowly)
    await land.delete()
    assert land.conditions()["Deployed"] == ("False", "UninstallSuccessful")
    assert land.message("Deployed") == "Waiting until all resources are deleted."
    assert land.status()["deployedRelease"]["name"] == "shop"
    await land.start()  # a restart in between: the status tells what to wait for
    assert land.there("Web") is not None
    await land.remove("Deployment")
    await land.wake()
    assert land.there("Web") is None


@pytest.mark.parametrize("terminating", [True, False])
async def test_in_a_namespace_that_ends_helm_is_not_called(land: Land, terminating: bool) -> None:
    await land.start()
    await land.apply(replicas=1)
    land.called()
    if terminating:
        metadata = {"name": "default", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["kubernetes"]}
        land.cluster.put({"kind": "Namespace", "metadata": metadata})
    else:
        del land.cluster.objects[("Namespace", "", "default")]
    await land.delete()
    assert land.called() == []
    assert land.there("Web") is None


async def test_a_failed_uninstall_keeps_the_object_and_says_why(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)

    def fail(_: str) -> None:
        raise errors.ReleaseUnavailable("uninstall of shop: the server is on fire")

    land.helm.before = fail
    await land.delete()
    assert land.conditions()["ReleaseFailed"] == ("True", "UninstallError")
    assert land.message("Ready") == "uninstall of shop: the server is on fire"
    land.helm.before = lambda _: None
    await conftest.until("tried again", lambda: land.there("Web") is None)


async def test_a_release_of_that_name_that_is_not_the_objects_stays(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)
    for (found, _, _), item in land.cluster.objects.items():
        if found == "Secret":
            labels = item["metadata"]["labels"]
            item["metadata"]["labels"] = {name: one for name, one in labels.items() if "/" not in name}
    body = land.cluster.objects[("Web", "default", "shop")]
    land.cluster.put({**body, "status": {}})
    await land.start()
    land.called()
    await land.delete()
    assert land.called() == []
    assert land.there("Web") is None
    assert land.there("Deployment") is not None
