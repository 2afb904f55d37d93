"""A task on nodes: one run for each that fits, a word about each that can't have one now."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, want

from inspect_operator import errors
from inspect_operator.plan import desired, naming, nodes, runkey

Node = nodes.Node
TAINT = nodes.Taint("dedicated", "db", "NoSchedule")
TASK = modern(target={"nodes": {}})
DAILY = modern(target={"nodes": {}}, schedule="@daily")


def facts(*listed: Node, made: tuple[desired.Member, ...] = (), **also: Any) -> desired.Facts:
    """`made`: what exists of the release."""
    return desired.Facts(nodes=listed, made={"night--disk": frozenset(one.name for one in made)}, **also)


def targets(members: tuple[desired.Member, ...] | tuple[desired.Aside, ...]) -> list[str]:
    return [member.target for member in members]


def test_each_node_has_a_job_of_its_own() -> None:
    made = want(TASK, facts=facts(Node("a"), Node("b.c")))
    assert targets(made.jobs) == ["a", "b.c"]
    for member in made.jobs:
        name = naming.member_name("night--disk", member.target)
        assert member.name == naming.run_name(name, runkey.member_key(made.run_key, member.target))
    assert (made.crons, made.asides, made.held, made.waiting) == ((), (), None, False)
    assert made.starting == tuple(member.name for member in made.jobs)


@pytest.mark.parametrize("written", [TASK, DAILY])
def test_where_the_operator_may_not_see_nodes_it_says_so(written: builders.Object) -> None:
    made = want(written, facts=facts(sees_nodes=False))
    assert isinstance(made.refused, errors.ClusterForbidden)
    assert str(made.refused).startswith("task 'disk': the operator may not see nodes")
    assert (made.starting, made.crons, made.held) == ((), (), None)
    assert want(modern(), facts=facts(sees_nodes=False)).refused is None


def test_nodes_that_do_not_fit_are_not_spoken_of() -> None:
    chosen = modern(target={"nodes": {"selector": {"matchLabels": {"zone": "a"}}}})
    listed = (Node("a", {"zone": "a"}), Node("b", {"zone": "b"}), Node("c", {"zone": "a"}, (TAINT,)),
              Node("d", {"zone": "b"}, ready=False))  # fmt: skip
    made = want(chosen, facts=facts(*listed))
    assert (targets(made.jobs), made.asides) == (["a"], ())


def test_all_of_the_original_spelling_is_every_node() -> None:
    written = builders.original(type="script", script="true", script_location="all")
    assert targets(want(written, facts=facts(Node("a"), Node("b", taints=(TAINT,)))).jobs) == ["a", "b"]


@pytest.mark.parametrize("written", [TASK, DAILY])
@pytest.mark.parametrize(
    ("node", "reason", "words"),
    [
        (Node("b", ready=False), "NodeNotReady", "node b is not Ready; it is inspected once it is"),
        (
            Node("b", cordoned=True),
            "NodeCordoned",
            "node b is cordoned (unschedulable); it is inspected once it is not",
        ),
        (
            Node("b", ready=False, cordoned=True),
            "NodeCordoned",
            "node b is cordoned (unschedulable); it is inspected once it is not",
        ),
    ],
)
def test_a_node_that_cannot_take_a_pod_is_skipped_and_says_why(
    written: builders.Object, node: Node, reason: str, words: str
) -> None:
    made = want(written, facts=facts(Node("a"), node))
    assert targets(made.jobs or made.crons) == ["a"]
    (aside,) = made.asides
    assert aside == desired.Aside("b", True, reason, words)


@pytest.mark.parametrize(
    "changed",
    [{"ready": False}, {"cordoned": True}, {"taints": (TAINT,)}],
)
@pytest.mark.parametrize("schedule", [{}, {"schedule": "@daily"}])
def test_what_was_made_for_a_node_stays_until_the_node_is_gone(
    schedule: dict[str, str], changed: dict[str, Any]
) -> None:
    written = modern(target={"nodes": {"selector": {"matchLabels": {"zone": "a"}}}}, **schedule)
    first = Node("a", {"zone": "a"})
    listed = (first, Node("b", {"zone": "a"}))
    before = want(written, facts=facts(*listed))
    members = before.jobs or before.crons
    after = want(written, after=before, facts=facts(dataclasses.replace(first, **changed), listed[1], made=members))
    assert (after.jobs, after.crons, after.asides, after.digest) == (before.jobs, before.crons, (), before.digest)
    gone = want(written, after=before, facts=facts(listed[1], made=members))
    assert targets(gone.jobs or gone.crons) == ["b"]


@pytest.mark.parametrize("schedule", [{}, {"schedule": "@daily"}])
def test_a_node_that_is_no_longer_chosen_takes_its_runs_along(schedule: dict[str, str]) -> None:
    written = modern(target={"nodes": {"selector": {"matchLabels": {"zone": "a"}}}}, **schedule)
    listed = (Node("a", {"zone": "a"}), Node("b", {"zone": "a"}))
    before = want(written, facts=facts(*listed))
    members = before.jobs or before.crons
    moved = dataclasses.replace(listed[0], labels={"zone": "b"})
    after = want(written, after=before, facts=facts(moved, listed[1], made=members))
    assert targets(after.jobs or after.crons) == ["b"]


def test_another_run_does_not_begin_on_a_node_that_is_not_ready_by_now() -> None:
    before = want(TASK, facts=facts(Node("a"), Node("b")))
    edited = {**TASK, "script": "edited"}
    after = want(edited, after=before, facts=facts(Node("a"), Node("b", ready=False), made=before.jobs))
    assert (targets(after.jobs), targets(after.asides)) == (["a"], ["b"])


def test_a_schedule_that_was_taken_away_leaves_no_node_without_a_word() -> None:
    before = want(DAILY, facts=facts(Node("a"), Node("b")))
    after = want(TASK, after=before, facts=facts(Node("a"), Node("b", ready=False), made=before.crons))
    assert (targets(after.jobs), after.crons, targets(after.asides)) == (["a"], (), ["b"])


def test_a_node_that_joins_is_inspected_and_nothing_else_runs_again() -> None:
    before = want(TASK, facts=facts(Node("a")))
    after = want(TASK, after=before, facts=facts(Node("a"), Node("b"), made=before.jobs))
    assert after.run_key == before.run_key
    assert after.digest != before.digest
    assert after.jobs[0] == before.jobs[0]
    assert after.starting == (after.jobs[1].name,)


def test_the_digest_tells_the_nodes_of_runs_and_a_schedule_is_told_by_its_objects() -> None:
    """What is rendered of a schedule goes into its digest later (handlers/schedules)."""
    one, two = facts(Node("a")), facts(Node("a"), Node("b"))
    assert want(TASK, facts=one).digest != want(TASK, facts=two).digest
    assert want(DAILY, facts=one).digest == want(DAILY, facts=two).digest


def test_a_thousand_nodes_are_the_most() -> None:
    listed = [Node(f"n{number:04}") for number in range(nodes.MAX_NODES + 1)]
    full = want(TASK, facts=facts(*listed[:-1]))
    assert (len(full.jobs), full.refused) == (1000, None)
    assert len({member.name for member in full.jobs}) == 1000
    made = want(TASK, facts=facts(*listed))
    assert isinstance(made.refused, errors.TooManyNodes)
    assert str(made.refused) == (
        "task 'disk': 1001 nodes fit, at most 1000 may; narrow target.nodes.selector"
    )  # fmt: skip
    assert (made.jobs, made.crons, made.starting, made.held) == ((), (), (), None)


def test_only_nodes_that_fit_are_counted() -> None:
    listed = [Node(f"n{number:04}", {"zone": "a" if number else "b"}) for number in range(nodes.MAX_NODES + 1)]
    chosen = modern(target={"nodes": {"selector": {"matchLabels": {"zone": "a"}}}})
    assert len(want(chosen, facts=facts(*listed)).jobs) == 1000


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ((), "no node fits"),
        ((Node("a", taints=(TAINT,)),), "no node fits"),
        ((Node("a", ready=False), Node("b", cordoned=True)), "no node fits that is Ready"),
    ],
)
def test_without_a_node_nothing_is_installed_and_it_says_why(listed: tuple[Node, ...], words: str) -> None:
    made = want(TASK, facts=facts(*listed))
    assert made.held == desired.Aside("", True, "NoNodes", words)
    assert made.starting == ()
    assert targets(made.asides) == [node.name for node in listed if not node.taints]


def test_when_the_last_node_goes_the_release_stays_and_holds_nothing() -> None:
    before = want(TASK, facts=facts(Node("a")))
    after = want(TASK, after=before, facts=facts())
    assert (after.held, after.jobs, after.run_key) == (None, (), before.run_key)


# -- caps --


def test_as_many_nodes_begin_as_may_be_active() -> None:
    listed = tuple(Node(name) for name in "abcd")
    made = want(TASK, facts=facts(*listed, free=2))
    assert (targets(made.jobs), targets(made.asides), made.waiting) == (["a", "b"], ["c", "d"], True)
    assert {(aside.reason, aside.skipped) for aside in made.asides} == {("Queued", False)}
    later = want(TASK, after=made, facts=facts(*listed, made=made.jobs, free=1))
    assert (targets(later.jobs), len(later.starting), targets(later.asides)) == (["a", "b", "c"], 1, ["d"])
    last = want(TASK, after=later, facts=facts(*listed, made=later.jobs, free=1))
    assert (targets(last.jobs), last.asides, last.waiting) == (list("abcd"), (), False)
    assert {made.run_key, later.run_key} == {last.run_key}


def test_where_none_may_begin_the_release_waits_as_a_whole() -> None:
    made = want(TASK, facts=facts(Node("a"), Node("b"), free=0))
    assert made.held
    assert (made.held.reason, made.held.skipped, made.waiting, made.starting) == ("Queued", False, True, ())


def test_a_release_that_stands_is_changed_although_none_may_begin() -> None:
    """The runs of the old script are no longer wanted; those of the new one begin when others end."""
    before = want(TASK, facts=facts(Node("a"), Node("b")))
    after = want(
        {**TASK, "script": "edited"}, after=before, facts=facts(Node("a"), Node("b"), made=before.jobs, free=0)
    )
    assert (after.held, after.jobs, targets(after.asides), after.waiting) == (None, (), ["a", "b"], True)
    assert after.run_key != before.run_key


# -- schedules on nodes --


def test_each_node_has_a_schedule_of_its_own() -> None:
    made = want(DAILY, facts=facts(Node("a"), Node("b.c"), free=0))
    names = [naming.member_name("night--disk", name) for name in ("a", "b.c")]
    assert [(one.target, one.name) for one in made.crons] == list(zip(["a", "b.c"], names, strict=True))
    assert (made.jobs, made.held, made.waiting) == ((), None, False)
    assert all(len(name) <= 52 for name in names)


def test_a_run_that_is_asked_for_runs_on_every_node_beside_the_schedules() -> None:
    before = want(DAILY, facts=facts(Node("a"), Node("b")))
    asked = want(DAILY, after=before, request="now", facts=facts(Node("a"), Node("b"), made=before.crons))
    assert (targets(asked.jobs), asked.crons, len(asked.starting)) == (["a", "b"], before.crons, 2)
    later = facts(Node("a"), Node("b", ready=False), made=(*asked.jobs, *asked.crons))
    assert want(DAILY, after=asked, request="now", facts=later).jobs == asked.jobs


def test_the_runs_before_stay_on_every_node_while_the_next_ones_wait_for_a_slot() -> None:
    """They went, and where the request was taken back they were made again: two runs for one request."""
    nodes_ = (Node("a"), Node("b"))
    before = want(DAILY, request="now", facts=facts(*nodes_))
    made = (*before.jobs, *before.crons)
    queued = want(DAILY, after=before, request="later", facts=facts(*nodes_, made=made, free=0))
    assert (queued.jobs, queued.crons, queued.run_key) == (before.jobs, before.crons, before.run_key)
    assert (queued.digest, queued.trigger, queued.starting, queued.waiting) == (
        before.digest, before.trigger, (), True,
    )  # fmt: skip
    assert [(aside.target, aside.reason) for aside in queued.asides] == [("", "Queued")]
    assert want(DAILY, after=queued, facts=facts(*nodes_, made=made)).starting == ()


def test_a_schedule_without_nodes_is_installed_empty_and_fills_when_they_join() -> None:
    made = want(DAILY, facts=facts())
    assert (made.held, made.crons, made.jobs) == (None, (), ())
    assert targets(want(DAILY, after=made, facts=facts(Node("a"))).crons) == ["a"]
