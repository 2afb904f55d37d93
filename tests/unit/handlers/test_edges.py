"""What comes at the wrong moment: objects that go, edits during a pass, watches that missed something, silent nodes."""

import asyncio
import math
import time
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory, helm_in_memory
from tests.unit.builders import modern
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.handlers import runs

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

DISK, NET = modern("disk", script="df"), modern("net", image="ping:1")
WANT = builders.want(DISK)


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Lets so much time go by, as far as pauses are concerned."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)


async def test_nothing_is_installed_for_an_object_that_is_gone(house: House) -> None:
    """Nobody would ever remove it."""
    await house.operator._on_inspect(event={"type": "MODIFIED", "object": builders.body(DISK)})
    await house.sync()
    assert house.helm.calls == []
    assert house.cluster.names("Secret") == []


async def test_nothing_is_written_to_another_object_that_took_its_place(house: House) -> None:
    """Deleted and made anew before our watch told of it."""
    anew = house.cluster.put(builders.body(DISK, uid="uid-of-the-new-one"))
    old = builders.body(DISK, uid="uid-of-the-old-one")
    old["metadata"]["resourceVersion"] = "0"
    house.operator._memory.notice_inspect(old, deleted=False)
    await house.operator._converges._work(("default", "night"))
    assert house.helm.calls == []
    assert house.cluster.objects[("Inspect", "default", "night")] == anew


async def test_the_runs_of_the_last_valid_spec_are_still_watched(house: House) -> None:
    await house.apply(DISK)
    await house.apply(modern("disk", script="df", image="both"))
    await house.finish("disk", exit_code=3)
    assert (house.row("disk")["verdict"], house.row("disk")["reason"]) == ("fail", "ExitCode")
    assert house.condition("Ready") == ("False", "SpecInvalid")


@pytest.mark.parametrize("edit", [{"timeout": "1h"}, {"script": "other"}])
async def test_what_was_rejected_is_tried_again_with_every_new_generation(house: House, edit: Any) -> None:
    error: list[errors.InspectError] = [errors.ReleaseRejected("exceeds a limit")]

    def reject(_: str) -> None:
        if error:
            raise error[0]

    house.helm.before = reject
    await house.apply(DISK)
    error.clear()
    await house.apply({**DISK, **edit})
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


