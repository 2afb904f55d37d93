"""What is done about each release, and about those that are no longer wanted."""

import pytest
from tests.unit import builders
from tests.unit.builders import known, modern, release, revision, want

from inspect_operator.plan import desired, observed, state, steps

Action = steps.Action


def _decide(*found: observed.Release, **also: str) -> list[tuple[Action, str]]:
    made = steps.decide((want(),), {one.name: one for one in found}, known(**also), generation=1)  # type: ignore[arg-type]
    return [(step.action, step.release) for step in made]


@pytest.mark.parametrize(
    ("found", "action"),
    [
        (None, Action.INSTALL),
        (release(), None),
        (release(revision(run_key="0")), Action.UPGRADE),
        (release(revision(status="failed")), Action.REPAIR),
        (release(revision(status="pending-install", seconds_ago=99)), Action.REPAIR),
        (release(revision(status="uninstalling", seconds_ago=99)), Action.REINSTALL),
        (release(revision(status="uninstalling", seconds_ago=1)), Action.WAIT),
        (release(revision(owner_uid="")), Action.REFUSE),
        (release(revision(status="pending-install", seconds_ago=1)), Action.WAIT),
    ],
)
def test_one_action_a_release(found: observed.Release | None, action: Action | None) -> None:
    made = _decide(*[found] if found else [])
    assert made == ([(action, "night--disk")] if action else [])


def test_every_state_but_in_sync_has_an_action() -> None:
    assert set(steps.ACTIONS) == set(state.State) - {state.State.IN_SYNC}


def test_releases_that_are_no_longer_wanted_go_in_any_state() -> None:
    gone = [
        release(revision(status=status), name=f"night--{status}")
        for status in ("deployed", "failed", "pending-upgrade", "uninstalling", "unknown")
    ]
    assert _decide(release(), *gone) == [(Action.UNINSTALL, one.name) for one in sorted(gone, key=lambda one: one.name)]


@pytest.mark.parametrize("owner", ["", "uid-2"])
def test_a_release_of_somebody_else_is_never_uninstalled(owner: str) -> None:
    assert _decide(release(), release(revision(owner_uid=owner), name="night--gone")) == []


def test_the_owner_of_the_newest_revision_counts() -> None:
    """An Inspect made anew adopted the release: the older revisions still name the one that is gone."""
    line = (revision(number=2, owner_uid="uid-1"), revision(number=1, owner_uid="uid-0", status="superseded"))
    assert _decide(release(), release(*line, name="night--gone")) == [(Action.UNINSTALL, "night--gone")]


def test_a_step_carries_what_is_wanted_what_was_found_and_why() -> None:
    wanted, found, surplus = want(), release(revision(run_key="0")), release(name="night--gone")
    one, other = steps.decide((wanted,), {found.name: found, surplus.name: surplus}, known(), generation=3)
    assert (one.want, one.found, one.why) == (wanted, found, "task changed in generation 3")
    assert (other.want, other.found, other.why) == (None, surplus, "task is no longer in the Inspect")


def test_steps_come_in_the_order_of_the_tasks() -> None:
    wanted = desired.releases(builders.inspection(*map(modern, "bac")), {}, desired.Facts())
    made = steps.decide(wanted, {}, known(), generation=1)
    assert [step.release for step in made] == ["night--b", "night--a", "night--c"]


HELD = want(modern(suspend=True))
REFUSED = want(modern(profile="node"), facts=desired.Facts())


@pytest.mark.parametrize("wanted", [HELD, REFUSED], ids=["held", "refused"])
@pytest.mark.parametrize(
    "found",
    [
        None, release(revision(run_key="0")), release(revision(status="failed")),
        release(revision(status="pending-upgrade", seconds_ago=99)), release(revision(owner_uid="uid-2")),
    ],
)  # fmt: skip
def test_a_release_that_is_held_or_refused_is_left_as_it_is(
    wanted: desired.Desired, found: observed.Release | None
) -> None:
    """It is neither made nor changed, and above all not uninstalled: its task still stands in the Inspect."""
    assert wanted.held or wanted.refused
    assert wanted.release == "night--disk"
    assert steps.decide((wanted,), {found.name: found} if found else {}, known(), generation=2) == ()


def test_one_that_is_held_keeps_no_other_back() -> None:
    wanted = desired.releases(builders.inspection(modern("a", suspend=True), modern("b")), {}, desired.Facts())
    gone = release(name="night--gone")
    made = steps.decide(wanted, {gone.name: gone}, known(), generation=1)
    expected = [(Action.INSTALL, "night--b"), (Action.UNINSTALL, "night--gone")]
    assert [(step.action, step.release) for step in made] == expected


REFUSED_SCHEDULE = want(modern(schedule="@daily", profile="node"), facts=desired.Facts())


def test_a_schedule_that_may_not_be_any_more_is_taken_away() -> None:
    """Its runs come by themselves; what was done once is left as it is, for it comes no more."""
    found = release()
    (step,) = steps.decide((REFUSED_SCHEDULE,), {found.name: found}, known(), generation=2)
    assert (step.action, step.release, step.want, step.found) == (Action.UNINSTALL, "night--disk", None, found)
    assert step.why == str(REFUSED_SCHEDULE.refused)


@pytest.mark.parametrize("found", [None, release(revision(owner_uid="")), release(revision(owner_uid="uid-2"))])
def test_but_not_that_of_somebody_else(found: observed.Release | None) -> None:
    assert steps.decide((REFUSED_SCHEDULE,), {found.name: found} if found else {}, known(), generation=2) == ()
