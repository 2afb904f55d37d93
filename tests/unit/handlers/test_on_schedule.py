"""Schedules through all rooms: runs come and go, none is told twice or lost, and edits don't fire anything."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, node
from tests.unit.handlers.conftest import House

from inspect_operator import errors

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

NIGHTLY = modern("nightly", script="df", schedule="0 3 * * *", timeZone="Asia/Shanghai")
CRON = ("CronJob", "default", "night--nightly")


async def test_before_its_first_run_it_says_when_it_comes(house: House) -> None:
    await house.apply(NIGHTLY)
    row = house.row("nightly")
    assert (row["state"], row["reason"], row["schedule"]) == ("waiting", "Scheduled", "0 3 * * * Asia/Shanghai")
    assert house.cluster.names("Job") == [], "nothing is run when it is made"
    assert house.condition("Finished")[0] == "True", "there is no run to wait for"
    assert house.condition("Succeeded") == ("Unknown", "Scheduled")
    assert house.status()["schedule"] == "0 3 * * * Asia/Shanghai"


async def test_its_row_has_the_last_run_that_ended_and_those_before(house: House) -> None:
    await house.apply(NIGHTLY)
    jobs = []
    for output in ("disk ok 1%\n", "disk fail 99%\n", "disk ok 2%\n"):
        jobs.append(await house.tick("nightly"))
        assert house.row("nightly")["state"] in ("waiting", "active")
        await house.end(jobs[-1], output)
    row = house.row("nightly")
    assert (row["state"], row["verdict"], row["job"]) == ("finished", "success", jobs[2])
    assert [(past["job"], past["verdict"]) for past in row["history"]] == [(jobs[1], "fail"), (jobs[0], "success")]
    assert house.condition("Succeeded") == ("True", "TasksPassed")


async def test_while_a_run_goes_on_the_result_of_the_last_one_stands(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.end(await house.tick("nightly"), "disk fail 99%\n")
    await house.tick("nightly")
    assert house.row("nightly")["verdict"] == "fail"
    assert house.row("nightly")["state"] in ("waiting", "active")
    assert house.condition("Succeeded")[0] == "False"


async def test_of_its_runs_only_changes_are_events(house: House) -> None:
    await house.apply(NIGHTLY)
    for output in ("disk ok 1%\n", "disk ok 2%\n", "disk fail 3%\n", "disk fail 4%\n", "disk ok 5%\n"):
        await house.end(await house.tick("nightly"), output)
    assert [reason for reason, _ in house.events] == ["ReleasesDeployed", "RunPassed", "RunFailed", "RunPassed"]


async def test_a_restart_tells_nothing_again_and_loses_nothing(house: House) -> None:
    await house.apply(NIGHTLY)
    for output in ("disk ok 1%\n", "disk fail 2%\n"):
        await house.end(await house.tick("nightly"), output)
    before = house.status()
    house.cluster.requests.clear()
    house.forget_events()
    await house.start()
    assert (house.status(), house.writes(), house.events) == (before, [], [])


async def test_runs_that_ended_while_the_operator_was_down_are_told_all_of_them(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.end(await house.tick("nightly"))
    handlers = house.operator._on_child
    house.operator._on_child = _deaf  # type: ignore[method-assign]
    jobs = [await house.tick("nightly") for _ in range(2)]
    for job, output in zip(jobs, ("disk fail 1%\n", "disk ok 2%\n"), strict=True):
        await house.end(job, output)
    house.operator._on_child = handlers  # type: ignore[method-assign]
    await house.start()
    row = house.row("nightly")
    assert (row["job"], row["verdict"]) == (jobs[1], "success")
    assert [past["verdict"] for past in row["history"]] == ["fail", "success"]


def _deaf(body: Any, deleted: bool) -> None:
    return None


async def test_a_status_that_could_not_be_written_once_loses_no_run(house: House) -> None:
    await house.apply(NIGHTLY)
    first = await house.tick("nightly")
    house.cluster.failing[("apply_status", "Inspect")] = errors.ClusterUnavailable("503")
    await house.end(first, "disk fail 1%\n")
    second = await house.tick("nightly")
    await house.end(second, "disk ok 1%\n")
    await house.report()
    row = house.row("nightly")
    assert (row["job"], [past["job"] for past in row["history"]]) == (second, [first])


async def test_jobs_that_kubernetes_clears_away_leave_their_results(house: House) -> None:
    """The CronJob keeps three of each."""
    await house.apply(NIGHTLY)
    jobs = []
    for _ in range(5):
        jobs.append(await house.tick("nightly"))
        await house.end(jobs[-1])
    before, calls = house.row("nightly"), len(house.helm.calls)
    for job in jobs[:2]:
        del house.cluster.objects[("Job", "default", job)]
    await house.sync()
    assert house.row("nightly") == before
    assert len(house.helm.calls) == calls, "that is nothing to mend"


async def test_the_history_is_short(house: House) -> None:
    await house.apply(NIGHTLY)
    for _ in range(14):
        await house.end(await house.tick("nightly"))
    assert len(house.row("nightly")["history"]) == 10


@pytest.mark.parametrize(
    ("edit", "field", "value"),
    [
        ({"schedule": "@hourly"}, "schedule", "@hourly"),
        ({"timeZone": "UTC"}, "timeZone", "UTC"),
        ({"suspend": True}, "suspend", True),
    ],
)
async def test_an_edit_changes_the_schedule_in_place_and_fires_nothing(
    house: House, edit: builders.Object, field: str, value: Any
) -> None:
    await house.apply(NIGHTLY)
    uid = house.cluster.objects[CRON]["metadata"]["uid"]
    await house.apply({**NIGHTLY, **edit})
    assert house.cluster.objects[CRON]["spec"][field] == value
    assert house.cluster.objects[CRON]["metadata"]["uid"] == uid
    assert house.cluster.names("Job") == []
    assert house.helm.calls[-1][2] == "schedule, nodes or templates changed"


async def test_a_changed_script_is_for_the_next_run(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.end(await house.tick("nightly"))
    before = house.row("nightly")
    await house.apply({**NIGHTLY, "script": "df -h"})
    assert house.cluster.objects[("ConfigMap", "default", "night--nightly")]["data"] == {"script": "df -h"}
    assert house.open_jobs() == []
    assert house.row("nightly")["runUid"] == before["runUid"]


async def test_the_same_schedule_applied_again_calls_no_helm(house: House) -> None:
    await house.apply(NIGHTLY, modern("other"))
    calls = len(house.helm.calls)
    await house.apply(NIGHTLY, modern("other", timeout="1h"))
    assert len(house.helm.calls) == calls


async def test_a_suspended_schedule_says_so_and_does_not_run(house: House) -> None:
    await house.apply({**NIGHTLY, "suspend": True})
    assert (house.row("nightly")["reason"], house.row("nightly")["suspended"]) == ("Suspended", True)
    assert house.status()["schedule"] == "suspended"
    assert await house.tick("nightly") == ""


@pytest.mark.parametrize("change", [{"schedule": "* * * * *"}, {"suspend": True}])
async def test_what_somebody_changed_by_hand_is_put_right(house: House, change: builders.Object) -> None:
    await house.apply(NIGHTLY)
    found = house.cluster.objects[CRON]
    house.cluster.put({**found, "spec": {**found["spec"], **change}})
    await house.sync()
    assert house.helm.calls[-1] == ("upgrade", "night--nightly", "an object of the release was lost")
    assert house.cluster.objects[CRON]["spec"] == found["spec"]
    assert len(house.helm.calls) == 2


@pytest.mark.parametrize("kind", ["CronJob", "ConfigMap"])
@pytest.mark.parametrize("watched", [True, False])
async def test_what_somebody_deleted_is_made_again(house: House, kind: str, watched: bool) -> None:
    await house.apply(NIGHTLY)
    del house.cluster.objects[(kind, "default", "night--nightly")]
    await (house.sync() if watched else house.start())
    assert house.cluster.names(kind) == ["night--nightly"]
    assert len(house.helm.calls) == 2


async def test_the_cron_jobs_own_notes_are_nothing_to_mend(house: House) -> None:
    await house.apply(NIGHTLY)
    found = house.cluster.objects[CRON]
    house.cluster.put({**found, "status": {"lastScheduleTime": "2026-01-02T03:00:00Z", "active": [{"name": "j"}]}})
    await house.sync()
    assert len(house.helm.calls) == 1


async def test_each_node_has_a_schedule_and_a_history_of_its_own(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply({**NIGHTLY, "target": {"nodes": {}}})
    assert len(house.cluster.names("CronJob")) == 2
    await house.end(await house.tick("nightly", "a"), "disk fail 99%\n")
    row = house.row("nightly")
    assert (row["state"], row["verdict"]) == ("finished", "fail")
    assert house.on("nightly", "b")["reason"] == "Scheduled"
    await house.end(await house.tick("nightly", "b"))
    await house.end(await house.tick("nightly", "a"))
    assert house.row("nightly")["verdict"] == "success"
    await house.nodes(node("a"), node("b"), node("c"))
    assert len(house.cluster.names("CronJob")) == 3
    await house.nodes(node("a"))
    assert len(house.cluster.names("CronJob")) == 1


async def test_a_schedule_taken_away_runs_the_task_once_and_given_back_keeps_on(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.end(await house.tick("nightly"))
    once = {name: value for name, value in NIGHTLY.items() if name not in ("schedule", "timeZone")}
    await house.apply(once)
    assert house.cluster.names("CronJob") == []
    await house.finish("nightly")
    assert house.row("nightly")["verdict"] == "success"
    assert "schedule" not in house.row("nightly")
    await house.apply(NIGHTLY)
    assert house.cluster.names("CronJob") == ["night--nightly"]
    assert house.open_jobs() == []


async def test_deleting_takes_schedules_and_what_they_made(house: House) -> None:
    await house.nodes(node("a"))
    await house.apply(NIGHTLY, modern("nodes", schedule="@daily", target={"nodes": {}}))
    await house.tick("nightly")
    await house.delete()
    assert {kind for kind, _, _ in house.cluster.objects} - {"Event"} == {"Namespace", "Node"}
