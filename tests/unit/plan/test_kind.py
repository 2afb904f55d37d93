"""Objects of chart-backed kinds: their release, and the one step to take about it."""

import datetime

import pytest
from tests.unit import builders

from inspect_operator import errors
from inspect_operator.plan import kind, observed, state, steps

WANT = kind.want("web", {"replicas": 2}, "chart-1")


def release(
    status: observed.Status = observed.Status.DEPLOYED, uid: str = "uid-1", digest: str = WANT.digest
) -> observed.Release:
    return observed.Release("web", (observed.Revision(3, status, builders.NOW, uid, digest),))


def decide(
    found: observed.Release | None, *, ours: bool = False, living: tuple[str, ...] = ()
) -> tuple[steps.Action, str] | None:
    known = state.Known("uid-1", living, builders.NOW - datetime.timedelta(hours=1))
    step = kind.decide(WANT, found, known, 4, ours=ours)
    return None if step is None else (step.action, step.why)


def test_values_and_chart_decide_what_a_release_is() -> None:
    assert kind.want("web", {"replicas": 2}, "chart-1") == WANT
    others = [kind.want("web", {"replicas": 3}, "chart-1"), kind.want("web", {"replicas": 2}, "chart-2")]
    assert len({WANT.digest, *(one.digest for one in others)}) == 3
    assert WANT.release == "web"
    assert len(WANT.digest) == 32


def test_a_name_that_helm_does_not_take_is_refused_in_words() -> None:
    assert kind.want("a" * 53, {}, "").release
    with pytest.raises(errors.SpecInvalid, match=r"metadata\.name: 54 characters"):
        kind.want("a" * 54, {}, "")


def test_each_state_has_its_step() -> None:
    assert decide(release()) is None
    assert decide(None) == (steps.Action.INSTALL, "installed for generation 4")
    assert decide(release(digest="other")) == (steps.Action.UPGRADE, "values or chart changed, generation 4")
    assert decide(release(observed.Status.FAILED)) == (steps.Action.REPAIR, "revision 3 had failed")
    busy = decide(release(observed.Status.PENDING_UPGRADE))
    assert busy is not None
    assert busy[0] is steps.Action.WAIT
    foreign = decide(release(uid="uid-2"), living=("uid-2",))
    assert foreign is not None
    assert foreign[0] is steps.Action.REFUSE
    adopted = decide(release(uid="uid-2"))
    assert adopted is not None
    assert adopted[0] is steps.Action.UPGRADE


def test_a_release_of_somebody_else_is_taken_over_only_where_the_status_says_that_it_is_the_objects() -> None:
    refused = decide(release(uid=""))
    assert refused is not None
    assert refused[0] is steps.Action.REFUSE
    assert decide(release(uid=""), ours=True) == (steps.Action.UPGRADE, "taken over from another Helm operator")
    body = {"metadata": {"name": "web"}, "status": {"deployedRelease": {"name": "web"}}}
    assert kind.claimed(body)
    assert not kind.claimed({**body, "status": {"deployedRelease": {"name": "other"}}})
    assert not kind.claimed({"metadata": {"name": "web"}})


@pytest.mark.parametrize(("said", "yes"), [("true", True), ("1", True), ("false", False), ("yes", False), ("", False)])
def test_annotations_say_yes_in_gos_words(said: str, yes: bool) -> None:
    assert kind.is_true({"metadata": {"annotations": {"a": said}}}, "a") is yes
    assert not kind.is_true({"metadata": {}}, "a")
