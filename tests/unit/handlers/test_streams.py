"""A watch that fails is begun anew, and what went while nothing was watched is noticed by the next list."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kopf._cogs.clients import errors, watching
from kopf._cogs.structs import references
from tests.unit.handlers.conftest import House

from inspect_operator.handlers import streams

PODS = references.Resource("", "v1", "pods")
KUBERNETES = {"metadata": {"namespace": "n", "name": "p", "uid": "1"}}


class Plain:
    """What kopf's own stream does: a list, then an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.begun = 0

    async def __call__(self, **_: Any) -> AsyncIterator[Any]:
        self.begun += 1
        yield {"type": None, "object": KUBERNETES}
        yield watching.Bookmark.LISTED
        raise self.error


async def _follow(plain: Plain, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    monkeypatch.setattr(watching, "continuous_watch", plain)
    listed: list[Any] = []
    with streams.lasting(lambda *found: listed.append(found)):
        stream: Any = watching.continuous_watch
        return [event async for event in stream(resource=PODS, namespace="n", settings=None)], listed


@pytest.mark.parametrize(
    "error", [watching.WatchingError("etcdserver: no leader"), errors.APIServerError(status=503, headers={})]
)
async def test_a_stream_that_fails_ends_and_is_not_the_end_of_the_operator(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "AGAIN_SECONDS", 0.0)
    events, listed = await _follow(Plain(error), monkeypatch)
    assert events == [{"type": None, "object": KUBERNETES}, watching.Bookmark.LISTED]
    assert listed == [("pods", "n", {("n", "p", "1")})]


async def test_other_errors_are_kopfs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.APIForbiddenError):
        await _follow(Plain(errors.APIForbiddenError(status=403, headers={})), monkeypatch)


async def test_kopf_asks_the_stream_that_is_wrapped() -> None:
    """Were it renamed in another kopf, nothing would be wrapped."""
    plain = watching.continuous_watch
    with streams.lasting(lambda *_: None):
        assert watching.infinite_watch.__globals__["continuous_watch"] is not plain
    assert watching.continuous_watch is plain


async def _gone_unnoticed(house: House, kind: str, name: str) -> None:
    """Deleted; the watch is begun anew with a list, which doesn't say so."""
    del house.cluster.objects[(kind, "default", name)]
    house._told.pop((kind, "default", name))
    there = {
        (item["metadata"]["namespace"], item["metadata"]["name"], item["metadata"]["uid"])
        for (of, _, _), item in house.cluster.objects.items()
        if of == kind
    }
    house.operator._listed(f"{kind.lower()}s", "default", frozenset(there))
    while house.operator._looking:
        await asyncio.wait(house.operator._looking)
    await house.sync()


async def test_a_schedule_that_went_unnoticed_is_put_back(house: House) -> None:
    await house.apply({"name": "disk", "script": "df", "schedule": "@hourly"}, {"name": "cpu", "script": "top"})
    before = house.cluster.names("CronJob")
    await _gone_unnoticed(house, "CronJob", before[0])
    assert house.cluster.names("CronJob") == before


async def test_a_config_map_that_went_unnoticed_is_put_back(house: House) -> None:
    await house.apply({"name": "disk", "script": "df", "schedule": "@hourly"}, {"name": "cpu", "script": "top"})
    before = house.cluster.names("ConfigMap")
    await _gone_unnoticed(house, "ConfigMap", before[0])
    assert house.cluster.names("ConfigMap") == before


async def test_an_inspect_that_went_unnoticed_is_forgotten(house: House) -> None:
    await house.apply({"name": "disk", "script": "df"})
    await _gone_unnoticed(house, "Inspect", "night")
    assert house.operator._memory.inspects == {}


async def test_what_was_made_since_the_list_is_not_taken_for_gone(house: House) -> None:
    await house.apply({"name": "disk", "script": "df", "schedule": "@hourly"})
    calls = len(house.helm.calls)
    house.operator._listed("cronjobs", "default", frozenset())
    house.operator._listed("inspects", "default", frozenset())
    while house.operator._looking:
        await asyncio.wait(house.operator._looking)
    await house.sync()
    assert len(house.helm.calls) == calls
    assert set(house.operator._memory.inspects) == {("default", "night")}