@pytest.mark.parametrize("error", [errors.ReleaseRejected("is invalid"), errors.ReleaseUnavailable("away")])
async def test_a_deletion_is_tried_again_whatever_its_failure_says(
    house: House, error: errors.InspectError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No new generation comes that could end it."""
    await house.apply(DISK)
    failures = [error]

    def fail(_: str) -> None:
        if failures:
            raise failures.pop()

    house.helm.before = fail
    await house.delete()
    assert house.cluster.names("Inspect") == ["night"]
    _later(monkeypatch, 301)
    await house.wake()
    assert house.cluster.names("Inspect") == []


async def test_a_release_that_somebody_uninstalled_is_installed_again(house: House) -> None:
    await house.apply(DISK)
    await house.helm.uninstall("night--disk", "default", timeout_seconds=1)
    await house.sync()
    assert house.helm.calls[-1][:2] == ("upgrade", "night--disk")
    assert house.cluster.names("Job") == [builders.job(WANT)]
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


async def test_an_edit_during_a_pass_ends_what_it_made_pointless(house: House) -> None:
    tasks = [modern(f"t{number}", script="old") for number in range(6)]
    edited = [modern(f"t{number}", script="new") for number in range(6)]
    house.helm.before = _once(lambda: _edit(house, *edited))
    await house.apply(*tasks)
    await house.sync()
    old = {builders.job(builders.want(task)).rpartition("-")[2] for task in tasks}
    # Two steps run at a time; those that had not begun are left out.
    assert len([chart for chart in house.helm.charts if chart[0]["metadata"]["name"].rpartition("-")[2] in old]) <= 2
    assert {row["verdict"] if "verdict" in row else row["state"] for row in house.status()["results"]} == {"waiting"}
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
    assert house.status()["observedGeneration"] == 2


def _once(do: Any) -> Any:
    left = [do]

    def call(_: str) -> None:
        if left:
            left.pop()()

    return call


def _edit(house: House, *written: builders.Object) -> None:
    key = ("Inspect", "default", "night")
    found = house.cluster.objects[key]
    metadata = {**found["metadata"], "generation": found["metadata"]["generation"] + 1}
    told = house.cluster.put({**found, "metadata": metadata, "spec": {"tasks": list(written)}})
    house.operator._memory.notice_inspect(told, deleted=False)
    house.operator._converges.wake(("default", "night"))


async def test_a_script_changed_away_and_back_runs_again_though_the_status_could_not_be_written(house: House) -> None:
    """What the status still tells is of the run before."""
    await house.apply(DISK)
    await house.finish("disk")
    first = house.uid("disk")
    apply_status = house.cluster.apply_status

    async def away(*_: Any) -> Any:
        raise errors.ClusterUnavailable("503")

    house.cluster.apply_status = away  # type: ignore[method-assign, assignment]
    await house.apply(modern("disk", script="other"))
    await house.apply(DISK)
    house.cluster.apply_status = apply_status  # type: ignore[method-assign]
    await house.report()
    assert house.open_jobs("disk") == [house.row("disk")["job"]]
    assert house.uid("disk") != first


async def test_one_large_object_leaves_room_for_others(house: House) -> None:
    running: list[str] = []
    most: list[int] = []
    upgrade = house.helm.upgrade

    async def count(release: str, *args: Any, **rest: Any) -> None:
        running.append(release)
        most.append(len(running))
        while len(running) < 2 and len(most) < 9:  # noqa: ASYNC110  (the last one is alone)
            await asyncio.sleep(0.001)
        await upgrade(release, *args, **rest)
        running.remove(release)

    house.helm.upgrade = count  # type: ignore[method-assign]
    await house.apply(*(modern(f"t{number}") for number in range(9)))
    assert max(most) == 2, "half of the four that may run at once"
    assert len(house.helm.calls) == 9


async def test_a_job_whose_deletion_no_watch_told_is_missed_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as a watch is broken nothing tells of it."""
    await house.apply(DISK)
    del house.cluster.objects[("Job", "default", builders.job(WANT))]
    del house._told[("Job", "default", builders.job(WANT))]
    house.operator._reports.wake(("default", "night"))
    await house.sync()
    assert house.row("disk")["state"] == "waiting"
    monkeypatch.setattr(runs, "STILL_THERE_SECONDS", 0.0)
    for _ in range(2):
        house.operator._reports.wake(("default", "night"))
        await house.sync()
    assert (house.row("disk")["verdict"], house.row("disk")["reason"]) == ("unknown", "JobDeleted")


@pytest.mark.parametrize("answers", [True, False])
async def test_an_images_result_waits_for_its_log_but_not_for_ever(
    house: House, answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log is all that tells what it found; its node may be silent for a while."""
    monkeypatch.setattr(runs, "LOG_AGAIN_SECONDS", 1000.0)
    monkeypatch.setattr(runs, "LOG_TRIES", 10)
    log = house.cluster.log

    async def silent(*args: Any, **rest: Any) -> bytes:
        raise errors.ClusterUnavailable("the node does not answer")

    house.cluster.log = silent  # type: ignore[method-assign]
    await house.apply(NET)
    await house.finish("net", "caseName:a, result:fail, resultDesc:b\n")
    assert house.row("net")["state"] == "waiting"
    if answers:
        house.cluster.log = log  # type: ignore[method-assign]
    for _ in range(runs.LOG_TRIES):
        house.operator._reports.wake(("default", "night"))
        await house.sync()
    assert house.row("net")["state"] == "waiting", "tries are a matter of time, not of how often something happens"
    monotonic = time.monotonic
    for number in range(1, runs.LOG_TRIES + 1):
        monkeypatch.setattr(time, "monotonic", lambda passed=1001.0 * number: monotonic() + passed)
        house.operator._reports.wake(("default", "night"))
        await house.sync()
    ended = house.row("net")
    assert (ended["state"], ended["verdict"]) == ("finished", "fail" if answers else "unknown")
    assert answers or ended["reason"] == "LogLost"


async def test_a_lost_log_of_a_script_does_not_hide_its_result(house: House) -> None:
    await house.apply(DISK)
    house.cluster.failing[("log", "Pod")] = errors.ClusterUnavailable("the node does not answer")
    await house.finish("disk", "disk-usage fail 91%\n")
    assert (house.row("disk")["verdict"], house.row("disk")["reason"]) == ("fail", "Findings")


async def test_a_status_that_cannot_be_written_is_written_later(house: House) -> None:
    house.cluster.failing[("apply_status", "Inspect")] = errors.ClusterUnavailable("503")
    await house.apply(DISK)
    house.operator._reports.wake(("default", "night"))
    await house.sync()
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
    assert [reason for reason, _ in house.events].count("ReleasesDeployed") == 1


async def test_an_object_made_anew_under_the_same_name_begins_anew(house: House) -> None:
    """Its deletion was not seen: the operator was down, the finalizer was taken off by hand."""
    helm_in_memory.released(house.cluster, (WANT, "deployed"), objects=helm_in_memory.objects, owner_uid="uid-0")
    await house.apply(DISK)
    assert house.helm.calls[-1][2] == "adopted from an object that is gone (uid uid-0)"
    assert house.cluster.names("Job") == [builders.job(WANT)], "the new object has not run yet"


async def test_a_pause_without_end_is_no_timer(house: House) -> None:
    house.helm.before = _once(lambda: (_ for _ in ()).throw(errors.ReleaseRejected("no")))
    await house.apply(DISK)
    entries = house.operator._converges._entries.values()
    assert all(entry.timer is None or entry.timer.when() < math.inf for entry in entries)


def test_the_cluster_in_memory_selects_as_the_api_server_does() -> None:
    """What all of this leans on."""
    labels = {"a": "1", "b": "x"}
    chosen = {"": True, "a=1": True, "a=2": False, "a": True, "c": False, "a=1,b in (x,y)": True, "b in (y,z)": False}
    assert {selector: cluster_in_memory.selects(selector, labels) for selector in chosen} == chosen
