"""List and watch: what changed, what went, also while nobody was looking."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from tests.unit import cluster_in_memory

from inspect_operator import errors
from inspect_operator.cluster import client, resources, watch

Told = tuple[str, bool]


class Scripted(cluster_in_memory.Cluster):
    """Each watch tells what the script says: changes, or an error that ends it; after the last it tells nothing."""

    def __init__(self, *script: list[tuple[str, Any] | errors.InspectError]) -> None:
        super().__init__()
        self.script = list(script)
        self.versions: list[str] = []

    async def watch(
        self, resource: resources.Resource, namespace: str, *, fields: str = "", selector: str = "", version: str = ""
    ) -> AsyncGenerator[tuple[str, client.Object], None]:
        self.versions.append(version)
        if not self.script:
            await asyncio.get_running_loop().create_future()
        for told in self.script.pop(0):
            if isinstance(told, errors.InspectError):
                self.objects.pop(("Job", "default", "goes"), None)
                raise told
            yield told


def _job(name: str) -> client.Object:
    metadata = {"name": name, "namespace": "default", "uid": name, "ownerReferences": [{"uid": "cron"}]}
    return {"kind": "Job", "metadata": metadata, "spec": {"large": "x"}}


async def _follow(cluster: Scripted, until: Told) -> tuple[list[Told], list[str]]:
    told: list[Told] = []
    failures: list[str] = []
    bodies: list[client.Object] = []
    seen = asyncio.Event()

    def notice(body: client.Object, deleted: bool) -> None:
        told.append((body["metadata"]["name"], deleted))
        bodies.append(body)
        if told[-1] == until:
            seen.set()

    task = asyncio.create_task(
        watch.follow(cluster, resources.JOBS, "", "", notice, lambda error: failures.append(str(error)))
    )
    async with asyncio.timeout(10):
        await seen.wait()
    task.cancel()
    assert all(body["metadata"]["ownerReferences"] == [{"uid": "cron"}] for body in bodies)
    return told, failures


async def test_what_went_while_the_watch_was_broken_is_told(monkeypatch: Any) -> None:
    monkeypatch.setattr(watch, "FIRST_PAUSE_SECONDS", 0.01)
    cluster = Scripted([errors.ClusterUnavailable("reset")])
    cluster.put(_job("stays"))
    cluster.put(_job("goes"))
    told, failures = await _follow(cluster, ("goes", True))
    assert told[:2] == [("goes", False), ("stays", False)]
    assert ("goes", True) in told
    assert failures == ["reset"]


async def test_a_forgotten_version_is_followed_by_a_list() -> None:
    cluster = Scripted([client.NotFound("410 too old")])
    cluster.put(_job("goes"))
    told, failures = await _follow(cluster, ("goes", True))
    assert told == [("goes", False), ("goes", True)]
    assert not failures, "versions are forgotten now and then: nothing to warn of"


async def test_a_watch_that_ended_goes_on_where_it_was() -> None:
    item = {**_job("new"), "metadata": {**_job("new")["metadata"], "resourceVersion": "70"}}
    bookmark = {"metadata": {"resourceVersion": "99"}}
    cluster = Scripted([("ADDED", item), ("BOOKMARK", bookmark)], [("DELETED", item)])
    told, _ = await _follow(cluster, ("new", True))
    assert told == [("new", False), ("new", True)]
    assert cluster.versions[1] == "99"


async def test_a_list_that_fails_is_heard_and_tried_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(watch, "FIRST_PAUSE_SECONDS", 0.01)
    cluster = Scripted()
    cluster.failing[("list", "Job")] = errors.ClusterForbidden("jobs is forbidden")
    cluster.put(_job("stays"))
    told, failures = await _follow(cluster, ("stays", False))
    assert told == [("stays", False)]
    assert failures == ["jobs is forbidden"]
