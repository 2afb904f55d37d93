"""Our finalizer on an object: it stands before the first install, and goes when nothing of the object is left."""

from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources


async def put(
    cluster: client.Cluster,
    owner: tasks.Owner,
    seen: dict[str, Any],
    resource: resources.Resource = resources.INSPECTS,
    finalizer: str = group.FINALIZER,
) -> bool:
    """Whether it stands now on exactly that object; False: the object is gone. `seen` is the object as last seen.

    :raises errors.ClusterConflict: others kept writing the object
    """
    return await _change(cluster, owner, seen, resource, finalizer, present=True)


async def drop(
    cluster: client.Cluster,
    owner: tasks.Owner,
    seen: dict[str, Any],
    resource: resources.Resource = resources.INSPECTS,
    finalizer: str = group.FINALIZER,
) -> bool:
    """The same the other way round."""
    return await _change(cluster, owner, seen, resource, finalizer, present=False)


async def _change(
    cluster: client.Cluster,
    owner: tasks.Owner,
    seen: dict[str, Any],
    resource: resources.Resource,
    finalizer: str,
    *,
    present: bool,
) -> bool:
    """Guarded by the version seen; where somebody wrote in between, once more by the version that there is."""
    body = seen
    for last in (False, True):
        metadata = body["metadata"]
        if metadata["uid"] != owner.uid:
            return False
        names = list(metadata.get("finalizers") or ())
        if (finalizer in names) == present:
            return True
        wanted = [*names, finalizer] if present else [name for name in names if name != finalizer]
        patch = {"metadata": {"finalizers": wanted, "resourceVersion": metadata["resourceVersion"]}}
        try:
            await cluster.merge(resource, owner.namespace, owner.name, patch)
        except client.NotFound:
            return False
        except errors.ClusterConflict:
            if last:
                raise
            try:
                body = await cluster.get(resource, owner.namespace, owner.name)
            except client.NotFound:
                return False
        else:
            return True
    return False
