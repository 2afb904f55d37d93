"""From runs to status and events: the one writer of the status of an Inspect."""

import asyncio
import datetime
import logging
import time
from typing import Any, cast

import kopf

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import queue
from inspect_operator.plan import desired, observed
from inspect_operator.publish import events, row, status
from inspect_operator.release import store as stores
from inspect_operator.run import outcome, tail

logger = logging.getLogger(__name__)

TAIL_LINES = 200
LOG_SECONDS, LOG_TRIES, LOG_AGAIN_SECONDS = 5.0, 5, 10.0
#: Rows of one object that may wait for the API server or a kubelet at the same time.
ROWS_AT_ONCE = 8
#: So long a Job that was just installed may be unknown to our watch.
UNSEEN_SECONDS = 3.0
#: How often the Job of an open run is looked for: kopf tells no deletions that happened while its watch was broken.
STILL_THERE_SECONDS = 60.0
CONTAINER = "inspect"


class _Looks:
    """Gathered over the rows of one pass: when to look again (the soonest counts), and what could not be read."""

    def __init__(self) -> None:
        self.soonest: float | None = None
        self.failures: list[BaseException] = []

    def after(self, seconds: float | None) -> None:
        if seconds is not None:
            self.soonest = seconds if self.soonest is None else min(self.soonest, seconds)


