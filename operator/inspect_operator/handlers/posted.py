"""Posts Kubernetes Events about objects of ours."""

import datetime
import logging
import uuid

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from inspect_operator.publish import events

logger = logging.getLogger(__name__)

#: What the newer API of Events takes.
MESSAGE_CHARACTERS = 1024


async def post(cluster: client.Cluster, resource: resources.Resource, body: client.Object, event: events.Event) -> None:
    """One Event about the object `body`; one that can't be written is only logged."""
    metadata = body["metadata"]
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
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
        "message": (event.message or event.reason)[:MESSAGE_CHARACTERS],
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": group.FIELD_MANAGER},
        "reportingComponent": group.FIELD_MANAGER,
        "reportingInstance": group.FIELD_MANAGER,
        "action": "Reconcile",
    }  # fmt: skip
    try:
        await cluster.create(resources.EVENTS, metadata["namespace"], written)
    except errors.InspectError as error:
        logger.warning(
            "event was not written namespace=%s name=%s reason=%s error=%s",
            metadata["namespace"], metadata["name"], event.reason, error,
        )  # fmt: skip
