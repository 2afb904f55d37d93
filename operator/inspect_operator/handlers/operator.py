"""kopf's decorators: each notes what happened and wakes the queue that it concerns."""

import asyncio
import datetime
import logging
from typing import Any

import kopf

from inspect_operator import settings as settings_module
from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import converge, memory, queue, report
from inspect_operator.release import apply, helm, store
from inspect_operator.render import chart

logger = logging.getLogger(__name__)

OURS = "taskType=inspect"
#: A Job and its pod change several times within a moment; the status tells of it once.
REST_SECONDS = 0.5
CHILDREN = (resources.JOBS, resources.PODS, resources.CONFIG_MAPS)


class Operator:
    """All rooms put together."""

    def __init__(
        self, settings: settings_module.Settings, cluster: client.Cluster, dead_before: datetime.datetime
    ) -> None:
        renderer = chart.Renderer(settings)
        self._settings = settings
        self._cluster = cluster
        self._memory = memory.Memory()
        self._store = store.Store(cluster)
        self._helm = helm.Helm(settings.helm, settings.helm_concurrency)
        releases = apply.Releases(cluster, self._helm, self._store, renderer)
        self._reports = queue.Queue("report", report.Reporter(cluster, self._store, self._memory).report, REST_SECONDS)
        converger = converge.Converger(
            cluster, releases, self._store, self._memory, tuple(renderer.scripts), dead_before,
            max(1, settings.helm_concurrency // 2), self._reports.wake,
        )  # fmt: skip
        self._converges = queue.Queue("converge", converger.converge)

    async def prime(self) -> None:
        """Reads which releases there are, and which ConfigMaps they lost while nobody watched."""
        await self._store.prime(self._settings.namespaces)
        present = set()
        for namespace in self._settings.namespaces or ("",):
            for item in await self._cluster.list(resources.CONFIG_MAPS, namespace, selector=OURS):
                present.add((item["metadata"]["namespace"], item["metadata"]["name"]))
        for namespace, name in self._store.runs():
            if (namespace, name) not in present:
                self._memory.missing(namespace, name)

    async def close(self, *, at_once: bool = False) -> None:
        """Ends what is under way: a helm at work is asked to end and waited for, or killed."""
        if at_once:
            self._helm.terminate_seconds = 0.0
        await self._converges.close()
        await self._reports.close()

    async def serve(self, stop: asyncio.Event) -> None:
        """Watches the cluster until a signal or `stop`."""
        port = self._settings.liveness_port
        await kopf.operator(
            registry=self.registry(),
            standalone=True,
            clusterwide=not self._settings.namespaces,
            namespaces=self._settings.namespaces,
            liveness_endpoint=f"http://0.0.0.0:{port}/livez" if port else None,
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
        return registry

    async def _configure(self, settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.scanning.disabled = True
        settings.posting.loggers = False
        settings.posting.reporting_component = settings.posting.reporting_instance = group.FIELD_MANAGER
        settings.posting.event_name_prefix = "inspect-"
        for child in CHILDREN:
            settings.watching.label_selectors[_place(child)] = OURS

    async def _on_inspect(self, event: Any, **_: Any) -> None:
        key = self._memory.notice_inspect(dict(event["object"]), event["type"] == "DELETED")
        self._converges.wake(key)
        if key not in self._memory.inspects:
            self._reports.wake(key)

    async def _on_child(self, event: Any, **_: Any) -> None:
        deleted = event["type"] == "DELETED"
        key = self._memory.notice_child(dict(event["object"]), deleted)
        if key is not None:
            self._reports.wake(key)
            if key in self._memory.suspect:
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
