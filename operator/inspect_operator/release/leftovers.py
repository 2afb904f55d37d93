"""Objects that carry a release's label but stand in no manifest of it: what an interrupted revision left behind.

Helm compares only with the last deployed revision, so nothing else would ever remove them.
"""

import logging
from collections.abc import Collection

from inspect_operator.api import group
from inspect_operator.cluster import client, resources

logger = logging.getLogger(__name__)


async def remove(
    cluster: client.Cluster,
    namespace: str,
    selector: str,
    keep: Collection[tuple[str, str]] = (),
    *,
    passwords: bool = False,
) -> None:
    """Deletes all objects of ours under a label selector but those in `keep`, which are (kind, name); also the copies
    of `passwords`, which stand beside the release."""
    for resource in (*resources.RELEASED, resources.SECRETS) if passwords else resources.RELEASED:
        for item in await cluster.list(resource, namespace, selector=f"taskType=inspect,{selector}"):
            name, uid = item["metadata"]["name"], item["metadata"]["uid"]
            owners = item["metadata"].get("ownerReferences") or ()
            if any(owner.get("kind") == resources.CRON_JOBS.kind for owner in owners):
                continue  # a run of a schedule stands in no manifest; it goes with its CronJob
            if (resource.kind, name) not in keep and await cluster.delete(resource, namespace, name, uid):
                logger.info("leftover was deleted namespace=%s kind=%s name=%s", namespace, resource.kind, name)


def of_release(release: str) -> str:
    """Selector of one release's objects."""
    return f"{group.LABEL_INSTANCE}={release}"
