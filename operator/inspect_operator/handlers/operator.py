"""kopf's decorators: each notes what happened and wakes the queue that it concerns."""

import asyncio
import contextvars
import datetime
import logging
from typing import Any

import kopf

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import converge, late, memory, no_traces, queue, report, site, streams, task_reports
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
CHILDREN = (*resources.RELEASED, resources.PODS)
#: Where it could not be asked whether an object is gone.
LOOK_AGAIN_SECONDS = 5.0
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
        self._helm = helm.Helm(settings.helm, settings.helm_concurrency, kept_warm)
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
            self._reports.wake, self._converge, counted,
        )  # fmt: skip
        self._converges = queue.Queue("converge", converger.converge, counted=counted)
        self._nodes_timer: asyncio.TimerHandle | None = None
        self._site_task: asyncio.Task[None] | None = None
        self._open_reports_task: asyncio.Task[None] | None = None
        self._looking: set[asyncio.Task[None]] = set()  # for objects that a list doesn't tell of
        #: That of a handler: who is woken posts Events, and kopf knows where to by the context alone.
        self._in_kopf = contextvars.copy_context()

    def _converge(self, key: queue.Key) -> None:
        self._converges.wake(key)

    def statuses(self) -> list[metrics.Seen]:
        """What is known of every Inspect."""
        return [metrics.Seen(*key, self._memory.status(key)) for key in self._memory.inspects]

    def _report(self, key: queue.Key) -> None:
        self._reports.wake(key)

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
            for body in await self._cluster.list(resources.NODES, "", full=True):
                self._memory.notice_node(body, deleted=False)
        except errors.ClusterForbidden as error:
            self._memory.sees_nodes = False
            logger.warning("nodes can't be seen, tasks with target.nodes are refused: %s", error)
        present = set()
        places = [(one, where) for one in resources.RELEASED for where in self._settings.namespaces or ("",)]
        # Of Jobs and CronJobs it matters what stands in them before the first decision.
        full = (resources.JOBS, resources.CRON_JOBS)
        listed = await asyncio.gather(
            *(self._cluster.list(one, where, selector=OURS, full=one in full) for one, where in places)
        )
        for (resource, _), items in zip(places, listed, strict=True):
            for item in items:
                metadata = item["metadata"]
                present.add((metadata["namespace"], resource.kind, metadata["name"]))
                if resource in full:
                    self._memory.notice_child({**item, "kind": resource.kind}, deleted=False)
                else:
                    self._memory.notice_present(resource.kind, metadata)
        for namespace, name in self._store.runs():
            if (namespace, resources.CONFIG_MAPS.kind, name) not in present:
                self._memory.missing(namespace, resources.CONFIG_MAPS.kind, name)

    async def close(self, *, at_once: bool = False) -> None:
        """Ends what is under way: a helm at work is asked to end and waited for, or killed."""
        for ticking in (self._nodes_timer, self._site_task, self._open_reports_task):
            if ticking is not None:
                ticking.cancel()
        for looking in tuple(self._looking):
            looking.cancel()
        if at_once:
            self._helm.terminate_seconds = 0.0
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
        for child in CHILDREN:
            kopf.on.event(*_place(child), registry=registry)(self._on_child)
        if self._memory.sees_nodes:  # kopf would stop over a watch that it may not have
            kopf.on.event(*_place(resources.NODES), registry=registry)(self._on_node)
        return registry

    async def _configure(self, settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.scanning.disabled = True
        settings.persistence.diffbase_storage = no_traces.NoDiffBase()
        settings.persistence.progress_storage = no_traces.NoProgress()
        settings.posting.loggers = False
        settings.posting.reporting_component = settings.posting.reporting_instance = group.FIELD_MANAGER
        settings.posting.event_name_prefix = "inspect-"
        for child in CHILDREN:
            settings.watching.label_selectors[_place(child)] = OURS

    async def _on_inspect(self, event: Any, **_: Any) -> None:
        key = self._memory.notice_inspect(dict(event["object"]), event["type"] == "DELETED")
        self._in_kopf = contextvars.copy_context()
        self._converges.wake(key)
        if key not in self._memory.inspects:
            self._reports.wake(key)

    async def _on_child(self, event: Any, **_: Any) -> None:
        deleted, active = event["type"] == "DELETED", len(self._memory.active)
        key = self._memory.notice_child(dict(event["object"]), deleted)
        if key is not None:
            self._reports.wake(key)
            ended = event["object"].get("kind") == "Job" and (deleted or outcome.job_ended(event["object"]))
            if key in self._memory.suspect or (ended and key in self._memory.waiting):
                self._converges.wake(key)
        if len(self._memory.active) < active:
            for waiting in tuple(self._memory.waiting):
                self._converges.wake(waiting)

    def _listed(self, plural: str, namespace: str, there: streams.Listed) -> None:
        """What we remember and a whole list does not tell of has gone while nothing was watched."""
        for resource in (resources.INSPECTS, *resources.RELEASED):
            if resource.plural == plural:
                for body in self._memory.unlisted(resource.kind, namespace, there):
                    looking = self._in_kopf.run(asyncio.create_task, self._look_for(resource, body))
                    self._looking.add(looking)
                    looking.add_done_callback(self._looking.discard)

    async def _look_for(self, resource: resources.Resource, body: memory.Object) -> None:
        """One of these may also have been made since the list."""
        metadata = body["metadata"]
        while True:
            try:
                found = await self._cluster.get(resource, metadata["namespace"], metadata["name"])
            except client.NotFound:
                break
            except errors.InspectError as error:
                logger.warning("%s %s was not looked for error=%s", resource.kind, metadata["name"], error)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            else:
                if metadata["uid"] in ("", found["metadata"]["uid"]):
                    return
                break
        logger.info(
            "object was gone when its kind was listed anew kind=%s namespace=%s name=%s",
            resource.kind, metadata["namespace"], metadata["name"],
        )  # fmt: skip
        notice = self._on_inspect if resource is resources.INSPECTS else self._on_child
        await notice({"type": "DELETED", "object": body})

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
            self._in_kopf.run(self._converges.wake, key)

    async def _look_for_open_reports(self) -> None:
        try:
            await self._task_reports.look()
        except errors.InspectError as error:
            logger.warning("OpenReports could not be looked for reason=%s error=%s", error.reason, error)

    async def _keep_looking_for_open_reports(self) -> None:
        while True:
            await asyncio.sleep(task_reports.LOOK_SECONDS)
            await self._look_for_open_reports()

    async def _on_node(self, event: Any, **_: Any) -> None:
        changed = self._memory.notice_node(dict(event["object"]), event["type"] == "DELETED")
        if changed and self._nodes_timer is None:
            self._nodes_timer = asyncio.get_running_loop().call_later(NODES_SECONDS, self._nodes_changed)

    def _nodes_changed(self) -> None:
        self._nodes_timer = None
        for key in tuple(self._memory.inspects):
            converged = self._memory.converged.get(key)
            if converged is None or any(want.task.nodes is not None for want in converged.wanted):
                self._converges.wake(key)


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """The same account as our own requests have; through the client library, which knows every kubeconfig."""
    if client.in_cluster():
        return kopf.login_with_service_account(**kwargs)
    return kopf.login_via_client(**kwargs)


def _place(resource: resources.Resource) -> tuple[str, str, str]:
    """Group, version and plural, as kopf names a kind."""
    name, _, version = resource.api_version.rpartition("/")
    return name, version, resource.plural
