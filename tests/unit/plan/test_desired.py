"""From an inspection to the releases it wants: which, with which runs, and which are left as they are."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original, release, revision, want

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, naming, observed

Facts = desired.Facts
RESTARTING = modern("disk", script="true", restart=True)


def after(stored: desired.Desired, **also: Any) -> observed.Release:
    """A release that was installed as this."""
    return release(revision(stored, **also), name=stored.release)


def only(inspection: tasks.Inspection, *found: observed.Release) -> desired.Desired:
    (made,) = desired.releases(inspection, {one.name: one for one in found}, Facts())
    return made


def test_one_release_a_task_in_the_order_written() -> None:
    made = builders.inspection(modern("b"), original("a"), modern("Ä"))
    wanted = desired.releases(made, {}, Facts())
    assert [one.task.name for one in wanted] == ["b", "a", "Ä"]
    assert [one.release for one in wanted] == [naming.release_name("night", name) for name in ("b", "a", "Ä")]
    assert [one.starting for one in wanted] == [(f"{one.release}-{one.run_key}",) for one in wanted]
    assert all(one.jobs == (desired.Member("", one.starting[0]),) and one.crons == () for one in wanted)


@pytest.mark.parametrize("written", [modern("disk", restart=True), modern("disk")])
def test_the_same_once_more_is_the_same(written: builders.Object) -> None:
    first = want(written)
    assert want(written, after=first) == first


def test_a_name_that_spells_anothers_hash_is_refused() -> None:
    clash = naming.release_name("night", "B").removeprefix("night--")
    with pytest.raises(errors.SpecInvalid, match=rf"spec\.tasks: 'B' and '{clash}' both become release .*rename one"):
        desired.releases(builders.inspection(modern("B"), modern(clash)), {}, Facts())


@pytest.mark.parametrize(
    ("written", "spec"),
    [([modern("a", dependsOn=["a"])], {}), ([modern("a")], {"request": "now for b"})],
)
def test_what_contradicts_itself_is_refused_as_a_whole(written: list[builders.Object], spec: dict[str, Any]) -> None:
    with pytest.raises(errors.SpecInvalid):
        desired.releases(builders.inspection(*written, **spec), {}, Facts())


# -- what is run again --


def test_without_restart_an_edit_of_another_task_changes_nothing() -> None:
    before = only(builders.inspection(modern("disk"), generation=1))
    stored = after(before)
    edited = builders.inspection(modern("disk"), modern("new"), generation=2)
    assert desired.releases(edited, {stored.name: stored}, Facts())[0] == before


def test_with_restart_every_generation_is_a_run() -> None:
    first = only(builders.inspection(RESTARTING, generation=1))
    same = only(builders.inspection(RESTARTING, generation=1), after(first))
    second = only(builders.inspection(RESTARTING, generation=2), after(first))
    assert (first.trigger, same.trigger, second.trigger) == ("g1", "g1", "g2")
    assert first.run_key == same.run_key != second.run_key
    assert first.digest == same.digest != second.digest
    assert first.starting == same.starting != second.starting


def test_taking_restart_away_starts_nothing() -> None:
    stored = only(builders.inspection(RESTARTING, generation=4))
    assert only(builders.inspection(modern(), generation=5), after(stored)).run_key == stored.run_key


def test_a_script_changed_back_has_its_earlier_key_again() -> None:
    one, other = builders.inspection(modern(script="1")), builders.inspection(modern(script="2"), generation=2)
    back = builders.inspection(modern(script="1"), generation=3)
    line = release(revision(only(other), number=2), revision(only(one), number=1))
    assert only(back, line).jobs == only(one).jobs


def test_generations_of_another_owner_are_not_compared_with_ours() -> None:
    """An Inspect that was deleted and made anew begins with generation 1 again, and its restart is meant."""
    stored = release(revision(owner_uid="uid-0", trigger="g9"))
    assert only(builders.inspection(RESTARTING, generation=1), stored).trigger == "g1"


def test_an_adopted_run_without_restart_keeps_its_trigger_and_is_not_run_again() -> None:
    stored = only(builders.inspection(RESTARTING, generation=9))
    adopted = only(builders.inspection(modern(), generation=1), after(stored, owner_uid="uid-0"))
    assert (adopted.trigger, adopted.run_key) == ("g9", stored.run_key)


def test_what_exists_or_has_ended_is_not_started() -> None:
    first = want()
    made = Facts(made={"night--disk": frozenset({builders.job(first), "night--disk-0123456789"})})
    assert want(facts=made).starting == ()
    assert want(facts=made).jobs == first.jobs
    assert want(modern(script="echo"), facts=made).starting != ()


# -- what a release holds --

FROM = {"scriptFrom": {"configMapKeyRef": {"name": "scripts", "key": "a.sh"}}}
ACCOUNT = {"ServiceAccount", "RoleBinding"}


@pytest.mark.parametrize(
    ("fields", "request_", "expected"),
    [
        ({"script": "true"}, "", {"once"}),
        ({"check": "disk-usage"}, "", {"once"}),
        ({"image": "try:1"}, "", set()),
        (FROM, "", set()),
        ({"script": "true", "target": builders.hosts("a")}, "", {"once"}),
        ({**FROM, "target": builders.hosts("a")}, "", {"once"}),
        ({"check": "pods-well"}, "", {"once", *ACCOUNT}),
        ({"check": "everywhere"}, "", {"once"}),
        ({"script": "true", "schedule": "@daily"}, "", {"schedule", "CronJob"}),
        ({"script": "true", "schedule": "@daily"}, "now", {"schedule", "CronJob", "once"}),
        ({"image": "try:1", "schedule": "@daily"}, "now", {"CronJob"}),
        ({"check": "pods-well", "schedule": "@daily"}, "", {"schedule", "CronJob", *ACCOUNT}),
    ],
)
def test_what_a_release_holds_beside_its_jobs(fields: dict[str, Any], request_: str, expected: set[str]) -> None:
    """`once` is the ConfigMap of runs that are done once, `schedule` that of the schedule."""
    made = want(modern(**fields), request=request_)
    words = {("ConfigMap", f"night--disk-{made.run_key}"): "once", ("ConfigMap", "night--disk"): "schedule"}
    assert {words.get(key, key[0]) for key in made.objects} == expected
    assert {name for kind, name in made.objects if kind != "ConfigMap"} <= {"night--disk"}


# -- profiles --


def test_a_profile_that_is_not_allowed_here_is_refused_and_says_who_can_allow_it() -> None:
    made = want(modern(profile="node"), facts=Facts(profiles=frozenset({"other"})))
    assert isinstance(made.refused, errors.NotAllowed)
    assert str(made.refused) == (
        "task 'disk': profile 'node' is not allowed in this namespace; "
        "an administrator allows it in the operator's settings (profiles.node)"
    )
    assert (made.starting, made.held, made.waiting) == ((), None, False)


def test_a_profile_that_there_is_not_is_refused_though_it_be_allowed() -> None:
    made = want(modern(profile="nodes"), facts=Facts(profiles=frozenset({"nodes"})))
    assert isinstance(made.refused, errors.NotAllowed)
    assert str(made.refused) == "task 'disk': there is no profile 'nodes'; there is node"


@pytest.mark.parametrize("fields", [{}, {"schedule": "@daily"}, {"target": {"nodes": {}}}, {"profile": "node"}])
def test_a_task_whose_account_was_taken_back_is_refused(fields: dict[str, Any]) -> None:
    denied = errors.NotAllowed("taken back")
    inspection = builders.inspection(modern("a", **fields), modern("b"))
    first, second = desired.releases(inspection, {}, Facts(denied={"a": denied}, free=1))
    assert (first.refused, first.starting, first.held) == (denied, (), None)
    assert (second.refused, len(second.starting)) == (None, 1)


def test_a_profile_that_is_allowed_is_no_matter() -> None:
    made = want(modern(profile="node"), facts=Facts(profiles=frozenset({"node"})))
    assert made.refused is None
    assert len(made.starting) == 1


def test_one_that_is_refused_keeps_no_other_back_and_takes_no_slot() -> None:
    inspection = builders.inspection(modern("a", profile="node"), modern("b"))
    first, second = desired.releases(inspection, {}, Facts(free=1))
    assert first.refused
    assert (second.refused, second.held, len(second.starting)) == (None, None, 1)


# -- suspend --


def test_a_suspended_task_does_not_begin_its_first_run() -> None:
    made = want(modern(suspend=True))
    assert made.held == desired.Aside("", False, "Suspended", "suspended before its run began")
    assert (made.starting, made.waiting) == ((), False)


def test_suspending_what_has_run_changes_nothing() -> None:
    first = want()
    made = want(modern(suspend=True), after=first)
    assert (made.held, made.run_key, made.digest) == (None, first.run_key, first.digest)


@pytest.mark.parametrize(
    "written", [modern(script="echo", suspend=True), modern(script="true", restart=True, suspend=True)]
)
def test_a_change_of_a_suspended_task_waits_with_its_release_as_it_is(written: builders.Object) -> None:
    made = want(written, after=want(modern(script="true")), generation=2)
    assert made.held
    assert made.held.reason == "Suspended"
    assert made.starting == ()


@pytest.mark.parametrize("stored", [None, want(), want(modern(script="other"))])
def test_a_run_that_is_asked_for_is_done_although_the_task_is_suspended(stored: desired.Desired | None) -> None:
    made = want(modern(suspend=True), after=stored, request="now")
    assert made.held is None
    assert len(made.starting) == 1
    assert want(modern(suspend=True), after=made, request="now") == dataclasses.replace(made, requested="")


def test_an_edit_after_such_a_run_is_suspended_again() -> None:
    asked = want(modern(suspend=True), request="now")
    made = want(modern(script="edited", suspend=True), after=asked, request="now", generation=2)
    assert made.held
    assert made.held.reason == "Suspended"


def test_a_task_that_goes_on_begins_its_run() -> None:
    assert want(modern(suspend=True)).held
    assert want(modern(suspend=False)).starting == want().starting
