"""Notices of the whole operator, to a real endpoint: nothing waits for them, and nothing is written at rest."""

import asyncio
import base64
import dataclasses
import json
import time
from typing import Any

import pytest
from aiohttp import web
from tests.unit import builders
from tests.unit.handlers.conftest import House
from tests.unit.handlers.notices import conftest

from inspect_operator import errors
from inspect_operator.cluster import resources
from inspect_operator.handlers.notices import notifier

pytestmark = pytest.mark.slow

HOOK = {"name": "hook", "type": "webhook", "secretRef": {"name": "hook"}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the real times."""
    monkeypatch.setattr(notifier, "GATHER_SECONDS", 0.02)
    monkeypatch.setattr(notifier, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(notifier, "FIRST_BACKOFF_SECONDS", 0.05)


@pytest.fixture
async def told(house: House, endpoint: conftest.Endpoint) -> House:
    """May connect to this machine, has a Secret `hook` for the endpoint, and the endpoint as its message center."""
    data = {"url": base64.b64encode(endpoint.url().encode()).decode()}
    house.cluster.put(
        {"kind": "Secret", "metadata": {"name": "hook", "namespace": "default", "labels": {}}, "data": data}
    )
    house.configured = dataclasses.replace(
        house.configured, notify_allow=("127.0.0.0/8",), message_center_url=endpoint.url(path="/v1/send")
    )
    await house.start()
    return house


async def _until(house: House, holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)
            await house.sync()


def _entry(house: House) -> Any:
    return (house.status().get("notifications") or [{}])[0]


async def test_a_bare_original_tells_the_message_center_of_every_run(told: House, endpoint: conftest.Endpoint) -> None:
    await told.apply(builders.original("disk", script="df"), builders.original("img", type="image", source="try:1"))
    await told.finish("disk", "caseName:disk, caseDesc:, result:success, resultDesc:45%\n")
    await told.finish("img", "x ok y\n")
    await _until(told, lambda: len(endpoint.seen) == 2)
    assert {path for path, _, _ in endpoint.seen} == {"/v1/send"}
    bodies = {one["title"]: one["content"] for one in (json.loads(body) for _, _, body in endpoint.seen)}
    assert set(bodies) == {"execute bash script", "img"}
    assert bodies["execute bash script"] == "res: caseName:disk, caseDesc:, result:success, resultDesc:45%, err: "
    await _until(told, lambda: _entry(told).get("outcome") == "sent")
    assert (_entry(told)["name"], _entry(told)["type"]) == ("message-center", "messageCenter")
    await told.apply(builders.original("disk", script="df -h"), builders.original("img", type="image", source="try:1"))
    await told.finish("disk")
    await _until(told, lambda: len(endpoint.seen) == 3)


async def test_told_once_and_nothing_is_written_at_rest(told: House, endpoint: conftest.Endpoint) -> None:
    await told.apply(builders.modern("disk"), notifications=[HOOK])
    await told.finish("disk", "disk error 98%\n")
    await _until(told, lambda: _entry(told).get("outcome") == "sent")
    body = json.loads(endpoint.seen[0][2])
    assert [(one["task"], one["verdict"]) for one in body["changes"]] == [("disk", "fail")]
    version = told.cluster.objects[("Inspect", "default", "night")]["metadata"]["resourceVersion"]
    await told.start()
    await told.report()
    await asyncio.sleep(0.3)
    await told.sync()
    assert len(endpoint.seen) == 1
    assert told.cluster.objects[("Inspect", "default", "night")]["metadata"]["resourceVersion"] == version


async def test_a_failing_channel_is_told_once_and_holds_up_nothing(told: House, endpoint: conftest.Endpoint) -> None:
    broken = asyncio.Event()

    async def slow_then_500() -> web.StreamResponse:
        broken.set()
        return web.Response(status=500)

    endpoint.answer = slow_then_500
    await told.apply(builders.modern("disk"), builders.modern("net"), notifications=[HOOK])
    await told.finish("disk", "disk error 98%\n")
    await _until(told, lambda: len(endpoint.seen) >= 3)
    assert _entry(told) == {
        "name": "hook", "type": "webhook", "outcome": "not sent: the endpoint answered 500", "failing": True,
    }  # fmt: skip
    assert [reason for reason, _ in told.events].count("NotifyFailed") == 1
    await told.finish("net")
    assert told.row("net")["verdict"] == "success"
    endpoint.answer = None
    await _until(told, lambda: _entry(told).get("outcome") == "sent")
    assert [reason for reason, _ in told.events].count("NotifyRecovered") == 1
    assert "CANARY" not in json.dumps([told.status(), told.events])


async def test_nothing_waits_for_a_silent_endpoint(told: House, silence: conftest.Endpoint) -> None:
    data = {"url": base64.b64encode(silence.url().encode()).decode()}
    told.cluster.put(
        {"kind": "Secret", "metadata": {"name": "hook", "namespace": "default", "labels": {}}, "data": data}
    )
    await told.apply(builders.modern("disk"), builders.modern("net"), notifications=[HOOK])
    await told.finish("disk", "disk error 98%\n")
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await told.finish("net")
    assert told.row("net")["verdict"] == "success"
    assert told.condition("Finished")[0] == "True"
    await told.stop()
    assert time.monotonic() - began < 5


async def test_a_restart_between_a_change_and_its_notice_forgets_nothing(
    told: House, endpoint: conftest.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "GATHER_SECONDS", 60.0)
    await told.apply(builders.modern("disk"), notifications=[HOOK])
    await told.finish("disk", "disk error 98%\n")
    assert told.row("disk")["verdict"] == "fail"
    await told.stop()
    assert endpoint.seen == []
    monkeypatch.setattr(notifier, "GATHER_SECONDS", 0.02)
    await told.start()
    await told.report()
    await _until(told, lambda: _entry(told).get("outcome") == "sent")
    assert len(endpoint.seen) == 1


async def test_a_deletion_tells_nothing_and_ends_everything(told: House, endpoint: conftest.Endpoint) -> None:
    await told.apply(builders.modern("disk"), notifications=[HOOK])
    await told.delete()
    await told.sync()
    assert told.operator.notifier._objects == {}
    assert endpoint.seen == []


async def test_a_secret_that_may_not_be_read_is_told(told: House) -> None:
    await told.apply(builders.modern("disk"), notifications=[HOOK])
    told.cluster.failing["get", resources.SECRETS.kind] = errors.ClusterForbidden("may not")
    await told.finish("disk", "disk error 98%\n")
    await _until(told, lambda: _entry(told).get("failing"))
    assert _entry(told)["outcome"] == "not sent: the Secret hook could not be read: ClusterForbidden"


async def test_the_last_notices_are_kept_while_the_spec_can_t_be_read(told: House, endpoint: conftest.Endpoint) -> None:
    await told.apply(builders.modern("disk"), notifications=[HOOK])
    await told.finish("disk", "disk error 98%\n")
    await _until(told, lambda: _entry(told).get("outcome") == "sent")
    await told.apply(builders.modern("disk", script="df", image="both"), notifications=[HOOK])
    assert told.condition("Ready") == ("False", "SpecInvalid")
    assert _entry(told)["told"]
    await told.start()
    await told.report()
    assert _entry(told)["told"]
    assert len(endpoint.seen) == 1
