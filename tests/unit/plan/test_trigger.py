"""What starts a run anew: generations where restart is true, and runs that are asked for. Nothing else does."""

import dataclasses

import pytest
from tests.unit import builders
from tests.unit.builders import modern

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.plan import naming, trigger

Trigger = trigger.Trigger
A, B = "aaaaaaaaaa", "bbbbbbbbbb"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (Trigger(), ""),
        (Trigger(7), "g7"),
        (Trigger(7, A), f"g7.r{A}"),
        (Trigger(0, A), f"r{A}"),
        (Trigger(12, A, B), f"g12.r{A}.n{B}"),
        (Trigger(0, "", B), f"n{B}"),
    ],
)
def test_a_trigger_is_stored_and_read_back(made: Trigger, text: str) -> None:
    assert str(made) == text
    assert trigger.parse(text) == made


def test_the_longest_trigger_is_a_label_value() -> None:
    text = str(Trigger(2**63, A, B))
    assert naming.label_value(text) == text


@pytest.mark.parametrize("text", ["", ".", "..", "token", "g", "gx", "g-1", "x1.y2", "G7"])
def test_what_is_not_understood_is_as_if_it_were_not_there(text: str) -> None:
    assert trigger.parse(text) == Trigger()


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert trigger.parse(f"g7.z1.r{A}") == Trigger(7, A)


# -- what the annotation says --


def _named(request: str, *names: str) -> tuple[str, list[str]]:
    """The token, and the tasks that it concerns."""
    inspection = builders.inspection(*(modern(name) for name in names or ("a", "b", "c")), request=request)
    made = trigger.request(inspection)
    return made.token, [task.name for task in inspection.tasks if made.of(task)]


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ("10:00", ["a", "b", "c"]),
        ("2026-01-02T03:04:05Z", ["a", "b", "c"]),
        ("before", ["a", "b", "c"]),
        ("waiting for", ["a", "b", "c"]),
        ("waiting forever", ["a", "b", "c"]),
        ("10:00 for b", ["b"]),
        ("10:00 for c, a", ["a", "c"]),
        ("10:00 for c,a,", ["a", "c"]),
        ("10:00\nfor\tb", ["b"]),
        ("Fri Jan  2 10:00 for a", ["a"]),
    ],
)
def test_a_request_is_for_all_tasks_or_for_those_it_names(request_: str, names: list[str]) -> None:
    token, found = _named(request_)
    assert found == names
    assert len(token) == 10


def test_nothing_is_asked_for_without_the_annotation() -> None:
    assert _named("") == ("", [])


@pytest.mark.parametrize(
    ("task", "others"),
    [("a, b", ("a", "b")), ("wait for it", ("it",)), ("磁盘, 内存", ()), ("x for y, z", ("y", "z")), ("all,", ())],
)
def test_a_name_with_a_comma_or_a_for_in_it_is_one_name(task: str, others: tuple[str, ...]) -> None:
    assert _named(f"now for {task}", task, *others)[1] == [task]


@pytest.mark.parametrize("request_", ["now for d", "now for a, d", "now for A", "now for a b", "for d"])
def test_a_name_that_no_task_has_is_refused_with_one_that_has(request_: str) -> None:
    with pytest.raises(errors.SpecInvalid) as refused:
        _named(request_)
    assert str(refused.value).startswith("annotation api.practice.com/run-requested-at: no task named ")
    assert str(refused.value).endswith("write any text for all tasks, such as the time, or '<text> for a'")


def test_names_count_without_a_text_before_them_too() -> None:
    assert _named("for a")[1] == ["a"]


def test_another_text_is_another_request_and_the_same_text_the_same() -> None:
    texts = ["10:00", "10:01", "10:00 for a", "10:00 for b", "10:00 for a, b", "十点"]
    assert len({_named(text)[0] for text in texts}) == len(texts)
    assert _named("10:00") == _named(" 10:00\n")


# -- what of it is accepted --

ONCE = builders.task(modern())
RESTARTING = dataclasses.replace(ONCE, restart=True)


