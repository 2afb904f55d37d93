"""Brings the releases of one Inspect to what it says: api → plan → render → release. Also its end: deletion."""

import asyncio
import dataclasses
import datetime
import logging
import math
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
_DELETING = 0  # stands for the generation of an object that is being deleted


@dataclasses.dataclass
class _Failure:
    """A step that failed: not tried again before `until` (monotonic seconds) while `generation` stands."""

    error: errors.InspectError
    generation: int
    times: int
    until: float


class Converger:
    """`report` is woken whenever something changed that the status should tell; `steps_at_once` limits one object,
    so that a large one leaves room for others."""

    def __init__(
        self,
        cluster: client.Cluster,
        releases: apply.Releases,
        store: stores.Store,
        memory: memories.Memory,
        checks: tuple[str, ...],
        dead_before: datetime.datetime,
        steps_at_once: int,
        report: Callable[[queue.Key], None],
    ) -> None:
        self._cluster = cluster
        self._releases = releases
        self._store = store
        self._memory = memory
        self._checks = checks
        self._dead_before = dead_before
        self._report = report
        self._steps_at_once = steps_at_once
        self._failures: dict[queue.Key, dict[str, _Failure]] = {}  # by release

    async def converge(self, key: queue.Key) -> float | None:
        """One pass; the work of the queue."""
        body = self._memory.inspects.get(key)
        if body is None:
            self._failures.pop(key, None)
            return None
        metadata = body["metadata"]
        owner = tasks.Owner(metadata["namespace"], metadata["name"], metadata["uid"])
        generation = metadata["generation"]
        if metadata.get("deletionTimestamp"):
            return await self._delete(key, owner, metadata)
        try:
            inspection = canonical.read(body, self._checks)
            names = {naming.release_name(owner.name, task.name) for task in inspection.tasks}
            found = self._store.seen(owner.namespace, owner.uid, names)
            wanted = desired.releases(inspection, found)
        except errors.SpecInvalid as error:
            self._refuse(key, generation, error)
            return None
        self._memory.own(key, wanted)
        open_steps = self._open_steps(key, inspection, wanted, found)
        if key not in self._memory.suspect and not any(self._due(key, generation, step) for step in open_steps):
            return self._settle(key, inspection, wanted, open_steps)
        if not await self._finalizers(owner, lambda present: [*present, group.FINALIZER]):
            return None  # the object is gone; installed now, nobody would ever remove its releases
        known = self._memory.converged.get(key)
        if known is None or known.generation != generation:
            self._tell(key, memories.Converged(generation, False, inspection, wanted))
        # Decided from what was seen before; what is done is decided from what is there now.
        self._memory.suspect.discard(key)
        found = await self._store.refresh(owner.namespace, owner.uid, names)
        wanted = desired.releases(inspection, found)
        open_steps = self._open_steps(key, inspection, wanted, found, await self._living(owner, found))
        await self._carry_out_all(key, owner, generation, [s for s in open_steps if self._due(key, generation, s)])
        self._memory.own(key, wanted)
        found = self._store.seen(owner.namespace, owner.uid, names)
        return self._settle(key, inspection, wanted, self._open_steps(key, inspection, wanted, found))

    def _open_steps(
        self,
        key: queue.Key,
        inspection: tasks.Inspection,
        wanted: tuple[desired.Desired, ...],
        found: dict[str, observed.Release],
        living: frozenset[str] = frozenset(),
    ) -> tuple[steps.Step, ...]:
        """Everything that isn't as desired. A failure of a release that is as desired by now is forgotten."""
        namespace = inspection.owner.namespace
        known = state.Known(
            owner_uid=inspection.owner.uid,
            living=living,
            dead_before=max(
                self._dead_before,
                datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2 * apply.BASE_TIMEOUT_SECONDS),
            ),
            ended={(name, number) for where, name, number in self._releases.ended if where == namespace},
            lost=self._memory.lost(namespace, wanted),
        )
        open_steps = steps.decide(wanted, found, known, inspection.generation)
        releases = {step.release for step in open_steps}
        for release in set(self._failures.get(key, ())) - releases:
            del self._failures[key][release]
        return open_steps

    def _due(self, key: queue.Key, generation: int, step: steps.Step) -> bool:
        """Whether to take the step now: one that failed waits for its time, or for another generation."""
        failure = self._failures.get(key, {}).get(step.release)
        return failure is None or failure.generation != generation or time.monotonic() >= failure.until

    def _settle(
        self,
        key: queue.Key,
        inspection: tasks.Inspection,
        wanted: tuple[desired.Desired, ...],
        open_steps: tuple[steps.Step, ...],
    ) -> float | None:
        """Tells how far the releases are, and says when to look again."""
        failures = self._failures.get(key, {})
        problems = {step.release: failures[step.release].error for step in open_steps if step.release in failures}
        # A step without a failure waits for the helm of somebody else, or came up just now.
        waits = any(step.release not in failures for step in open_steps)
        self._tell(key, memories.Converged(inspection.generation, not waits, inspection, wanted, problems))
        looks = [BUSY_SECONDS] if waits else []
        looks += [failures[release].until - time.monotonic() for release in problems]
        soonest = min(looks, default=math.inf)
        return None if soonest == math.inf else max(0.1, soonest)

    def _refuse(self, key: queue.Key, generation: int, error: errors.InspectError) -> None:
        """Nothing is touched; the runs of the last valid spec are still watched."""
        known = self._memory.converged.get(key)
        inspection, wanted = (known.inspection, known.wanted) if known else (None, ())
        self._tell(key, memories.Converged(generation, True, inspection, wanted, invalid=error))

    async def _carry_out_all(self, key: queue.Key, owner: tasks.Owner, generation: int, todo: list[steps.Step]) -> None:
        """Some at a time; all have ended when this returns, so that no two passes work on one release."""
        slots = asyncio.Semaphore(self._steps_at_once)

        async def one(step: steps.Step) -> None:
            async with slots:
                if self._current(key, owner, generation):
                    await self._carry_out(key, step, owner, generation)

        ended = await asyncio.gather(*(one(step) for step in todo), return_exceptions=True)
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure

    def _current(self, key: queue.Key, owner: tasks.Owner, generation: int) -> bool:
        """Whether the object still wants what this pass is about."""
        metadata = self._memory.inspects.get(key, {}).get("metadata", {})
        deleting = bool(metadata.get("deletionTimestamp")) and generation != _DELETING
        return metadata.get("uid") == owner.uid and not deleting and generation in (metadata["generation"], _DELETING)

    async def _carry_out(self, key: queue.Key, step: steps.Step, owner: tasks.Owner, generation: int) -> None:
        """One step; its failure stands by itself and is remembered."""
        if step.action is steps.Action.WAIT:
            return
        failures = self._failures.setdefault(key, {})
        try:
            if step.action is steps.Action.REFUSE:
                raise errors.ReleaseNotOwned(f"{step.why}; rename the task, or uninstall that release")
            await self._releases.carry_out(step, owner)
        except errors.InspectError as error:
            before = failures.get(step.release)
            times = before.times + 1 if before and before.generation == generation else 1
            failures[step.release] = _Failure(error, generation, times, time.monotonic() + _pause(error, times))
            logger.warning(
                "step failed namespace=%s release=%s action=%s reason=%s times=%d error=%s",
                owner.namespace, step.release, step.action, error.reason, times, error,
            )  # fmt: skip
        else:
            failures.pop(step.release, None)
            if step.want is not None:
                self._memory.found(owner.namespace, step.want.job)

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
            due = [step for step in todo if self._due(key, _DELETING, step)]
            await self._carry_out_all(key, owner, _DELETING, due)
            known = self._failures.get(key, {})
            if failed := [known[step.release] for step in todo if step.release in known]:
                self._refuse(key, metadata["generation"], failed[0].error)
                return max(0.1, min(failure.until for failure in failed) - time.monotonic())
            selector = f"{group.LABEL_INSPECT}={naming.label_value(owner.name)}"
            await leftovers.remove(self._cluster, owner.namespace, selector)
        self._store.forget(owner.namespace, owner.uid)
        await self._finalizers(owner, lambda present: [name for name in present if name != group.FINALIZER])
        logger.info("inspect was deleted namespace=%s name=%s", owner.namespace, owner.name)
        return None

    async def _terminating(self, namespace: str) -> bool:
        try:
            found = await self._cluster.get(resources.NAMESPACES, "", namespace)
        except client.NotFound:
            return True
        return bool(found["metadata"].get("deletionTimestamp"))

    async def _finalizers(self, owner: tasks.Owner, change: Callable[[list[str]], list[str]]) -> bool:
        """Changes the finalizers of exactly that object, unless there is nothing to change; False: it is gone."""
        body = self._memory.inspects.get((owner.namespace, owner.name))
        for fresh in (False, True):
            try:
                if fresh or body is None:
                    body = await self._cluster.get(resources.INSPECTS, owner.namespace, owner.name)
                metadata = body["metadata"]
                present = list(metadata.get("finalizers") or ())
                wanted = list(dict.fromkeys(change(present)))
                if metadata["uid"] != owner.uid:
                    return False
                if wanted == present:
                    return True
                patch = {"metadata": {"finalizers": wanted, "resourceVersion": metadata["resourceVersion"]}}
                await self._cluster.merge(resources.INSPECTS, owner.namespace, owner.name, patch)
            except client.NotFound:
                return False
            except errors.ClusterConflict:
                if fresh:
                    raise
                continue
            return True
        return False


def _pause(error: errors.InspectError, times: int) -> float:
    """Seconds until the next try: back-off, or not before the object changes. Nobody tells us when a release of
    somebody else goes away, so that is looked at now and then."""
    if error.retry:
        return queue.backoff_seconds(times - 1)
    return queue.MAX_BACKOFF_SECONDS if isinstance(error, errors.ReleaseNotOwned) else math.inf
