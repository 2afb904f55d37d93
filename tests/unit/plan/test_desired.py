"""From an inspection to the releases it wants."""

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, naming, observed

RESTARTING = modern("disk", script="true", restart=True)


def _only(inspection: tasks.Inspection, *found: observed.Release) -> desired.Desired:
    (want,) = desired.releases(inspection, {release.name: release for release in found})
    return want


def test_one_release_a_task_in_the_order_written() -> None:
    made = builders.inspection(modern("b"), original("a"), modern("Ä"))
    wanted = desired.releases(made, {})
    assert [want.task.name for want in wanted] == ["b", "a", "Ä"]
    assert [want.release for want in wanted] == [naming.release_name("night", name) for name in ("b", "a", "Ä")]
    assert wanted[0].job == f"night--b-{wanted[0].run_key}"


def test_an_unsupported_task_wants_no_release() -> None:
    made = builders.inspection(original("hosts", type="script", script="1", script_location="remote"), modern("disk"))
    assert [want.release for want in desired.releases(made, {})] == ["night--disk"]


def test_a_name_that_spells_anothers_hash_is_refused() -> None:
    clash = naming.release_name("night", "B").removeprefix("night--")
    with pytest.raises(errors.SpecInvalid, match=rf"spec\.tasks: 'B' and '{clash}' both become release .*rename one"):
        desired.releases(builders.inspection(modern("B"), modern(clash)), {})


def test_without_restart_an_edit_of_another_task_changes_nothing() -> None:
    before = _only(builders.inspection(modern("disk"), generation=1))
    stored = builders.release(builders.revision(before))
    after = desired.releases(builders.inspection(modern("disk"), modern("new"), generation=2), {stored.name: stored})
    assert after[0] == before


def test_with_restart_every_generation_is_a_run() -> None:
    first = _only(builders.inspection(RESTARTING, generation=1))
    stored = builders.release(builders.revision(first))
    same = _only(builders.inspection(RESTARTING, generation=1), stored)
    second = _only(builders.inspection(RESTARTING, generation=2), stored)
    assert (first.trigger, same.trigger, second.trigger) == ("g1", "g1", "g2")
    assert first.run_key == same.run_key != second.run_key
    assert first.digest == same.digest != second.digest


def test_taking_restart_away_starts_nothing() -> None:
    stored = builders.release(builders.revision(trigger="g4"))
    assert _only(builders.inspection(modern(), generation=5), stored).trigger == "g4"


def test_a_script_changed_back_has_its_earlier_key_again() -> None:
    one, other = builders.inspection(modern(script="1")), builders.inspection(modern(script="2"), generation=2)
    back = builders.inspection(modern(script="1"), generation=3)
    stored = builders.release(builders.revision(_only(other), number=2), builders.revision(_only(one), number=1))
    assert _only(back, stored).job == _only(one).job


def test_generations_of_another_owner_are_not_compared_with_ours() -> None:
    """An Inspect that was deleted and made anew begins with generation 1 again, and its restart is meant."""
    stored = builders.release(builders.revision(owner_uid="uid-0", trigger="g9"))
    assert _only(builders.inspection(RESTARTING, generation=1), stored).trigger == "g1"


def test_an_adopted_run_without_restart_keeps_its_trigger_and_is_not_run_again() -> None:
    stored = builders.release(builders.revision(owner_uid="uid-0", trigger="g9"))
    assert _only(builders.inspection(modern(), generation=1), stored).trigger == "g9"
