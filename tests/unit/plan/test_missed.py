"""When a run of a schedule should have begun: no schedule raises, and no change of clocks makes a false alarm."""

import datetime
import zoneinfo

import pytest

from inspect_operator.plan import missed

UTC = datetime.UTC
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
SAO_PAULO = zoneinfo.ZoneInfo("America/Sao_Paulo")
HOUR = datetime.timedelta(hours=1)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "since", "due"),
    [
        ("@hourly", "2026-01-02T03:04:05", "2026-01-02T04:00:00"),
        ("@midnight", "2026-01-02T03:04:05", "2026-01-03T00:00:00"),
        ("0 3 * * ?", "2026-01-02T03:00:00", "2026-01-03T03:00:00"),
        ("*/20 8-9 * * *", "2026-01-02T08:41:00", "2026-01-02T09:00:00"),
        ("5/15 * * * *", "2026-01-02T08:06:00", "2026-01-02T08:20:00"),
        ("0 0 * JAN SUN,Tue", "2026-01-02T00:00:00", "2026-01-04T00:00:00"),
        # Where both days are named one is enough, but not where one is any.
        ("0 0 15 * 1", "2026-01-02T00:00:00", "2026-01-05T00:00:00"),
        ("0 0 */1 * 1", "2026-01-02T00:00:00", "2026-01-05T00:00:00"),
        ("0 0 ? * 1", "2026-01-02T00:00:00", "2026-01-05T00:00:00"),
        ("0 0 29 2 *", "2026-01-02T00:00:00", "2028-02-29T00:00:00"),
    ],
)
def test_what_kubernetes_accepts_is_understood(schedule: str, since: str, due: str) -> None:
    assert missed.first_after(schedule, UTC, at(since)) == at(due)


@pytest.mark.parametrize(
    "schedule", ["", "@every 1h", "0 0 31 2 *", "0 0 * *", "H * * * *", "x y z a b", "99 * * * *", "* " * 900]
)
@pytest.mark.parametrize("zone", [None, UTC, NEW_YORK])
def test_what_is_not_understood_or_never_due_is_never_missed(schedule: str, zone: datetime.tzinfo | None) -> None:
    assert missed.decide(schedule, zone, at("2020-01-01"), at("2026-01-01"), 60) == missed.Missed()


def test_a_run_is_missed_once_the_grace_period_is_over() -> None:
    since, due = at("2026-01-02T03:00:00"), at("2026-01-03T03:00:00")

    def decide(seconds: float) -> missed.Missed:
        return missed.decide("0 3 * * *", UTC, since, due + datetime.timedelta(seconds=seconds), 300)

    assert decide(301).due == due
    assert decide(299).due is None
    assert decide(299).look_seconds == pytest.approx(1.1)
    assert decide(-3600).look_seconds == pytest.approx(3900.1)


@pytest.mark.slow
@pytest.mark.parametrize("zone", [NEW_YORK, SAO_PAULO, zoneinfo.ZoneInfo("Australia/Lord_Howe")])
@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 * * * *", "30 1 * * *", "0 0 * * *", "15 1,2 * * *"])
def test_a_time_that_the_clock_skips_is_not_due_and_one_that_comes_twice_is_due_once(
    zone: datetime.tzinfo, schedule: str
) -> None:
    """The clock on the wall shows the schedule's time at each due time, all through two years with changes of it."""
    moment, seen = at("2018-01-01"), set()
    while moment < at("2018-12-31"):
        due = missed.first_after(schedule, zone, moment)
        assert due is not None
        assert due > moment
        shown = due.astimezone(zone)
        minute, hours = schedule.split()[:2]
        assert shown.minute == int(minute)
        assert hours == "*" or str(shown.hour) in hours.split(",")
        assert shown.replace(tzinfo=None) not in seen
        seen.add(shown.replace(tzinfo=None))
        moment = due


def test_the_day_on_which_the_time_does_not_exist_has_no_run() -> None:
    before, day_after = at("2026-03-07T07:30:00"), at("2026-03-09T06:30:00")  # 02:30 in winter and in summer time
    assert missed.first_after("30 2 * * *", NEW_YORK, before) == day_after
    assert missed.decide("30 2 * * *", NEW_YORK, before, at("2026-03-08T23:00:00"), 60).due is None


def test_without_a_time_zone_the_time_has_to_be_over_in_every_zone() -> None:
    """Nobody tells us the control plane's: made at noon (UTC), it runs at three in the morning of some place."""
    made = at("2026-01-02T12:00:00")
    for hours in range(1, 24):
        assert missed.decide("0 3 * * *", None, made, made + hours * HOUR, 60).due is None
    assert missed.decide("0 3 * * *", None, made, made + 25 * HOUR, 60).due is not None
    # Once it ran, its next time is a day later, wherever that is.
    ran = at("2026-01-02T21:30:00")
    assert missed.decide("0 3 * * *", None, ran, ran + 23 * HOUR, 60).due is None
    assert missed.decide("0 3 * * *", None, ran, ran + 24 * HOUR + 0.1 * HOUR, 60).due == ran + 24 * HOUR
