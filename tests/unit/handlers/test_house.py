"""From an Inspect to results and back to nothing, through all rooms."""

import time
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original
from tests.unit.handlers.conftest import House

from inspect_operator import errors

DISK, NET = modern("disk", script="df"), modern("net", image="ping:1")
REMOTE = {"ip": "10.0.0.1", "user": "root", "password": "canary-4711"}


async def test_an_inspect_becomes_releases_runs_and_results(house: House) -> None:
    await house.apply(DISK, NET)
    assert sorted(house.helm.calls) == [
        ("upgrade", "night--disk", "installed for generation 1"),
        ("upgrade", "night--net", "installed for generation 1"),
    ]
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
    assert house.condition("Finished")[0] == "False"
    assert house.condition("Succeeded")[0] == "Unknown"
    await house.finish("disk")
    await house.finish("net", "caseName:a, result:fail, resultDesc:b\n")
    assert house.condition("Finished") == ("True", "RunsFinished")
    assert house.condition("Succeeded") == ("False", "TasksFailed")
    assert (house.row("disk")["verdict"], house.row("net")["verdict"]) == ("success", "fail")
    assert [reason for reason, _ in house.events] == ["ReleasesDeployed", "RunPassed", "RunFailed"]


async def test_the_finalizer_stands_before_the_first_install(house: House) -> None:
    seen: list[object] = []
    inspect = ("Inspect", "default", "night")
    house.helm.before = lambda _: seen.append(house.cluster.objects[inspect]["metadata"].get("finalizers"))
    await house.apply(DISK)
    assert seen == [["api.practice.com/uninstall-releases"]]


async def test_a_new_generation_is_unknown_from_the_first_write_and_never_passed_too_early(house: House) -> None:
    """`kubectl wait --for=condition=Finished` right after an edit must not see the run before."""
    await house.apply(DISK)
    await house.finish("disk")
    assert house.condition("Finished")[0] == house.condition("Succeeded")[0] == "True"
    written: list[dict[str, str]] = []
    apply_status = house.cluster.apply_status

    async def watch(*args: Any) -> Any:
        written.append(
            {one["type"]: f"{one['status']} {one['observedGeneration']}" for one in args[3]["status"]["conditions"]}
        )
        return await apply_status(*args)

    house.cluster.apply_status = watch  # type: ignore[method-assign, assignment]
    await house.apply(modern("disk", script="other"))
    assert written[0] == dict.fromkeys(("Ready", "Finished", "Succeeded"), "Unknown 2")
    assert written[-1] == {"Ready": "True 2", "Finished": "False 2", "Succeeded": "Unknown 2"}
    assert not [one for one in written if "True 2" in (one["Finished"], one["Succeeded"])]


EVERYTHING = (
    DISK,
    NET,
    original("hosts", type="script", script="1", script_location="remote", remote_ips=[REMOTE]),
    modern("nodes", target={"nodes": {}}),
    modern("nightly", schedule="@daily"),
    modern("after", dependsOn=["disk"]),
    modern("later", suspend=True),
)


@pytest.mark.parametrize("finished", [True, False])
async def test_a_restart_with_nothing_new_writes_nothing_and_calls_no_helm(house: House, finished: bool) -> None:
    await house.nodes(builders.node("a"), builders.node("b", ready=False))
    await house.apply(*EVERYTHING)
    await house.tick("nightly")
    if finished:
        while jobs := house.open_jobs():
            await house.end(jobs[0])
        assert [row["state"] for row in house.status()["results"]] == ["finished"] * 6 + ["waiting"]
    house.helm.calls.clear()
    house.cluster.requests.clear()
    house.forget_events()
    await house.start()
    assert (house.helm.calls, house.writes(), house.events) == ([], [], [])


async def test_an_edit_of_one_task_upgrades_its_release_alone(house: House) -> None:
    await house.apply(DISK, NET)
    before = house.uid("disk"), house.uid("net")
    house.helm.calls.clear()
    await house.apply(modern("disk", script="df -h"), NET)
    assert house.helm.calls == [("upgrade", "night--disk", "task changed in generation 2")]
    assert house.uid("disk") != before[0]
    assert house.uid("net") == before[1]
    assert len(house.cluster.names("Job")) == 2


@pytest.mark.parametrize("edit", [{"timeout": "1h"}, {"retries": 3}, {"resources": {"limits": {"cpu": "1"}}}])
async def test_an_edit_of_how_a_task_is_run_runs_nothing(house: House, edit: builders.Object) -> None:
    await house.apply(DISK)
    await house.finish("disk")
    house.helm.calls.clear()
    await house.apply({**DISK, **edit})
    assert house.helm.calls == []
    assert house.status()["observedGeneration"] == 2
    assert house.condition("Succeeded") == ("True", "TasksPassed")


