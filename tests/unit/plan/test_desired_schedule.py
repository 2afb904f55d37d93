"""A task with a schedule: a CronJob, and beside it the runs that were asked for."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, release, revision, want

from inspect_operator.plan import desired

Facts = desired.Facts
DAILY = modern(schedule="@daily")
RESTARTING = modern(schedule="@daily", restart=True)
CRON = (desired.Member("", "night--disk"),)


def made(*wanted: desired.Desired, **also: Any) -> Facts:
    """Everything that these want exists."""
    names = frozenset(member.name for one in wanted for member in (*one.jobs, *one.crons))
    return Facts(made={"night--disk": names}, profiles=frozenset({"node"}), **also)


def test_a_schedule_is_one_cron_job_and_nothing_that_runs_now() -> None:
    first = want(DAILY)
    assert (first.crons, first.jobs, first.starting) == (CRON, (), ())
    assert (first.held, first.asides, first.waiting, first.trigger) == (None, (), False, "")


@pytest.mark.parametrize(
    "edited",
    [
        {"schedule": "@hourly"}, {"timeZone": "Etc/UTC"}, {"suspend": True}, {"script": "edited"}, {"retries": 3},
        {"script": "edited", "schedule": "@hourly"}, {"args": ["a"]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("request_", ["", "now"])
def test_no_edit_of_a_scheduled_task_runs_anything_now(request_: str, edited: dict[str, Any]) -> None:
    first = want(DAILY, request=request_)
    after = want({**DAILY, **edited}, after=first, facts=made(first), request=request_, generation=2)
    assert (after.run_key, after.jobs, after.crons) == (first.run_key, first.jobs, first.crons)
    assert (after.starting, after.held) == ((), None)


def test_a_suspended_schedule_stands_and_says_so_to_kubernetes() -> None:
    assert want(modern(schedule="@daily", suspend=True)).crons == CRON
    assert want(modern(schedule="@daily", suspend=True)).held is None


def test_a_run_that_is_asked_for_stands_beside_the_schedule() -> None:
    asked = want(DAILY, after=want(DAILY), request="now")
    assert asked.crons == CRON
    assert asked.starting == (f"night--disk-{asked.run_key}",)
    assert want(DAILY, after=asked, facts=made(asked), request="now").starting == ()
    again = want(DAILY, after=asked, facts=made(asked), request="later")
    assert len(again.starting) == 1
    assert again.run_key != asked.run_key


def test_what_ran_stays_when_the_annotation_goes() -> None:
    asked = want(DAILY, after=want(DAILY), request="now")
    after = want(DAILY, after=asked, facts=made(asked))
    assert (after.jobs, after.run_key, after.digest) == (asked.jobs, asked.run_key, asked.digest)


def test_a_suspended_schedule_runs_when_it_is_asked_to() -> None:
    written = modern(schedule="@daily", suspend=True)
    assert len(want(written, after=want(written), request="now").starting) == 1


def test_restart_runs_with_every_generation_but_the_first() -> None:
    first = want(RESTARTING)
    second = want(RESTARTING, after=first, facts=made(first), generation=2)
    same = want(RESTARTING, after=second, facts=made(second), generation=2)
    third = want(RESTARTING, after=same, facts=made(second), generation=3)
    assert [len(one.starting) for one in (first, second, same, third)] == [0, 1, 0, 1]


def test_a_schedule_for_what_ran_once_starts_nothing() -> None:
    once = want(modern(), request="now")
    after = want(DAILY, after=once, facts=made(once), request="now", generation=2)
    assert (after.crons, after.jobs, after.starting) == (CRON, (), ())


def test_a_task_without_its_schedule_runs_once() -> None:
    first = want(DAILY)
    after = want(modern(), after=first, facts=made(first), generation=2)
    assert (after.crons, len(after.starting)) == ((), 1)
    assert want(modern(), after=after, facts=made(after), generation=2).starting == ()


def test_a_task_that_is_added_does_not_run_on_a_request_that_others_have_had() -> None:
    first = want(modern("a", schedule="@daily"), request="now")
    inspection = builders.inspection(
        modern("a", schedule="@daily"), modern("b", schedule="@daily"), request="now", generation=2
    )
    found = {first.release: release(revision(first), name=first.release)}
    _, added = desired.releases(inspection, found, made(first))
    assert (added.crons, added.jobs) == ((desired.Member("", "night--b"),), ())
    found |= {added.release: release(revision(added), name=added.release)}
    _, after = desired.releases(inspection, found, made(first))
    assert (after.jobs, after.run_key) == ((), added.run_key)


def test_what_another_inspect_has_had_is_not_known_to_this_one() -> None:
    """A release left by an Inspect that is gone says nothing about a request of ours."""
    asked = want(modern("a", schedule="@daily"), request="now")
    other = release(revision(asked, owner_uid="uid-0"), name="night--a")
    inspection = builders.inspection(modern("b", schedule="@daily"), request="now")
    (wanted,) = desired.releases(inspection, {other.name: other}, Facts())
    assert len(wanted.starting) == 1


# -- caps and runs that go on --


def test_without_a_slot_the_schedule_stands_and_the_run_waits() -> None:
    first = want(DAILY)
    queued = want(DAILY, after=first, request="now", facts=made(first, free=0))
    assert (queued.crons, queued.jobs, queued.run_key) == (CRON, (), first.run_key)
    assert queued.trigger == first.trigger, "it is not accepted yet, so that it is not forgotten"
    (aside,) = queued.asides
    assert (aside.target, aside.skipped, aside.reason, queued.waiting, queued.held) == (
        "", False, "Queued", True, None,
    )  # fmt: skip
    later = want(DAILY, after=queued, request="now", facts=made(first, free=1))
    assert (len(later.starting), later.waiting) == (1, False)


def test_the_run_before_stays_while_the_next_one_waits_for_a_slot() -> None:
    before = want(DAILY, request="now")
    queued = want(DAILY, after=before, request="later", facts=made(before, free=0))
    assert (queued.jobs, queued.run_key, queued.starting) == (before.jobs, before.run_key, ())


def test_at_first_too_a_schedule_needs_no_slot() -> None:
    queued = want(DAILY, request="now", facts=Facts(free=0))
    assert (queued.crons, queued.jobs, queued.waiting, queued.trigger) == (CRON, (), True, "")
    assert len(want(DAILY, after=queued, request="now").starting) == 1


def test_a_run_that_is_asked_for_while_one_goes_on_waits_for_its_end() -> None:
    first = want(DAILY)
    during = want(DAILY, after=first, request="now", facts=made(first, active=frozenset({"night--disk"})))
    assert (during.run_key, during.trigger, during.starting, during.waiting) == (
        first.run_key, first.trigger, (), True,
    )  # fmt: skip
    assert len(want(DAILY, after=during, request="now", facts=made(first)).starting) == 1


@pytest.mark.parametrize("why", [{"free": 0}, {"active": frozenset({"night--disk"})}], ids=["no slot", "one goes on"])
def test_a_run_by_restart_that_has_to_wait_is_not_forgotten(why: dict[str, Any]) -> None:
    first = want(RESTARTING)
    waiting = want(RESTARTING, after=first, facts=made(first, **why), generation=2)
    assert (waiting.trigger, waiting.run_key, waiting.starting, waiting.waiting) == ("g1", first.run_key, (), True)
    after = want(RESTARTING, after=waiting, facts=made(first), generation=2)
    assert (after.trigger.startswith("g2."), len(after.starting)) == (True, 1)
