"""Status and events of an object: written when they tell something new."""

import logging

import pytest
from tests.unit.handlers.kinds.conftest import Land

from inspect_operator import errors


async def test_an_unchanged_status_is_not_written(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)
    land.cluster.requests.clear()
    await land.wake()
    await land.start()
    assert [one for one in land.cluster.requests if one[0] == "merge"] == []


async def test_the_status_is_of_the_generation_that_it_tells_of(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)
    assert land.status()["observedGeneration"] == 1
    await land.apply(replicas=2)
    assert land.status()["observedGeneration"] == 2
    since = {one["type"]: one["lastTransitionTime"] for one in land.status()["conditions"]}
    await land.edit("Deployment", replicas=0)
    assert since == {one["type"]: one["lastTransitionTime"] for one in land.status()["conditions"]}


async def test_an_event_that_can_not_be_written_keeps_nobody_waiting(
    land: Land, caplog: pytest.LogCaptureFixture
) -> None:
    await land.start()
    land.cluster.failing[("create", "Event")] = errors.ClusterForbidden("events is forbidden")
    await land.apply(replicas=1)
    assert land.conditions()["Deployed"] == ("True", "InstallSuccessful")
    (said,) = [one.message for one in caplog.records if one.levelno == logging.WARNING]
    assert "event was not written" in said
    assert "events is forbidden" in said


async def test_a_status_that_could_not_be_written_is_written_later(land: Land) -> None:
    await land.start()
    land.cluster.failing[("merge", "Web")] = errors.ClusterUnavailable("no route to host")
    await land.apply(replicas=1)
    await land.wake()
    assert land.conditions()["Deployed"] == ("True", "InstallSuccessful")


async def test_what_others_wrote_into_the_status_stays(land: Land) -> None:
    await land.start()
    await land.apply(replicas=1)
    found = land.cluster.objects[("Web", "default", "shop")]
    land.cluster.put({**found, "status": {**found["status"], "phase": "theirs"}})
    await land.apply(replicas=2)
    assert land.status()["phase"] == "theirs"
    assert land.conditions()["Deployed"] == ("True", "UpgradeSuccessful")
