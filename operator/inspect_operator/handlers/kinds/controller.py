"""One chart-backed kind: its objects, and one pass over one of them: spec → values → release → status."""

import asyncio
import datetime
import logging
import time
from collections.abc import Awaitable, Callable, Collection

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.api import watches
from inspect_operator.cluster import client, discovery, resources, watch
from inspect_operator.handlers import attempts, finalizer, posted, queue
from inspect_operator.handlers.kinds import dependents, holdings, reporter
from inspect_operator.plan import kind, observed, overrides, state, steps
from inspect_operator.publish import events, kind_status, meters
from inspect_operator.release import charts, manifests, objects, watches_file
from inspect_operator.release import store as stores

logger = logging.getLogger(__name__)

REST_SECONDS = 0.5
BUSY_SECONDS = 2.0
#: So often a kind without a CRD is looked for.
ABSENT_SECONDS = 10.0
#: What its administrator has to know again after so long, should a kind still not be served.
TOLD_AGAIN_SECONDS = 600.0

#: Which uids, of some that own releases in a namespace, are of objects that exist.
Living = Callable[[str, Collection[str]], Awaitable[frozenset[str]]]


class Controller:
    """`at_once` objects are worked on at the same time."""

    def __init__(
        self,
        served: watches_file.Served,
        cluster: client.Cluster,
        found: discovery.Discovery,
        releases: objects.ObjectReleases,
        store: stores.Store,
        around: dependents.Dependents,
        namespaces: Collection[str],
        living: Living,
        dead_before: datetime.datetime,
        at_once: int,
        counted: meters.Meters,
    ) -> None:
        self.served = served
        self.entry = served.entry
        self.resource: resources.Resource | None = None
        self.objects: dict[queue.Key, client.Object] = {}
        self._cluster = cluster
        self._discovery = found
        self._releases = releases
        self._store = store
        self._namespaces = namespaces
        self._living = living
        self._dead_before = dead_before
        self._slots = asyncio.Semaphore(self.entry.maxConcurrentReconciles or at_once)
        self._holdings = holdings.Holdings(self.entry, releases, around)
        self._reports = reporter.Reporter(cluster)
        self._attempts = attempts.Attempts(1)
        self._queue = queue.Queue(f"{self.entry.kind.lower()}", self._pass, REST_SECONDS, counted)
        self._counted = counted
        self._looked: dict[queue.Key, float] = {}  # when an object was last looked at anew
        self._chart: tuple[charts.Chart | None, str] | None = None  # and the digest of what a release is made from
        self._chart_error: errors.InspectError | None = None
        self._watches: list[asyncio.Task[None]] = []

    async def look_at_chart(self) -> None:
        """The chart as it is now; every object is woken where it changed."""
        try:
            if self.served.source is not None:
                chart = await self.served.source.look()
                now: tuple[charts.Chart | None, str] = (chart, chart.digest)
            else:
                templates = self.served.templates
                now = (None, await asyncio.to_thread(templates.digest) if templates is not None else "")
        except errors.InspectError as error:
            if str(error) != str(self._chart_error):
                logger.error("chart can't be used kind=%s error=%s", self.entry, error)
            self._chart_error = error
        else:
            changed = self._chart is not None and self._chart[1] != now[1]
            if changed:
                logger.info("chart changed kind=%s digest=%s", self.entry, now[1][:12])
            waited, self._chart, self._chart_error = self._chart_error is not None, now, None
            if changed or waited:
                for key in tuple(self.objects):
                    self.wake(key)

    def wake(self, key: queue.Key) -> None:
        """Has an object looked at."""
        self._queue.wake(key)

    def start(self) -> None:
        """Begins to serve, as soon as the kind is there."""
        self._watches.append(asyncio.create_task(self._serve(), name=f"kind {self.entry}"))

    async def close(self) -> None:
        """Ends what is under way."""
        for task in self._watches:
            task.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await self._queue.close()
        if self.served.source is not None:
            self.served.source.close()

    def notice(self, body: client.Object, deleted: bool) -> None:
        """Keeps an object, or forgets it."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        known = self.objects.get(key)
        if not deleted:
            body["metadata"].pop("managedFields", None)
            self.objects[key] = body
        elif known is not None and known["metadata"]["uid"] == body["metadata"]["uid"]:
            del self.objects[key]
        self.wake(key)

    async def _serve(self) -> None:
        told = -TOLD_AGAIN_SECONDS
        while self.resource is None:
            try:
                found = await self._discovery.resource(f"{self.entry.group}/{self.entry.version}", self.entry.kind)
                if not found.namespaced:
                    logger.error(
                        "kind is not served kind=%s: it is cluster-scoped; releases need a namespace", self.entry
                    )
                    return
                self.resource = found
            except errors.InspectError as error:
                if time.monotonic() - told >= TOLD_AGAIN_SECONDS:
                    logger.error("kind is not served yet kind=%s error=%s; it is looked for again", self.entry, error)
                    told = time.monotonic()
                await asyncio.sleep(ABSENT_SECONDS)
        logger.info("kind is served kind=%s chart=%s", self.entry, self.entry.chart or self.entry.template)
        for namespace in self._namespaces or ("",):
            self._watches.append(asyncio.create_task(self._follow(self.resource, namespace)))

    async def _follow(self, resource: resources.Resource, namespace: str) -> None:
        told = ""

        def failed(error: errors.InspectError) -> None:
            nonlocal told
            if told != str(error):
                logger.error("kind is not watched kind=%s error=%s", self.entry, error)
                told = str(error)

        await watch.follow(self._cluster, resource, namespace, self.entry.label_selector, self.notice, failed)

    async def _pass(self, key: queue.Key) -> float | None:
        """The work of the queue."""
        async with self._slots:
            body, resource = self.objects.get(key), self.resource
            if body is None or resource is None:
                self._forget(key)
                return None
            metadata = body["metadata"]
            owner = tasks.Owner(metadata["namespace"], metadata["name"], metadata["uid"])
            if metadata.get("deletionTimestamp"):
                return await self._delete(key, resource, owner, body)
            return await self._converge(key, resource, owner, body)

    async def _converge(
        self, key: queue.Key, resource: resources.Resource, owner: tasks.Owner, body: client.Object
    ) -> float | None:
        period = _period(self.entry, body)
        anew = time.monotonic() - self._looked.get(key, -period) >= period
        try:
            if self._chart is None:
                raise self._chart_error or errors.ReleaseUnavailable("the chart has not been read yet")
            chart, digest = self._chart
            values = overrides.merged(_spec(body), self.served.overrides)
            want = kind.want(owner.name, values, digest)
            content = objects.Content(self.served, chart, body, values)
            if anew:
                self._reports.forget(key)
                await self._store.refresh(owner.namespace, owner.uid, (owner.name,))
            found = await self._brought_up(key, resource, owner, body, want, content)
            holding = await self._holdings.of(
                key, found, owner, anew=anew, mend=self._in_sync(want, found, owner, body)
            )
            if anew and self.entry.dryRunOption == "server" and holding.deployed is not None:
                await self._look_up(key, resource, owner, body, want, content, holding.deployed)
            self._looked[key] = time.monotonic() if anew else self._looked[key]
        except errors.InspectError as error:
            # What kept us from trying; what Helm said of a try stands in the attempts.
            await self._report(key, resource, body, irreconcilable=(_reason(error), str(error)))
            if error.retry:
                raise
            return period
        for event in holding.mended:
            await posted.post(self._cluster, resource, body, event)
        step = self._step(want, found, owner, body)
        failures = self._attempts.failures(key, (step,)) if step is not None else []
        failed = None
        if failures and step is not None:
            failed = ("InstallError" if step.found is None else "UpgradeError", str(failures[0].error))
        waits = step is not None and not failures
        await self._report(key, resource, body, failed=failed, holding=holding, up_to_date=step is None)
        pauses = [period, *(failure.pause_seconds for failure in failures)] + ([BUSY_SECONDS] if waits else [])
        return min(pauses)

    async def _brought_up(
        self,
        key: queue.Key,
        resource: resources.Resource,
        owner: tasks.Owner,
        body: client.Object,
        want: kind.Want,
        content: objects.Content,
    ) -> observed.Release | None:
        """The release, after what there was to do about it was tried.

        :raises errors.InspectError: nothing could be tried
        """
        subject = (owner.uid, body["metadata"]["generation"], want.digest, "")
        step = self._step(want, self._seen(owner), owner, body)
        self._attempts.keep_only(key, (step,) if step is not None else ())
        bare = kind.FINALIZER not in body["metadata"].get("finalizers", ())
        if step is None and not bare:
            return self._seen(owner)
        if step is not None and not self._attempts.due(key, subject, (step,)):
            return self._seen(owner)
        if not await finalizer.put(self._cluster, owner, body, resource, kind.FINALIZER):
            raise client.NotFound(f"{resource.kind} {owner.name} is gone")
        found = (await self._store.refresh(owner.namespace, owner.uid, (owner.name,))).get(owner.name)
        others = {found.newest.owner_uid} - {owner.uid, ""} if found is not None else set()
        living = await self._living(owner.namespace, others) if others else frozenset()
        step = self._step(want, found, owner, body, living)
        if step is None or step.action is steps.Action.WAIT:
            return found
        if step.action is steps.Action.REFUSE:
            raise errors.ReleaseNotOwned(f"{step.why}; name the object otherwise, or uninstall that release")

        async def act(todo: steps.Step) -> None:
            for event in kind_status.overridden(self.served.shown):
                await posted.post(self._cluster, resource, body, event)
            with self._counted.helm(todo.action):
                await self._releases.upgrade(todo, want, content, owner)
            verb = "InstallSuccessful" if todo.found is None else "UpgradeSuccessful"
            await posted.post(
                self._cluster, resource, body, events.Event(events.NORMAL, verb, f"{todo.release}: {todo.why}")
            )

        await self._attempts.carry_out(key, subject, (step,), act, lambda: self._wanted(key, owner))
        return self._seen(owner)

    async def _look_up(
        self,
        key: queue.Key,
        resource: resources.Resource,
        owner: tasks.Owner,
        body: client.Object,
        want: kind.Want,
        content: objects.Content,
        deployed: manifests.Deployed,
    ) -> None:
        """Upgrades a release whose chart looks up something that changed."""
        if await self._releases.would_change(want, content, owner.namespace, deployed):
            step = steps.Step(
                steps.Action.UPGRADE, owner.name, "what the chart looks up changed", None, self._seen(owner)
            )
            with self._counted.helm(step.action):
                await self._releases.upgrade(step, want, content, owner)
            self._holdings.forget(key)
            self.wake(key)

    async def _delete(
        self, key: queue.Key, resource: resources.Resource, owner: tasks.Owner, body: client.Object
    ) -> float | None:
        """Uninstalls, waits for the end of what was there where the object asks for it, then lets the object go."""
        names = body["metadata"].get("finalizers", ())
        mine = [name for name in (kind.FINALIZER, kind.LEGACY_FINALIZER) if name in names]
        if not mine:
            return None
        if not await self._terminating(owner.namespace):
            try:
                found = (await self._store.refresh(owner.namespace, owner.uid, (owner.name,))).get(owner.name)
                holding = await self._holdings.of(key, found, owner, anew=False, mend=False)
                ours = found is not None and (
                    found.newest.owner_uid == owner.uid or (not found.newest.owner_uid and kind.claimed(body))
                )
                if ours:
                    with self._counted.helm(steps.Action.UNINSTALL):
                        await self._releases.uninstall(owner.namespace, owner.name, found)
            except errors.InspectError as error:
                await self._report(key, resource, body, failed=("UninstallError", str(error)))
                raise
            if kind.is_true(body, kind.UNINSTALL_WAIT):
                left = await self._holdings.left(key, body, owner)
                if left:
                    await self._report(key, resource, body, holding=holding, uninstalled=True)
                    logger.info("uninstall waits namespace=%s name=%s left=%d", owner.namespace, owner.name, left)
                    return BUSY_SECONDS
        self._store.forget(owner.namespace, owner.uid)
        for name in mine:
            await finalizer.drop(self._cluster, owner, self.objects.get(key, body), resource, name)
        logger.info("object was deleted kind=%s namespace=%s name=%s", resource.kind, owner.namespace, owner.name)
        return None

    async def _report(
        self,
        key: queue.Key,
        resource: resources.Resource,
        body: client.Object,
        *,
        holding: holdings.Holding | None = None,
        failed: tuple[str, str] | None = None,
        irreconcilable: tuple[str, str] | None = None,
        up_to_date: bool = False,
        uninstalled: bool = False,
    ) -> None:
        holding = holding or self._holdings.last(key)
        deployed = holding.deployed
        facts = kind_status.Facts(
            generation=body["metadata"]["generation"],
            now=datetime.datetime.now(datetime.UTC),
            release=key[1],
            revision=deployed.revision if deployed is not None else 0,
            up_to_date=up_to_date,
            manifest=deployed.manifest if deployed is not None else "",
            notes=deployed.notes if deployed is not None else "",
            failed=failed,
            irreconcilable=irreconcilable,
            uninstalled=uninstalled,
            waiting=uninstalled,
            parts=holding.dependents,
        )
        await self._reports.write(resource, key, body, kind_status.status(facts, self._reports.before(key, body)))

    def _step(
        self,
        want: kind.Want,
        found: observed.Release | None,
        owner: tasks.Owner,
        body: client.Object,
        living: frozenset[str] = frozenset(),
    ) -> steps.Step | None:
        old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2 * objects.TIMEOUT_SECONDS)
        known = state.Known(
            owner_uid=owner.uid,
            living=living,
            dead_before=max(self._dead_before, old),
            ended={(name, number) for where, name, number in self._releases.ended if where == owner.namespace},
        )
        return kind.decide(want, found, known, body["metadata"]["generation"], ours=kind.claimed(body))

    def _in_sync(
        self, want: kind.Want, found: observed.Release | None, owner: tasks.Owner, body: client.Object
    ) -> bool:
        return self._step(want, found, owner, body) is None

    def _seen(self, owner: tasks.Owner) -> observed.Release | None:
        return self._store.seen(owner.namespace, owner.uid, (owner.name,)).get(owner.name)

    def _wanted(self, key: queue.Key, owner: tasks.Owner) -> bool:
        """Whether the object is still there and is to stay."""
        metadata = self.objects.get(key, {}).get("metadata", {})
        return metadata.get("uid") == owner.uid and not metadata.get("deletionTimestamp")

    def _forget(self, key: queue.Key) -> None:
        self._attempts.keep_only(key, ())
        self._holdings.forget(key)
        self._reports.forget(key)
        self._looked.pop(key, None)

    async def _terminating(self, namespace: str) -> bool:
        try:
            found = await self._cluster.get(resources.NAMESPACES, "", namespace)
        except client.NotFound:
            return True
        return bool(found["metadata"].get("deletionTimestamp"))


def _spec(body: client.Object) -> overrides.Values:
    """:raises errors.SpecInvalid: it is no mapping"""
    spec = body.get("spec")
    if spec is not None and not isinstance(spec, dict):
        raise errors.SpecInvalid("spec: the values of a chart are a mapping")
    return spec or {}


def _period(entry: watches.Entry, body: client.Object) -> float:
    said = (body["metadata"].get("annotations") or {}).get(kind.RECONCILE_PERIOD, "")
    return watches.period_seconds(said) or entry.period_seconds


def _reason(error: errors.InspectError) -> str:
    return "ReconcileError" if error.retry else error.reason