@pytest.mark.parametrize(
    ("why", "task", "generation", "asked", "stored", "accepted"),
    [
        ("nothing is asked for", ONCE, 7, "", None, Trigger()),
        ("nothing stands", ONCE, 7, "", Trigger(), Trigger()),
        ("taking restart away starts nothing", ONCE, 7, "", Trigger(3), Trigger(3)),
        ("restart: first seen", RESTARTING, 7, "", None, Trigger(7)),
        ("restart: a new generation", RESTARTING, 8, "", Trigger(7), Trigger(8)),
        ("restart: the same generation", RESTARTING, 7, "", Trigger(7), Trigger(7)),
        ("restart: a lower generation", RESTARTING, 6, "", Trigger(7), Trigger(7)),
        ("restart came with this generation", RESTARTING, 2, "", Trigger(), Trigger(2)),
        ("numbers are compared, not texts", RESTARTING, 10, "", Trigger(9), Trigger(10)),
        ("asked for at first", ONCE, 1, A, None, Trigger(0, A)),
        ("asked for", ONCE, 1, A, Trigger(), Trigger(0, A)),
        ("asked for as before", ONCE, 1, A, Trigger(0, A), Trigger(0, A)),
        ("asked for anew", ONCE, 1, B, Trigger(0, A), Trigger(0, B)),
        ("taking the annotation away starts nothing", ONCE, 1, "", Trigger(0, A), Trigger(0, A)),
        ("asked for, and restart stands", RESTARTING, 3, A, Trigger(3), Trigger(3, A)),
        ("both at once", RESTARTING, 4, B, Trigger(3, A), Trigger(4, B)),
        ("no schedule any more", ONCE, 4, "", Trigger(3, A, B), Trigger(3, A)),
    ],
)
def test_which_trigger_is_accepted_of_a_task_done_once(
    why: str, task: tasks.Task, generation: int, asked: str, stored: Trigger | None, accepted: Trigger
) -> None:
    assert trigger.accepted(task, generation, asked, stored) == accepted, why


SCHEDULED = builders.task(modern(schedule="@daily"))
BOTH = dataclasses.replace(SCHEDULED, restart=True)


@pytest.mark.parametrize(
    ("why", "task", "generation", "asked", "stored", "accepted", "runs"),
    [
        ("nothing is asked for", SCHEDULED, 7, "", None, Trigger(), False),
        ("asked for at first", SCHEDULED, 1, A, None, Trigger(0, A), True),
        ("asked for", SCHEDULED, 1, A, Trigger(), Trigger(0, A), True),
        ("asked for as before", SCHEDULED, 1, A, Trigger(0, A), Trigger(0, A), False),
        ("asked for anew", SCHEDULED, 1, B, Trigger(0, A), Trigger(0, B), True),
        ("taken away", SCHEDULED, 1, "", Trigger(0, A), Trigger(0, A), False),
        ("restart: its first generation is no change", BOTH, 1, "", None, Trigger(1), False),
        ("restart came with this generation", BOTH, 2, "", Trigger(), Trigger(2), False),
        ("restart: a new generation", BOTH, 3, "", Trigger(2), Trigger(3), True),
        ("restart: the same generation", BOTH, 3, "", Trigger(3), Trigger(3), False),
        ("restart: a lower generation", BOTH, 2, "", Trigger(3), Trigger(3), False),
        ("restart and asked for at first", BOTH, 1, A, None, Trigger(1, A), True),
        ("taking restart away starts nothing", SCHEDULED, 5, "", Trigger(3), Trigger(3), False),
        ("a schedule for what ran once, asked for", SCHEDULED, 5, A, Trigger(3, A), Trigger(3, A), False),
    ],
)
def test_which_trigger_is_accepted_beside_a_schedule(
    why: str, task: tasks.Task, generation: int, asked: str, stored: Trigger | None, accepted: Trigger, runs: bool
) -> None:
    made = trigger.accepted(task, generation, asked, stored)
    assert dataclasses.replace(made, now="") == accepted, why
    assert bool(made.now) is runs, why
    if made.now:
        assert trigger.accepted(task, generation, asked, made) == made, "the same once more starts nothing"
        assert trigger.accepted(task, generation, "", made) == made, "nor does taking it away"


def test_each_run_beside_a_schedule_has_a_name_of_its_own() -> None:
    first = trigger.accepted(BOTH, 2, A, Trigger(1))
    second = trigger.accepted(BOTH, 3, A, first)
    third = trigger.accepted(BOTH, 3, B, second)
    assert len({first.now, second.now, third.now, ""}) == 4


def test_a_scheduled_task_that_is_added_does_not_take_up_an_old_request() -> None:
    """The text still stands in the annotation; the others ran on it long ago."""
    assert trigger.accepted(SCHEDULED, 5, A, None, elsewhere=True) == Trigger(0, A)
    known = trigger.accepted(SCHEDULED, 5, A, None, elsewhere=True)
    assert trigger.accepted(SCHEDULED, 5, A, known, elsewhere=True).now == ""
    assert trigger.accepted(SCHEDULED, 5, B, known).now != ""


def test_a_known_task_takes_up_what_another_has_already_accepted() -> None:
    assert trigger.accepted(SCHEDULED, 5, B, Trigger(0, A), elsewhere=True).now != ""
    assert trigger.accepted(ONCE, 5, B, Trigger(0, A), elsewhere=True) == Trigger(0, B)
