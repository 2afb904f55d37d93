"""From runs to status, events and notices: the one writer of the status of an Inspect."""

import asyncio
import datetime
import logging
from collections.abc import Callable
from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import late, posted, queue, runs, task_reports
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import rows as task_rows
from inspect_operator.handlers.notices import notifier as notifiers
from inspect_operator.plan import desired, trigger
from inspect_operator.publish import events, row, status
from inspect_operator.release import store as stores

logger = logging.getLogger(__name__)

#: Runs of one object that may wait for the API server or a kubelet at the same time.
RUNS_AT_ONCE = 8


class Reporter:
    """Reads runs, writes the status where it changed, and posts an Event for each change. `converge` is woken where
    something waits for what the status tells."""

    def __init__(
        self,
        cluster: client.Cluster,
        store: stores.Store,
        memory: memories.Memory,
        reports: task_reports.TaskReports,
        missed: late.Late,
        converge: Callable[[queue.Key], None],
        notifier: notifiers.Notifier,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._memory = memory
        self._reports = reports
        self._missed = missed
        self._converge = converge
        self._notifier = notifier
        self._kept: dict[queue.Key, task_rows.Kept] = {}  # by Inspect, so that all of it goes with the object

    async def report(self, key: queue.Key) -> float | None:
        """One pass; the work of the queue."""
        body, converged = self._memory.inspects.get(key), self._memory.converged.get(key)
        if body is None:
            self._kept.pop(key, None)
            self._notifier.forget(key)
            return None
        if converged is None:
            return None
        before = self._memory.status(key)
        known = self._memory.rows(key)
        looks = runs.Looks()
        kept = self._kept.setdefault(key, task_rows.Kept(self._cluster, self._memory, key[0]))
        kept.telling.clear()
        if converged.inspection is None:
            rows = list(known.values())
        else:
            rows = await self._rows(key, body["metadata"], converged.inspection, converged, known, kept, looks)
            await self._forget(key, known, rows)
        notified = before.get("notifications") or []
        if converged.inspection is not None and not body["metadata"].get("deletionTimestamp"):
            notified = self._notifier.note(key, converged.inspection, rows, notified)
        facts = status.Facts(
            generation=converged.generation,
            converged=converged.complete and converged.invalid is None,
            problem=converged.invalid or next(iter(converged.problems.values()), None),
            rows=tuple(rows),
            now=datetime.datetime.now(datetime.UTC),
            tasks=_number_of_tasks(body),
            run_request=trigger.token(converged.inspection.run_request)
            if converged.inspection and converged.invalid is None
            else "",
            notifications=tuple(notified),
        )
        made = status.status(facts, before)
        wrote = made != before and await self._write(key, body, made, rows)
        if wrote or made == before:
            kept.wrote()
            self._notifier.dispatch(key)
        if wrote:
            for event in events.changes(before, made):
                await posted.post(self._cluster, resources.INSPECTS, body, event)
            if key in self._memory.waiting:
                self._converge(key)
        if looks.failures:
            raise looks.failures[0]
        return looks.soonest

    async def _rows(
        self,
        key: queue.Key,
        metadata: dict[str, Any],
        inspection: tasks.Inspection,
        converged: memories.Converged,
        known: dict[str, row.Row],
        kept: task_rows.Kept,
        looks: runs.Looks,
    ) -> list[row.Row]:
        uid, wanted = metadata["uid"], {want.task.name: want for want in converged.wanted}
        releases = self._store.seen(key[0], uid, {want.release for want in converged.wanted})
        slots = asyncio.Semaphore(RUNS_AT_ONCE)
        owner = tasks.Owner(key[0], key[1], uid)
        reports = task_reports.OfInspect(self._reports, owner, inspection.generation)
        written = None if metadata.get("deletionTimestamp") else reports

        async def one(want: desired.Desired) -> row.Row:
            release = releases.get(want.release)
            mine = release is not None and release.newest.owner_uid == uid
            problem = converged.problems.get(want.release)
            view = row.View(want, release if mine else None, problem)
            of_task = task_rows.TaskRow(self._memory, kept, view, slots, looks, written, self._missed)
            return await of_task.row(known.get(want.task.name))

        todo = [wanted[task.name] for task in inspection.tasks]
        rows: list[row.Row] = []
        for want, ended in zip(todo, await asyncio.gather(*map(one, todo), return_exceptions=True), strict=True):
            if isinstance(ended, BaseException):
                # The other rows are told all the same; this one stays as it was.
                looks.failures.append(ended)
                rows.append(known.get(want.task.name) or row.once(row.View(want), "", None, None))
            else:
                rows.append(ended)
        jobs = [job for want in todo for job in self._memory.jobs(key[0], want.release)]
        names = {member.name for want in todo for member in want.jobs}
        kept.keep_only({job["metadata"]["uid"] for job in jobs}, names, {want.release for want in todo})
        return rows

    async def _forget(self, key: queue.Key, known: dict[str, row.Row], rows: list[row.Row]) -> None:
        """Reports of tasks that there are no more. One that can't be deleted now goes with the Inspect."""
        kept = {one.get("report") for one in rows}
        names = {one["task_name"] for one in rows}
        for name in [one.get("report") for one in known.values() if one["task_name"] not in names]:
            if name and name not in kept:
                try:
                    await self._reports.remove(key[0], name)
                except errors.InspectError as error:
                    logger.warning("report was not deleted namespace=%s name=%s error=%s", key[0], name, error)

    async def _write(self, key: queue.Key, body: dict[str, Any], made: status.Status, rows: list[row.Row]) -> bool:
        """Server-side apply of the whole status, to exactly this object; False where it is gone."""
        uid = body["metadata"]["uid"]
        patch = {
            "apiVersion": group.API_VERSION,
            "kind": group.KIND,
            "metadata": {"name": key[1], "namespace": key[0], "uid": uid},
            "status": made,
        }
        try:
            answer = await self._cluster.apply_status(resources.INSPECTS, key[0], key[1], patch, group.FIELD_MANAGER)
        except (client.NotFound, errors.ClusterConflict):
            if self._uid(key) == uid and not body["metadata"].get("deletionTimestamp"):
                raise
            return False
        if self._uid(key) == uid:
            self._memory.wrote(key, made, answer, rows)
        return True

    def _uid(self, key: queue.Key) -> str:
        return str(self._memory.inspects.get(key, {}).get("metadata", {}).get("uid", ""))


def _number_of_tasks(body: dict[str, Any]) -> int:
    """As written, also where it can't be read otherwise."""
    written = body.get("spec", {}).get("tasks")
    return len(written) if isinstance(written, list) else 0
