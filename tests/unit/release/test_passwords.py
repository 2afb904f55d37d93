"""Passwords that stand in an Inspect: their copy is made, kept right, taken away, never laid over another Secret."""

import base64
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory, hostile

from inspect_operator import errors
from inspect_operator.release import passwords

KEY = ("Secret", "default", "night--disk-ssh")
WANTED = {"password-0": "canary-4711", "password-1": "käse"}


async def _ensure(cluster: cluster_in_memory.Cluster, wanted: dict[str, str]) -> list[str]:
    """The verbs that changed something."""
    cluster.requests.clear()
    await passwords.ensure(cluster, builders.OWNER, "night--disk", wanted)
    return [verb for verb, _, _ in cluster.requests if verb != "get"]


def _texts(cluster: cluster_in_memory.Cluster) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in cluster.objects[KEY]["data"].items()}


async def test_they_are_copied_into_a_secret_that_goes_with_the_inspect() -> None:
    cluster = cluster_in_memory.Cluster()
    assert await _ensure(cluster, WANTED) == ["create"]
    assert _texts(cluster) == WANTED
    metadata = cluster.objects[KEY]["metadata"]
    assert metadata["ownerReferences"] == [
        {"apiVersion": "api.practice.com/v1alpha1", "kind": "Inspect", "name": "night", "uid": "uid-1"}
    ]
    assert metadata["labels"] == {
        "taskType": "inspect",
        "app.kubernetes.io/instance": "night--disk",
        "api.practice.com/inspect": "night",
    }


async def test_the_same_again_writes_nothing() -> None:
    cluster = cluster_in_memory.Cluster()
    await _ensure(cluster, WANTED)
    assert await _ensure(cluster, WANTED) == []


@pytest.mark.parametrize(
    "other", [{"password-0": "new"}, {"password-1": "canary-4711"}, WANTED | {"password-2": "more"}]
)
async def test_what_changed_is_replaced_as_a_whole(other: dict[str, str]) -> None:
    cluster = cluster_in_memory.Cluster()
    await _ensure(cluster, WANTED)
    assert await _ensure(cluster, other) == ["replace"]
    assert _texts(cluster) == other


async def test_a_copy_of_an_inspect_that_is_gone_becomes_ours() -> None:
    """Else Kubernetes would clear it away under the run."""
    cluster = cluster_in_memory.Cluster()
    await _ensure(cluster, WANTED)
    cluster.objects[KEY]["metadata"]["ownerReferences"][0]["uid"] = "uid-0"
    assert await _ensure(cluster, WANTED) == ["replace"]
    assert cluster.objects[KEY]["metadata"]["ownerReferences"][0]["uid"] == "uid-1"


async def test_without_passwords_the_copy_goes() -> None:
    cluster = cluster_in_memory.Cluster()
    assert await _ensure(cluster, {}) == []
    await _ensure(cluster, WANTED)
    assert await _ensure(cluster, {}) == ["delete"]
    assert KEY not in cluster.objects


@pytest.mark.parametrize("labels", [None, {}, {"app.kubernetes.io/instance": "night--other"}])
@pytest.mark.parametrize("wanted", [WANTED, {}])
async def test_a_secret_of_somebody_else_stays(labels: Any, wanted: dict[str, str]) -> None:
    theirs: dict[str, Any] = {"kind": "Secret", "metadata": {"name": KEY[2], "namespace": "default", "labels": labels}}
    cluster = cluster_in_memory.Cluster(theirs)
    before = dict(cluster.objects[KEY])
    if wanted:
        with pytest.raises(errors.ClusterConflict):
            await _ensure(cluster, wanted)
    else:
        await _ensure(cluster, wanted)
    assert cluster.objects[KEY] == before


async def test_what_somebody_writes_at_the_same_time_is_not_overwritten() -> None:
    cluster = cluster_in_memory.Cluster()
    await _ensure(cluster, WANTED)
    get = cluster.get

    async def slow(*args: Any) -> Any:
        found = await get(*args)
        cluster.put(cluster.objects[KEY])
        return found

    cluster.get = slow  # type: ignore[method-assign, assignment]
    with pytest.raises(errors.ClusterConflict):
        await _ensure(cluster, {"password-0": "new"})


async def test_any_text_arrives_as_it_is() -> None:
    cluster = cluster_in_memory.Cluster()
    wanted = {f"password-{number}": text for number, text in enumerate(hostile.TEXTS)}
    await _ensure(cluster, wanted)
    assert _texts(cluster) == wanted


async def test_no_password_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await _ensure(cluster_in_memory.Cluster(), WANTED)
    assert "passwords were copied" in caplog.text
    assert "canary" not in caplog.text
    assert base64.b64encode(b"canary-4711").decode() not in caplog.text
