"""Stands between the operator with its helm and the API server, notes their writes, and lets one of them go wrong.

What is said plainly here over loopback goes on over TLS. Watches are passed on event by event: see streams.py.
"""

import asyncio
import contextlib
import dataclasses
import os
import pathlib
import signal
import time
from collections.abc import Callable

import aiohttp
from aiohttp import web

from tests.e2e.harness import upstream
from tests.faults import injection as injections
from tests.faults import peers, places, streams
from tests.faults import plan as plans

#: Of headers, what concerns one connection only.
_HOPS = {"host", "connection", "content-length", "transfer-encoding", "authorization", "accept-encoding"}
#: Words of the API server for a quota that others write too: a conflict that may meet any write.
_ANSWERS = {
    plans.Fault.ERROR: (500, "InternalError", "the test says so"),
    plans.Fault.CONFLICT: (409, "Conflict", "Operation cannot be fulfilled on resourcequotas: please try again"),
    plans.Fault.THROTTLED: (429, "TooManyRequests", "the server has received too many requests"),
}


@dataclasses.dataclass(frozen=True)
class Write:
    """`code` is what the API server answered."""

    seconds: float  # monotonic
    place: str
    path: str
    code: int


class Proxy:
    """Use as an async context manager; `kubeconfig` is the file to give to the operator, `kill` ends the operator."""

    def __init__(self, target: upstream.Upstream, folder: pathlib.Path) -> None:
        self.kubeconfig = folder / "proxied.kubeconfig"
        self.injection = injections.Injection()
        self.kill: Callable[[], None] = lambda: None
        self.writes: list[Write] = []
        self.watches = 0  # that are open now
        #: Lists that an operator reads as it starts, by path and form; noted while this is True.
        self.starting = False
        self._lists: dict[tuple[str, str], dict[str, str]] = {}
        self._old: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._aged = False
        self._target = target

    async def __aenter__(self) -> "Proxy":
        self._session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
        )
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port: int = self._runner.addresses[0][1]
        self.kubeconfig.write_text(upstream.kubeconfig(f"http://127.0.0.1:{self._port}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def arm(self, fault: plans.Fault | None, place: str) -> injections.Injection:
        """From now on places are numbered, and the fault happens at its own."""
        if fault is plans.Fault.STALE:
            for (path, form), headers in self._lists.items():
                async with self._ask("GET", path, headers, None) as answer:
                    self._old[path, form] = (await answer.read(), answer.headers["Content-Type"])
        self.injection = injections.Injection(fault, place)
        return self.injection

    def quiet_seconds(self) -> float:
        """Since the last write but those of the Lease; infinite before the first."""
        return min((time.monotonic() - one.seconds for one in self.writes[-1:]), default=float("inf"))

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOPS}
        if "watch" in request.query:
            return await self._watch(request, headers)
        if request.method in places.WRITES:
            return await self._write(request, headers)
        form = (request.raw_path, headers.get("Accept", ""))
        if request.method == "GET" and places.is_list(request.path) and places.who(_agent(request)) == "operator":
            if self.starting:
                self._lists[form] = headers
            if self._aged and form in self._old:
                body, kind = self._old.pop(form)
                return web.Response(body=body, headers={"Content-Type": kind})
        async with self._ask(request.method, request.raw_path, headers, await request.read()) as answer:
            # The content type with its parameters: they tell clients which form of discovery this is.
            return web.Response(status=answer.status, body=await answer.read(), headers=_kept(answer))

    async def _write(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        body = await request.read()
        place = places.of_write(_agent(request), request.method, request.path, body)
        fault = self.injection.meet(plans.Kind.WRITES, place)
        if fault is plans.Fault.KILLED_BEFORE:
            return self._dead(request)
        if fault in _ANSWERS:
            return _refused(*_ANSWERS[fault])
        if fault is plans.Fault.HANG:
            await asyncio.sleep(plans.LASTS[fault])
        async with self._ask(request.method, request.raw_path, headers, body) as answer:
            said = await answer.read()
        if place:
            self.writes.append(Write(time.monotonic(), place, request.path, answer.status))
        if fault is plans.Fault.KILLED_AFTER:
            return self._dead(request)
        if fault is plans.Fault.HELM_KILLED:
            helm = peers.pid(_port(request), self._port)
            if helm:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(helm, signal.SIGKILL)
        if fault in (plans.Fault.RESET, plans.Fault.HELM_KILLED):
            return _reset(request)
        return web.Response(status=answer.status, body=said, headers=_kept(answer))

    async def _watch(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        resource = places.plural(request.path)
        async with self._ask("GET", request.raw_path, headers, None) as answer:
            if answer.status != 200:
                return web.Response(status=answer.status, body=await answer.read(), headers=_kept(answer))
            response = web.StreamResponse(headers=_kept(answer))
            stream = streams.Stream(response, resource, self.injection_of_events)
            self.watches += 1
            try:
                await response.prepare(request)
                fault = await stream.pump(answer.content)
            except (ConnectionError, aiohttp.ClientError):
                return response  # ended by whoever watched
            finally:
                self.watches -= 1
            if fault is plans.Fault.STALE:
                self._aged = True
                return self._dead(request)
            return _reset(request) if fault in (plans.Fault.DROPPED, plans.Fault.SILENT) else response

    def injection_of_events(self, place: str) -> plans.Fault | None:
        """What is to go wrong at an event."""
        return self.injection.meet(plans.Kind.EVENTS, place)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> "aiohttp.client._RequestContextManager":
        return self._session.request(
            method, self._target.server + path, data=body or None, headers=headers, ssl=self._target.tls
        )

    def _dead(self, request: web.Request) -> web.StreamResponse:
        self.kill()
        return _reset(request)


def _agent(request: web.Request) -> str:
    return request.headers.get("User-Agent", "")


def _port(request: web.Request) -> int:
    assert request.transport is not None
    port: int = request.transport.get_extra_info("peername")[1]
    return port


def _kept(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: answer.headers[name] for name in ("Content-Type", "Retry-After") if name in answer.headers}


def _refused(code: int, reason: str, message: str) -> web.Response:
    status = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": reason, "message": message, "code": code,
    }  # fmt: skip
    return web.json_response(status, status=code, headers={"Retry-After": "1"} if code == 429 else {})


def _reset(request: web.Request) -> web.StreamResponse:
    """No answer: the connection is gone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
