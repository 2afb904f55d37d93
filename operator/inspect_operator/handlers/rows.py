"""From what is in memory to the rows of the status, each with as many runs as its task has places and turns."""

import asyncio
import dataclasses
import functools

from inspect_operator.api import task as tasks
from inspect_operator.cluster import client
from inspect_operator.handlers import late, runs, task_reports
from inspect_operator.handlers import memory as memories
from inspect_operator.plan import desired, nodes, observed
from inspect_operator.publish import fleet, task_report
from inspect_operator.publish import row as publish_row
from inspect_operator.run import outcome

#: Of the row of a node, what makes a new report of them all necessary; and the mark that it is in that report.
_TELLS = ("runUid", "job", "verdict", "reason", "finished", "missed", "outputTail")
_OF_ALL = "-"


class Kept:
    """What is remembered of one Inspect from pass to pass: what was asked about its runs, rows of nodes (the status may
    have no room for them), and which runs of schedules were told."""

    def __init__(self, cluster: client.Cluster, memory: memories.Memory, namespace: str) -> None:
        self.namespace = namespace
        self.runs = runs.Runs(cluster, memory, namespace)
        self.nodes: dict[tuple[str, str], publish_row.Row] = {}  # by release and node
        self.reported: dict[str, int] = {}  # by release, a hash of what the report of a task on nodes tells
        self.going_on: set[str] = set()  # uids of Jobs whose end will be news
        self.told: set[str] = set()  # uids of Jobs
        self.telling: set[str] = set()  # the same, of a status that isn't written yet

    def keep_only(self, uids: set[str], names: set[str], releases: set[str]) -> None:
        """Other Jobs (by uid), wanted ones of other names, and nodes of other releases need no watching any more."""
        self.runs.keep_only(uids, names)
        self.nodes = {place: one for place, one in self.nodes.items() if place[0] in releases}
        self.reported = {release: one for release, one in self.reported.items() if release in releases}
        self.told &= uids
        self.going_on &= uids

    def wrote(self) -> None:
        """What this pass tells stands in the status."""
        self.told |= self.telling


@dataclasses.dataclass(frozen=True)
class Place:
    """The row of one place, and the run that it tells, where that was read in this pass."""

    row: publish_row.Row
    run: outcome.Run | None = None


