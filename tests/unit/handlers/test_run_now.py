"""A run that is asked for by the annotation: once for each token, of all tasks or of those named."""

import asyncio
import time
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, node
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.handlers import converge, runs

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

DISK, NET = modern("disk", script="df"), modern("net", image="ping:1")
NIGHTLY = modern("nightly", script="df", schedule="@daily")


async def _done(house: House, *written: builders.Object) -> dict[str, str]:
    """Everything has run once; uids of the Jobs by task."""
    await house.apply(*written)
    for job in house.open_jobs():
        await house.end(job)
    return {row["task_name"]: row.get("runUid", "") for row in house.status()["results"]}


async def test_it_runs_every_task_once(house: House) -> None:
    before = await _done(house, DISK, NET)
    await house.ask("2026-01-01")
    assert len(house.open_jobs()) == 2
    for job in house.open_jobs():
        await house.end(job)
    assert not {row["runUid"] for row in house.status()["results"]} & set(before.values())
    assert {call[2] for call in house.helm.calls[2:]} == {"run again: it was asked for"}
    for _ in range(2):
        await house.ask("2026-01-01")
        await house.start()
    assert house.open_jobs() == [], "once for each token"
    assert len(house.helm.calls) == 4


async def test_another_token_is_another_run(house: House) -> None:
    await _done(house, DISK)
    seen = set()
    for text in ("1", "2", "1"):
        await house.ask(text)
        seen |= set(house.open_jobs())
        await house.finish("disk")
    assert len(house.row("disk")["history"]) == 3
    assert len(seen) == 2, "the same token names the same run"


async def test_only_the_tasks_named_are_run(house: House) -> None:
    await _done(house, DISK, NET)
    await house.ask("2026-01-01 for net")
    assert house.open_jobs("disk") == []
    assert len(house.open_jobs("net")) == 1


async def test_a_name_that_there_is_not_is_told(house: House) -> None:
    await _done(house, DISK)
    await house.ask("now for dsik")
    assert house.condition("Ready") == ("False", "SpecInvalid")
    assert "no task named 'dsik'" in house.status()["conditions"][0]["message"]
    assert house.open_jobs() == []
    await house.ask("now for disk")
    assert len(house.open_jobs("disk")) == 1


async def test_taking_the_annotation_away_starts_nothing(house: House) -> None:
    await _done(house, DISK)
    await house.ask("1")
    await house.finish("disk")
    await house.ask("")
    assert house.open_jobs() == []
    assert house.condition("Succeeded")[0] == "True"


async def test_it_waits_for_the_run_that_goes_on(house: House) -> None:
    await house.apply(DISK)
    (first,) = house.open_jobs()
    await house.ask("1")
    assert house.open_jobs() == [first], "it is neither ended nor run beside"
    await house.end(first, "disk fail 91%\n")
    (second,) = house.open_jobs()
    assert second != first
    await house.end(second)
    assert house.row("disk")["verdict"] == "success"
    assert [past["verdict"] for past in house.row("disk")["history"]] == ["fail"]


async def test_a_task_that_comes_later_is_not_run_twice_for_an_old_token(house: House) -> None:
    await _done(house, DISK)
    await house.ask("1")
    await house.finish("disk")
    await house.apply(DISK, NET)
    await house.finish("net")
    await house.start()
    assert house.open_jobs() == []
    assert "history" not in house.row("net")


async def test_a_suspended_task_is_run_when_asked_for(house: House) -> None:
    await house.apply(modern("later", suspend=True))
    assert house.open_jobs() == []
    await house.ask("1")
    await house.finish("later")
    assert house.row("later")["verdict"] == "success"


@pytest.mark.parametrize("suspend", [False, True])
async def test_beside_a_schedule_it_is_a_job_of_its_own(house: House, suspend: bool) -> None:
    await house.apply({**NIGHTLY, "suspend": suspend})
    cron = house.cluster.objects[("CronJob", "default", "night--nightly")]["metadata"]["uid"]
    await house.ask("1")
    (job,) = house.open_jobs()
    assert "ownerReferences" not in house.cluster.objects[("Job", "default", job)]["metadata"]
    await house.end(job, "disk fail 91%\n")
    assert (house.row("nightly")["job"], house.row("nightly")["verdict"]) == (job, "fail")
    found = house.cluster.objects[("CronJob", "default", "night--nightly")]
    assert (found["metadata"]["uid"], found["spec"]["suspend"]) == (cron, suspend)
    await house.start()
    assert house.open_jobs() == []


