"""All rooms put together: what happened is noted, and wakes the queue that it concerns. Inspects come by kopf."""

import asyncio
import datetime
import logging
from collections.abc import Collection
from typing import Any

import kopf

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import group
from inspect_operator.cluster import account, client, resources
from inspect_operator.handlers import (
    children,
    converge,
    late,
    memory,
    no_traces,
    queue,
    report,
    site,
    streams,
    task_reports,
)
from inspect_operator.handlers.kinds import served
from inspect_operator.handlers.notices import delivery, notifier
from inspect_operator.publish import meters, metrics
from inspect_operator.release import apply, helm, store
from inspect_operator.render import chart
from inspect_operator.run import outcome

logger = logging.getLogger(__name__)

OURS = "taskType=inspect"
#: A Job and its pod change several times within a moment; the status tells of it once.
REST_SECONDS = 0.5
#: So is what Helm makes of a release, one object after the other.
CHILD_SECONDS = 0.2
CHILDREN = (*resources.RELEASED, resources.PODS)
#: Nodes that join together are inspected together, by one new revision.
NODES_SECONDS = 30.0


class Operator:
    """All rooms put together."""

    def __init__(
        self,
        settings: settings_module.Settings,
        cluster: client.Cluster,
        dead_before: datetime.datetime,
        counted: meters.Meters | None = None,
    ) -> None:
        counted = counted or meters.Meters()
        self._renderer = renderer = chart.Renderer(settings)
        where = settings.lease_namespace
        self._site_checks = site.Checks(cluster, where, settings.site_checks, renderer.checks)
        self._site_templates = site.Templates(cluster, where, settings.site_templates, renderer.shipped)
        self._settings = settings
        self._cluster = cluster
        self._memory = memory.Memory()
        self._store = store.Store(cluster)
        kept_warm = settings.warm_helm if settings.helm_engine == "warm" else ""
        self._helm = helm.Helm(settings.helm, settings.helm_concurrency, kept_warm, cluster.refuse_late)
        self._kinds = served.Kinds(settings, cluster, self._helm, dead_before, counted)
        releases = apply.Releases(cluster, self._helm, self._store, renderer)
        self.notifier = notifier.Notifier(
            delivery.Delivery(cluster, settings), self._report, message_center=bool(settings.message_center_url)
        )
        counted.notifications(self.notifier.counters.items)
        self._task_reports = task_reports.TaskReports(cluster, settings.namespaces)
        missed = late.Late(cluster, self._memory, settings.missed_schedule_seconds)
        reporter = report.Reporter(
            cluster, self._store, self._memory, self._task_reports, missed, self._converge, self.notifier
        )
        self._reports = queue.Queue("report", reporter.report, REST_SECONDS, counted)
        converger = converge.Converger(
            cluster, releases, self._store, self._memory, settings, renderer, dead_before,
            self._report, self._converge, counted,
        )  # fmt: skip
        self._converges = queue.Queue("converge", converger.converge, counted=counted)
        self._watches = children.Watches(cluster, settings.namespaces)
        self._nodes_timer: asyncio.TimerHandle | None = None
        self._site_task: asyncio.Task[None] | None = None
        self._open_reports_task: asyncio.Task[None] | None = None

    def _converge(self, key: queue.Key) -> None:
        self._converges.wake(key)

    def statuses(self) -> list[metrics.Seen]:
        """What is known of every Inspect."""
        return [metrics.Seen(*key, self._memory.status(key)) for key in self._memory.inspects]

    def _report(self, key: queue.Key, within_seconds: float = 0.0) -> None:
        self._reports.wake(key, within_seconds)

    async def prime(self) -> None:
        """Reads what there is: checks, templates, nodes, releases, what they hold, and what was lost meanwhile."""
        await self._kinds.prime()
        self._renderer.checks = await self._site_checks.look()
        self._renderer.templates = await self._site_templates.look()
        self._site_task = asyncio.create_task(self._look_at_site(), name="site")
        await self._look_for_open_reports()
        self._open_reports_task = asyncio.create_task(self._keep_looking_for_open_reports(), name="OpenReports")
        await self._store.prime(self._settings.namespaces)
        try:
            await self._watches.follow(resources.NODES, "", self._on_node)
        except errors.ClusterForbidden as error:
            self._memory.sees_nodes = False
            logger.warning("nodes can't be seen, tasks with target.nodes are refused: %s", error)
        # What stands in them matters before the first decision.
        await asyncio.gather(*(self._watches.follow(child, OURS, self._on_child) for child in CHILDREN))
        for namespace, name in self._store.runs():
            self._memory.expect(namespace, resources.CONFIG_MAPS.kind, name)

    async def close(self, *, at_once: bool = False) -> None:
        """Ends what is under way: a helm at work is asked to end and waited for, or killed."""
        for ticking in (self._nodes_timer, self._site_task, self._open_reports_task):
            if ticking is not None:
                ticking.cancel()
        if at_once:
            self._helm.terminate_seconds = 0.0
        await self._watches.close()
        await self._kinds.close()
        await self._converges.close()
        await self._reports.close()
        await self._helm.close()
        await self.notifier.close()
        await asyncio.to_thread(self._renderer.close)

    async def serve(self, stop: asyncio.Event) -> None:
        """Watches the cluster until a signal or `stop`."""
        self._kinds.start()
        with streams.lasting(self._listed):
            await kopf.operator(
                registry=self.registry(),
                standalone=True,
                clusterwide=not self._settings.namespaces,
                namespaces=self._settings.namespaces,
                stop_flag=stop,
            )

    def registry(self) -> kopf.OperatorRegistry:
        """The handlers."""
        registry = kopf.OperatorRegistry()
        kopf.on.startup(registry=registry)(self._configure)
        kopf.on.login(registry=registry)(_login)
        kopf.on.event(group.GROUP, group.VERSION, group.PLURAL, registry=registry)(self._on_inspect)
        return registry

    async def _configure(self, settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.scanning.disabled = True
        settings.persistence.diffbase_storage = no_traces.NoDiffBase()
        settings.persistence.progress_storage = no_traces.NoProgress()
        settings.posting.loggers = False

    async def _on_inspect(self, event: Any, **_: Any) -> None:
        body = dict(event["object"])
        place = (body["metadata"]["namespace"], body["metadata"]["name"])
        before, told = self._memory.inspects.get(place), self._memory.status(place)
        key = self._memory.notice_inspect(body, event["type"] == "DELETED")
        after = self._memory.inspects.get(key)
        if before is None or after is None or _decisive(before) != _decisive(after):
            self._converges.wake(key)
        if after is None or self._memory.status(key) != told:  # a status that we did not write
            self._reports.wake(key)

    def _listed(self, namespace: str, there: Collection[str]) -> None:
        """Inspects that we remember and that a whole list does not tell of, by uid, went while nothing was watched."""
        for key, body in tuple(self._memory.inspects.items()):
            if namespace in ("", key[0]) and body["metadata"]["uid"] not in there:
                self._memory.notice_inspect(body, deleted=True)
                self._converges.wake(key)
                self._reports.wake(key)

    def _on_child(self, body: client.Object, deleted: bool) -> None:
        active = len(self._memory.active)
        key = self._memory.notice_child(body, deleted)
        if key is not None:
            self._reports.wake(key, CHILD_SECONDS)
            ended = body["kind"] == "Job" and (deleted or outcome.job_ended(body))
            if key in self._memory.suspect or (ended and key in self._memory.waiting):
                self._converges.wake(key)
        if len(self._memory.active) < active:
            for waiting in tuple(self._memory.waiting):
                self._converges.wake(waiting)

    async def _look_at_site(self) -> None:
        """Whoever uses a check or template that came, went or changed is looked at again."""
        while True:
            await asyncio.sleep(site.LOOK_SECONDS)
            try:
                await self._site_changed()
            except errors.InspectError as error:
                logger.warning(
                    "the site's checks and templates could not be looked for reason=%s error=%s", error.reason, error
                )

    async def _site_changed(self) -> None:
        found, templates = await self._site_checks.look(), await self._site_templates.look()
        changed = False
        if found != self._renderer.checks:
            self._renderer.checks, changed = found, True
            logger.info("checks changed number=%d", len(found))
        if templates.version != self._renderer.templates.version:
            self._renderer.templates, changed = templates, True
            logger.info("templates changed site=%s", ",".join(sorted(templates.places)) or "none")
        for key in tuple(self._memory.inspects) if changed else ():
            self._converges.wake(key)

    async def _look_for_open_reports(self) -> None:
        try:
            await self._task_reports.look()
        except errors.InspectError as error:
            logger.warning("OpenReports could not be looked for reason=%s error=%s", error.reason, error)

    async def _keep_looking_for_open_reports(self) -> None:
        while True:
            await asyncio.sleep(task_reports.LOOK_SECONDS)
            await self._look_for_open_reports()

    def _on_node(self, body: client.Object, deleted: bool) -> None:
        changed = self._memory.notice_node(body, deleted)
        if changed and self._nodes_timer is None and self._memory.inspects:
            self._nodes_timer = asyncio.get_running_loop().call_later(NODES_SECONDS, self._nodes_changed)

    def _nodes_changed(self) -> None:
        self._nodes_timer = None
        for key in tuple(self._memory.inspects):
            converged = self._memory.converged.get(key)
            if converged is None or any(want.task.nodes is not None for want in converged.wanted):
                self._converges.wake(key)


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """The same account as our own requests have; through the client library, which knows every kubeconfig."""
    if account.in_cluster():
        return kopf.login_with_service_account(**kwargs)
    return kopf.login_via_client(**kwargs)


def _decisive(body: client.Object) -> dict[str, Any]:
    """What releases are decided by. The spec has its generation; a status, ours above all, decides nothing."""
    return {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
