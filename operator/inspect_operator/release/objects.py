"""The release of one object of a chart-backed kind: install, upgrade, repair, uninstall; what it holds, and mends."""

import asyncio
import contextlib
import copy
import dataclasses
import logging
import pathlib
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, discovery, resources
from inspect_operator.plan import kind, observed, overrides, ownership, steps
from inspect_operator.release import charts, manifests, stored, watches_file, writes
from inspect_operator.release import helm as helms
from inspect_operator.release import store as stores

logger = logging.getLogger(__name__)

#: Hooks of a chart may take their time; helm's own default.
TIMEOUT_SECONDS = 300.0
_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


@dataclasses.dataclass(frozen=True)
class Content:
    """What the release of an object is to hold: the chart as found on disk (none for templates), and its values."""

    served: watches_file.Served
    chart: charts.Chart | None
    body: dict[str, Any]
    values: overrides.Values


class ObjectReleases:
    """Carries out steps. One step at a time for a release is the caller's duty."""

    def __init__(
        self, cluster: client.Cluster, helm: helms.Helm, store: stores.Store, found: discovery.Discovery
    ) -> None:
        self._cluster = cluster
        self._helm = helm
        self._store = store
        self._discovery = found
        self._writes = writes.Writes(cluster, helm, store)
        self.ended = self._writes.ended

    async def upgrade(self, step: steps.Step, want: kind.Want, content: Content, owner: tasks.Owner) -> None:
        """Installs, upgrades or repairs.

        :raises errors.InspectError: ReleaseRejected, ReleaseUnavailable, ManifestRejected, TemplateFailed, Cluster…
        """
        found = step.found
        if step.action is steps.Action.REINSTALL:
            await self.uninstall(owner.namespace, step.release, found)
            found = None
        if found is not None and found.newest.status.pending:
            await self._writes.unlock(owner.namespace, found, step.why)
        failure: errors.InspectError | None = None
        known: list[client.Object] | None = None
        labels = {group.LABEL_OBJECT_UID: owner.uid, group.LABEL_DIGEST: want.digest}
        allowed = content.served.entry.allowedKinds
        async with self._on_disk(content) as chart:
            if allowed is not None:
                _check_kinds(await self._render(want.release, owner.namespace, chart, content), allowed)
            try:
                known = await self._helm.upgrade(
                    want.release, owner.namespace, chart, labels=labels, description=step.why, values=content.values,
                    timeout_seconds=TIMEOUT_SECONDS,
                    skip_crds=allowed is not None and "CustomResourceDefinition" not in allowed,
                )  # fmt: skip
            except errors.InspectError as error:
                failure = error
        before = found.newest.number if found is not None else 0
        left = await self._writes.check_stored(owner.namespace, want.release, before, failure, known)
        if step.action is steps.Action.REPAIR and found is not None:
            now = await self.held(owner.namespace, left.name, left.newest.number)
            await self._remove_leftovers(owner.namespace, found, now)
        logger.info(
            "release was %s namespace=%s release=%s revision=%d why=%r", "installed" if before == 0 else "upgraded",
            owner.namespace, want.release, left.newest.number, step.why,
        )  # fmt: skip

    async def would_change(self, want: kind.Want, content: Content, namespace: str, known: manifests.Deployed) -> bool:
        """Whether the chart renders something else by now, from what it looks up in the cluster."""
        async with self._on_disk(content) as chart:
            record = await self._render(want.release, namespace, chart, content)
        fresh = manifests.read(known.revision, str(record.get("manifest", "")), "")
        return fresh.objects != known.objects

    async def uninstall(self, namespace: str, release: str, found: observed.Release | None) -> None:
        """Everything of the release goes, but what the chart wants to be kept.

        :raises errors.InspectError: something of it is left
        """
        if found is not None and found.newest.status is not observed.Status.DEPLOYED:
            await self._remove_leftovers(namespace, found, None)
        await self._writes.uninstall(release, namespace, TIMEOUT_SECONDS)
        logger.info("release was uninstalled namespace=%s release=%s", namespace, release)

    async def held(self, namespace: str, release: str, number: int) -> manifests.Deployed:
        """What a stored revision holds.

        :raises errors.InspectError: it can't be read
        """
        name = stored.secret_name(release, number)
        found = stored.payload(await self._cluster.get(resources.SECRETS, namespace, name))
        return await asyncio.to_thread(manifests.read, number, found.manifest, found.notes)

    async def place(self, item: manifests.Object, namespace: str) -> tuple[resources.Resource, str]:
        """Where an object of a manifest is: its resource and namespace."""
        resource = await self._discovery.resource(str(item.get("apiVersion")), str(item.get("kind")))
        return resource, str(item["metadata"].get("namespace") or namespace) if resource.namespaced else ""

    async def read(self, item: manifests.Object, namespace: str) -> client.Object | None:
        """The object as it is in the cluster; None where it is gone."""
        resource, where = await self.place(item, namespace)
        try:
            return await self._cluster.get(resource, where, item["metadata"]["name"])
        except client.NotFound:
            return None

    async def mend(self, item: manifests.Object, release: str, namespace: str) -> None:
        """Applies one object of the manifest as helm would, without a new revision: a Job beside it that somebody
        deleted would run again."""
        resource, where = await self.place(item, namespace)
        body = copy.deepcopy(item)
        metadata = body["metadata"]
        metadata["annotations"] = {**(metadata.get("annotations") or {}), _NAME: release, _NAMESPACE: namespace}
        metadata["labels"] = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
        if where:
            metadata["namespace"] = where
        await self._cluster.apply(resource, where, metadata["name"], body, ownership.MANAGER)

    async def _remove_leftovers(self, namespace: str, found: observed.Release, now: manifests.Deployed | None) -> None:
        """What revisions that never were deployed made, and no manifest names any more: Helm compares only with the
        last deployed one. `now` is what the release holds by now."""
        kept = {_identity(item) for item in now.objects} if now is not None else set()
        for revision in found.revisions:
            if revision.status in (observed.Status.DEPLOYED, observed.Status.SUPERSEDED):
                continue
            try:
                left = await self.held(namespace, found.name, revision.number)
            except client.NotFound:
                continue
            for item in left.objects:
                if _identity(item) not in kept and not manifests.is_kept(item):
                    await self._remove(item, found.name, namespace)

    async def _remove(self, item: manifests.Object, release: str, namespace: str) -> None:
        live = await self.read(item, namespace)
        annotations = (live or {}).get("metadata", {}).get("annotations") or {}
        if live is None or (annotations.get(_NAME), annotations.get(_NAMESPACE)) != (release, namespace):
            return
        resource, where = await self.place(item, namespace)
        if await self._cluster.delete(resource, where, item["metadata"]["name"], live["metadata"]["uid"]):
            logger.info(
                "leftover was deleted namespace=%s kind=%s name=%s", where, resource.kind, item["metadata"]["name"]
            )

    async def _render(self, release: str, namespace: str, chart: pathlib.Path, content: Content) -> dict[str, Any]:
        return await self._helm.rendered(
            release, namespace, chart, values=content.values, timeout_seconds=TIMEOUT_SECONDS
        )

    @contextlib.asynccontextmanager
    async def _on_disk(self, content: Content) -> AsyncIterator[pathlib.Path]:
        """The chart as helm takes it."""
        if content.chart is not None:
            yield content.chart.path
            return
        templates = content.served.templates
        if templates is None:
            raise errors.SettingsInvalid(f"{content.served.entry} has neither chart nor templates")
        with tempfile.TemporaryDirectory(prefix="inspect-objects-") as folder:
            made = await asyncio.to_thread(templates.render, content.body, content.values)
            await asyncio.to_thread(templates.write, made, pathlib.Path(folder) / "objects")
            yield pathlib.Path(folder) / "objects"


def released(live: client.Object) -> tuple[str, str] | None:
    """Namespace and name of the release that an object says it belongs to."""
    annotations = live["metadata"].get("annotations") or {}
    if _NAME not in annotations:
        return None
    return annotations.get(_NAMESPACE, ""), annotations[_NAME]


def _identity(item: manifests.Object) -> tuple[str, str, str, str]:
    metadata = item["metadata"]
    name = str(item.get("apiVersion")).rpartition("/")[0]
    return name, str(item.get("kind")), str(metadata.get("namespace") or ""), str(metadata["name"])


def _check_kinds(record: dict[str, Any], allowed: Collection[str]) -> None:
    """:raises errors.ManifestRejected: the chart renders something else, hooks included"""
    rendered: Iterable[manifests.Object] = manifests.objects(str(record.get("manifest", "")))
    found = {str(item.get("kind")) for item in rendered} | {str(one.get("kind")) for one in record.get("hooks") or ()}
    if others := sorted(found - set(allowed)):
        raise errors.ManifestRejected(
            f"the chart renders {', '.join(others)}; allowedKinds of watches.yaml are {', '.join(sorted(allowed))}"
        )
