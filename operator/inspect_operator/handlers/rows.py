"""From what is in memory to the rows of the status, each with as many runs as its task has places and turns."""

import asyncio
import functools

from inspect_operator.cluster import client
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import runs
from inspect_operator.plan import desired, nodes, observed
from inspect_operator.publish import fleet
from inspect_operator.publish import row as publish_row
from inspect_operator.run import outcome


class Kept:
    """What is remembered of one Inspect from pass to pass: what was asked about its runs, rows of nodes (the status may
    have no room for them), and which runs of schedules were told."""

    def __init__(self, cluster: client.Cluster, memory: memories.Memory, namespace: str) -> None:
        self.namespace = namespace
        self.runs = runs.Runs(cluster, memory, namespace)
        self.nodes: dict[tuple[str, str], publish_row.Row] = {}  # by release and node
        self.going_on: set[str] = set()  # uids of Jobs whose end will be news
        self.told: set[str] = set()  # uids of Jobs
        self.telling: set[str] = set()  # the same, of a status that isn't written yet

    def keep_only(self, uids: set[str], names: set[str], releases: set[str]) -> None:
        """Other Jobs (by uid), wanted ones of other names, and nodes of other releases need no watching any more."""
        self.runs.keep_only(uids, names)
        self.nodes = {place: one for place, one in self.nodes.items() if place[0] in releases}
        self.told &= uids
        self.going_on &= uids

    def wrote(self) -> None:
        """What this pass tells stands in the status."""
        self.told |= self.telling


class TaskRow:
    """The row of one task, in one pass."""

    def __init__(
        self,
        memory: memories.Memory,
        kept: Kept,
        view: publish_row.View,
        slots: asyncio.Semaphore,
        looks: runs.Looks,
    ) -> None:
        self._memory = memory
        self._kept = kept
        self._runs = kept.runs
        self._namespace = kept.namespace
        self._view = view
        self._slots = slots
        self._looks = looks
        self._kind = outcome.Kind(view.task.kind.value)
        if view.task.template and not view.task.hosts:
            self._kind = outcome.Kind.TEMPLATE
        self._form = None if view.task.results_file else view.task.results_format
        newest = view.release.newest if view.release else None
        # While another run stands in the release (or none), what its Jobs did says nothing of this one.
        self._current = newest is not None and newest.run_key == view.want.run_key
        # A revision that failed may never have made a Job.
        deployed = newest is not None and newest.status is observed.Status.DEPLOYED
        self._made = self._current and deployed and view.problem is None

    async def row(self, before: publish_row.Row | None) -> publish_row.Row:
        """What the status tells of the task."""
        view, want = self._view, self._view.want
        if view.task.nodes is None:
            job = want.jobs[0].name if want.jobs else ""
            return await self._place(job, want.release if want.crons else "", before)
        if want.refused or (want.held and want.held.reason != desired.NO_NODES):
            return publish_row.once(view, "", None, before)
        places = {member.target: [member.name, ""] for member in want.jobs}
        for member in want.crons:
            places.setdefault(member.target, ["", ""])[1] = member.name

        async def one(target: str, job: str, cron: str) -> tuple[str, publish_row.Row]:
            place = (want.release, target)
            made = await self._place(job, cron, self._kept.nodes.get(place) or fleet.member(before, target))
            self._kept.nodes[place] = made
            return target, made

        members = list(await asyncio.gather(*(one(target, *names) for target, names in places.items())))
        members += [
            (aside.target, publish_row.clean(publish_row.aside(aside)))
            for aside in want.asides
            if aside.target and aside.target not in places
        ]
        left_out = len(nodes.members(self._memory.nodes.values(), view.task.nodes).tainted)
        return fleet.combined(view, sorted(members, key=lambda member: member[0]), left_out, before)

    async def _place(self, job: str, cron: str, before: publish_row.Row | None) -> publish_row.Row:
        """The row of one place: of its CronJob and Job, where the task has a schedule, else of its Job."""
        async with self._slots:
            if self._view.task.schedule:
                return await self._scheduled(job, cron, before)
            return await self._once(job, before)

    async def _once(self, name: str, before: publish_row.Row | None) -> publish_row.Row:
        view, run, gone = self._view, None, False
        if self._current:
            job = self._memory.job(self._namespace, view.want.release, name)
            if job is not None:
                run = await self._runs.of(job, view.want.release, self._kind, self._form, before, self._looks)
            gone = self._made and run is None and await self._runs.gone(view.want.release, name, before, self._looks)
        told = publish_row.once(view, name, run, before)
        if gone:
            return publish_row.lost(told, name, "JobDeleted", "the Job was deleted before its result was read")
        return told

    async def _scheduled(self, name: str, cron: str, before: publish_row.Row | None) -> publish_row.Row:
        """All Jobs that this place has, the oldest first: those of its CronJob, and of runs that were asked for."""
        told = {one.get("runUid") for one in (before or {}).get("history") or ()} | self._kept.told
        last, ended, now = (before or {}).get("runUid"), [], None
        candidates = (*self._jobs.get(cron, ()), *self._jobs.get(name, ()))
        newest = next((_created(job) for job in candidates if job["metadata"]["uid"] == last), "")
        for job in candidates:
            uid = job["metadata"]["uid"]
            if uid in told and uid != last:
                continue
            run = await self._runs.of(job, self._view.want.release, self._kind, self._form, before, self._looks)
            if run is None:
                continue
            if run.verdict is None:
                now = run
                self._kept.going_on.add(uid)
                continue
            self._kept.telling.add(uid)
            # One from before the run that is told already would pass for the latest: CronJobs keep failed ones longer.
            moment = (publish_row.timestamp(run.finished) or "", _created(job))
            news = uid == last or uid in self._kept.going_on
            if news or moment >= (str((before or {}).get("finished", "")), newest):
                ended.append(run)
        ended.sort(key=lambda run: publish_row.timestamp(run.finished) or "")
        return publish_row.scheduled(self._view, ended, now, before, self._view.task.schedule)

    @functools.cached_property
    def _jobs(self) -> dict[str, list[memories.Object]]:
        """The Jobs of the release by the name of their CronJob, else by their own, the oldest first."""
        found: dict[str, list[memories.Object]] = {}
        for job in self._memory.jobs(self._namespace, self._view.want.release):
            found.setdefault(memories.cron_of(job) or job["metadata"]["name"], []).append(job)
        return found


def _created(job: memories.Object) -> str:
    return str(job["metadata"].get("creationTimestamp", ""))
