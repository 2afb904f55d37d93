"""One pass over one object that is to stay: spec → values → release → status."""

import datetime
import time
from collections.abc import Callable

from inspect_operator import errors
from inspect_operator.cluster import client
from inspect_operator.handlers import attempts, finalizer, queue
from inspect_operator.handlers.kinds import holdings, latest, reporter, seen, surroundings
from inspect_operator.plan import kind, observed, overrides, state, steps
from inspect_operator.publish import events, kind_status
from inspect_operator.release import manifests, objects, watches_file

BUSY_SECONDS = 2.0


class Converger:
    """Of one kind. `current` gives an object as it was last seen, None where it is gone."""

    def __init__(
        self,
        served: watches_file.Served,
        content: latest.Latest,
        around: surroundings.Surroundings,
        held: holdings.Holdings,
        reports: reporter.Reporter,
        current: Callable[[queue.Key], client.Object | None],
    ) -> None:
        self._served = served
        self._latest = content
        self._around = around
        self._holdings = held
        self._reports = reports
        self._current = current
        self._attempts = attempts.Attempts(1)
        self._looked: dict[queue.Key, float] = {}  # when an object was last looked at anew

    def forget(self, key: queue.Key) -> None:
        """The object is gone."""
        self._attempts.keep_only(key, ())
        self._looked.pop(key, None)

    async def converge(self, one: seen.Seen) -> float:
        """Seconds until the object is to be looked at again, whatever happens to it.

        :raises errors.InspectError: something stands in the way that a retry may help with
        """
        period = one.period_seconds(self._served.entry)
        anew = time.monotonic() - self._looked.get(one.key, -period) >= period
        try:
            content = self._latest.content()
            values = overrides.merged(one.values(), self._served.overrides)
            want = kind.want(one.owner.name, values, content.digest)
            made = objects.Content(self._served, content.chart, one.body, values)
            if anew:
                self._reports.forget(one.key)
                await self._around.store.refresh(one.owner.namespace, one.owner.uid, (one.owner.name,))
            found = await self._brought_up(one, want, made)
            step = self._step(one, want, found)
            holding = await self._holdings.of(one.key, found, one.owner, anew=anew, mend=step is None)
            if anew and step is None and await self._looked_up(one, want, made, holding.deployed):
                holding = await self._holdings.of(one.key, self._seen(one), one.owner, anew=True, mend=False)
            if anew:
                self._looked[one.key] = time.monotonic()
        except errors.InspectError as error:
            # What kept us from trying; what Helm said of a try stands in the attempts.
            reason = "ReconcileError" if error.retry else error.reason
            await self._reports.report(one, self._holdings.last(one.key), irreconcilable=(reason, str(error)))
            if error.retry:
                raise
            return period
        for event in holding.mended:
            await self._reports.tell(one, event)
        return min(period, await self._told(one, step, holding))

    async def _told(self, one: seen.Seen, step: steps.Step | None, holding: holdings.Holding) -> float:
        """Writes how it is; seconds until the step that is still to be taken is due."""
        if step is None:
            await self._reports.report(one, holding, up_to_date=True)
            return float("inf")
        failures = self._attempts.failures(one.key, (step,))
        if not failures:
            await self._reports.report(one, holding)
            return BUSY_SECONDS
        failed = ("InstallError" if step.found is None else "UpgradeError", str(failures[0].error))
        await self._reports.report(one, holding, failed=failed)
        return failures[0].pause_seconds

    async def _brought_up(self, one: seen.Seen, want: kind.Want, content: objects.Content) -> observed.Release | None:
        """The release, after what there was to do about it was tried.

        :raises errors.InspectError: nothing could be tried
        """
        owner, around = one.owner, self._around
        subject = (owner.uid, one.generation, want.digest, "")
        step = self._step(one, want, self._seen(one))
        self._attempts.keep_only(one.key, (step,) if step is not None else ())
        if step is None and kind.FINALIZER in one.finalizers:
            return self._seen(one)
        if step is not None and not self._attempts.due(one.key, subject, (step,)):
            return self._seen(one)
        if not await finalizer.put(around.cluster, owner, one.body, one.resource, kind.FINALIZER):
            raise client.NotFound(f"{one.resource.kind} {owner.name} is gone")
        found = (await around.store.refresh(owner.namespace, owner.uid, (owner.name,))).get(owner.name)
        others = {found.newest.owner_uid} - {owner.uid, ""} if found is not None else set()
        living = await around.living(owner.namespace, others) if others else frozenset()
        step = self._step(one, want, found, living)
        if step is None or step.action is steps.Action.WAIT:
            return found
        if step.action is steps.Action.REFUSE:
            raise errors.ReleaseNotOwned(f"{step.why}; name the object otherwise, or uninstall that release")

        async def act(todo: steps.Step) -> None:
            for event in kind_status.overridden(self._served.shown):
                await self._reports.tell(one, event)
            await self._upgrade(one, todo, want, content)
            verb = "InstallSuccessful" if todo.found is None else "UpgradeSuccessful"
            await self._reports.tell(one, events.Event(events.NORMAL, verb, f"{todo.release}: {todo.why}"))

        await self._attempts.carry_out(one.key, subject, (step,), act, lambda: self._wanted(one))
        return self._seen(one)

    async def _looked_up(
        self, one: seen.Seen, want: kind.Want, content: objects.Content, deployed: manifests.Deployed | None
    ) -> bool:
        """Upgrades a release whose chart looks up what changed, where the entry wants that; whether it did."""
        if self._served.entry.dryRunOption != "server" or deployed is None:
            return False
        if not await self._around.releases.would_change(want, content, one.owner.namespace, deployed):
            return False
        why = "what the chart looks up changed"
        step = steps.Step(steps.Action.UPGRADE, one.owner.name, why, None, self._seen(one))
        await self._upgrade(one, step, want, content)
        return True

    async def _upgrade(self, one: seen.Seen, step: steps.Step, want: kind.Want, content: objects.Content) -> None:
        with self._around.counted.helm(step.action):
            await self._around.releases.upgrade(step, want, content, one.owner)

    def _step(
        self,
        one: seen.Seen,
        want: kind.Want,
        found: observed.Release | None,
        living: frozenset[str] = frozenset(),
    ) -> steps.Step | None:
        owner = one.owner
        old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2 * objects.TIMEOUT_SECONDS)
        known = state.Known(
            owner_uid=owner.uid,
            living=living,
            dead_before=max(self._around.dead_before, old),
            ended={(name, number) for where, name, number in self._around.releases.ended if where == owner.namespace},
        )
        return kind.decide(want, found, known, one.generation, ours=kind.claimed(one.body))

    def _seen(self, one: seen.Seen) -> observed.Release | None:
        return self._around.store.seen(one.owner.namespace, one.owner.uid, (one.owner.name,)).get(one.owner.name)

    def _wanted(self, one: seen.Seen) -> bool:
        """Whether the object is still there and is to stay."""
        metadata = (self._current(one.key) or {}).get("metadata", {})
        return metadata.get("uid") == one.owner.uid and not metadata.get("deletionTimestamp")
