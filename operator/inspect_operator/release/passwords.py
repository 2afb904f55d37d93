"""Passwords that stand in an Inspect itself, in the original spelling: copied into a Secret that the Inspect owns, from
where the task's pod has them as files. They are in no release, and the Inspect is not edited."""

import base64
import logging
from collections.abc import Mapping

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.plan import naming

logger = logging.getLogger(__name__)


async def ensure(cluster: client.Cluster, owner: tasks.Owner, release: str, wanted: Mapping[str, str]) -> None:
    """The release's Secret holds just `wanted`, by key; without any it is not there.

    :raises errors.ClusterConflict: a Secret of that name is somebody else's, or was written at the same time
    """
    name = naming.secret_name(release)
    try:
        found = await cluster.get(resources.SECRETS, owner.namespace, name)
    except client.NotFound:
        found = {}
    ours = (found.get("metadata", {}).get("labels") or {}).get(group.LABEL_INSTANCE) == release
    if not wanted:
        if ours:
            await cluster.delete(resources.SECRETS, owner.namespace, name, found["metadata"]["uid"])
        return
    data = {key: base64.b64encode(text.encode("utf-8", "replace")).decode() for key, text in wanted.items()}
    if ours and found.get("data") == data and _owner_uids(found) == [owner.uid]:
        return
    body = {
        "apiVersion": resources.SECRETS.api_version,
        "kind": resources.SECRETS.kind,
        "metadata": {
            "name": name,
            "namespace": owner.namespace,
            "labels": {
                **group.TASK_TYPE,
                group.LABEL_INSTANCE: release,
                group.LABEL_INSPECT: naming.label_value(owner.name),
            },
            "ownerReferences": [
                {"apiVersion": group.API_VERSION, "kind": group.KIND, "name": owner.name, "uid": owner.uid}
            ],
        },
        "type": "Opaque",
        "data": data,
    }
    if ours:
        body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]  # type: ignore[index]
        await cluster.replace(resources.SECRETS, owner.namespace, body)
    elif found:
        raise errors.ClusterConflict(f"Secret {name} is somebody else's; rename the task, or delete that Secret")
    else:
        await cluster.create(resources.SECRETS, owner.namespace, body)
    logger.info("passwords were copied namespace=%s secret=%s number=%d", owner.namespace, name, len(data))


def _owner_uids(found: client.Object) -> list[str]:
    return [one["uid"] for one in found["metadata"].get("ownerReferences") or ()]
