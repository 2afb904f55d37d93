"""Stands between helm and the API server, numbers helm's writes, and does one bad thing at one of them.

The operator itself talks to the API server directly; only the helm that it starts is led through here, warm or not, by
a small wrapper that also notes the pid of the helm at work.
"""

import asyncio
import os
import pathlib
import shutil
import signal
import threading
from collections.abc import Callable

import aiohttp
from aiohttp import web

from tests.e2e.harness import upstream

WRITES = ("POST", "PUT", "PATCH", "DELETE")
#: Of a request's headers, what concerns the connection and not the API.
_HOPS = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "authorization"}


class Proxy:
    """Use as a context manager; `helm` and `warm_helm` are the wrappers to give to the operator."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._judge: Callable[[int, str, str], str] = lambda number, method, path: ""
        self._count = 0
        self.held = False  # every request is answered 503
        self.fired: list[str] = []  # the writes at which something bad was done
        self.writes: list[str] = []  # all writes that reached the API server
        self.helm, self.warm_helm = folder / "helm", folder / "warm-helm"

    def arm(self, judge: Callable[[int, str, str], str]) -> None:
        """From now on `judge(number, method, path)` is asked at each write, numbered from 1; it answers "kill" (helm
        dies once the write is applied), "500" (it is not applied), or "" (nothing). It is asked until it answered.
        """
        self._count = 0
        self.fired.clear()
        self._judge = judge

    def __enter__(self) -> "Proxy":
        target = upstream.current()
        self._server, self._tls = target.server, target.tls
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        kubeconfig = self._folder / "proxied.kubeconfig"
        kubeconfig.write_text(upstream.kubeconfig(f"http://127.0.0.1:{port}"))
        for wrapper in (self.helm, self.warm_helm):
            wrapper.write_text(
                f'#!/bin/sh\necho $$ > "{self._folder}/helm.pid"\nexport KUBECONFIG="{kubeconfig}"\n'
                f'exec "{shutil.which(wrapper.name)}" "$@"\n'
            )
            wrapper.chmod(0o755)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> int:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _forward(self, request: web.Request) -> web.Response:
        if self.held:
            return web.Response(status=503, text="held by the test")
        verdict, line = "", f"{request.method} {request.path}"
        if request.method in WRITES and not self.fired:
            self._count += 1
            verdict = self._judge(self._count, request.method, request.path)
            if verdict:
                self.fired.append(line)
        if verdict == "500":
            return web.json_response(
                {"kind": "Status", "status": "Failure", "code": 500, "message": "by the test"}, status=500
            )
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOPS}
        async with self._session.request(
            request.method,
            self._server + request.raw_path,
            data=await request.read() or None,
            headers=headers,
            ssl=self._tls,
        ) as answer:
            body = await answer.read()
        # With its parameters: they tell clients which form of discovery this is.
        kind = {"Content-Type": answer.headers.get("Content-Type", "application/json")}
        if request.method in WRITES:
            self.writes.append(f"{line} {answer.status}")
        if verdict == "kill":
            self.held = self.held or self.hold_after_kill
            os.kill(int((self._folder / "helm.pid").read_text()), signal.SIGKILL)
        return web.Response(status=answer.status, body=body, headers=kind)

    #: After a kill every further helm meets 503, until the test sets `held` to False.
    hold_after_kill = False