class TaskRow:
    """The row of one task, in one pass."""

    def __init__(
        self,
        memory: memories.Memory,
        kept: Kept,
        view: publish_row.View,
        slots: asyncio.Semaphore,
        looks: runs.Looks,
        reports: task_reports.OfInspect | None,
        missed: late.Late,
    ) -> None:
        self._memory = memory
        self._kept = kept
        self._runs = kept.runs
        self._namespace = kept.namespace
        self._view = view
        self._slots = slots
        self._looks = looks
        self._reports = reports
        self._late = missed
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
        """What the status tells of the task; a run that ended has its report first."""
        view, want = self._view, self._view.want
        if view.task.nodes is None:
            job = want.jobs[0].name if want.jobs else ""
            async with self._slots:
                place = await self._place(job, want.release if want.crons else "", before, before)
                made = publish_row.with_record(place.row, before)
                if self._is_due(made):
                    made |= await self._report(made, task_report.detail(made, place.run))
            return made
        if want.refused or (want.held and want.held.reason != desired.NO_NODES):
            return publish_row.once(view, "", None, before)
        return await self._on_nodes(before)

    async def _on_nodes(self, before: publish_row.Row | None) -> publish_row.Row:
        want = self._view.want
        places = {member.target: [member.name, ""] for member in want.jobs}
        for member in want.crons:
            places.setdefault(member.target, ["", ""])[1] = member.name

        async def one(target: str, job: str, cron: str) -> tuple[str, publish_row.Row]:
            place = (want.release, target)
            known = self._kept.nodes.get(place)
            async with self._slots:
                made = await self._place(job, cron, known or fleet.member(before, target), known or before)
            self._kept.nodes[place] = made.row | {"report": _OF_ALL}
            return target, made.row

        members = list(await asyncio.gather(*(one(target, *names) for target, names in places.items())))
        members += [
            (aside.target, publish_row.clean(publish_row.aside(aside)))
            for aside in want.asides
            if aside.target and aside.target not in places
        ]
        members.sort(key=lambda member: member[0])
        chosen = self._view.task.nodes or tasks.Nodes()
        left_out = len(nodes.members(self._memory.nodes.values(), chosen).tainted)
        made = fleet.combined(self._view, members, left_out, before)
        tells = hash(tuple((name, *(str(row.get(word)) for word in _TELLS)) for name, row in members))
        told = self._kept.reported.get(want.release)
        if before and (told == tells or (told is None and fleet.tells_the_same(made, before))):
            made |= {name: before[name] for name in publish_row.RECORD if name in before}
        if self._is_due(made):
            made |= await self._report(made, task_report.detail_of_nodes(made, members))
        if made.get("report"):
            self._kept.reported[want.release] = tells
        return made

    def _is_due(self, made: publish_row.Row) -> bool:
        """Whether there is a result whose report was not written yet, and that is going to stay."""
        if self._reports is None or not made.get("verdict") or made.get("report"):
            return False
        ran = made.get("job") or made.get("missed") or made.get("targets")
        return bool(ran) and made["verdict"] != "skipped" and not self._runs.waits_for_log(made.get("runUid"))

    async def _report(self, made: publish_row.Row, detail: task_report.Detail) -> publish_row.Row:
        assert self._reports is not None  # noqa: S101  (see _is_due)
        try:
            return await self._reports.write(self._view, made, detail)
        except Exception as error:  # a bug there must not keep the status from telling the result
            self._looks.failures.append(error)
            return {}

    async def _place(
        self, job: str, cron: str, before: publish_row.Row | None, reported: publish_row.Row | None
    ) -> Place:
        """The row of one place: of its CronJob and Job, where the task has a schedule, else of its Job. `reported` has
        a report, or else what was read before is to be read again."""
        again = self._reports is not None and not (reported or {}).get("report")
        if self._view.task.schedule:
            return await self._scheduled(job, cron, before, again)
        return await self._once(job, before, again)

    async def _once(self, name: str, before: publish_row.Row | None, again: bool) -> Place:
        view, run, gone = self._view, None, False
        if self._current:
            job = self._memory.job(self._namespace, view.want.release, name)
            if job is not None:
                run = await self._runs.of(
                    job, view.want.release, self._kind, self._form, before, self._looks, again=again
                )
            gone = self._made and run is None and await self._runs.gone(view.want.release, name, before, self._looks)
        told = publish_row.once(view, name, run, before)
        if gone:
            return Place(publish_row.lost(told, name, "JobDeleted", "the Job was deleted before its result was read"))
        return Place(told, run)

    async def _scheduled(self, name: str, cron: str, before: publish_row.Row | None, again: bool) -> Place:
        """All Jobs that this place has, the oldest first: those of its CronJob, and of runs that were asked for."""
        told = {one.get("runUid") for one in (before or {}).get("history") or ()} | self._kept.told
        last, ended, now = (before or {}).get("runUid"), [], None
        candidates = (*self._jobs.get(cron, ()), *self._jobs.get(name, ()))
        newest = next((_created(job) for job in candidates if job["metadata"]["uid"] == last), "")
        for job in candidates:
            uid = job["metadata"]["uid"]
            if uid in told and uid != last:
                continue
            run = await self._runs.of(
                job, self._view.want.release, self._kind, self._form, before, self._looks, again=again and uid == last
            )
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
            if news or moment >= (_last_end(before), newest):
                ended.append(run)
        ended.sort(key=lambda run: publish_row.timestamp(run.finished) or "")
        missed = None
        if now is None and cron and not (before and publish_row.is_missed(before)):
            missed = await self._late.due(self._view, self._namespace, cron, self._jobs.get(cron, ()), self._looks)
        made = publish_row.scheduled(self._view, ended, now, before, self._view.task.schedule, missed)
        return Place(made, ended[-1] if ended and ended[-1].uid == made.get("runUid") else None)

    @functools.cached_property
    def _jobs(self) -> dict[str, list[memories.Object]]:
        """The Jobs of the release by the name of their CronJob, else by their own, the oldest first."""
        found: dict[str, list[memories.Object]] = {}
        for job in self._memory.jobs(self._namespace, self._view.want.release):
            found.setdefault(memories.cron_of(job) or job["metadata"]["name"], []).append(job)
        return found


def _last_end(before: publish_row.Row | None) -> str:
    """When the last run ended that is told; of one that did not begin, the one before it."""
    told = (before or {}, *((before or {}).get("history") or ()))
    return next((str(one["finished"]) for one in told if one.get("runUid") and one.get("finished")), "")


def _created(job: memories.Object) -> str:
    return str(job["metadata"].get("creationTimestamp", ""))
