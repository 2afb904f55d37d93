"""Brings the releases of one Inspect to what it says: api → plan → render → release. Also its end: deletion."""

import asyncio
import dataclasses
import datetime
import logging
import time
from collections.abc import Callable
from typing import Any

from inspect_operator import errors
from inspect_operator.api import canonical, group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import queue
from inspect_operator.plan import desired, naming, observed, state, steps
from inspect_operator.release import apply, leftovers
from inspect_operator.release import store as stores

logger = logging.getLogger(__name__)

BUSY_SECONDS = 2.0


@dataclasses.dataclass
class _Failure:
    """A step that failed: not tried again before `until` (monotonic seconds), nor at all while `digest` stands."""

    error: errors.InspectError
    digest: str
    times: int
    until: float


class Converger:
    """`report` is woken whenever something changed that the status should tell."""

    def __init__(
        self,
        cluster: client.Cluster,
        releases: apply.Releases,
        store: stores.Store,
        memory: memories.Memory,
        checks: tuple[str, ...],
        dead_before: datetime.datetime,
        report: Callable[[queue.Key], None],
    ) -> None:
        self._cluster = cluster
        self._releases = releases
        self._store = store
        self._memory = memory
        self._checks = checks
        self._dead_before = dead_before
        self._report = report
        self._failures: dict[tuple[str, str], _Failure] = {}

    async def converge(self, key: queue.Key) -> float | None:
        """One pass; the work of the queue."""
        body = self._memory.inspects.get(key)
        if body is None:
            return None
        metadata = body["metadata"]
        owner = tasks.Owner(metadata["namespace"], metadata["name"], metadata["uid"])
        if metadata.get("deletionTimestamp"):
            return await self._delete(key, owner, metadata)
        generation = metadata["generation"]
        try:
            inspection = canonical.read(body, self._checks)
            found = self._seen(inspection)
            wanted = desired.releases(inspection, found)
        except errors.SpecInvalid as error:
            self._tell(key, memories.Converged(generation, complete=True, invalid=error))
            return None
        self._memory.own(key, wanted)
        todo = self._todo(inspection, wanted, found)
        if not todo:
            self._tell(key, memories.Converged(generation, True, inspection, wanted, self._problems(owner, wanted)))
            return self._next_try(owner, wanted)
        await self._add_finalizer(owner)
        known = self._memory.converged.get(key)
        if known is None or known.generation != generation:
            self._tell(key, memories.Converged(generation, False, inspection, wanted))
        # Decided from what was seen before; what is done is decided from what is there now.
        names = {naming.release_name(owner.name, task.name) for task in inspection.tasks}
        found = await self._store.refresh(owner.namespace, owner.uid, names)
        wanted = desired.releases(inspection, found)
        todo = self._todo(inspection, wanted, found, await self._living(owner, found))
        await self._carry_out_all(todo, owner)
        self._memory.own(key, wanted)
        busy = any(step.action is steps.Action.WAIT for step in todo)
        self._tell(key, memories.Converged(generation, not busy, inspection, wanted, self._problems(owner, wanted)))
        return BUSY_SECONDS if busy else self._next_try(owner, wanted)

    def _seen(self, inspection: tasks.Inspection) -> dict[str, observed.Release]:
        owner = inspection.owner
        names = {naming.release_name(owner.name, task.name) for task in inspection.tasks}
        return self._store.seen(owner.namespace, owner.uid, names)

    def _todo(
        self,
        inspection: tasks.Inspection,
        wanted: tuple[desired.Desired, ...],
        found: dict[str, observed.Release],
        living: frozenset[str] = frozenset(),
    ) -> list[steps.Step]:
        """The steps to take now: those that failed wait for their time, or for another content."""
        owner = inspection.owner
        known = state.Known(
            owner_uid=owner.uid,
            living=living,
            dead_before=max(
                self._dead_before,
                datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2 * apply.BASE_TIMEOUT_SECONDS),
            ),
            ended={(name, number) for where, name, number in self._releases.ended if where == owner.namespace},
            lost=self._memory.lost(owner.namespace, wanted),
        )
        decided = steps.decide(wanted, found, known, inspection.generation)
        for release in {want.release for want in wanted} - {step.release for step in decided}:
            # It worked although it seemed to fail, or somebody else mended it.
            self._failures.pop((owner.namespace, release), None)
        todo = []
        for step in decided:
            failure = self._failures.get((owner.namespace, step.release))
            digest = step.want.digest if step.want else ""
            if failure and failure.digest == digest and time.monotonic() < failure.until:
                continue
            todo.append(step)
        return todo

    async def _carry_out_all(self, todo: list[steps.Step], owner: tasks.Owner) -> None:
        """All steps side by side and to their end, also where one meets a bug: no helm may be left running when the
        next pass begins."""
        ends = await asyncio.gather(*(self._carry_out(step, owner) for step in todo), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    async def _carry_out(self, step: steps.Step, owner: tasks.Owner) -> None:
        """One step; its failure stands by itself and is remembered."""
        where = (owner.namespace, step.release)
        digest = step.want.digest if step.want else ""
        if step.action is steps.Action.WAIT:
            return
        try:
            if step.action is steps.Action.REFUSE:
                raise errors.ReleaseNotOwned(f"{step.why}; rename the task, or uninstall that release")
            await self._releases.carry_out(step, owner)
        except errors.InspectError as error:
            before = self._failures.get(where)
            times = before.times + 1 if before and before.digest == digest else 1
            pause = queue.backoff_seconds(times - 1) if error.retry else queue.MAX_BACKOFF_SECONDS
            self._failures[where] = _Failure(error, digest, times, time.monotonic() + pause)
            logger.warning(
                "step failed namespace=%s release=%s action=%s reason=%s times=%d error=%s",
                owner.namespace, step.release, step.action, error.reason, times, error,
            )  # fmt: skip
        else:
            self._failures.pop(where, None)
            if step.want is not None:
                self._memory.found(owner.namespace, step.want.job)

    def _problems(self, owner: tasks.Owner, wanted: tuple[desired.Desired, ...]) -> dict[str, errors.InspectError]:
        mine = {want.release for want in wanted} | set(self._store.seen(owner.namespace, owner.uid, ()))
        return {
            release: failure.error
            for (namespace, release), failure in self._failures.items()
            if namespace == owner.namespace and release in mine
        }

    def _next_try(self, owner: tasks.Owner, wanted: tuple[desired.Desired, ...]) -> float | None:
        waiting = [
            self._failures[(owner.namespace, release)].until - time.monotonic()
            for release in self._problems(owner, wanted)
        ]
        return max(0.1, min(waiting)) if waiting else None

    async def _living(self, owner: tasks.Owner, found: dict[str, observed.Release]) -> frozenset[str]:
        """Which other owners of these releases still exist; asked only where there is one."""
        others = {release.newest.owner_uid for release in found.values()} - {owner.uid, ""}
        if not others:
            return frozenset()
        there = await self._cluster.list(resources.INSPECTS, owner.namespace)
        return frozenset(item["metadata"]["uid"] for item in there) & others

    def _tell(self, key: queue.Key, converged: memories.Converged) -> None:
        if key in self._memory.inspects:
            self._memory.converged[key] = converged
            self._report(key)

    async def _add_finalizer(self, owner: tasks.Owner) -> None:
        await self._finalizers(owner, lambda present: [*present, group.FINALIZER])

    async def _delete(self, key: queue.Key, owner: tasks.Owner, metadata: dict[str, Any]) -> float | None:
        """Uninstalls everything of the object, then lets it go. Objects that vanish with their namespace need no
        Helm: it would be refused, and the namespace takes everything along."""
        if group.FINALIZER not in metadata.get("finalizers", ()):
            return None
        if not await self._terminating(owner.namespace):
            found = await self._store.refresh(owner.namespace, owner.uid, ())
            todo = [
                steps.Step(steps.Action.UNINSTALL, name, "the Inspect is being deleted", None, release)
                for name, release in sorted(found.items())
                if release.newest.owner_uid == owner.uid
            ]
            await self._carry_out_all(todo, owner)
            if failed := self._problems(owner, ()):
                generation = metadata["generation"]
                self._tell(key, memories.Converged(generation, True, None, (), failed, next(iter(failed.values()))))
                return self._next_try(owner, ())
            selector = f"{group.LABEL_INSPECT}={naming.label_value(owner.name)}"
            await leftovers.remove(self._cluster, owner.namespace, selector)
        await self._finalizers(owner, lambda present: [name for name in present if name != group.FINALIZER])
        logger.info("inspect was deleted namespace=%s name=%s", owner.namespace, owner.name)
        return None

    async def _terminating(self, namespace: str) -> bool:
        try:
            found = await self._cluster.get(resources.NAMESPACES, "", namespace)
        except client.NotFound:
            return True
        return bool(found["metadata"].get("deletionTimestamp"))

    async def _finalizers(self, owner: tasks.Owner, change: Callable[[list[str]], list[str]]) -> None:
        """Changes the finalizers of exactly that object, unless there is nothing to change."""
        body = self._memory.inspects.get((owner.namespace, owner.name))
        for fresh in (False, True):
            if fresh or body is None:
                try:
                    body = await self._cluster.get(resources.INSPECTS, owner.namespace, owner.name)
                except client.NotFound:
                    return
            metadata = body["metadata"]
            present = list(metadata.get("finalizers") or ())
            wanted = list(dict.fromkeys(change(present)))
            if metadata["uid"] != owner.uid or wanted == present:
                return
            patch = {"metadata": {"finalizers": wanted, "resourceVersion": metadata["resourceVersion"]}}
            try:
                await self._cluster.merge(resources.INSPECTS, owner.namespace, owner.name, patch)
            except client.NotFound:
                return
            except errors.ClusterConflict:
                if fresh:
                    raise
                continue
            return
