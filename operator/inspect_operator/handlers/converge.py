"""Brings the releases of one Inspect to what it says: api → plan → render → release. Also its end: deletion."""

import asyncio
import dataclasses
import datetime
import logging
from collections.abc import Callable

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import canonical, group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import attempts, finalizer, permission, queue, rollout, schedules, slots
from inspect_operator.handlers import facts as facts_module
from inspect_operator.handlers import memory as memories
from inspect_operator.plan import desired, naming, observed, state, steps
from inspect_operator.publish import meters
from inspect_operator.release import apply, leftovers, passwords
from inspect_operator.release import store as stores
from inspect_operator.render import chart, hosts

logger = logging.getLogger(__name__)

BUSY_SECONDS = 2.0
#: A status that tells only that work has begun waits so long: most passes end before, and then one status tells both.
BEGUN_SECONDS = 2.0
#: Who asks for a run, or deletes an object, makes no new generation: Ready is taken back where the pass takes longer.
SLOW_SECONDS = 2.0

Wanted = tuple[desired.Desired, ...]
Found = dict[str, observed.Release]
Steps = tuple[steps.Step, ...]
Problems = dict[str, errors.InspectError]  # by release


class Converger:
    """`report` is woken whenever something changed that the status should tell, within so many seconds. A revision
    that is pending since before `dead_before` has no helm at work on it. `wake` has an Inspect looked at again."""

    def __init__(
        self,
        cluster: client.Cluster,
        releases: apply.Releases,
        store: stores.Store,
        memory: memories.Memory,
        settings: settings_module.Settings,
        renderer: chart.Renderer,
        dead_before: datetime.datetime,
        report: Callable[[queue.Key, float], None],
        wake: Callable[[queue.Key], None],
        counted: meters.Meters,
    ) -> None:
        self._cluster = cluster
        self._releases = releases
        self._store = store
        self._memory = memory
        self._settings = settings
        self._permissions = permission.Permissions(cluster)
        self._schedules = schedules.Schedules(renderer)
        self._renderer = renderer
        self.slots = slots.Slots(memory, settings.active_runs, settings.active_runs_per_namespace)
        self._dead_before = dead_before
        self._report = report
        self._wake = wake
        self._counted = counted
        self._attempts = attempts.Attempts(max(1, settings.helm_concurrency // 2))
        self._rollout = rollout.Rollout(max(1, settings.helm_concurrency // 2), wake)
        #: For which object and generation the copies of passwords are right.
        self._copied: dict[queue.Key, attempts.Subject] = {}

    async def converge(self, key: queue.Key) -> float | None:
        """One pass; the work of the queue."""
        try:
            return await self._pass(key)
        finally:
            self._rollout.leave(key)

    async def _pass(self, key: queue.Key) -> float | None:
        body = self._memory.inspects.get(key)
        if body is None:
            self._attempts.keep_only(key, ())
            self._copied.pop(key, None)
            return None
        metadata = body["metadata"]
        owner = tasks.Owner(metadata["namespace"], metadata["name"], metadata["uid"])
        if metadata.get("deletionTimestamp"):
            return await self._delete(key, owner, body)
        try:
            inspection = canonical.read(body, self._renderer.checks, self._renderer.templates.runners)
            found = self._store.seen(owner.namespace, owner.uid, _names(inspection))
            wanted = await self._want(key, inspection, found, act=False)
        except (errors.SpecInvalid, errors.TemplateFailed) as error:
            self._refuse(key, metadata["generation"], error)
            return None
        self._memory.own(key, wanted)
        subject = (owner.uid, inspection.generation, inspection.run_request, self._renderer.templates.version)
        open_steps = self._open_steps(key, inspection, wanted, found)
        # Somebody may have taken our finalizer off, as `kubectl replace` does.
        bare = group.FINALIZER not in metadata.get("finalizers", ()) and _owned(found, owner)
        known = self._memory.converged.get(key)
        new = known is None or known.generation != inspection.generation
        due = self._attempts.due(key, subject, open_steps)
        with_passwords = any(task.hosts or task.original for task in inspection.tasks) and (
            self._copied.get(key) != subject or bool(due)
        )
        changing = bool(bare or due or key in self._memory.suspect)
        if not (changing or with_passwords):
            return self._settle(key, inspection, wanted, open_steps)
        edited = self._memory.status(key).get("observedGeneration") != inspection.generation
        urgent = edited or bare or key in self._memory.suspect or not rollout.only_rendered_anew(due)
        turn = urgent or self._rollout.enter(key)
        # Without our finalizer nothing was ever installed for it.
        fresh = group.FINALIZER not in metadata.get("finalizers", ()) and not _owned(found, owner)
        if turn and not await finalizer.put(self._cluster, owner, body):
            return None  # the object is gone; installed now, nobody would ever remove its releases
        begun = memories.Converged(inspection.generation, False, inspection, wanted)
        if new and changing:
            self._tell(key, begun, BEGUN_SECONDS)
        if not turn:
            return None
        ready = known is not None and known.complete and not (known.problems or known.invalid)
        slow = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._tell, key, begun) if ready else None
        try:
            wanted, uncopied = await self._act(key, inspection, wanted, subject, with_passwords, fresh)
        finally:
            if slow is not None:
                slow.cancel()
        found = self._store.seen(owner.namespace, owner.uid, _names(inspection))
        return self._settle(key, inspection, wanted, self._open_steps(key, inspection, wanted, found), uncopied)

    async def _act(
        self,
        key: queue.Key,
        inspection: tasks.Inspection,
        wanted: Wanted,
        subject: attempts.Subject,
        with_passwords: bool,
        fresh: bool,
    ) -> tuple[Wanted, Problems]:
        """Decided from what was seen before; what is done is decided from what is there now. Returns what should exist,
        and which passwords could not be copied."""
        owner = inspection.owner
        self._memory.suspect.discard(key)
        try:
            found = await self._store.refresh(owner.namespace, owner.uid, _names(inspection), owns_none=fresh)
            uncopied = await self._copy_passwords(owner, wanted) if with_passwords else {}
            living = await self._living(owner, found)
        except errors.InspectError:
            self._memory.suspect.add(key)
            raise
        try:
            wanted = await self._want(key, inspection, found, act=True)
            open_steps = self._open_steps(key, inspection, wanted, found, living)
            self._memory.own(key, wanted)
            await self._carry_out(key, owner, subject, open_steps, uncopied)
        finally:
            self._give_back(key)
        if not uncopied:
            self._copied[key] = subject
        return wanted, uncopied

    async def _want(self, key: queue.Key, inspection: tasks.Inspection, found: Found, *, act: bool) -> Wanted:
        """What should exist. To `act` on it, slots for the Jobs that start are taken in the same moment."""
        denied = await self._denied(inspection)
        facts = facts_module.of(self._memory, self.slots, key, inspection, found, self._settings)
        facts = dataclasses.replace(facts, denied=denied)
        wanted = desired.releases(inspection, found, facts)
        if act:
            self.slots.reserve(key, [name for want in wanted for name in want.starting])
        if any(want.waiting for want in wanted):
            self._memory.waiting.setdefault(key)
        else:
            self._memory.waiting.pop(key, None)
        return await self._schedules.digested(wanted, inspection.owner)

    async def _denied(self, inspection: tasks.Inspection) -> Problems:
        """Tasks on a schedule whose account was taken back: their runs come by themselves, no step would ask again."""
        denied: Problems = {}
        for task in inspection.tasks:
            if task.schedule:
                try:
                    await self._permissions.check(task, inspection.owner.namespace, now=False)
                except errors.NotAllowed as error:
                    denied[task.name] = error
        return denied

    async def _copy_passwords(self, owner: tasks.Owner, wanted: Wanted) -> Problems:
        """Before the runs begin that need them; returns what stood in the way, by release."""
        failed: Problems = {}
        for want in wanted:
            if want.task.hosts or want.task.original:  # it may have had some before
                try:
                    await passwords.ensure(self._cluster, owner, want.release, hosts.inline_passwords(want.task))
                except errors.InspectError as error:
                    failed[want.release] = error
        return failed

    def _open_steps(
        self,
        key: queue.Key,
        inspection: tasks.Inspection,
        wanted: Wanted,
        found: Found,
        living: frozenset[str] = frozenset(),
    ) -> Steps:
        """Everything that isn't as desired."""
        namespace = inspection.owner.namespace
        old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2 * apply.BASE_TIMEOUT_SECONDS)
        known = state.Known(
            owner_uid=inspection.owner.uid,
            living=living,
            dead_before=max(self._dead_before, old),
            ended={(name, number) for where, name, number in self._releases.ended if where == namespace},
            lost=self._memory.lost(namespace, wanted, self._schedules.essences(namespace, wanted)),
        )
        open_steps = steps.decide(wanted, found, known, inspection.generation)
        self._attempts.keep_only(key, open_steps)
        return open_steps

    async def _carry_out(
        self, key: queue.Key, owner: tasks.Owner, subject: attempts.Subject, open_steps: Steps, uncopied: Problems
    ) -> None:
        async def act(step: steps.Step) -> None:
            if step.action is steps.Action.REFUSE:
                raise errors.ReleaseNotOwned(f"{step.why}; rename the task, or uninstall that release")
            try:
                if step.release in uncopied:
                    raise uncopied[step.release]
                if step.want is not None:
                    await self._permissions.check(step.want.task, owner.namespace, now=True)
                with self._counted.helm(step.action):
                    jobs = await self._releases.carry_out(step, owner, tidy=subject[1] != attempts.DELETION)
            except errors.InspectError:
                if step.want is not None:
                    self._give_back(key, step.want)
                raise
            self.slots.wrote(key, step.release, jobs, jobs & set(step.want.starting if step.want else ()))
            if step.want is not None:
                rendered = self._schedules.essences(owner.namespace, (step.want,)).get(step.release, {})
                self._memory.found(owner.namespace, step.want, rendered)

        due = self._attempts.due(key, subject, open_steps)
        for step in open_steps:
            if step not in due and step.want is not None:
                self._give_back(key, step.want)
        await self._attempts.carry_out(key, subject, due, act, lambda: self._subject(key) == subject)

    def _give_back(self, key: queue.Key, want: desired.Desired | None = None) -> None:
        """The slots of Jobs that are not made now (of any task, where none is given) are for others."""
        if self.slots.give_back(key, want.starting if want else None):
            for other in tuple(self._memory.waiting):
                if other != key:
                    self._wake(other)

    def _subject(self, key: queue.Key) -> attempts.Subject | None:
        """What the object wants by now: an edit or a deletion ends the pass that works on something else."""
        if key not in self._memory.inspects:
            return None
        metadata = self._memory.inspects[key]["metadata"]
        if metadata.get("deletionTimestamp"):
            return metadata["uid"], attempts.DELETION, "", ""
        request, templates = canonical.run_request(metadata), self._renderer.templates.version
        return metadata["uid"], metadata["generation"], request, templates

    def _settle(
        self,
        key: queue.Key,
        inspection: tasks.Inspection,
        wanted: Wanted,
        open_steps: Steps,
        uncopied: Problems | None = None,
    ) -> float | None:
        """Tells how far the releases are, and says when to look again."""
        failures = self._attempts.failures(key, open_steps)
        # A step without a failure waits for the helm of somebody else, or came up just now.
        waits = len(failures) < len(open_steps)
        problems = (uncopied or {}) | self._attempts.by_release(key)
        problems |= {want.release: want.refused for want in wanted if want.refused}
        self._tell(key, memories.Converged(inspection.generation, not waits, inspection, wanted, problems))
        again = [failure.pause_seconds for failure in failures] + ([BUSY_SECONDS] if waits or uncopied else [])
        again += [self._permissions.again_seconds(want.task, bool(want.refused)) for want in wanted]
        return _soonest(again)

    def _refuse(self, key: queue.Key, generation: int, error: errors.InspectError) -> None:
        """Nothing is touched; the runs of the last valid spec are still watched."""
        known = self._memory.converged.get(key)
        inspection, wanted = (known.inspection, known.wanted) if known else (None, ())
        self._tell(key, memories.Converged(generation, True, inspection, wanted, invalid=error))

    def _tell(self, key: queue.Key, converged: memories.Converged, within_seconds: float = 0.0) -> None:
        if key in self._memory.inspects:
            self._memory.converged[key] = converged
            self._report(key, within_seconds)

    async def _living(self, owner: tasks.Owner, found: Found) -> frozenset[str]:
        """Which other owners of these releases still exist; asked only where there is one."""
        others = {release.newest.owner_uid for release in found.values()} - {owner.uid, ""}
        if not others:
            return frozenset()
        there = await self._cluster.list(resources.INSPECTS, owner.namespace)
        return frozenset(item["metadata"]["uid"] for item in there) & others

    async def _delete(self, key: queue.Key, owner: tasks.Owner, body: memories.Object) -> float | None:
        """Uninstalls everything of the object, then lets it go. Objects that vanish with their namespace need no
        Helm: it would be refused, and the namespace takes everything along."""
        if group.FINALIZER not in body["metadata"].get("finalizers", ()):
            return None
        self._memory.own(key, ())  # what goes now is not missed
        if not await self._terminating(owner.namespace):
            found = await self._store.refresh(owner.namespace, owner.uid, ())
            todo = tuple(
                steps.Step(steps.Action.UNINSTALL, name, "the Inspect is being deleted", None, release)
                for name, release in sorted(_owned(found, owner).items())
            )
            self._attempts.keep_only(key, todo)
            await self._carry_out(key, owner, (owner.uid, attempts.DELETION, "", ""), todo, {})
            if failures := self._attempts.failures(key, todo):
                self._refuse(key, body["metadata"]["generation"], failures[0].error)
                return _soonest([failure.pause_seconds for failure in failures])
            selector = f"{group.LABEL_INSPECT}={naming.label_value(owner.name)}"
            await leftovers.remove(self._cluster, owner.namespace, selector, passwords=True)
        self._store.forget(owner.namespace, owner.uid)
        await finalizer.drop(self._cluster, owner, body)
        logger.info("inspect was deleted namespace=%s name=%s", owner.namespace, owner.name)
        return None

    async def _terminating(self, namespace: str) -> bool:
        try:
            found = await self._cluster.get(resources.NAMESPACES, "", namespace)
        except client.NotFound:
            return True
        return bool(found["metadata"].get("deletionTimestamp"))


def _names(inspection: tasks.Inspection) -> set[str]:
    """Releases of all tasks, by name."""
    return {naming.release_name(inspection.owner.name, task.name) for task in inspection.tasks}


def _owned(found: Found, owner: tasks.Owner) -> Found:
    return {name: release for name, release in found.items() if release.newest.owner_uid == owner.uid}


def _soonest(seconds: list[float]) -> float | None:
    """The shortest wait; None where there is nothing to wait for but a change of the object."""
    finite = [one for one in seconds if one != float("inf")]
    return min(finite, default=None)