@pytest.mark.parametrize("task", [NET, modern("net", image="ping:1", target={"nodes": {}})])
async def test_it_waits_until_the_result_of_the_run_before_is_told(
    house: House, task: builders.Object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Job has ended, its log isn't read yet: replaced now, what it found would be lost."""
    monkeypatch.setattr(runs, "LOG_AGAIN_SECONDS", 1000.0)
    await house.nodes(node("a"))
    await house.apply(task)
    log = house.cluster.log

    async def silent(*_: Any, **__: Any) -> bytes:
        raise errors.ClusterUnavailable("the node does not answer")

    house.cluster.log = silent  # type: ignore[method-assign]
    await house.finish("net", "ping fail lost\n")
    await house.ask("again")
    assert house.open_jobs() == []
    house.cluster.log = log  # type: ignore[method-assign]
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 1001.0)
    await house.report()
    assert len(house.open_jobs()) == 1
    await house.finish("net")
    assert [one["verdict"] for one in house.row("net")["history"]] == ["fail"]


async def test_it_waits_for_the_schedules_own_run_and_both_results_are_told(house: House) -> None:
    await house.apply(NIGHTLY)
    by_schedule = await house.tick("nightly")
    await house.ask("1")
    assert house.open_jobs() == [by_schedule]
    await house.end(by_schedule, "disk fail 91%\n")
    (asked,) = house.open_jobs()
    await house.end(asked)
    row = house.row("nightly")
    assert (row["job"], [past["job"] for past in row["history"]]) == (asked, [by_schedule])


async def test_the_schedules_run_comes_while_the_one_asked_for_goes_on(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.ask("1")
    (asked,) = house.open_jobs()
    by_schedule = await house.tick("nightly")
    await house.end(by_schedule)
    await house.end(asked, "disk fail 91%\n")
    row = house.row("nightly")
    assert {row["job"], *(past["job"] for past in row["history"])} == {asked, by_schedule}
    assert house.open_jobs() == []


async def test_the_run_asked_for_stays_when_the_schedule_is_edited(house: House) -> None:
    """Its Job is immutable, and done."""
    await house.apply(NIGHTLY)
    await house.ask("1")
    (job,) = house.open_jobs()
    await house.end(job)
    uid = house.cluster.objects[("Job", "default", job)]["metadata"]["uid"]
    await house.apply({**NIGHTLY, "script": "other", "schedule": "@hourly"})
    assert house.cluster.objects[("Job", "default", job)]["metadata"]["uid"] == uid
    assert house.cluster.objects[("CronJob", "default", "night--nightly")]["spec"]["schedule"] == "@hourly"
    assert house.open_jobs() == []


async def test_a_finished_run_asked_for_that_somebody_deleted_is_not_made_again(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.ask("1")
    (job,) = house.open_jobs()
    await house.end(job)
    del house.cluster.objects[("Job", "default", job)]
    await house.sync()
    for hour in range(6):
        await house.apply({**NIGHTLY, "schedule": f"0 {hour} * * *"})
        _cut_history(house)
        await house.start()
    assert house.cluster.names("Job") == []
    assert house.row("nightly")["job"] == job


def _cut_history(house: House) -> None:
    """As `--history-max 3` does."""
    keys = [key for key in house.cluster.objects if key[0] == "Secret"]
    for key in sorted(keys, key=lambda key: int(key[2].rpartition(".v")[2]))[:-3]:
        del house.cluster.objects[key]


async def test_restart_true_runs_a_scheduled_task_with_every_edit_but_not_when_it_is_made(house: House) -> None:
    again = {**NIGHTLY, "restart": True}
    await house.apply(again, DISK)
    assert house.open_jobs("nightly") == []
    await house.apply(again, modern("disk", script="other"))
    assert len(house.open_jobs("nightly")) == 1


async def test_on_nodes_every_node_is_run(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    written: Any = modern("nodes", target={"nodes": {}})
    await _done(house, written)
    await house.ask("1")
    assert len(house.open_jobs("nodes")) == 2
    for job in house.open_jobs():
        await house.end(job)
    assert house.row("nodes")["message"] == "2 of 2 nodes passed"
    assert len(house.row("nodes")["history"]) == 1


async def test_a_request_is_waited_for_only_until_its_run_begins(house: House) -> None:
    """Told any longer, it was gone with the next start of the operator: a write where nothing had changed."""
    await house.apply({"name": "disk", "script": "df"})
    await house.finish("disk")
    await house.ask("again")
    await house.finish("disk")
    told = house.row("disk")
    assert "requested" not in told
    await house.start()
    assert house.row("disk") == told


async def test_ready_is_taken_back_while_a_run_that_was_asked_for_takes_long_to_begin(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release is pending all the while, and the generation is still the same."""
    monkeypatch.setattr(converge, "SLOW_SECONDS", 0.01)
    await house.apply(DISK)
    await house.finish("disk")
    told: list[tuple[str, str]] = []
    upgrade = house.helm.upgrade

    async def slow(*args: Any, **kwargs: Any) -> Any:
        async with asyncio.timeout(10):
            while not told or told[-1][0] == "True":  # the status tells nobody
                await asyncio.sleep(0.01)
                told.append(house.condition("Ready"))
        return await upgrade(*args, **kwargs)

    monkeypatch.setattr(house.helm, "upgrade", slow)
    await house.ask("now")
    assert told[-1] == ("Unknown", "Reconciling")
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
