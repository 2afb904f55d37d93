"""How many runs may be active: in all, in each namespace, and who gets the next slot."""

import pytest

from inspect_operator.api import group
from inspect_operator.handlers import memory, slots

ONE, TWO, ELSEWHERE = ("default", "one"), ("default", "two"), ("other", "three")


@pytest.fixture
def seen() -> memory.Memory:
    return memory.Memory()


def _job(
    seen: memory.Memory, name: str, *, namespace: str = "default", ended: bool = False, gone: bool = False
) -> None:
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": {group.LABEL_INSTANCE: "r"}}
    status = {"conditions": [{"type": "Complete", "status": "True"}]} if ended else {}
    seen.notice_child({"kind": "Job", "metadata": metadata, "status": status}, deleted=gone)


@pytest.mark.parametrize(("in_all", "in_namespace", "free"), [(9, 3, 1), (3, 9, 0), (9, 9, 6), (1, 1, 0)])
def test_both_limits_hold(seen: memory.Memory, in_all: int, in_namespace: int, free: int) -> None:
    for name in ("a", "b"):
        _job(seen, name)
    _job(seen, "c", namespace="other")
    assert slots.Slots(seen, in_all, in_namespace).free(ONE) == free


def test_a_job_that_ended_or_is_gone_frees_its_slot(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 2, 2)
    _job(seen, "a")
    _job(seen, "b")
    assert made.free(ONE) == 0
    _job(seen, "a", ended=True)
    assert made.free(ONE) == 1
    _job(seen, "b", gone=True)
    assert made.free(ONE) == 2


def test_what_is_about_to_be_made_is_taken_for_others_and_free_for_its_own(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 3, 3)
    made.reserve(ONE, ["a", "b"])
    assert (made.free(ONE), made.free(TWO), made.free(ELSEWHERE)) == (3, 1, 1)


def test_a_reservation_replaces_the_one_before(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 3, 3)
    made.reserve(ONE, ["a", "b"])
    made.reserve(ONE, ["c"])
    assert made.free(TWO) == 2


def test_what_is_given_back_is_for_others(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 3, 3)
    made.reserve(ONE, ["a", "b"])
    made.reserve(TWO, ["c"])
    made.give_back(ONE, ["a"])
    assert made.free(ELSEWHERE) == 1
    made.give_back(ONE)
    assert made.free(ELSEWHERE) == 2
    made.give_back(ONE, ["c"])
    assert made.free(ELSEWHERE) == 2, "that one is another's"


def test_a_job_that_was_made_counts_until_it_is_seen_and_then_until_it_ends(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 2, 2)
    made.reserve(ONE, ["a"])
    made.wrote(ONE, "one--a", ["a"], ["a"])
    assert not made.give_back(ONE)
    assert (made.free(ONE), made.free(TWO)) == (1, 1)
    assert made.unseen(ONE[0], "one--a") == {"a"}
    _job(seen, "a")
    assert made.unseen(ONE[0], "one--a") == set()
    assert made.free(TWO) == 1, "counted once"
    _job(seen, "a", ended=True)
    assert made.free(TWO) == 2
    _job(seen, "a", ended=True, gone=True)
    assert made.free(TWO) == 2


def test_a_job_that_goes_before_it_is_seen_makes_room(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 2, 2)
    made.wrote(ONE, "one--a", ["a"], ["a"])
    made.wrote(ONE, "one--b", ["b"], ["b"])
    assert made.free(TWO) == 0
    made.wrote(ONE, "one--a", ["later"], ["later"])
    assert made.unseen(ONE[0], "one--a") == {"later"}
    made.wrote(ONE, "one--a", (), ())
    assert made.free(TWO) == 1


def test_the_same_name_in_another_namespace_is_another_job(seen: memory.Memory) -> None:
    made = slots.Slots(seen, 2, 2)
    made.reserve(ONE, ["a"])
    _job(seen, "a", namespace="other", ended=True)
    assert made.free(TWO) == 1


def test_free_slots_are_never_less_than_none(seen: memory.Memory) -> None:
    for number in range(5):
        _job(seen, f"j{number}")
    assert slots.Slots(seen, 2, 2).free(ONE) == 0
