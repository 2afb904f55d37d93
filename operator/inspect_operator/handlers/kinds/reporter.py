"""The one writer of status and events of objects of chart-backed kinds."""

import datetime
import logging
import uuid
from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import queue
from inspect_operator.publish import events, kind_status

logger = logging.getLogger(__name__)


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
            await self.tell(resource, body, event)

    async def tell(self, resource: resources.Resource, body: client.Object, event: events.Event) -> None:
        """One Kubernetes Event; one that can't be written is only logged."""
        metadata = body["metadata"]
        now = datetime.datetime.now(datetime.UTC)
        written = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"inspect-{uuid.uuid4().hex[:20]}", "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": resource.api_version, "kind": resource.kind, "name": metadata["name"],
                "namespace": metadata["namespace"], "uid": metadata["uid"],
            },
            "type": event.type,
            "reason": event.reason,
            "message": event.message or event.reason,
            "firstTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lastTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "count": 1,
            "source": {"component": group.FIELD_MANAGER},
            "reportingComponent": group.FIELD_MANAGER,
            "reportingInstance": group.FIELD_MANAGER,
            "action": "Reconcile",
        }  # fmt: skip
        try:
            await self._cluster.create(resources.EVENTS, metadata["namespace"], written)
        except errors.InspectError as error:
            logger.warning(
                "event was not written namespace=%s name=%s reason=%s error=%s",
                metadata["namespace"], metadata["name"], event.reason, error,
            )  # fmt: skip


def _told(status: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if value not in (None, [])}
