"""The one writer of status and events of objects of chart-backed kinds."""

from typing import Any

from inspect_operator import errors
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import posted, queue
from inspect_operator.publish import kind_status


class Reporter:
    """Writes where something is to be told anew: compared is what was written last, since the API server leaves out
    what the CRD's schema has no place for."""

    def __init__(self, cluster: client.Cluster) -> None:
        self._cluster = cluster
        self._written: dict[queue.Key, tuple[str, kind_status.Status]] = {}  # with the object's uid

    def forget(self, key: queue.Key) -> None:
        """The object is gone, or what stands in it is to count again, should somebody else have written it."""
        self._written.pop(key, None)

    def before(self, key: queue.Key, body: client.Object) -> dict[str, Any]:
        """The status as it is by our last write, else as it was seen."""
        known = self._written.get(key)
        if known is not None and known[0] == body["metadata"]["uid"]:
            return known[1]
        return dict(body.get("status") or {})

    async def write(
        self, resource: resources.Resource, key: queue.Key, body: client.Object, made: kind_status.Status
    ) -> None:
        """Writes the status where it is another than before, then tells what changed.

        :raises errors.InspectError: it can't be written
        """
        uid, before = body["metadata"]["uid"], self.before(key, body)
        if _told(before) == _told(made):
            return
        patch = {"metadata": {"uid": uid}, "status": made}
        try:
            await self._cluster.merge(resource, key[0], key[1], patch, "status")
        except (client.NotFound, errors.ClusterConflict):
            return  # another object by now, or none
        self._written[key] = (uid, made)
        for event in kind_status.changes(before, made):
            await posted.post(self._cluster, resource, body, event)


def _told(status: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if value not in (None, [])}
