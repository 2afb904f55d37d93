"""All kinds of watches.yaml: read at start, their charts looked at now and then, and their ends."""

import asyncio
import datetime
import logging
import os
from collections.abc import Collection

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import group
from inspect_operator.cluster import client, discovery
from inspect_operator.handlers import queue
from inspect_operator.handlers.kinds import controller, dependents, surroundings
from inspect_operator.publish import meters
from inspect_operator.release import helm as helms
from inspect_operator.release import objects, watches_file
from inspect_operator.release import store as stores

logger = logging.getLogger(__name__)

#: So often charts on disk are looked at: a mounted ConfigMap or volume changes behind our back.
LOOK_SECONDS = 10.0


class Kinds:
    """Nothing but Inspects where watches.yaml names nothing else."""

    def __init__(
        self,
        settings: settings_module.Settings,
        cluster: client.Cluster,
        helm: helms.Helm,
        dead_before: datetime.datetime,
        counted: meters.Meters,
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._helm = helm
        self._dead_before = dead_before
        self._counted = counted
        self._store = stores.Store(cluster, group.LABEL_OBJECT_UID)
        self._dependents = dependents.Dependents(cluster, settings.namespaces, self._wake)
        self._controllers: list[controller.Controller] = []
        self._looking: asyncio.Task[None] | None = None

    async def prime(self) -> None:
        """Reads watches.yaml, and which releases there are.

        :raises errors.InspectError: an entry can't be served; names it
        """
        served = await watches_file.load(settings_module.watches_file(), self._helm, os.environ)
        if not served:
            return
        await self._store.prime(self._settings.namespaces)
        found = discovery.Discovery(self._cluster)
        around = surroundings.Surroundings(
            cluster=self._cluster,
            discovery=found,
            releases=objects.ObjectReleases(self._cluster, self._helm, self._store, found),
            store=self._store,
            dependents=self._dependents,
            namespaces=self._settings.namespaces,
            living=self._living,
            dead_before=self._dead_before,
            at_once=self._settings.helm_concurrency,
            counted=self._counted,
        )
        self._controllers = [controller.Controller(one, around) for one in served]

    def start(self) -> None:
        """Begins to serve."""
        if self._controllers:
            self._looking = asyncio.create_task(self._look(), name="charts")

    async def close(self) -> None:
        """Ends what is under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await asyncio.gather(*(one.close() for one in self._controllers))
        await self._dependents.close()

    async def _look(self) -> None:
        await asyncio.gather(*(one.look_at_chart() for one in self._controllers))
        for one in self._controllers:
            one.start()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for one in self._controllers:
                await one.look_at_chart()

    def _wake(self, release: queue.Key) -> bool:
        """An object bears the name of its release."""
        found = [one for one in self._controllers if release in one.objects]
        for one in found:
            one.wake(release)
        return bool(found)

    async def _living(self, namespace: str, uids: Collection[str]) -> frozenset[str]:
        there: set[str] = set()
        for one in self._controllers:
            if one.resource is not None:
                try:
                    found = await self._cluster.list(one.resource, namespace)
                except errors.ClusterForbidden:
                    return frozenset(uids)
                there |= {item["metadata"]["uid"] for item in found}
        return frozenset(uids) & frozenset(there)
