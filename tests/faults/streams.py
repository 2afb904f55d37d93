"""One watch, passed on event by event, with what may go wrong in it."""

import asyncio
import json
from collections.abc import Callable

import aiohttp
from aiohttp import web

from tests.faults import places
from tests.faults import plan as plans


class Stream:
    """`meet` is asked at each event what is to go wrong there."""

    def __init__(self, response: web.StreamResponse, resource: str, meet: Callable[[str], plans.Fault | None]) -> None:
        self._response = response
        self._resource = resource
        self._meet = meet
        self._late = b""  # an event that is delivered after the next one
        self._flushing: asyncio.Task[None] | None = None

    async def pump(self, content: aiohttp.StreamReader) -> plans.Fault | None:
        """Until the API server ends it, or a fault does, which is returned.

        :raises ConnectionError: whoever watched has gone
        """
        unfinished = b""
        try:
            async for piece in content.iter_any():
                *whole, unfinished = (unfinished + piece).split(b"\n")
                for line in whole:
                    fault = await self._pass(line + b"\n")
                    if fault is not None:
                        return fault
        finally:
            if self._flushing is not None:
                self._flushing.cancel()
        return None

    async def _pass(self, line: bytes) -> plans.Fault | None:
        """One event; the fault if it ends the stream."""
        fault = self._meet(places.of_event(self._resource, json.loads(line)))
        match fault:
            case plans.Fault.DROPPED | plans.Fault.STALE:
                return fault
            case plans.Fault.SILENT:
                await asyncio.sleep(plans.LASTS[fault])
                return fault
            case plans.Fault.GONE:
                await self._send(_error(410, "Expired", "too old resource version"))
                return fault
            case plans.Fault.REFUSED:
                await self._send(_error(500, "InternalError", "etcdserver: the test says so"))
                return fault
            case plans.Fault.DUPLICATED:
                await self._send(line + line)
            case plans.Fault.REORDERED:
                self._late = line
                self._flushing = asyncio.create_task(self._flush_later())
            case _:
                late, self._late = self._late, b""
                await self._send(line + late)
        return None

    async def _flush_later(self) -> None:
        """Should no other event follow."""
        await asyncio.sleep(plans.LASTS[plans.Fault.REORDERED])
        late, self._late = self._late, b""
        await self._send(late)

    async def _send(self, data: bytes) -> None:
        if data:
            await self._response.write(data)


def _error(code: int, reason: str, message: str) -> bytes:
    status = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": reason, "message": message, "code": code,
    }  # fmt: skip
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
