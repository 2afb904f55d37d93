"""What the release of each object holds: read once for each revision, compared with what is there, and mended."""

import asyncio
import dataclasses
import logging

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.api import watches
from inspect_operator.handlers import queue
from inspect_operator.handlers.kinds import dependents, seen
from inspect_operator.plan import observed, ownership
from inspect_operator.publish import dependents as told
from inspect_operator.publish import events
from inspect_operator.publish import row as rows
from inspect_operator.release import manifests, objects

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Holding:
    """What a release holds by its last deployed revision (None: nothing is deployed), how that is, and what of it was
    put right in this pass."""

    deployed: manifests.Deployed | None = None
    dependents: tuple[told.Dependent, ...] = ()
    mended: tuple[events.Event, ...] = ()


class Holdings:
    """By object. `around` are the watches, where the entry wants dependents to be watched."""

    def __init__(self, entry: watches.Entry, releases: objects.ObjectReleases, around: dependents.Dependents) -> None:
        self._watched = entry.watchDependentResources
        self._releases = releases
        self._around = around
        self._last: dict[queue.Key, Holding] = {}
        #: What still looked changed right after it was mended: whoever changes it does so at once and always.
        self._left_alone: dict[queue.Key, set[tuple[str, str, str]]] = {}

    def last(self, key: queue.Key) -> Holding:
        """As of the last pass."""
        return self._last.get(key, Holding())

    def forget(self, key: queue.Key) -> None:
        """The object is gone, or its release was written."""
        self._last.pop(key, None)
        self._left_alone.pop(key, None)

    async def of(
        self, key: queue.Key, found: observed.Release | None, owner: tasks.Owner, *, anew: bool, mend: bool
    ) -> Holding:
        """The release's objects as they are. With `mend`, what somebody changed is put right first.

        :raises errors.InspectError: they can't be read, or not be put right
        """
        deployed = await self._deployed(key, found, owner)
        if deployed is None:
            self.forget(key)
            return Holding()
        before = self.last(key)
        read = anew or before.deployed is None or before.deployed.revision != deployed.revision
        if not self._watched and not read:
            return before
        if self._watched:
            await self._around.watch(
                {(await self._releases.place(item, owner.namespace))[0] for item in deployed.objects}
            )
        mended, described = [], []
        for item in deployed.objects:
            live = await self._live(item, owner.namespace, read=read)
            if mend and self._drifted(key, item, live):
                live = await self._live(item, owner.namespace, read=True)  # the watch may be behind
            if mend and (paths := self._drifted(key, item, live)):
                mended.append(await self._mend(key, item, owner, paths))
                live = dependents.small(await self._releases.read(item, owner.namespace) or _gone(item))
                self._leave_alone(key, item, live)
            described.append(told.dependent(item, live))
        self._last[key] = Holding(deployed, tuple(described))
        return Holding(deployed, tuple(described), tuple(mended))

    async def left(self, one: seen.Seen) -> tuple[Holding, int]:
        """What the release held that was uninstalled, and how much of it is still there; after a restart the status
        tells what it was."""
        holding = self.last(one.key)
        if holding.deployed is None:
            shown = ((one.body.get("status") or {}).get("deployedRelease") or {}).get("manifest", "")
            holding = Holding(await asyncio.to_thread(manifests.read, 1, str(shown), ""))
        there = 0
        for item in holding.deployed.objects if holding.deployed is not None else ():
            if not manifests.is_kept(item) and await self._releases.read(item, one.owner.namespace) is not None:
                there += 1
        return holding, there

    async def _deployed(
        self, key: queue.Key, found: observed.Release | None, owner: tasks.Owner
    ) -> manifests.Deployed | None:
        revisions = found.revisions if found is not None else ()
        newest = next((one for one in revisions if one.status is observed.Status.DEPLOYED), None)
        if newest is None:
            return None
        known = self.last(key).deployed
        if known is not None and known.revision == newest.number:
            return known
        self._left_alone.pop(key, None)
        return await self._releases.held(owner.namespace, owner.name, newest.number)

    async def _live(self, item: manifests.Object, namespace: str, *, read: bool) -> dict[str, object] | None:
        """As watched; from the API server where it isn't, or the watch may be behind what was written just now. What
        `stringData` set is nobody's field, so such a Secret is always read."""
        resource, where = await self._releases.place(item, namespace)
        seen = self._around.live(resource, where, item["metadata"]["name"]) if self._watched else None
        if seen is not None and not read and not item.get("stringData"):
            return seen
        found = await self._releases.read(item, namespace)
        return None if found is None else {**dependents.small(found), "others": ownership.other_secret(item, found)}

    def _drifted(self, key: queue.Key, item: manifests.Object, live: dict[str, object] | None) -> list[str]:
        alone = self._left_alone.get(key, set())
        return [path for path in dependents.drifted(item, live) if (*_identity(item), path) not in alone]

    async def _mend(self, key: queue.Key, item: manifests.Object, owner: tasks.Owner, paths: list[str]) -> events.Event:
        kind, name = _identity(item)
        try:
            await self._releases.mend(item, owner.name, owner.namespace)
        except errors.InspectError as error:
            raise type(error)(
                f"{kind} {name} was changed ({', '.join(paths[:5])}) and can't be put right: {error}"
            ) from None
        words = rows.cut(f"{kind} {name} was put right: {', '.join(paths[:10])}")
        logger.info("drift was mended namespace=%s release=%s what=%s", key[0], key[1], words)
        return events.Event(events.NORMAL, "DriftRepaired", words)

    def _leave_alone(self, key: queue.Key, item: manifests.Object, live: dict[str, object]) -> None:
        for path in dependents.drifted(item, live):
            if path != "it was deleted":
                logger.warning("field is left alone, it changes again at once: %s %s %s", *_identity(item), path)
                self._left_alone.setdefault(key, set()).add((*_identity(item), path))


def _identity(item: manifests.Object) -> tuple[str, str]:
    return str(item.get("kind")), str(item["metadata"]["name"])


def _gone(item: manifests.Object) -> manifests.Object:
    return {**item, "metadata": {**item["metadata"], "deletionTimestamp": "now"}}
