"""The web server: what Prometheus and the kubelet are told, and that a large scrape holds nobody up."""

import asyncio
import collections
import gzip
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import test_utils
from prometheus_client import parser

from inspect_operator import errors
from inspect_operator.handlers import web
from inspect_operator.publish import meters, metrics

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

MOMENT = "2026-01-02T03:04:05Z"


def _seen(number: int, verdict: str = "success") -> metrics.Seen:
    row = {"verdict": verdict, "started": MOMENT, "finished": MOMENT, "lastSuccess": MOMENT, "counts": {"success": 1}}
    rows = [{**row, "task_name": f"task-{task}"} for task in range(5)]
    return metrics.Seen(f"n{number % 20}", f"i{number}", {"observedGeneration": 1, "ready": "True", "results": rows})


@pytest.fixture
def served() -> web.Web:
    return web.Web(0, meters.Meters())


@pytest.fixture
async def client(served: web.Web) -> AsyncIterator[test_utils.TestClient[aiohttp.web.Request, aiohttp.web.Application]]:
    made = test_utils.TestClient(test_utils.TestServer(served.app()))
    await made.start_server()
    yield made
    await made.close()


Client = test_utils.TestClient[aiohttp.web.Request, aiohttp.web.Application]


async def test_every_metric_is_served_in_a_form_that_prometheus_reads(served: web.Web, client: Client) -> None:
    served.statuses = lambda: [_seen(1)]
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {one.name: one for one in parser.text_string_to_metric_families(await answer.text())}
    assert len(families["inspect_task_result"].samples) == 25
    assert {"process_resident_memory_bytes", "workqueue_depth", "controller_runtime_reconcile"} <= set(families)


async def test_what_is_alive_and_what_is_ready(served: web.Web, client: Client) -> None:
    seen = {}
    for state in web.State:
        served.state = state
        assert (await client.get("/livez")).status == 200, "a restart would not make it any sooner"
        answer = await client.get("/readyz")
        seen[state] = answer.status
        assert (await answer.text()) == f"{state}\n"
    assert seen == {web.State.STARTING: 503, web.State.STANDING_BY: 200, web.State.SERVING: 200}


async def test_a_large_scrape_holds_nobody_up(served: web.Web, client: Client) -> None:
    objects = [_seen(number) for number in range(1000)]
    served.statuses = lambda: objects
    gaps = collections.deque([0.0])

    async def tick() -> None:
        """How long the event loop worked without letting others go on; what other processes take doesn't count."""
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            gaps.append(now - last)
            last = now

    ticking = asyncio.create_task(tick())
    first = await (await client.get("/metrics")).read()
    ticking.cancel()
    objects[3] = _seen(3, "fail")
    began = time.thread_time()
    second = await served._texts.text(objects)
    spent = time.thread_time() - began
    assert first.count(b"\n") > 60_000
    assert first.startswith(second[:100])
    assert second not in first
    assert max(gaps) < 0.1, f"the event loop stood still for {max(gaps):.3f} s"
    assert spent < 0.1, f"the second scrape makes only what has changed, and still took {spent:.3f} s"


async def test_scrapes_are_compressed_where_asked_for(served: web.Web, client: Client) -> None:
    served.statuses = lambda: [_seen(number) for number in range(50)]
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(client.make_url("/metrics"), headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            packed = await answer.read()
        async with session.get(client.make_url("/metrics"), headers={"Accept-Encoding": "identity"}) as answer:
            plain = await answer.read()
    assert b"inspect_task_result" in gzip.decompress(packed)
    assert len(packed) * 5 < len(plain)


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(errors.SettingsInvalid, match=f"INSPECT_OPERATOR_HTTP_PORT={port}"):
            async with web.Web(port, meters.Meters()):
                pass


async def test_it_listens_from_begin_to_end() -> None:
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    async with web.Web(port, meters.Meters()), aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/livez") as answer:
            assert await answer.text() == "ok\n"
        url = f"http://127.0.0.1:{port}/livez"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)
