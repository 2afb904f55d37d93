"""Watches of what releases hold, of its pods, and of nodes: also what went while nobody was looking is told."""

import asyncio
import logging
from collections.abc import Callable, Collection

from inspect_operator import errors
from inspect_operator.cluster import client, resources, watch

logger = logging.getLogger(__name__)


class Watches:
    """As informers are: each is a list, then a watch, and after each break a list again. `namespaces` are those that
    the operator serves; none: all."""

    def __init__(self, cluster: client.Cluster, namespaces: Collection[str]) -> None:
        self._cluster = cluster
        self._namespaces = tuple(namespaces) or ("",)
        self._tasks: list[asyncio.Task[None]] = []

    async def follow(
        self, resource: resources.Resource, selector: str, notice: Callable[[client.Object, bool], None]
    ) -> None:
        """Tells `notice` of every object that is there (with False), and from then on of each that changes (False) or
        is gone (True). Returns once all of them were told.

        :raises errors.InspectError: they can't be listed
        """
        places = self._namespaces if resource.namespaced else ("",)
        await asyncio.gather(*(self._follow(resource, place, selector, notice) for place in places))

    async def close(self) -> None:
        """Ends them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(
        self, resource: resources.Resource, namespace: str, selector: str, notice: Callable[[client.Object, bool], None]
    ) -> None:
        listed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def seen() -> None:
            if not listed.done():
                listed.set_result(None)

        def failed(error: errors.InspectError) -> None:
            if not listed.done():
                listed.set_exception(error)
            else:
                logger.warning("watch failed, is begun anew resource=%s error=%s", resource.plural, error)

        following = watch.follow(self._cluster, resource, namespace, selector, notice, failed, seen)
        task = asyncio.create_task(following, name=f"watch {resource.plural}")
        self._tasks.append(task)
        try:
            await listed
        except errors.InspectError:
            task.cancel()
            raise
