"""One kind: which objects there are, and whose turn it is."""

import asyncio
import logging
import time

from inspect_operator import errors
from inspect_operator.cluster import client, resources, watch
from inspect_operator.handlers import queue
from inspect_operator.handlers.kinds import converge, deletion, holdings, latest, reporter, seen, surroundings
from inspect_operator.release import watches_file

logger = logging.getLogger(__name__)

REST_SECONDS = 0.5
#: So often a kind without a CRD is looked for.
ABSENT_SECONDS = 10.0
#: What its administrator has to know again after so long, should a kind still not be served.
TOLD_AGAIN_SECONDS = 600.0


class Controller:
    """Of one entry of watches.yaml."""

    def __init__(self, served: watches_file.Served, around: surroundings.Surroundings) -> None:
        self.entry = served.entry
        self.resource: resources.Resource | None = None
        self.objects: dict[queue.Key, client.Object] = {}
        self._around = around
        self._latest = latest.Latest(served)
        self._holdings = holdings.Holdings(self.entry, around.releases, around.dependents)
        self._reports = reporter.Reporter(around.cluster)
        self._converger = converge.Converger(
            served, self._latest, around, self._holdings, self._reports, self.objects.get
        )
        self._deletion = deletion.Deletion(around, self._holdings, self._reports)
        self._slots = asyncio.Semaphore(self.entry.maxConcurrentReconciles or around.at_once)
        self._queue = queue.Queue(f"{self.entry.kind.lower()}", self._pass, REST_SECONDS, around.counted)
        self._watches: list[asyncio.Task[None]] = []

    async def look_at_chart(self) -> None:
        """Every object is woken where the chart changed."""
        if await self._latest.look():
            for key in tuple(self.objects):
                self.wake(key)

    def wake(self, key: queue.Key) -> None:
        """Has an object looked at."""
        self._queue.wake(key)

    def start(self) -> None:
        """Begins to serve, as soon as the kind is there."""
        self._watches.append(asyncio.create_task(self._serve(), name=f"kind {self.entry}"))

    async def close(self) -> None:
        """Ends what is under way."""
        for task in self._watches:
            task.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await self._queue.close()
        self._latest.close()

    def notice(self, body: client.Object, deleted: bool) -> None:
        """Keeps an object, or forgets it."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        known = self.objects.get(key)
        if not deleted:
            body["metadata"].pop("managedFields", None)
            self.objects[key] = body
        elif known is not None and known["metadata"]["uid"] == body["metadata"]["uid"]:
            del self.objects[key]
        self.wake(key)

    async def _serve(self) -> None:
        """Waits for the kind, then watches its objects."""
        told = -TOLD_AGAIN_SECONDS
        while self.resource is None:
            try:
                found = await self._around.discovery.resource(
                    f"{self.entry.group}/{self.entry.version}", self.entry.kind
                )
                if not found.namespaced:
                    logger.error(
                        "kind is not served kind=%s: it is cluster-scoped; releases need a namespace", self.entry
                    )
                    return
                self.resource = found
            except errors.InspectError as error:
                if time.monotonic() - told >= TOLD_AGAIN_SECONDS:
                    logger.error("kind is not served yet kind=%s error=%s; it is looked for again", self.entry, error)
                    told = time.monotonic()
                await asyncio.sleep(ABSENT_SECONDS)
        logger.info("kind is served kind=%s chart=%s", self.entry, self.entry.chart or self.entry.template)
        for namespace in self._around.namespaces or ("",):
            self._watches.append(asyncio.create_task(self._follow(self.resource, namespace)))

    async def _follow(self, resource: resources.Resource, namespace: str) -> None:
        told = ""

        def failed(error: errors.InspectError) -> None:
            nonlocal told
            if told != str(error):
                logger.error("kind is not watched kind=%s error=%s", self.entry, error)
                told = str(error)

        await watch.follow(self._around.cluster, resource, namespace, self.entry.label_selector, self.notice, failed)

    async def _pass(self, key: queue.Key) -> float | None:
        """The work of the queue."""
        async with self._slots:
            body = self.objects.get(key)
            if body is None or self.resource is None:
                self._forget(key)
                return None
            one = seen.Seen(self.resource, body)
            if one.deleting:
                return await self._deletion.delete(one)
            return await self._converger.converge(one)

    def _forget(self, key: queue.Key) -> None:
        self._converger.forget(key)
        self._holdings.forget(key)
        self._reports.forget(key)
