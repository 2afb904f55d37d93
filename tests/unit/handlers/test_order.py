"""What waits: for other tasks, for a slot, for being wanted. All of it ends, in the right order."""

import dataclasses

import pytest
from tests.unit.builders import modern, node
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.handlers import queue

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

A, B, C = modern("a"), modern("b", dependsOn=["a"]), modern("c", dependsOn=["a", "b"])


async def test_tasks_start_once_those_they_depend_on_have_succeeded(house: House) -> None:
    await house.apply(C, B, A)
    for name, waiting in (("a", ["c", "b"]), ("b", ["c"]), ("c", [])):
        rows = house.status()["results"]
        assert [row["task_name"] for row in rows if row["reason"] == "Dependency"] == waiting
        assert len(house.open_jobs()) == 1
        await house.finish(name)
    assert [call[1] for call in house.helm.calls] == ["night--a", "night--b", "night--c"]
    assert house.condition("Succeeded") == ("True", "TasksPassed")


async def test_after_a_failure_the_others_are_skipped_and_say_why(house: House) -> None:
    await house.apply(A, B, C)
    await house.finish("a", "disk fail 91%\n")
    rows = {row["task_name"]: (row["verdict"], row["reason"]) for row in house.status()["results"]}
    assert rows == {
        "a": ("fail", "Findings"),
        "b": ("skipped", "DependencyFailed"),
        "c": ("skipped", "DependencyFailed"),
    }
    assert "task 'a' ended in fail" in house.row("b")["message"]
    assert house.condition("Finished") == ("True", "RunsFinished")
    assert len(house.helm.calls) == 1


async def test_a_later_success_releases_what_was_skipped(house: House) -> None:
    await house.apply(A, B)
    await house.finish("a", exit_code=1)
    assert house.row("b")["verdict"] == "skipped"
    await house.ask("again for a")
    await house.finish("a")
    await house.finish("b")
    assert house.row("b")["verdict"] == "success"


async def test_a_run_of_the_one_again_does_not_run_the_other_again(house: House) -> None:
    await house.apply(A, B)
    await house.finish("a")
    await house.finish("b")
    uid = house.uid("b")
    await house.ask("again for a")
    await house.finish("a")
    await house.apply(modern("a", script="other"), B)
    await house.finish("a")
    assert (house.uid("b"), house.open_jobs()) == (uid, [])
    assert house.row("b")["verdict"] == "success"


async def test_a_circle_is_refused_and_named(house: House) -> None:
    await house.apply(modern("a", dependsOn=["c"]), B, C)
    assert house.condition("Ready") == ("False", "SpecInvalid")
    assert "a → " in house.status()["conditions"][0]["message"]
    assert house.helm.calls == []


async def test_a_restart_in_the_middle_goes_on_where_it_was(house: House) -> None:
    await house.apply(A, B)
    await house.start()
    await house.finish("a")
    await house.start()
    await house.finish("b")
    assert [call[1] for call in house.helm.calls] == ["night--a", "night--b"]


async def _capped(house: House, in_all: int, in_namespace: int) -> None:
    house.configured = dataclasses.replace(house.configured, active_runs=in_all, active_runs_per_namespace=in_namespace)
    await house.start()


@pytest.mark.parametrize(("in_all", "in_namespace"), [(4, 9), (9, 4)])
async def test_never_more_runs_than_allowed_and_in_the_end_all_of_them(
    house: House, in_all: int, in_namespace: int
) -> None:
    await _capped(house, in_all, in_namespace)
    most: list[int] = []
    house.helm.before = lambda _: most.append(len(house.open_jobs()) + 1)
    await house.apply(*(modern(f"t{number}") for number in range(30)))
    assert len(house.open_jobs()) == 4
    queued = [row for row in house.status()["results"] if row["reason"] == "Queued"]
    assert len(queued) == 26
    while jobs := house.open_jobs():
        assert len(jobs) <= 4
        await house.end(jobs[-1])
    assert max(most) <= 4
    assert house.condition("Succeeded") == ("True", "TasksPassed")
    assert len(house.helm.calls) == 30


async def test_several_inspects_share_the_slots(house: House) -> None:
    await _capped(house, 3, 3)
    for name in ("one", "two", "three"):
        await house.apply(*(modern(f"t{number}") for number in range(5)), name=name)
    assert len(house.open_jobs()) == 3
    while jobs := house.open_jobs():
        assert len(jobs) <= 3
        await house.end(jobs[0])
    assert {house.condition("Succeeded", name)[0] for name in ("one", "two", "three")} == {"True"}


async def test_nodes_are_inspected_some_at_a_time(house: House) -> None:
    await _capped(house, 2, 2)
    await house.nodes(*(node(f"n{number}") for number in range(5)))
    await house.apply(modern("nodes", target={"nodes": {}}))
    assert len(house.open_jobs()) == 2
    assert {one["target"] for one in house.row("nodes")["targets"] if one["reason"] == "Queued"} == {"n2", "n3", "n4"}
    while jobs := house.open_jobs():
        assert len(jobs) <= 2
        await house.end(jobs[0])
    assert house.row("nodes")["message"] == "5 of 5 nodes passed"


async def test_what_could_not_be_installed_gives_its_slot_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 1000.0)
    await _capped(house, 1, 1)

    def fail(_: str) -> None:
        if house.helm.calls[-1][1] == "bad--a":
            raise errors.ReleaseRejected("no")

    house.helm.before = fail
    await house.apply(A, name="bad")
    await house.apply(A, name="good")
    assert len(house.open_jobs("a", name="good")) == 1
    assert house.condition("Ready", "bad") == ("False", "ReleaseRejected")


async def test_runs_of_schedules_take_no_slot(house: House) -> None:
    await _capped(house, 1, 1)
    await house.apply(modern("nightly", schedule="@daily"))
    await house.tick("nightly")
    await house.apply(A, name="other")
    assert len(house.open_jobs()) == 2


async def test_a_run_asked_for_beside_a_schedule_waits_for_a_slot_and_the_schedule_stands(house: House) -> None:
    await _capped(house, 1, 1)
    await house.apply(A, name="other")
    await house.apply(modern("nightly", schedule="@daily"))
    await house.ask("1")
    assert house.cluster.names("CronJob") == ["night--nightly"]
    (job,) = house.open_jobs()
    await house.end(job)
    (job,) = house.open_jobs("nightly")
    await house.end(job)
    assert house.row("nightly")["job"] == job


async def test_suspended_tasks_wait_until_they_are_not(house: House) -> None:
    await house.apply(A, modern("b"), suspend=True)
    assert [row["reason"] for row in house.status()["results"]] == ["Suspended", "Suspended"]
    assert house.helm.calls == []
    await house.apply(A, modern("b"))
    assert len(house.open_jobs()) == 2


async def test_suspending_does_not_touch_what_has_run(house: House) -> None:
    await house.apply(A)
    await house.finish("a")
    before, calls = house.row("a"), len(house.helm.calls)
    await house.apply(A, suspend=True)
    assert (house.row("a"), len(house.helm.calls)) == (before, calls)
