"""From runs to status and events: the one writer of the status of an Inspect."""

import datetime
import logging
import time
from typing import Any, cast

import kopf

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import queue
from inspect_operator.plan import desired
from inspect_operator.publish import events, row, status
from inspect_operator.release import store as stores
from inspect_operator.run import outcome, tail

logger = logging.getLogger(__name__)

TAIL_LINES = 200
LOG_TRIES, LOG_AGAIN_SECONDS = 5, 10.0
#: So long a Job that was just installed may be unknown to our watch.
UNSEEN_SECONDS = 3.0
CONTAINER = "inspect"


class Reporter:
    """Reads runs, writes the status where it changed, and posts an Event for each change."""

    def __init__(self, cluster: client.Cluster, store: stores.Store, memory: memories.Memory) -> None:
        self._cluster = cluster
        self._store = store
        self._memory = memory
        self._unseen: dict[tuple[str, str], float] = {}
        self._logless: dict[str, int] = {}

    async def report(self, key: queue.Key) -> float | None:
        """One pass; the work of the queue."""
        body, converged = self._memory.inspects.get(key), self._memory.converged.get(key)
        if body is None or converged is None:
            return None
        before = self._memory.written.get(key) or body.get("status") or {}
        known = {one["task_name"]: one for one in before.get("results") or ()}
        looks: list[float] = []
        if converged.inspection is None:
            rows = list(known.values())
        else:
            rows = await self._rows(key[0], body["metadata"]["uid"], converged, known, looks)
        problem = converged.invalid or next(iter(converged.problems.values()), None)
        facts = status.Facts(
            generation=converged.generation,
            converged=converged.complete and converged.invalid is None,
            problem=problem,
            rows=tuple(rows),
            now=datetime.datetime.now(datetime.UTC),
        )
        made = status.status(facts, before)
        if made != before:
            await self._write(key, body, made)
            for event in events.changes(before, made):
                kopf.event(cast(kopf.Body, body), type=event.type, reason=event.reason, message=event.message)
        return min(looks) if looks else None

    async def _rows(
        self,
        namespace: str,
        uid: str,
        converged: memories.Converged,
        known: dict[str, row.Row],
        looks: list[float],
    ) -> list[row.Row]:
        wanted = {want.task.name: want for want in converged.wanted}
        releases = self._store.seen(namespace, uid, {want.release for want in converged.wanted})
        rows = []
        for task in converged.inspection.tasks:
            want, before = wanted.get(task.name), known.get(task.name)
            run, gone = None, False
            release = releases.get(want.release) if want else None
            if release is not None and release.newest.owner_uid != uid:
                release = None  # somebody else's, whose run is not ours to report
            if want is not None and release is not None and release.newest.run_key == want.run_key:
                run = await self._run(namespace, want, before, looks)
                gone = run is None and await self._gone(namespace, want, before, looks)
            problem = converged.problems.get(want.release) if want else None
            made = row.row(row.View(task, want, release, problem, run), before)
            if gone and want is not None:
                words = "the Job was deleted before its result was read"
                made = row.lost(made | {"job": want.job}, "JobDeleted", words)
            rows.append(made)
        return rows

    async def _run(
        self, namespace: str, want: desired.Desired, before: row.Row | None, looks: list[float]
    ) -> outcome.Run | None:
        """What the run's Job did; None where the Job isn't known, or its result stands already."""
        job = self._memory.job(namespace, want)
        if job is None:
            return None
        uid = job["metadata"]["uid"]
        settled = before if before and before.get("runUid") == uid and before.get("finished") else None
        if settled and settled.get("exitCode") is not None and outcome.job_ended(job) and uid not in self._logless:
            return None
        now = datetime.datetime.now(datetime.UTC)
        kind = outcome.Kind(want.task.kind.value)
        pods = self._memory.pods(namespace, want, uid)
        run = outcome.observe(job, pods, [], None, now, kind)
        if outcome.job_ended(job) and run.exit_code is None:
            if settled:
                return None  # why nothing ran is known already; that the Job then gave up tells nothing new
            # Our watch of the pods may be behind that of the Jobs.
            found = await self._cluster.list(resources.PODS, namespace, selector=f"job-name={want.job}", full=True)
            pods = memories.owned(found, uid)
            run = outcome.observe(job, pods, [], None, now, kind)
        if run.needs_events:
            events_on_job = await self._cluster.list(
                resources.EVENTS, namespace, fields=f"involvedObject.uid={uid}", full=True
            )
            run = outcome.observe(job, pods, events_on_job, None, now, kind)
        if run.needs_log and run.pod:
            run = outcome.observe(job, pods, [], await self._log(namespace, run, kind, looks), now, kind)
        if run.next_look_seconds is not None:
            looks.append(run.next_look_seconds)
        return run

    async def _log(self, namespace: str, run: outcome.Run, kind: outcome.Kind, looks: list[float]) -> bytes | None:
        """The end of the log. Where its node doesn't answer the run is reported without, and asked for again a few
        times; the runner's summary says what a script found, so of its log only the tail matters."""
        lines = TAIL_LINES if kind is outcome.Kind.SCRIPT else None
        try:
            log = await self._cluster.log(namespace, run.pod, CONTAINER, tail_bytes=tail.LOG_BYTES, lines=lines)
        except (client.NotFound, errors.ManifestRejected) as error:
            logger.warning("log was not read namespace=%s pod=%s error=%s", namespace, run.pod, error)
            log = None
        except errors.ClusterUnavailable as error:
            tries = self._logless.get(run.uid, 0) + 1
            logger.warning("log was not read namespace=%s pod=%s tries=%d error=%s", namespace, run.pod, tries, error)
            if tries < LOG_TRIES:
                self._logless[run.uid] = tries
                looks.append(LOG_AGAIN_SECONDS)
                return None
            log = None
        self._logless.pop(run.uid, None)
        return log

    async def _gone(self, namespace: str, want: desired.Desired, before: row.Row | None, looks: list[float]) -> bool:
        """Whether the Job of an installed run does not exist although its end was never seen."""
        where = (namespace, want.job)
        if self._memory.job(namespace, want) is not None or (
            before is not None and before.get("job") == want.job and before.get("state") == "finished"
        ):
            self._unseen.pop(where, None)
            return False
        since = self._unseen.setdefault(where, time.monotonic())
        if time.monotonic() - since < UNSEEN_SECONDS:
            looks.append(UNSEEN_SECONDS)
            return False
        del self._unseen[where]
        try:
            job = await self._cluster.get(resources.JOBS, namespace, want.job)
        except client.NotFound:
            return True
        self._memory.notice_child({**job, "kind": resources.JOBS.kind}, deleted=False)
        looks.append(0.1)
        return False

    async def _write(self, key: queue.Key, body: dict[str, Any], made: status.Status) -> None:
        """Server-side apply of the whole status, to exactly this object."""
        patch = {
            "apiVersion": group.API_VERSION,
            "kind": group.KIND,
            "metadata": {"name": key[1], "namespace": key[0], "uid": body["metadata"]["uid"]},
            "status": made,
        }
        try:
            await self._cluster.apply_status(resources.INSPECTS, key[0], key[1], patch, group.FIELD_MANAGER)
        except (client.NotFound, errors.ClusterConflict):
            if key in self._memory.inspects and not body["metadata"].get("deletionTimestamp"):
                raise
        self._memory.written[key] = made
