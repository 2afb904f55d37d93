"""What the proxy does to writes and watches, as a client on the one side and a server on the other see it."""

import asyncio
import json
import pathlib
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from tests.e2e.harness import upstream
from tests.faults import plan, proxy

pytestmark = pytest.mark.slow

JOBS = "/apis/batch/v1/namespaces/n/jobs"
PLACE = "operator PATCH jobs j #1"


class Server:
    """Applies what it is told, and serves one watch of as many events."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.listed = 0

    async def patch(self, request: web.Request) -> web.Response:
        self.applied.append(request.match_info["name"])
        return web.json_response({"kind": "Job"})

    async def list(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            self.listed += 1
            return web.json_response({"listed": self.listed})
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for number in range(3):
            body = {"type": "ADDED", "object": {"metadata": {"name": f"j{number}"}}}
            await response.write(json.dumps(body).encode() + b"\n")
        return response


@pytest_asyncio.fixture
async def server() -> Server:
    return Server()


@pytest_asyncio.fixture
async def between(server: Server, tmp_path: pathlib.Path) -> AsyncIterator[proxy.Proxy]:
    application = web.Application()
    application.router.add_patch(JOBS + "/{name}", server.patch)
    application.router.add_get(JOBS, server.list)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    target = upstream.Upstream(f"http://127.0.0.1:{runner.addresses[0][1]}", ssl.create_default_context())
    async with proxy.Proxy(target, tmp_path) as made:
        yield made
    await runner.cleanup()


@pytest_asyncio.fixture
async def client(between: proxy.Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    where = json.loads(between.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    async with aiohttp.ClientSession(where, headers={"User-Agent": "inspect-operator/1"}) as made:
        yield made


async def names(client: aiohttp.ClientSession) -> list[str]:
    """Of the objects that a watch tells of; `410` for that error."""
    found = []
    async with client.get(JOBS, params={"watch": "true"}) as answer:
        async for line in answer.content:
            told = json.loads(line)["object"]
            found.append(told["metadata"].get("name") or str(told["code"]))
    return found


@pytest.mark.parametrize(
    ("fault", "code", "applied"),
    [(plan.Fault.ERROR, 500, False), (plan.Fault.CONFLICT, 409, False), (plan.Fault.THROTTLED, 429, False)],
)
async def test_a_refused_write_is_not_applied_and_the_next_one_is(
    between: proxy.Proxy, server: Server, client: aiohttp.ClientSession, fault: plan.Fault, code: int, applied: bool
) -> None:
    await between.arm(fault, PLACE)
    async with client.patch(f"{JOBS}/j") as answer:
        assert answer.status == code
        assert ("Retry-After" in answer.headers) == (code == 429)
    assert bool(server.applied) == applied
    async with client.patch(f"{JOBS}/j") as answer:
        assert answer.status == 200
    assert server.applied == ["j"]


@pytest.mark.parametrize(("fault", "applied"), [(plan.Fault.RESET, True), (plan.Fault.KILLED_AFTER, True),
                                                (plan.Fault.KILLED_BEFORE, False)])  # fmt: skip
async def test_a_write_without_an_answer_was_applied_or_not(
    between: proxy.Proxy, server: Server, client: aiohttp.ClientSession, fault: plan.Fault, applied: bool
) -> None:
    killed: list[bool] = []
    between.kill = lambda: killed.append(True)
    await between.arm(fault, PLACE)
    with pytest.raises(aiohttp.ClientError):
        await client.patch(f"{JOBS}/j")
    assert bool(server.applied) == applied
    assert bool(killed) == (fault is not plan.Fault.RESET)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (plan.Fault.DUPLICATED, ["j0", "j1", "j1", "j2"]),
        (plan.Fault.REORDERED, ["j0", "j2", "j1"]),
        (plan.Fault.GONE, ["j0", "410"]),
        (plan.Fault.REFUSED, ["j0", "500"]),
    ],
)
async def test_a_watch_tells_otherwise_once(
    between: proxy.Proxy, client: aiohttp.ClientSession, fault: plan.Fault, seen: list[str]
) -> None:
    await between.arm(fault, "jobs ADDED j1 #1")
    assert await names(client) == seen
    assert await names(client) == ["j0", "j1", "j2"]


async def test_a_dropped_watch_ends_before_the_event(between: proxy.Proxy, client: aiohttp.ClientSession) -> None:
    await between.arm(plan.Fault.DROPPED, "jobs ADDED j1 #1")
    with pytest.raises(aiohttp.ClientError):
        await names(client)
    assert between.injection.fired.is_set()


async def test_a_list_after_the_kill_is_as_old_as_the_change(
    between: proxy.Proxy, client: aiohttp.ClientSession
) -> None:
    async def listed() -> int:
        async with client.get(JOBS) as answer:
            return int((await answer.json())["listed"])

    between.starting = True
    assert await listed() == 1
    between.starting = False
    await between.arm(plan.Fault.STALE, "jobs ADDED j1 #1")  # which reads the list once more
    assert await listed() == 3
    with pytest.raises(aiohttp.ClientError):
        await names(client)
    await asyncio.sleep(0)
    assert [await listed(), await listed()] == [2, 4]
