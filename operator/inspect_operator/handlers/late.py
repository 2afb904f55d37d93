"""Whether a run of a schedule should have begun and did not: what memory knows of its CronJob, asked once more before
anything is said."""

import datetime
import logging
import zoneinfo
from collections.abc import Sequence

from inspect_operator.cluster import client, resources
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import runs
from inspect_operator.plan import missed, observed
from inspect_operator.publish import row
from inspect_operator.run import jobs, outcome

logger = logging.getLogger(__name__)


class Late:
    """`grace_seconds` after its time a run that has not begun is missed."""

    def __init__(self, cluster: client.Cluster, memory: memories.Memory, grace_seconds: float) -> None:
        self._cluster = cluster
        self._memory = memory
        self._grace_seconds = grace_seconds

    async def due(
        self, view: row.View, namespace: str, cron: str, made: Sequence[memories.Object], looks: runs.Looks
    ) -> datetime.datetime | None:
        """When a run of this CronJob should have begun, where it has not; `made` are its Jobs that are there.

        :raises errors.InspectError: the API server does not answer
        """
        answer = self._decide(view, namespace, cron, made)
        if answer.due is not None:
            # Our watch may be behind, or broken and not mended yet.
            try:
                found = await self._cluster.get(resources.CRON_JOBS, namespace, cron)
            except client.NotFound:
                return None
            self._memory.notice_child({**found, "kind": resources.CRON_JOBS.kind}, deleted=False)
            answer = self._decide(view, namespace, cron, made)
        looks.after(answer.look_seconds)
        if answer.due is not None:
            logger.warning("run of a schedule was missed namespace=%s cronjob=%s due=%s", namespace, cron, answer.due)
        return answer.due

    def _decide(self, view: row.View, namespace: str, cron: str, made: Sequence[memories.Object]) -> missed.Missed:
        task, found = view.task, self._memory.cron(namespace, cron)
        if task.suspend or found is None or any(not outcome.job_ended(job) for job in made):
            return missed.Missed()  # of a run that goes on, its end is heard of
        try:
            zone = zoneinfo.ZoneInfo(task.time_zone) if task.time_zone else None
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return missed.Missed()
        ends = [end.at for job in made if (end := jobs.read(job).end) and end.at]
        # An edit and the end of a suspension are upgrades: what was due before them is not expected any more.
        edits = [
            one.modified for one in (view.release.revisions if view.release else ())
            if one.status is observed.Status.DEPLOYED
        ]  # fmt: skip
        since = max([found.created, *([found.last] if found.last else []), *ends, *edits])
        return missed.decide(task.schedule, zone, since, datetime.datetime.now(datetime.UTC), self._grace_seconds)
