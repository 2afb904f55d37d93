"""Writes the full report of each run that ended: a ConfigMap, and where there are OpenReports a Report of that."""

import dataclasses
import logging
from collections.abc import Sequence

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.plan import naming
from inspect_operator.publish import open_report, record, row, task_report

logger = logging.getLogger(__name__)

#: How often it is looked for whether the cluster has OpenReports by now.
LOOK_SECONDS = 600.0
_OURS = f"{group.LABEL_REPORT}=true"


class TaskReports:
    """`namespaces` are those that the operator serves; none: all."""

    def __init__(self, cluster: client.Cluster, namespaces: tuple[str, ...]) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._open_reports = False

    async def look(self) -> None:
        """Finds out whether the cluster has OpenReports; where it came, the reports that there are become such.

        :raises errors.InspectError: the API server does not answer, or denies it
        """
        kinds = await self._cluster.served(resources.OPEN_REPORTS.api_version)
        served = any(one.plural == resources.OPEN_REPORTS.plural for one in kinds)
        if served and not self._open_reports:
            await self._open_all()
        self._open_reports = served

    async def _open_all(self) -> None:
        for where in self._namespaces or ("",):
            there = await self._cluster.list(resources.OPEN_REPORTS, where, selector=_OURS)
            known = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in there}
            for one in await self._cluster.list(resources.CONFIG_MAPS, where, selector=_OURS):
                namespace, name = one["metadata"]["namespace"], one["metadata"]["name"]
                release = (one["metadata"].get("labels") or {}).get(group.LABEL_INSTANCE, "")
                if release and (namespace, release) not in known:
                    await self._open(namespace, name, release)

    async def _open(self, namespace: str, name: str, release: str) -> None:
        try:
            found = await self._cluster.get(resources.CONFIG_MAPS, namespace, name)
        except client.NotFound:
            return
        report = task_report.loads(found)
        if report.get("task"):
            owner = tasks.Owner(namespace, str(report.get("inspect", "")), str(report.get("uid", "")))
            await self._write_open(owner, release, report)

    async def write(
        self, owner: tasks.Owner, generation: int, view: row.View, made: row.Row, detail: task_report.Detail
    ) -> row.Row:
        """The report of the run that `made` tells; returns what belongs into the row beside it, the report's name too.

        :raises errors.InspectError: it could not be written
        """
        release, about = view.want.release, task_report.about(owner, generation, view.task)
        name = naming.report_name(release)
        found = await self._found(owner, name)
        previous = task_report.loads(found)
        if row.is_missed(made):
            added = record.of(made, previous, ())
            report = task_report.of_missed(about, made | added, previous)
        else:
            detail = _completed(detail, previous)
            added = record.of(made, previous, record.failing(detail.findings))
            told = made | added | {"history": record.longest(made, previous)}
            report = task_report.of_run(about, told, detail)
        body = task_report.config_map(owner, release, view.task.name, report)
        if (found.get("data") or {}) != body["data"]:
            await self._cluster.apply(resources.CONFIG_MAPS, owner.namespace, name, body, group.FIELD_MANAGER)
        if self._open_reports:
            await self._write_open(owner, release, report)
        return added | {"report": name}

    async def remove(self, namespace: str, name: str) -> None:
        """The report of a task that the Inspect does not have any more."""
        await self._cluster.delete(resources.CONFIG_MAPS, namespace, name)
        if self._open_reports:
            release = name.removesuffix(naming.report_name(""))
            await self._cluster.delete(resources.OPEN_REPORTS, namespace, release)

    async def _found(self, owner: tasks.Owner, name: str) -> client.Object:
        """The ConfigMap as it is; that of an Inspect that is gone goes now, not when the garbage collector finds it."""
        try:
            found = await self._cluster.get(resources.CONFIG_MAPS, owner.namespace, name)
        except client.NotFound:
            return {}
        owners = [one["uid"] for one in found["metadata"].get("ownerReferences") or ()]
        if owners and owner.uid not in owners:
            await self._cluster.delete(resources.CONFIG_MAPS, owner.namespace, name, found["metadata"]["uid"])
            return {}
        return found

    async def _write_open(self, owner: tasks.Owner, release: str, report: task_report.Report) -> None:
        body = open_report.of_task(owner, release, report)
        try:
            await self._cluster.apply(resources.OPEN_REPORTS, owner.namespace, release, body, group.FIELD_MANAGER)
        except client.NotFound:
            self._open_reports = False  # its definition is gone
        except (errors.ClusterForbidden, errors.ManifestRejected) as error:
            # The report itself is written; who reads these has to hear why there is none.
            logger.warning(
                "OpenReports Report was not written namespace=%s name=%s error=%s", owner.namespace, release, error
            )


@dataclasses.dataclass(frozen=True)
class OfInspect:
    """The reports of one Inspect, as it is in one pass."""

    reports: TaskReports
    owner: tasks.Owner
    generation: int

    async def write(self, view: row.View, made: row.Row, detail: task_report.Detail) -> row.Row:
        """See TaskReports.write()."""
        return await self.reports.write(self.owner, self.generation, view, made, detail)


def _completed(detail: task_report.Detail, previous: task_report.Report) -> task_report.Detail:
    """Of nodes whose run was told before we were started, what the last report tells."""
    known = {one.get("target"): one for one in previous.get("targets") or ()}
    targets, older = [], set()
    for one in detail.targets:
        before = known.get(one["target"], {})
        if one.get("runUid") and before.get("runUid") == one["runUid"]:
            one = one | {
                name: before[name] for name in ("findings", "output") if before.get(name) and not one.get(name)
            }
            if len(_of(previous.get("findings") or (), one["target"])) > len(_of(detail.findings, one["target"])):
                older.add(one["target"])
        targets.append(one)
    if not older:
        return dataclasses.replace(detail, targets=targets)
    found = [one for one in detail.findings if one.get("target") not in older]
    found += [one for one in previous["findings"] if one.get("target") in older]
    more = len(found) - len(detail.findings)
    return dataclasses.replace(detail, targets=targets, findings=found, cut=max(0, detail.cut - more))


def _of(findings: Sequence[row.Row], target: str) -> list[row.Row]:
    return [one for one in findings if one.get("target") == target]
