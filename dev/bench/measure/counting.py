"""Counts what passes between an operator and the API server, by method and path; changes nothing."""

import asyncio
import collections
import re
import threading
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from measure import connection

WRITES = ("POST", "PUT", "PATCH", "DELETE")
#: Of a request's or an answer's headers, what concerns one connection only.
_HOPS = {"host", "connection", "content-length", "transfer-encoding", "authorization"}
#: What an operator does to stay the only one, and is not about any object.
_LEASE = re.compile(r"/leases(/|$)")


class Proxy:
    """A server on a port of this machine; use as a context manager. `server` is its address."""

    def __init__(self, upstream: connection.Connection) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._seen: list[tuple[str, str]] = []
        self.server = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def position(self) -> int:
        """A mark for since()."""
        return len(self._seen)

    def since(self, position: int) -> collections.Counter[str]:
        """`METHOD kind` of every request after the mark; the Lease's aside."""
        return collections.Counter(
            f"{method} {_kind(path)}" for method, path in self._seen[position:] if not _LEASE.search(path)
        )

    async def _start(self) -> str:
        self._session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
        )
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        self._seen.append((request.method, request.path))
        async with self._session.request(
            request.method,
            self._upstream.server + request.raw_path,
            data=await request.read() or None,
            headers=_kept(request.headers),
            ssl=self._upstream.tls,
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
            await response.prepare(request)
            try:
                async for part in answer.content.iter_any():
                    await response.write(part)
            except (ConnectionError, aiohttp.ClientError):
                pass  # a watch that somebody ended
            return response


def _kept(headers: "aiohttp.typedefs.LooseHeaders") -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(headers).items() if str(name).lower() not in _HOPS}


def _kind(path: str) -> str:
    """`secrets`, `inspects/status`, or the path where it names no resource."""
    found = re.match(r"/(?:api/v1|apis/[^/]+/[^/]+)/(?:namespaces/[^/]+/)?([a-z]+)(?:/[^/]+(/[a-z]+)?)?$", path)
    return found.group(1) + (found.group(2) or "") if found else path


def writes(counted: collections.Counter[str]) -> int:
    """How many of the requests change something."""
    return sum(number for what, number in counted.items() if what.startswith(WRITES))
