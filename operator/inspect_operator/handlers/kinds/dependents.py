"""What releases hold, as it is in the cluster: watched where the entry wants it, read now and then where not."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

from inspect_operator import errors
from inspect_operator.cluster import client, resources, watch
from inspect_operator.handlers import queue
from inspect_operator.plan import ownership
from inspect_operator.release import manifests, objects

logger = logging.getLogger(__name__)

#: Helm puts this label on all that it makes; what Inspects make has watches of its own.
SELECTOR = "app.kubernetes.io/managed-by=Helm,taskType!=inspect"
#: Nothing of these tells whether an object stands as written, and of Secrets nothing else is kept in memory.
_LEFT_OUT = ("data", "binaryData", "stringData")
#: Once done it stays done; a Job that is mended would run again.
NEVER_MENDED = ("Job",)

Place = tuple[resources.Resource, str, str]  # with namespace (empty where there is none) and name


class Dependents:
    """`wake` is called with the namespace and name of the release that an event concerns, and says whether that is of
    an object of ours: releases of others are seen too, and not kept."""

    def __init__(self, cluster: client.Cluster, namespaces: Collection[str], wake: Callable[[queue.Key], bool]) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._wake = wake
        self._watches: dict[tuple[resources.Resource, str], asyncio.Task[None]] = {}
        self._listed: dict[tuple[resources.Resource, str], asyncio.Event] = {}
        self._live: dict[Place, dict[str, Any]] = {}

    async def watch(self, found: Iterable[resources.Resource]) -> None:
        """Watches these kinds from now on; returns once what there is of them has been seen, or can't be."""
        begun = []
        for resource in found:
            for namespace in (self._namespaces or ("",)) if resource.namespaced else ("",):
                place = (resource, namespace)
                if place not in self._watches:
                    self._listed[place] = asyncio.Event()
                    self._watches[place] = asyncio.create_task(self._follow(*place), name=f"watch {resource.plural}")
                begun.append(self._listed[place].wait())
        await asyncio.gather(*begun)

    def live(self, resource: resources.Resource, namespace: str, name: str) -> dict[str, Any] | None:
        """The object as last seen, small; None where it isn't there."""
        return self._live.get((resource, namespace, name))

    def notice(self, resource: resources.Resource, body: client.Object, deleted: bool) -> None:
        """Keeps the object, or forgets it."""
        metadata = body["metadata"]
        place = (resource, metadata.get("namespace", ""), metadata["name"])
        known = self._live.pop(place, None)
        releases = {objects.released(body), objects.released(known) if known else None} - {None}
        ours = [self._wake(release) for release in releases if release is not None]
        another = known is not None and known["metadata"]["uid"] != metadata["uid"]
        if deleted and another and known is not None:
            self._live[place] = known  # the end of an object that another has taken the place of already
        elif not deleted and any(ours):
            self._live[place] = small(body)

    async def close(self) -> None:
        """Ends all watches."""
        for task in self._watches.values():
            task.cancel()
        await asyncio.gather(*self._watches.values(), return_exceptions=True)

    async def _follow(self, resource: resources.Resource, namespace: str) -> None:
        listed, told = self._listed[(resource, namespace)], ""

        def notice(body: client.Object, deleted: bool) -> None:
            self.notice(resource, body, deleted)

        def failed(error: errors.InspectError) -> None:
            nonlocal told
            listed.set()  # whoever waits goes on: what isn't seen is read
            if told != str(error):
                logger.warning("kind is not watched resource=%s error=%s", resource.plural, error)
                told = str(error)

        await watch.follow(self._cluster, resource, namespace, SELECTOR, notice, failed, listed.set)


def small(body: client.Object) -> dict[str, Any]:
    """Of an object what tells how it is, and what of it Helm still owns (`owned`)."""
    metadata = {name: value for name, value in body["metadata"].items() if name not in ("managedFields", "labels")}
    kept = {name: value for name, value in body.items() if name not in (*_LEFT_OUT, "metadata")}
    return {**kept, "metadata": metadata, "owned": ownership.owned(body)}


def drifted(item: manifests.Object, live: dict[str, Any] | None) -> list[str]:
    """What of an object was changed by somebody, as paths; the whole of it where it is gone."""
    if item.get("kind") in NEVER_MENDED:
        return []
    if live is None:
        return ["it was deleted"]
    if live["metadata"].get("deletionTimestamp"):
        return []  # it will be gone soon, and is made again then
    return ownership.changed(item, live["owned"]) + list(live.get("others", ()))