async def test_a_script_changed_back_runs_once_more(house: House) -> None:
    await house.apply(DISK)
    first = house.uid("disk")
    await house.apply(modern("disk", script="other"))
    await house.apply(DISK)
    assert house.uid("disk") != first
    assert len(house.cluster.names("Job")) == 1


async def test_restart_true_runs_with_every_generation(house: House) -> None:
    again = modern("again", script="date", restart=True)
    await house.apply(again, DISK)
    uid, other = house.uid("again"), house.uid("disk")
    await house.apply(again, DISK, NET)
    assert house.uid("again") != uid
    assert house.uid("disk") == other
    uid = house.uid("again")
    await house.apply(modern("again", script="date"), DISK, NET)
    assert house.uid("again") == uid


async def test_a_run_replaced_while_it_runs_is_told(house: House) -> None:
    await house.apply(DISK)
    await house.apply(modern("disk", script="other"))
    assert ("RunSuperseded", "disk: the run before was replaced before it ended") in house.events


async def test_a_task_taken_out_is_uninstalled(house: House) -> None:
    await house.apply(DISK, NET)
    await house.apply(NET)
    assert house.helm.calls[-1] == ("uninstall", "night--disk", None)
    assert [row["task_name"] for row in house.status()["results"]] == ["net"]
    assert all("night--net" in name for name in house.cluster.names("Job"))


async def test_deleting_takes_everything(house: House) -> None:
    await house.apply(DISK, NET)
    await house.apply(NET, modern("new"))
    await house.finish("net")
    await house.delete()
    assert {kind for kind, _, _ in house.cluster.objects} <= {"Namespace", "Pod", "Event"}


async def test_a_deletion_while_the_operator_was_down_is_made_good(house: House) -> None:
    await house.apply(DISK)
    found = house.cluster.objects[("Inspect", "default", "night")]
    house.cluster.put({**found, "metadata": {**found["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
    await house.start()
    assert {kind for kind, _, _ in house.cluster.objects} - {"Event"} == {"Namespace"}


@pytest.mark.parametrize("gone", [True, False])
async def test_with_its_namespace_an_inspect_goes_without_helm(house: House, gone: bool) -> None:
    await house.apply(DISK)
    house.helm.calls.clear()
    if gone:
        del house.cluster.objects[("Namespace", "", "default")]
    else:
        metadata = {"name": "default", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["kubernetes"]}
        house.cluster.put({"kind": "Namespace", "metadata": metadata})
    await house.delete()
    assert house.helm.calls == []
    assert house.cluster.names("Inspect") == []


async def test_a_deletion_that_fails_is_tried_again_and_says_why(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.apply(DISK)
    failure: errors.InspectError | None = errors.ReleaseUnavailable("the API server is away")

    def fail(_: str) -> None:
        if failure:
            raise failure

    house.helm.before = fail
    await house.delete()
    assert house.cluster.names("Inspect") == ["night"]
    assert house.condition("Ready") == ("False", "ReleaseUnavailable")
    failure = None
    await house.wake()
    assert house.cluster.names("Inspect") == ["night"]  # not before its time
    later = time.monotonic() + 2.0
    monkeypatch.setattr(time, "monotonic", lambda: later)
    await house.wake()
    assert house.cluster.names("Inspect") == []


async def test_an_invalid_spec_is_told_and_touches_nothing(house: House) -> None:
    await house.apply(DISK)
    house.helm.calls.clear()
    await house.apply(modern("disk", script="df", image="both"))
    assert house.condition("Ready") == ("False", "SpecInvalid")
    assert "exactly one of script, scriptFrom, image, check" in house.status()["conditions"][0]["message"]
    assert house.helm.calls == []
    assert house.events[-1][0] == "SpecInvalid"
    await house.apply(DISK)
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


async def test_a_poisoned_object_does_not_stop_others(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.cluster.put({**builders.body(name="poison", uid="u"), "spec": {"tasks": 7}})
    await house.apply(DISK, name="good")
    assert house.condition("Ready", "good") == ("True", "ReleasesDeployed")
    assert house.condition("Ready", "poison") == ("False", "SpecInvalid")


async def test_a_task_that_is_held_back_gets_a_row_and_no_finalizer(house: House) -> None:
    await house.apply(modern("later", suspend=True))
    row = house.row("later")
    assert (row["state"], row["reason"]) == ("waiting", "Suspended")
    assert house.condition("Finished") == ("False", "Waiting")
    assert "finalizers" not in house.cluster.objects[("Inspect", "default", "night")]["metadata"]
    assert house.helm.calls == []
