"""Reads what one Job did: from memory, and from the API server where that doesn't tell enough."""

import datetime
import logging
import time

from inspect_operator import errors
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import memory as memories
from inspect_operator.publish import row
from inspect_operator.run import outcome, tail
from inspect_operator.runner import stream

logger = logging.getLogger(__name__)

LOG_SECONDS, LOG_TRIES, LOG_AGAIN_SECONDS = 5.0, 5, 10.0
#: So long a Job that was just installed may be unknown to our watch.
UNSEEN_SECONDS = 3.0
#: How often the Job of an open run is looked for: as long as a watch is broken nothing tells of a deletion.
STILL_THERE_SECONDS = 60.0
CONTAINER = "inspect"


class Looks:
    """Gathered over the rows of one pass: when to look again (the soonest counts), and what could not be read."""

    def __init__(self) -> None:
        self.soonest: float | None = None
        self.failures: list[BaseException] = []

    def after(self, seconds: float | None) -> None:
        """Look again then, or before."""
        if seconds is not None:
            self.soonest = seconds if self.soonest is None else min(self.soonest, seconds)


class Runs:
    """The runs of one Inspect."""

    def __init__(self, cluster: client.Cluster, memory: memories.Memory, namespace: str) -> None:
        self._cluster = cluster
        self._memory = memory
        self._namespace = namespace
        self._unseen: dict[str, float] = {}  # by name of the Job
        self._checked: dict[str, float] = {}  # by uid of the Job, as the next
        self._logless: dict[str, tuple[int, float]] = {}  # tries, and when the next is due

    def keep_only(self, uids: set[str], names: set[str]) -> None:
        """Other Jobs were replaced, and need no watching any more."""
        self._checked = {uid: at for uid, at in self._checked.items() if uid in uids}
        self._logless = {uid: at for uid, at in self._logless.items() if uid in uids}
        self._unseen = {name: at for name, at in self._unseen.items() if name in names}

    async def of(
        self,
        job: memories.Object,
        release: str,
        kind: outcome.Kind,
        form: stream.Format | None,
        before: row.Row | None,
        looks: Looks,
        *,
        again: bool = False,
    ) -> outcome.Run | None:
        """What the Job did; None where it turned out to be gone, or where `before` tells its result already. `again`
        reads it then too, for what a report has more than the result, where that can still be had."""
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        ended, logless = outcome.job_ended(job), uid in self._logless
        settled = before if before and before.get("runUid") == uid and before.get("finished") else None
        told = settled is not None and settled.get("exitCode") is not None and not logless
        if settled and ended and told and not again:
            return None
        if not ended and not await self._still_there(job, looks):
            return None
        now = datetime.datetime.now(datetime.UTC)
        pods = self._memory.pods(self._namespace, release, uid)
        run = outcome.observe(job, pods, [], None, now, kind, form)
        if ended and run.exit_code is None:
            if settled:
                return None  # why nothing ran is known already; that the Job then gave up tells nothing new
            # Our watch of the pods may be behind that of the Jobs.
            found = await self._cluster.list(resources.PODS, self._namespace, selector=f"job-name={name}", full=True)
            pods = memories.owned(found, uid)
            run = outcome.observe(job, pods, [], None, now, kind, form)
        if run.needs_events:
            events_on_job = await self._cluster.list(
                resources.EVENTS, self._namespace, fields=f"involvedObject.uid={uid}", full=True
            )
            run = outcome.observe(job, pods, events_on_job, None, now, kind, form)
        if run.needs_log and run.pod:
            log = tail.or_none(await self._log(run, kind, looks))
            if log is None and told:
                return None
            if log is None and kind is not outcome.Kind.SCRIPT and uid in self._logless:
                return None  # the log is all that tells what an image or a host found: not before it is read or lost
            run = outcome.observe(job, pods, [], log, now, kind, form)
        looks.after(run.next_look_seconds)
        return run

    def waits_for_log(self, uid: str | None) -> bool:
        """Whether the log of an ended run is going to be asked for once more."""
        return uid in self._logless

    async def gone(self, release: str, name: str, before: row.Row | None, looks: Looks) -> bool:
        """Whether the Job of an installed run does not exist although its end was never seen."""
        if self._memory.job(self._namespace, release, name) is not None or (
            before is not None and before.get("job") == name and before.get("state") == "finished"
        ):
            self._unseen.pop(name, None)
            return False
        since = self._unseen.setdefault(name, time.monotonic())
        if time.monotonic() - since < UNSEEN_SECONDS:
            looks.after(UNSEEN_SECONDS)
            return False
        del self._unseen[name]
        try:
            job = await self._cluster.get(resources.JOBS, self._namespace, name)
        except client.NotFound:
            return True
        self._memory.notice_child({**job, "kind": resources.JOBS.kind}, deleted=False)
        looks.after(0.1)
        return False

    async def _log(self, run: outcome.Run, kind: outcome.Kind, looks: Looks) -> bytes | None:
        """The end of the log. Where its node doesn't answer it is asked for again a few times; of a script's log only
        the tail matters, since the runner's summary says what it found."""
        number, due = self._logless.get(run.uid, (0, 0.0))
        if time.monotonic() < due:
            looks.after(due - time.monotonic())
            return None
        lines = tail.LOG_LINES if kind is outcome.Kind.SCRIPT else None
        try:
            log = await self._cluster.log(
                self._namespace, run.pod, CONTAINER, tail_bytes=tail.LOG_BYTES, lines=lines, seconds=LOG_SECONDS
            )
        except errors.InspectError as error:
            number += 1
            logger.warning(
                "log was not read namespace=%s pod=%s tries=%d error=%s", self._namespace, run.pod, number, error
            )
            gone = isinstance(error, client.NotFound)
            if error.retry and not gone and number < LOG_TRIES:
                self._logless[run.uid] = (number, time.monotonic() + LOG_AGAIN_SECONDS)
                looks.after(LOG_AGAIN_SECONDS)
                return None
            log = None
        self._logless.pop(run.uid, None)
        return log

    async def _still_there(self, job: memories.Object, looks: Looks) -> bool:
        """Whether the Job of an open run exists; asked for seldom."""
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        since = time.monotonic() - self._checked.setdefault(uid, time.monotonic())
        looks.after(max(1.0, STILL_THERE_SECONDS - since))
        if since < STILL_THERE_SECONDS:
            return True
        self._checked[uid] = time.monotonic()
        try:
            there = bool((await self._cluster.get(resources.JOBS, self._namespace, name))["metadata"]["uid"] == uid)
        except client.NotFound:
            there = False
        if not there:
            del self._checked[uid]
            self._memory.notice_child(job, deleted=True)
        return there
