"""Runs of a schedule that should have begun and did not.

Kubernetes tells of a missed run only by an Event on the CronJob, and of a controller that has stopped not even that.
So what is due is worked out here, as the CronJob controller does it (pkg/controller/cronjob/utils.go): the first time
of the schedule after the last run, or after the CronJob was made or edited. Where croniter and the controller's own
parser (robfig/cron) differ, and where clocks change, the later answer is taken: no alarm is false.
"""

import dataclasses
import datetime
import functools
import re

import croniter

#: All there are, by what they differ from UTC: a quarter of an hour is the finest.
_ZONES = tuple(datetime.timezone(datetime.timedelta(minutes=minutes)) for minutes in range(-12 * 60, 14 * 60 + 1, 15))
_YEARS = 8  # so far apart at most are two days that a schedule can mean: 29 February, around 2100
#: A star to robfig/cron, but not to croniter; of the day it decides what the day of the week means.
_EVERY_ONE = re.compile(r"[*?]/0*1(?=[ ,]|$)")


@dataclasses.dataclass(frozen=True)
class Missed:
    """`due` is when a run should have begun, where it has not; else `look_seconds` says when to ask again, None for
    never."""

    due: datetime.datetime | None = None
    look_seconds: float | None = None


def decide(
    schedule: str,
    zone: datetime.tzinfo | None,
    since: datetime.datetime,
    now: datetime.datetime,
    grace_seconds: float,
) -> Missed:
    """No run has begun after `since`, and none goes on. `zone` is None where the task names none: then the control
    plane's counts, which we don't know. It is taken for UTC, and where that fails, the time has to be over in all."""
    found = _decide(first_after(schedule, zone or datetime.UTC, since), now, grace_seconds)
    if found.due is None or zone is not None:
        return found
    everywhere = [first_after(schedule, one, since) for one in _ZONES]
    known = [one for one in everywhere if one is not None]
    return _decide(max(known), now, grace_seconds) if len(known) == len(everywhere) else Missed()


def _decide(due: datetime.datetime | None, now: datetime.datetime, grace_seconds: float) -> Missed:
    if due is None:
        return Missed()
    late_seconds = (now - due).total_seconds()
    return Missed(due) if late_seconds > grace_seconds else Missed(None, grace_seconds - late_seconds + 0.1)


@functools.lru_cache(maxsize=4096)
def first_after(schedule: str, zone: datetime.tzinfo, since: datetime.datetime) -> datetime.datetime | None:
    """When the schedule is due after `since`, in UTC; None where it never is, or isn't understood.

    A time that a zone's clock skips is none; of one that comes twice the first counts.
    """
    # The clock on the wall goes through the schedule: croniter's own time zones would move a time that is skipped.
    moment = since.astimezone(zone).replace(tzinfo=None, fold=0)
    for _ in range(100):
        try:
            moment = _times(schedule).get_next(datetime.datetime, start_time=moment, update_current=False)
        except (croniter.CroniterError, ValueError, OverflowError, KeyError, IndexError, TypeError, AttributeError):
            return None
        due = moment.replace(tzinfo=zone).astimezone(datetime.UTC)
        exists = due.astimezone(zone).replace(tzinfo=None, fold=0) == moment
        if exists and due > since:
            return due
    return None


@functools.lru_cache(maxsize=1024)
def _times(schedule: str) -> croniter.croniter:
    """:raises croniter.CroniterError: no schedule that croniter understands"""
    fields = _EVERY_ONE.sub("*", schedule)
    return croniter.croniter(fields, datetime.datetime(2000, 1, 1), max_years_between_matches=_YEARS)
