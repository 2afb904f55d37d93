"""Install, upgrade, repair and uninstall one release: the verbs behind plan's actions."""

import asyncio
import logging
import os
import pathlib
import shutil
import tempfile
from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.plan import desired, observed, steps
from inspect_operator.release import helm as helms
from inspect_operator.release import leftovers, store, stored, writes
from inspect_operator.render import chart as charts

logger = logging.getLogger(__name__)

BASE_TIMEOUT_SECONDS = 60.0
SECONDS_A_MIB = 60.0

#: A chart lives for one call: no disk needs to hear of it.
_MEMORY = "/dev/shm"  # noqa: S108  # what is made in there is ours alone
_IN_MEMORY = _MEMORY if os.access(_MEMORY, os.W_OK) else None

Objects = dict[tuple[str, str], dict[str, Any]]


class Releases:
    """Carries out steps. One step at a time for a release is the caller's duty."""

    def __init__(self, cluster: client.Cluster, helm: helms.Helm, seen: store.Store, renderer: charts.Renderer) -> None:
        self._cluster = cluster
        self._helm = helm
        self._renderer = renderer
        self.store = seen
        self._writes = writes.Writes(cluster, helm, seen)
        #: Revisions (namespace, release, number) left pending by a helm of ours that has ended.
        self.ended = self._writes.ended

    async def carry_out(self, step: steps.Step, owner: tasks.Owner, *, tidy: bool = True) -> frozenset[str]:
        """Does what the step says; returns the names of the Jobs that the release holds now. Not `tidy`: what stands
        in no manifest of an uninstalled release is left to the caller.

        :raises errors.InspectError: ReleaseRejected, ReleaseUnavailable, TemplateFailed, ManifestRejected, Cluster…
        """
        if step.action is steps.Action.UNINSTALL:
            await self._uninstall(step.release, owner.namespace, step.found, tidy=tidy)
            return frozenset()
        if step.action is steps.Action.REINSTALL:
            await self._uninstall(step.release, owner.namespace, step.found)
            step = steps.Step(steps.Action.INSTALL, step.release, step.why, step.want, None)
        return frozenset() if step.want is None else await self._upgrade(step, step.want, owner)

    async def _upgrade(self, step: steps.Step, want: desired.Desired, owner: tasks.Owner) -> frozenset[str]:
        if step.found is None:
            chart = await asyncio.to_thread(self._renderer.render, want, owner)
        else:
            if step.found.newest.status.pending:
                await self._writes.unlock(owner.namespace, step.found, step.why)
            chart = await self._next_chart(step, step.found, want, owner)
        labels = {
            group.LABEL_OWNER_UID: owner.uid,
            group.LABEL_DIGEST: want.digest,
            group.LABEL_RUN_KEY: want.run_key,
        }
        if chart.templates:
            labels[group.LABEL_USED] = chart.templates
        if want.trigger:
            labels[group.LABEL_TRIGGER] = want.trigger
        await self._write(step, want, owner.namespace, chart, labels)
        logger.info(
            "release was %s namespace=%s release=%s why=%r",
            "installed" if step.found is None else "upgraded", owner.namespace, want.release, step.why,
        )  # fmt: skip
        return frozenset(item["metadata"]["name"] for item in chart.manifests if item["kind"] == "Job")

    async def _write(
        self, step: steps.Step, want: desired.Desired, namespace: str, chart: charts.Chart, labels: dict[str, str]
    ) -> None:
        """One helm process; then the stored revision decides whether it worked, not helm's exit code."""
        release, before = want.release, step.found.newest.number if step.found else 0
        failure: errors.InspectError | None = None
        known: list[client.Object] | None = None
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="inspect-chart-", dir=_IN_MEMORY)
        try:
            path = pathlib.Path(folder) / "chart"
            size = await asyncio.to_thread(self._on_disk, chart, path)
            timeout = BASE_TIMEOUT_SECONDS + SECONDS_A_MIB * size / 2**20
            try:
                known = await self._helm.upgrade(
                    release, namespace, path, labels=labels, description=step.why, timeout_seconds=timeout
                )
            except errors.InspectError as error:
                failure = error
        finally:
            await asyncio.to_thread(shutil.rmtree, folder)
        await self._writes.check_stored(namespace, release, before, failure, known)

    def _on_disk(self, chart: charts.Chart, path: pathlib.Path) -> int:
        self._renderer.write(chart, path)
        return sum(file.stat().st_size for file in path.rglob("*.json"))

    async def _uninstall(
        self, release: str, namespace: str, found: observed.Release | None, *, tidy: bool = True
    ) -> None:
        """Leftovers of revisions that never were deployed go first: once the release is gone nobody knows of them."""
        if tidy and found is not None and found.newest.status is not observed.Status.DEPLOYED:
            await leftovers.remove(self._cluster, namespace, leftovers.of_release(release))
        await self._writes.uninstall(release, namespace, BASE_TIMEOUT_SECONDS)
        if tidy:
            await leftovers.remove(self._cluster, namespace, leftovers.of_release(release), passwords=True)
        logger.info("release was uninstalled namespace=%s release=%s", namespace, release)

    async def _next_chart(
        self, step: steps.Step, found: observed.Release, want: desired.Desired, owner: tasks.Owner
    ) -> charts.Chart:
        """What the next revision of an existing release holds.

        The objects of a run that goes on or is over are taken from the stored release: a pod template is immutable,
        and templates may have changed since. A Job that was made and is gone was deleted by somebody, and is left
        out: it would run again. What belongs to a schedule is rendered anew.
        """
        selector = leftovers.of_release(want.release)
        jobs = await self._cluster.list(resources.JOBS, owner.namespace, selector=f"taskType=inspect,{selector}")
        wanted = {member.name for member in want.jobs}
        present = wanted & {item["metadata"]["name"] for item in jobs}
        stored, made = await self._of_run(found, want, owner)
        over = (wanted & (made | want.made)) - present
        begun = bool(present or over or made)
        lacking = [name for name in wanted - over if ("Job", name) not in stored]
        objects: Objects = {}
        # Of a run that has begun its objects tell what it was made from, whatever templates say by now.
        used = found.newest.templates if begun and not want.task.schedule else self._renderer.used(want)
        if want.task.schedule or lacking or not begun:
            fresh = await asyncio.to_thread(self._renderer.render, want, owner)
            objects = {(item["kind"], item["metadata"]["name"]): item for item in fresh.manifests}
        if begun:
            objects |= {
                key: item
                for key, item in stored.items()
                if key == ("ConfigMap", want.files) or (not want.task.schedule and key[0] != "Job")
            }
            objects |= {("Job", name): stored[("Job", name)] for name in present if ("Job", name) in stored}
        for name in over:
            objects.pop(("Job", name), None)
        if step.action is steps.Action.REPAIR:
            # Before the upgrade: were it done afterwards, a crash in between would leave them for ever.
            keep = set(objects)
            for revision in found.revisions:
                if revision.status is observed.Status.DEPLOYED:
                    keep |= set(await self._objects(owner.namespace, found.name, revision))
            await leftovers.remove(self._cluster, owner.namespace, selector, keep)
        return charts.Chart(tuple(objects[key] for key in sorted(objects)), self._renderer.version(want), used)

    async def _of_run(
        self, found: observed.Release, want: desired.Desired, owner: tasks.Owner
    ) -> tuple[Objects, set[str]]:
        """Objects that revisions of this very run hold, the newest of each; and the names of the Jobs that were once
        completely installed. Only the unbroken line of newest revisions of this owner counts for these: a script
        changed away and back is a new run of the same key, and so is the same script of an object that was made anew.
        """
        objects: Objects = {}
        made: set[str] = set()
        unbroken = True
        for revision in found.revisions:
            same = revision.run_key == want.run_key
            unbroken = unbroken and same and revision.owner_uid == owner.uid
            if not same:
                continue
            held = await self._objects(owner.namespace, found.name, revision)
            objects = held | objects
            if unbroken and revision.status in (observed.Status.DEPLOYED, observed.Status.SUPERSEDED):
                made |= {name for kind, name in held if kind == "Job"}
                if want.task.nodes is None:
                    # The revision that made the only Job may be cut from the history by now.
                    made |= {member.name for member in want.jobs}
        return objects, made

    async def _objects(self, namespace: str, release: str, revision: observed.Revision) -> Objects:
        """The objects that a stored revision names; none where history was cut in the meantime."""
        try:
            name = stored.secret_name(release, revision.number)
            return stored.payload(await self._cluster.get(resources.SECRETS, namespace, name)).objects
        except client.NotFound:
            return {}
