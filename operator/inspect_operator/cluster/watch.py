"""List and watch of one kind, for kinds that are known only at run time (kopf's watches are set at its start).

As client-go's reflector does it: list, watch from the version of the list, list anew where the server has forgotten it.
"""

import asyncio
import logging
from collections.abc import Callable

from inspect_operator import errors
from inspect_operator.cluster import client, resources

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 30.0

#: Told with every object that is there or changed, and False; with True once it is gone.
Notice = Callable[[client.Object, bool], None]


async def follow(
    cluster: client.Cluster,
    resource: resources.Resource,
    namespace: str,
    selector: str,
    notice: Notice,
    failed: Callable[[errors.InspectError], None],
    listed: Callable[[], None] = lambda: None,
) -> None:
    """Until it is cancelled. `listed` is told after each whole list, be it empty; `failed` hears why a list or watch
    could not be had; it is tried again with pauses."""
    known: dict[str, client.Object] = {}  # by uid
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            items, version = await cluster.page(resource, namespace, selector)
            pause = FIRST_PAUSE_SECONDS
            there = {item["metadata"]["uid"]: item for item in items}
            for uid in set(known) - set(there):
                notice(known.pop(uid), True)
            for uid, item in there.items():
                item.setdefault("apiVersion", resource.api_version)  # items of a list don't say it
                item.setdefault("kind", resource.kind)
                _keep(known, uid, item)
                notice(item, False)
            listed()
            while version:
                version = await _watch(cluster, resource, namespace, selector, version, known, notice)
        except errors.InspectError as error:
            failed(error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)


async def _watch(
    cluster: client.Cluster,
    resource: resources.Resource,
    namespace: str,
    selector: str,
    version: str,
    known: dict[str, client.Object],
    notice: Notice,
) -> str:
    """One watch until its end; the version to go on from, or nothing where a new list is needed."""
    try:
        async for kind, item in cluster.watch(resource, namespace, selector=selector, version=version):
            version = str(item["metadata"].get("resourceVersion", version))
            if kind == "BOOKMARK":
                continue
            uid = item["metadata"]["uid"]
            if kind == "DELETED":
                known.pop(uid, None)
            else:
                _keep(known, uid, item)
            notice(item, kind == "DELETED")
    except client.NotFound:
        return ""
    return version


def _keep(known: dict[str, client.Object], uid: str, item: client.Object) -> None:
    """Of each object what tells which one it was, should it be gone with the next list."""
    metadata = item["metadata"]
    names = ("name", "namespace", "uid", "labels", "annotations", "ownerReferences")
    known[uid] = {
        "apiVersion": item.get("apiVersion"),
        "kind": item.get("kind"),
        "metadata": {name: metadata[name] for name in names if name in metadata},
    }
