"""Objects as fast as the API server takes them, and what has become of them."""

import asyncio
import collections
import json
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import aiohttp

from measure import connection

_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json;q=0.1"
AT_ONCE = 16
WAIT_SECONDS = 1800.0


class Workload:
    """Inspects of one namespace; use as an async context manager."""

    def __init__(self, upstream: connection.Connection, namespace: str, tasks: int) -> None:
        self._upstream = upstream
        self._inspects = f"/apis/api.practice.com/v1alpha1/namespaces/{namespace}/inspects"
        self._secrets = f"/api/v1/namespaces/{namespace}/secrets"
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._tasks = tasks

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            self._upstream.server,
            connector=aiohttp.TCPConnector(ssl=self._upstream.tls, limit=0),
            timeout=aiohttp.ClientTimeout(total=120),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def create(self, names: Iterable[str], word: str) -> None:
        """One Inspect a name, all at once."""
        bodies = [
            {
                "apiVersion": "api.practice.com/v1alpha1",
                "kind": "Inspect",
                "metadata": {"name": name},
                "spec": {"tasks": self._list(word)},
            }
            for name in names
        ]
        await self._all("POST", [(self._inspects, body) for body in bodies])

    async def change(self, names: Iterable[str], word: str) -> None:
        """Another script in every task."""
        await self._all(
            "PATCH", [(f"{self._inspects}/{name}", {"spec": {"tasks": self._list(word)}}) for name in names]
        )

    async def delete(self, names: Iterable[str]) -> None:
        """All at once, in the background."""
        await self._all("DELETE", [(f"{self._inspects}/{name}", None) for name in names])

    async def until_deployed(self, number: int, revision: int) -> float:
        """Waits until so many releases are deployed at this revision; returns when that was, in monotonic seconds."""
        selector = f"owner=helm,status=deployed,version={revision}"
        return await self._until(lambda found: len(found) >= number, self._secrets, selector)

    async def until_gone(self) -> float:
        """Waits until neither Inspects nor releases are left."""
        await self._until(lambda found: not found, self._inspects, "")
        return await self._until(lambda found: not found, self._secrets, "owner=helm")

    async def latency(self, name: str, word: str) -> float:
        """Seconds from sending a new Inspect until a watch tells of its first Job."""
        seen = asyncio.Event()

        async def watch() -> None:
            async with self._session.get(self._jobs, params={"watch": "1", "timeoutSeconds": "60"}) as answer:
                ready.set()
                async for line in answer.content:
                    event = json.loads(line)
                    if event["type"] == "ADDED" and event["object"]["metadata"]["name"].startswith(f"{name}--"):
                        seen.set()
                        return

        ready = asyncio.Event()
        watching = asyncio.create_task(watch())
        await ready.wait()
        began = time.monotonic()
        await self.create([name], word)
        await asyncio.wait_for(seen.wait(), 60)
        took = time.monotonic() - began
        await watching
        return took

    def _list(self, word: str) -> list[connection.Object]:
        return [{"name": f"t{number}", "script": f"echo '{word} ok {number}'"} for number in range(self._tasks)]

    async def _all(self, method: str, requests: list[tuple[str, Any]]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"

        async def one(path: str, body: Any) -> None:
            async with slots:
                data = None if body is None else json.dumps(body)
                async with self._session.request(method, path, data=data, headers={"Content-Type": kind}) as answer:
                    if answer.status >= 400:
                        raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")

        await asyncio.gather(*(one(path, body) for path, body in requests))

    async def _until(self, enough: Callable[[list[Any]], bool], path: str, selector: str) -> float:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            params = {"labelSelector": selector, "resourceVersion": "0"}
            async with self._session.get(path, params=params, headers={"Accept": _METADATA}) as answer:
                items = (await answer.json())["items"] or []
            if enough(items):
                return time.monotonic()
            if time.monotonic() > deadline:
                names = collections.Counter(item["metadata"].get("labels", {}).get("status", "") for item in items)
                raise RuntimeError(f"not within {WAIT_SECONDS:g} s: {path} {selector}: {len(items)} {dict(names)}")
            await asyncio.sleep(0.1)
