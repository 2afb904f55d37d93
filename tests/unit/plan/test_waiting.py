"""What a run waits for: other tasks, a free slot, the end of the run before."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, release, revision, want

from inspect_operator.plan import desired, observed

Facts = desired.Facts
Wanted = tuple[desired.Desired, ...]
A, B = modern("a"), modern("b", dependsOn=["a"])


def decide(*written: builders.Object, stored: Wanted = (), facts: Facts | None = None, **spec: Any) -> Wanted:
    """What is wanted where these releases stand as they were wanted before."""
    found: dict[str, observed.Release] = {
        one.release: release(revision(one), name=one.release) for one in stored if not (one.held or one.refused)
    }
    return desired.releases(builders.inspection(*written, **spec), found, facts or Facts())


def ended(*wanted: desired.Desired, verdict: str = "success") -> dict[str, desired.Ended]:
    return {one.task.name: desired.Ended(one.run_key, verdict) for one in wanted}


# -- dependsOn --


def test_a_task_begins_once_the_other_has_succeeded() -> None:
    first, second = decide(A, B)
    assert (first.held, len(first.starting)) == (None, 1)
    assert second.held == desired.Aside("", False, "Dependency", "waits for task 'a'")
    assert (second.starting, second.waiting) == ((), True)
    _, after = decide(A, B, stored=(first,), facts=Facts(results=ended(first)))
    assert (after.held, len(after.starting), after.waiting) == (None, 1, False)


@pytest.mark.parametrize(
    ("results", "reason", "skipped", "words"),
    [
        ({}, "Dependency", False, "waits for task 'a'"),
        ({"a": desired.Ended("of another run", "success")}, "Dependency", False, "waits for task 'a'"),
        ({"a": ""}, "Dependency", False, "waits for task 'a'"),
        ({"a": "fail"}, "DependencyFailed", True, "task 'a' ended in fail, and this one waits for its success"),
        ({"a": "error"}, "DependencyFailed", True, "task 'a' ended in error, and this one waits for its success"),
        ({"a": "unknown"}, "DependencyFailed", True, "task 'a' ended in unknown"),
        ({"a": "skipped"}, "DependencyFailed", True, "task 'a' ended in skipped"),
    ],
)
def test_what_has_not_succeeded_keeps_the_other_back(
    results: dict[str, Any], reason: str, skipped: bool, words: str
) -> None:
    first, _ = decide(A, B)
    known = {
        name: one if isinstance(one, desired.Ended) else desired.Ended(first.run_key, one)
        for name, one in results.items()
    }
    _, second = decide(A, B, stored=(first,), facts=Facts(results=known))
    assert second.held
    assert (second.held.reason, second.held.skipped) == (reason, skipped)
    assert second.held.message.startswith(words)


def test_a_failure_is_told_on_and_a_task_that_waits_keeps_all_behind_it_waiting() -> None:
    written = (modern("d", dependsOn=["c"]), modern("c", dependsOn=["b"]), B, A)
    first = decide(*written)
    assert [one.held.reason if one.held else "" for one in first] == ["Dependency"] * 3 + [""]
    after = decide(*written, stored=first, facts=Facts(results=ended(first[-1], verdict="fail")))
    assert [one.held.reason if one.held else "" for one in after] == ["DependencyFailed"] * 3 + [""]
    assert [one.held.message for one in after if one.held] == [
        "task 'c' did not run, and this one waits for its success",
        "task 'b' did not run, and this one waits for its success",
        "task 'a' ended in fail, and this one waits for its success",
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"profile": "node"}, "DependencyFailed"),
        ({"target": {"nodes": {}}}, "DependencyFailed"),
        ({"suspend": True}, "Dependency"),
    ],
)
def test_a_task_that_does_not_run_keeps_the_other_back(fields: dict[str, Any], reason: str) -> None:
    """Refused, without a node, or suspended: of these, a suspended one may well run later."""
    _, second = decide(modern("a", **fields), B)
    assert second.held
    assert second.held.reason == reason


def test_all_that_a_task_waits_for_have_to_succeed() -> None:
    written = (A, modern("x"), modern("b", dependsOn=["a", "x"]))
    first, other, _ = decide(*written)
    some = decide(*written, stored=(first, other), facts=Facts(results=ended(first)))[2]
    assert some.held
    assert some.held.message == "waits for task 'x'"
    assert decide(*written, stored=(first, other), facts=Facts(results=ended(first, other)))[2].held is None


def test_another_run_of_the_one_does_not_run_the_other_again() -> None:
    first, second = decide(A, B, facts=Facts(results=ended(*decide(A))))
    edited = modern("a", script="edited")
    for results in ({}, ended(first, verdict="fail"), ended(*decide(edited))):
        again, after = decide(edited, B, stored=(first, second), facts=Facts(results=results))
        assert again.run_key != first.run_key
        assert (after.held, after.run_key, after.digest) == (None, second.run_key, second.digest)


def test_an_edited_task_waits_for_the_present_run_of_the_other() -> None:
    first, second = decide(A, B, facts=Facts(results=ended(*decide(A))))
    edited = (modern("a", script="edited"), modern("b", script="edited", dependsOn=["a"]))
    _, after = decide(*edited, stored=(first, second), facts=Facts(results=ended(first)))
    assert after.held
    assert after.held.reason == "Dependency"


def test_a_run_that_is_asked_for_of_both_goes_in_order() -> None:
    first, second = decide(A, B, facts=Facts(results=ended(*decide(A))))
    again, after = decide(A, B, stored=(first, second), facts=Facts(results=ended(first)), request="now")
    assert (len(again.starting), after.held and after.held.reason) == (1, "Dependency")


def test_waiting_for_others_comes_before_being_suspended() -> None:
    _, second = decide(A, modern("b", dependsOn=["a"], suspend=True))
    assert second.held
    assert second.held.reason == "Dependency"


# -- caps --


def held(wanted: Wanted) -> list[str]:
    return [one.held.reason if one.held else "" for one in wanted]


@pytest.mark.parametrize(
    ("free", "reasons"),
    [
        (3, ["", "", ""]),
        (2, ["", "", "Queued"]),
        (1, ["", "Queued", "Queued"]),
        (0, ["Queued"] * 3),
        (-2, ["Queued"] * 3),
    ],
)
def test_as_many_begin_as_may_be_active_in_the_order_written(free: int, reasons: list[str]) -> None:
    wanted = decide(*map(modern, "cab"), facts=Facts(free=free))
    assert held(wanted) == reasons
    assert [one.waiting for one in wanted] == [bool(reason) for reason in reasons]
    assert sum(len(one.starting) for one in wanted) == max(0, free)


def test_what_runs_already_or_has_run_takes_no_slot_again() -> None:
    first = decide(modern("a"))
    made = {first[0].release: frozenset(first[0].starting)}
    wanted = decide(modern("a"), modern("b"), stored=first, facts=Facts(made=made, free=1))
    assert held(wanted) == ["", ""]
    assert [len(one.starting) for one in wanted] == [0, 1]


def test_one_that_waits_for_another_takes_no_slot() -> None:
    assert held(decide(B, A, modern("c"), facts=Facts(free=2))) == ["Dependency", "", ""]


def test_without_a_slot_a_changed_task_keeps_its_release_and_the_run_that_it_had() -> None:
    first = decide(A)
    made = {first[0].release: frozenset(first[0].starting)}
    (after,) = decide(modern("a", script="edited"), stored=first, facts=Facts(made=made, free=0))
    assert (held((after,)), after.starting) == (["Queued"], ())
    (same,) = decide(A, stored=first, facts=Facts(made=made, free=0))
    assert (held((same,)), same.digest) == ([""], first[0].digest)


def test_nodes_and_pods_share_the_slots() -> None:
    on_nodes = modern("n", target={"nodes": {}})
    wanted = decide(on_nodes, A, facts=builders.on_nodes("x", "y", free=2))
    assert [len(one.starting) for one in wanted] == [2, 0]
    wanted = decide(A, on_nodes, facts=builders.on_nodes("x", "y", free=2))
    assert [len(one.starting) for one in wanted] == [1, 1]


# -- a run that goes on --


ACTIVE = Facts(active=frozenset({"night--disk"}))


def test_a_run_that_is_asked_for_while_one_goes_on_waits_for_its_end() -> None:
    first = want()
    during = want(after=first, facts=ACTIVE, request="now")
    assert (during.run_key, during.trigger, during.digest) == (first.run_key, first.trigger, first.digest)
    assert (during.waiting, during.held) == (True, None)
    after = want(after=during, request="now")
    assert after.run_key != first.run_key
    assert (len(after.starting), after.waiting) == (1, False)


def test_a_run_of_another_task_keeps_nobody_waiting() -> None:
    made = want(after=want(), facts=Facts(active=frozenset({"night--other"})), request="now")
    assert (made.waiting, len(made.starting)) == (False, 1)


def test_an_edit_does_not_wait_for_the_run_that_it_takes_the_place_of() -> None:
    first = want()
    edited = want(modern(script="edited"), after=first, facts=ACTIVE)
    assert (edited.waiting, len(edited.starting)) == (False, 1)
    both = want(modern(script="edited"), after=first, facts=ACTIVE, request="now")
    assert (both.waiting, len(both.starting)) == (False, 1)
    assert both.trigger.startswith("r")


def test_restart_does_not_wait_either() -> None:
    first = want(modern(restart=True))
    assert want(modern(restart=True), after=first, facts=ACTIVE, generation=2).trigger == "g2"


def test_a_request_that_waits_is_not_forgotten_when_another_comes() -> None:
    first = want()
    during = want(after=first, facts=ACTIVE, request="one")
    during = want(after=during, facts=ACTIVE, request="two")
    after = want(after=during, request="two")
    assert len(after.starting) == 1
    assert want(after=after, request="two") == dataclasses.replace(after, requested="")
