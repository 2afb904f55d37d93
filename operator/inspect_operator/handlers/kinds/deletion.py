"""The end of one object: its release goes first."""

import logging

from inspect_operator import errors
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import finalizer
from inspect_operator.handlers.kinds import holdings, reporter, seen, surroundings
from inspect_operator.plan import kind, observed, steps

logger = logging.getLogger(__name__)

WAIT_SECONDS = 2.0


class Deletion:
    """Uninstalls, waits for the end of what was there where the object asks for it, then lets the object go."""

    def __init__(self, around: surroundings.Surroundings, held: holdings.Holdings, reports: reporter.Reporter) -> None:
        self._around = around
        self._holdings = held
        self._reports = reports

    async def delete(self, one: seen.Seen) -> float | None:
        """Seconds until it is to be looked at again, None where it need not be.

        :raises errors.InspectError: the release could not be uninstalled, or the object not be let go
        """
        if not (mine := one.finalizers):
            return None
        owner = one.owner
        if not await _terminating(self._around.cluster, owner.namespace):
            await self._uninstall(one)
            if kind.is_true(one.body, kind.UNINSTALL_WAIT):
                holding, left = await self._holdings.left(one)
                if left:
                    await self._reports.report(one, holding, uninstalled=True)
                    logger.info("uninstall waits namespace=%s name=%s left=%d", owner.namespace, owner.name, left)
                    return WAIT_SECONDS
        self._around.store.forget(owner.namespace, owner.uid)
        for name in mine:
            await finalizer.drop(self._around.cluster, owner, one.body, one.resource, name)
        logger.info("object was deleted kind=%s namespace=%s name=%s", one.resource.kind, owner.namespace, owner.name)
        return None

    async def _uninstall(self, one: seen.Seen) -> None:
        """Of a release that is uninstalled already, what it held stays known: somebody may wait for its end."""
        owner = one.owner
        try:
            found = (await self._around.store.refresh(owner.namespace, owner.uid, (owner.name,))).get(owner.name)
            if found is not None and _is_ours(one, found):
                await self._holdings.of(one.key, found, owner, anew=False, mend=False)
                with self._around.counted.helm(steps.Action.UNINSTALL):
                    await self._around.releases.uninstall(owner.namespace, owner.name, found)
        except errors.InspectError as error:
            await self._reports.report(one, self._holdings.last(one.key), failed=("UninstallError", str(error)))
            raise


def _is_ours(one: seen.Seen, found: observed.Release) -> bool:
    """By our label, or as another operator left it for the object."""
    uid = found.newest.owner_uid
    return uid == one.owner.uid or (not uid and kind.claimed(one.body))


async def _terminating(cluster: client.Cluster, namespace: str) -> bool:
    """Helm can store nothing there any more, and everything goes by itself."""
    try:
        found = await cluster.get(resources.NAMESPACES, "", namespace)
    except client.NotFound:
        return True
    return bool(found["metadata"].get("deletionTimestamp"))
