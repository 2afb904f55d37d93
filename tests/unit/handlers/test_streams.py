"""A watch that fails is begun anew, and what went while nothing was watched is noticed by the next list."""

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
    assert listed == [("n", {"1"})]


async def test_other_errors_are_kopfs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.APIForbiddenError):
        await _follow(Plain(errors.APIForbiddenError(status=403, headers={})), monkeypatch)


async def test_kopf_asks_the_stream_that_is_wrapped() -> None:
    """Were it renamed in another kopf, nothing would be wrapped."""
    plain = watching.continuous_watch
    with streams.lasting(lambda *_: None):
        assert watching.infinite_watch.__globals__["continuous_watch"] is not plain
    assert watching.continuous_watch is plain


async def test_an_inspect_that_went_unnoticed_is_forgotten_and_no_other(house: House) -> None:
    for name in ("night", "day"):
        await house.apply({"name": "disk", "script": "df"}, name=name)
    del house.cluster.objects[("Inspect", "default", "night")]
    house._told.pop(("Inspect", "default", "night"))
    house.operator._listed("other", frozenset())
    assert len(house.operator._memory.inspects) == 2
    house.operator._listed("default", frozenset({"uid-of-day"}))
    await house.sync()
    assert set(house.operator._memory.inspects) == {("default", "day")}