class Reporter:
    """Reads runs, writes the status where it changed, and posts an Event for each change."""

    def __init__(self, cluster: client.Cluster, store: stores.Store, memory: memories.Memory) -> None:
        self._cluster = cluster
        self._store = store
        self._memory = memory
        # By Inspect, so that all of it goes with the object; then by Job name or uid.
        self._unseen: dict[queue.Key, dict[str, float]] = {}
        self._checked: dict[queue.Key, dict[str, float]] = {}
        self._logless: dict[queue.Key, dict[str, tuple[int, float]]] = {}  # tries, and when the next is due

    async def report(self, key: queue.Key) -> float | None:
        """One pass; the work of the queue."""
        body, converged = self._memory.inspects.get(key), self._memory.converged.get(key)
        if body is None:
            for kept in (self._unseen, self._checked, self._logless):
                cast(dict[queue.Key, Any], kept).pop(key, None)
            return None
        if converged is None:
            return None
        before = self._memory.status(key)
        known = {one["task_name"]: one for one in before.get("results") or ()}
        looks = _Looks()
        if converged.inspection is None:
            rows = list(known.values())
        else:
            rows = await self._rows(key, body["metadata"]["uid"], converged.inspection, converged, known, looks)
        facts = status.Facts(
            generation=converged.generation,
            converged=converged.complete and converged.invalid is None,
            problem=converged.invalid or next(iter(converged.problems.values()), None),
            rows=tuple(rows),
            now=datetime.datetime.now(datetime.UTC),
        )
        made = status.status(facts, before)
        if made != before and await self._write(key, body, made):
            for event in events.changes(before, made):
                kopf.event(cast(kopf.Body, body), type=event.type, reason=event.reason, message=event.message)
        if looks.failures:
            raise looks.failures[0]
        return looks.soonest

    async def _rows(
        self,
        key: queue.Key,
        uid: str,
        inspection: tasks.Inspection,
        converged: memories.Converged,
        known: dict[str, row.Row],
        looks: _Looks,
    ) -> list[row.Row]:
        wanted = {want.task.name: want for want in converged.wanted}
        releases = self._store.seen(key[0], uid, {want.release for want in converged.wanted})
        slots = asyncio.Semaphore(ROWS_AT_ONCE)

        async def one(task: tasks.Task) -> row.Row:
            want, before = wanted.get(task.name), known.get(task.name)
            if want is None:
                return row.row(row.View(task), before)
            release, problem = releases.get(want.release), converged.problems.get(want.release)
            run, gone = None, False
            mine = release is not None and release.newest.owner_uid == uid
            if release is not None and mine and release.newest.run_key == want.run_key:
                async with slots:
                    run = await self._run(key, want, before, looks)
                    # A revision that failed may never have made a Job.
                    made = release.newest.status is observed.Status.DEPLOYED and problem is None
                    gone = made and run is None and await self._gone(key, want, before, looks)
            told = row.row(row.View(task, want, release, problem, run), before)
            if gone:
                return row.lost(told, want.job, "JobDeleted", "the Job was deleted before its result was read")
            return told

        todo = inspection.tasks
        rows: list[row.Row] = []
        for task, ended in zip(todo, await asyncio.gather(*map(one, todo), return_exceptions=True), strict=True):
            if isinstance(ended, BaseException):
                # The other rows are told all the same; this one stays as it was.
                looks.failures.append(ended)
                rows.append(known.get(task.name) or row.row(row.View(task, wanted.get(task.name)), None))
            else:
                rows.append(ended)
        self._forget_all_but(key, converged.wanted)
        return rows

    def _forget_all_but(self, key: queue.Key, wanted: tuple[desired.Desired, ...]) -> None:
        """Runs that were replaced need no watching any more."""
        jobs = [job for want in wanted if (job := self._memory.job(key[0], want)) is not None]
        uids, names = {job["metadata"]["uid"] for job in jobs}, {want.job for want in wanted}
        self._checked[key] = {uid: at for uid, at in self._checked.get(key, {}).items() if uid in uids}
        self._logless[key] = {uid: at for uid, at in self._logless.get(key, {}).items() if uid in uids}
        self._unseen[key] = {name: at for name, at in self._unseen.get(key, {}).items() if name in names}

    async def _run(
        self, key: queue.Key, want: desired.Desired, before: row.Row | None, looks: _Looks
    ) -> outcome.Run | None:
        """What the run's Job did; None where the Job isn't known, or its result stands already."""
        namespace, job = key[0], self._memory.job(key[0], want)
        if job is None:
            return None
        uid = job["metadata"]["uid"]
        ended, logless = outcome.job_ended(job), uid in self._logless.get(key, ())
        settled = before if before and before.get("runUid") == uid and before.get("finished") else None
        if settled and ended and not logless and settled.get("exitCode") is not None:
            return None
        if not ended and not await self._still_there(key, job, looks):
            return None
        now = datetime.datetime.now(datetime.UTC)
        kind = outcome.Kind(want.task.kind.value)
        pods = self._memory.pods(namespace, want, uid)
        run = outcome.observe(job, pods, [], None, now, kind)
        if ended and run.exit_code is None:
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
            log = await self._log(key, run, kind, looks)
            if log is None and kind is outcome.Kind.IMAGE and uid in self._logless.get(key, ()):
                return None  # of an image the log is all that tells what it found: not before it is read or lost
            run = outcome.observe(job, pods, [], log, now, kind)
        looks.after(run.next_look_seconds)
        return run

    async def _log(self, key: queue.Key, run: outcome.Run, kind: outcome.Kind, looks: _Looks) -> bytes | None:
        """The end of the log. Where its node doesn't answer it is asked for again a few times; of a script's log only
        the tail matters, since the runner's summary says what it found."""
        tries = self._logless.setdefault(key, {})
        number, due = tries.get(run.uid, (0, 0.0))
        if time.monotonic() < due:
            looks.after(due - time.monotonic())
            return None
        lines = TAIL_LINES if kind is outcome.Kind.SCRIPT else None
        try:
            log = await self._cluster.log(
                key[0], run.pod, CONTAINER, tail_bytes=tail.LOG_BYTES, lines=lines, seconds=LOG_SECONDS
            )
        except errors.InspectError as error:
            number += 1
            logger.warning("log was not read namespace=%s pod=%s tries=%d error=%s", key[0], run.pod, number, error)
            gone = isinstance(error, client.NotFound)
            if error.retry and not gone and number < LOG_TRIES:
                tries[run.uid] = (number, time.monotonic() + LOG_AGAIN_SECONDS)
                looks.after(LOG_AGAIN_SECONDS)
                return None
            log = None
        tries.pop(run.uid, None)
        return log

    async def _still_there(self, key: queue.Key, job: memories.Object, looks: _Looks) -> bool:
        """Whether the Job of an open run exists; asked for seldom."""
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        checked = self._checked.setdefault(key, {})
        since = time.monotonic() - checked.setdefault(uid, time.monotonic())
        looks.after(max(1.0, STILL_THERE_SECONDS - since))
        if since < STILL_THERE_SECONDS:
            return True
        checked[uid] = time.monotonic()
        try:
            there = bool((await self._cluster.get(resources.JOBS, key[0], name))["metadata"]["uid"] == uid)
        except client.NotFound:
            there = False
        if not there:
            del checked[uid]
            self._memory.notice_child(job, deleted=True)
        return there

    async def _gone(self, key: queue.Key, want: desired.Desired, before: row.Row | None, looks: _Looks) -> bool:
        """Whether the Job of an installed run does not exist although its end was never seen."""
        unseen = self._unseen.setdefault(key, {})
        if self._memory.job(key[0], want) is not None or (
            before is not None and before.get("job") == want.job and before.get("state") == "finished"
        ):
            unseen.pop(want.job, None)
            return False
        since = unseen.setdefault(want.job, time.monotonic())
        if time.monotonic() - since < UNSEEN_SECONDS:
            looks.after(UNSEEN_SECONDS)
            return False
        del unseen[want.job]
        try:
            job = await self._cluster.get(resources.JOBS, key[0], want.job)
        except client.NotFound:
            return True
        self._memory.notice_child({**job, "kind": resources.JOBS.kind}, deleted=False)
        looks.after(0.1)
        return False

    async def _write(self, key: queue.Key, body: dict[str, Any], made: status.Status) -> bool:
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
            self._memory.wrote(key, made, answer)
        return True

    def _uid(self, key: queue.Key) -> str:
        return str(self._memory.inspects.get(key, {}).get("metadata", {}).get("uid", ""))
