"""The operator's web server: /metrics for Prometheus, /livez and /readyz for the kubelet.

It answers from before the Lease is taken to the very end, from the event loop that does all the work: where that
stands still, /livez fails. Nothing that it tells is secret, and nothing can be changed by it.
"""

import asyncio
import enum
import logging
from collections.abc import Callable, Collection
from typing import Self

import prometheus_client
from aiohttp import web

from inspect_operator import errors, settings
from inspect_operator.publish import meters, metrics

logger = logging.getLogger(__name__)

#: Above it a body is compressed in a thread.
COMPRESS_ASIDE_BYTES = 16 * 1024


class State(enum.StrEnum):
    """How far the operator is."""

    STARTING = "starting"
    STANDING_BY = "standing by: another operator is at work"
    SERVING = "serving"


class Web:
    """Use as `async with`; `port` 0 is none at all. `statuses` and `state` change as the operator gets on."""

    def __init__(self, port: int, counted: meters.Meters) -> None:
        self.state = State.STARTING
        self.statuses: Callable[[], Collection[metrics.Seen]] = tuple
        self._port = port
        self._counted = counted
        self._texts = metrics.Texts()
        self._one = asyncio.Lock()  # two scrapes at once would make everything twice
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """:raises errors.SettingsInvalid: nothing can listen on that port"""
        if self._port:
            self._runner = web.AppRunner(self.app(), handle_signals=False, access_log=None, shutdown_timeout=1.0)
            await self._runner.setup()
            try:
                await web.TCPSite(self._runner, None, self._port).start()
            except OSError as error:
                await self._runner.cleanup()
                name = f"{settings.PREFIX}HTTP_PORT={self._port}"
                raise errors.SettingsInvalid(f"{name}: nothing can listen there ({error}); choose another") from None
            logger.debug("web server was started port=%d", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.add_routes(
            [web.get("/metrics", self._metrics), web.get("/livez", self._livez), web.get("/readyz", self._readyz)]
        )
        return app

    async def _metrics(self, _: web.Request) -> web.Response:
        async with self._one:
            text = await self._texts.text(self.statuses())
        answer = web.Response(
            body=text + prometheus_client.generate_latest(self._counted.registry),
            headers={"Content-Type": prometheus_client.CONTENT_TYPE_PLAIN_0_0_4},
            zlib_executor_size=COMPRESS_ASIDE_BYTES,
        )
        answer.enable_compression()
        return answer

    async def _livez(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        """A standby is ready: ready to take over, and a rollout need not wait for it to lead."""
        return web.Response(text=f"{self.state}\n", status=503 if self.state is State.STARTING else 200)
