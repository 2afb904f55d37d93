"""Each state a release can be in, from a named situation; the reason becomes Helm's description of a revision."""

import dataclasses

import pytest
from tests.unit import builders
from tests.unit.builders import known, modern, release, revision, want

from inspect_operator.plan import desired, observed, state

State = state.State


@dataclasses.dataclass(frozen=True)
class Situation:
    """`words` stand in the reason; `want` is one script, run once, where nothing else is said."""

    name: str
    found: observed.Release | None
    expected: State
    words: str
    known: state.Known = dataclasses.field(default_factory=known)
    want: desired.Desired = dataclasses.field(default_factory=want)


PLAIN = want()
RESTARTING = want(modern(restart=True))
NODES = modern(target={"nodes": {}})
SCHEDULED = want(modern(schedule="@daily"))


def after(stored: desired.Desired) -> observed.Release:
    """A release that was installed as this."""
    return release(revision(stored))


SITUATIONS = [
    Situation("nothing is there", None, State.ABSENT, "installed for generation 7"),
    Situation("everything is as desired", release(), State.IN_SYNC, ""),
    Situation(
        "somebody installed a chart of that name by hand",
        release(revision(owner_uid="")), State.FOREIGN, "was not made by inspect-operator",
    ),
    Situation(
        "somebody's own release is locked", release(revision(owner_uid="", status="pending-install")),
        State.FOREIGN, "was not made by inspect-operator",
    ),
    Situation(
        "another living Inspect owns it", release(revision(owner_uid="uid-2")),
        State.FOREIGN, "belongs to another object (uid uid-2)", known(living=("uid-2",)),
    ),
    Situation(
        "another living Inspect is installing it", release(revision(owner_uid="uid-2", status="pending-install")),
        State.FOREIGN, "uid-2", known(living=("uid-2",)),
    ),
    Situation(
        "its owner is gone", release(revision(owner_uid="uid-0")),
        State.OUT_OF_SYNC, "adopted from an object that is gone (uid uid-0)",
    ),
    Situation(
        "its owner is gone and left it half installed",
        release(revision(owner_uid="uid-0", status="pending-install", seconds_ago=61)), State.LOCKED, "revision 1",
    ),
    Situation(
        "an uninstall was interrupted", release(revision(status="uninstalling", seconds_ago=99)), State.UNINSTALLING,
        "uninstall",
    ),
    Situation(
        "somebody uninstalls it just now", release(revision(status="uninstalling", seconds_ago=1)), State.BUSY,
        "helm is at work",
    ),
    Situation("history was kept", release(revision(status="uninstalled")), State.UNINSTALLING, "uninstall"),
    Situation(
        "a helm of ours ended and left it pending", release(revision(status="pending-install")),
        State.LOCKED, "revision 1 was interrupted (pending-install)", known(ended=(("night--disk", 1),)),
    ),
    Situation(
        "helm died long ago", release(revision(number=3, status="pending-upgrade", seconds_ago=61), revision(number=2)),
        State.LOCKED, "revision 3 was interrupted (pending-upgrade)",
    ),
    Situation(
        "helm may still be at work", release(revision(status="pending-upgrade", seconds_ago=59)),
        State.BUSY, "helm is at work on revision 1 (pending-upgrade)",
    ),
    Situation(
        "an earlier revision's helm ended, this one's did not",
        release(revision(number=2, status="pending-upgrade"), revision(number=1, status="superseded")),
        State.BUSY, "revision 2", known(ended=(("night--disk", 1), ("night--other", 2))),
    ),
    Situation(
        "a rollback by hand", release(revision(status="pending-rollback", seconds_ago=90)), State.LOCKED, "rollback",
    ),
    Situation("the last upgrade failed", release(revision(status="failed")), State.FAILED, "revision 1 had failed"),
    Situation("a status no one knows", release(revision(status="unknown")), State.FAILED, "revision 1 had unknown"),
    Situation("Helm lost its last write", release(revision(status="superseded")), State.FAILED, "superseded"),
    Situation(
        "restart, and another generation", after(RESTARTING), State.OUT_OF_SYNC,
        "run again: restart is true and generation 7 is new",
        want=want(modern(restart=True), generation=7, after=RESTARTING),
    ),
    Situation(
        "a run was asked for", after(PLAIN), State.OUT_OF_SYNC, "run again: it was asked for",
        want=want(request="now", after=PLAIN),
    ),
    Situation(
        "a run was asked for, and the task changed as well", after(PLAIN), State.OUT_OF_SYNC,
        "run again: it was asked for", want=want(modern(script="echo"), request="now", after=PLAIN),
    ),
    Situation(
        "a run was asked for beside a schedule", after(SCHEDULED), State.OUT_OF_SYNC, "run again: it was asked for",
        want=want(modern(schedule="@daily"), request="now", after=SCHEDULED),
    ),
    Situation(
        "a run was asked for that others had before it was added", after(SCHEDULED), State.OUT_OF_SYNC,
        "noted which run was asked for", want=dataclasses.replace(SCHEDULED, trigger="r0123456789"),
    ),
    Situation("another run", release(revision(run_key="0")), State.OUT_OF_SYNC, "task changed in generation 7"),
    Situation(
        "the script changed", after(PLAIN), State.OUT_OF_SYNC, "task changed in generation 7",
        want=want(modern(script="echo"), after=PLAIN),
    ),
    Situation(
        "the script of a schedule changed", release(revision(SCHEDULED, digest="0")), State.OUT_OF_SYNC,
        "schedule, nodes or templates changed", want=SCHEDULED,
    ),
    Situation(
        "a node joined", after(want(NODES, facts=builders.on_nodes("a"))), State.OUT_OF_SYNC, "nodes joined or left",
        want=want(NODES, facts=builders.on_nodes("a", "b")),
    ),
    Situation(
        "a node left", after(want(NODES, facts=builders.on_nodes("a", "b"))), State.OUT_OF_SYNC, "nodes joined or left",
        want=want(NODES, facts=builders.on_nodes("b")),
    ),
    Situation(
        "a ConfigMap was deleted", release(), State.OUT_OF_SYNC, "lost", known(lost=("night--disk",)),
    ),
    Situation("another release lost something", release(), State.IN_SYNC, "", known(lost=("night--other",))),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS, ids=[one.name for one in SITUATIONS])
def test_the_state_of_a_release(situation: Situation) -> None:
    found, why = state.of(situation.want, situation.found, situation.known, generation=7)
    assert found is situation.expected
    assert situation.words in why
    assert bool(why) == (found is not State.IN_SYNC)


def test_every_state_has_a_situation() -> None:
    assert {one.expected for one in SITUATIONS} == set(State)


def test_reasons_fit_into_one_line_of_helm_history() -> None:
    for one in SITUATIONS:
        _, why = state.of(one.want, one.found, one.known, generation=7)
        assert len(why) <= 120
        assert "\n" not in why
