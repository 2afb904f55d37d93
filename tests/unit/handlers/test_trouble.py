"""Releases of others, failures and losses: what is told, what is tried again, what heals by itself."""

import datetime
from collections.abc import Callable

import pytest
from tests.unit import builders, helm_in_memory
from tests.unit.builders import modern
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.handlers import queue, runs

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

DISK, NET = modern("disk", script="df"), modern("net", image="ping:1")
WANT = builders.want(DISK)
REJECTED = errors.ReleaseRejected("field is immutable")
UNAVAILABLE = errors.ReleaseUnavailable("connection refused")


def _failing(house: House, release: str, error: errors.InspectError) -> Callable[[], None]:
    """Lets helm fail for one release; the answer mends it."""
    state: list[errors.InspectError] = [error]

    def fail(_: str) -> None:
        if state and house.helm.calls[-1][1] == release:
            raise state[0]

    house.helm.before = fail
    return state.clear


@pytest.fixture
def _retries_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 0.0)


async def test_a_failure_of_one_task_leaves_the_others_alone(house: House) -> None:
    _failing(house, "night--disk", REJECTED)
    await house.apply(DISK, NET)
    assert house.condition("Ready") == ("False", "ReleaseRejected")
    assert (house.row("disk")["state"], house.row("disk")["reason"]) == ("waiting", "ReleaseRejected")
    assert house.row("net")["job"] in house.cluster.names("Job")


async def test_what_was_rejected_is_not_tried_again_until_it_changes(house: House) -> None:
    _failing(house, "night--disk", REJECTED)
    await house.apply(DISK)
    calls = len(house.helm.calls)
    for _ in range(3):
        await house.wake()
    assert len(house.helm.calls) == calls == 1
    await house.apply(modern("disk", script="other"))
    assert len(house.helm.calls) == 2


@pytest.mark.usefixtures("_retries_are_due")
async def test_what_was_unavailable_is_tried_again_and_heals(house: House) -> None:
    mend = _failing(house, "night--disk", UNAVAILABLE)
    await house.apply(DISK)
    await house.wake()
    assert len(house.helm.calls) >= 2
    mend()
    await house.wake()
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
    calls = len(house.helm.calls)
    await house.wake()
    assert len(house.helm.calls) == calls


async def test_a_step_that_worked_although_it_seemed_to_fail_heals_by_itself(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release was stored, but reading that failed: nothing is left to do, and nothing must be told for ever."""
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 0.05)

    def lose(_: str) -> None:
        house.cluster.failing[("list", "Secret")] = errors.ClusterUnavailable("503")

    house.helm.before = lose
    await house.apply(DISK)
    assert house.condition("Ready") == ("False", "ClusterUnavailable")
    await house.cluster.pause(0.06)
    await house.wake()
    assert len(house.helm.calls) == 1
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
    assert house.operator._converges._entries == {}, "no retry is due"


async def test_a_bug_in_one_step_does_not_run_into_the_next_pass(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Two helm for one release at once is what must never be."""
    running: list[str] = []
    together: list[int] = []
    upgrade = house.helm.upgrade

    async def slow(release: str, *args: object, **rest: object) -> None:
        if release == "night--disk":
            raise RuntimeError("a bug")
        running.append(release)
        together.append(len(running))
        await house.cluster.pause()
        await upgrade(release, *args, **rest)  # type: ignore[arg-type]
        running.remove(release)

    house.helm.upgrade = slow  # type: ignore[method-assign]
    await house.apply(DISK, NET)
    await house.wake()
    assert together == [1]
    assert "RuntimeError: a bug" in caplog.text


@pytest.mark.parametrize("owner", ["", "uid-of-other"])
async def test_a_release_of_somebody_else_is_told_and_not_touched(house: House, owner: str) -> None:
    house.cluster.put({**builders.body(name="other", uid="uid-of-other"), "spec": {"tasks": "not understood"}})
    labels = helm_in_memory.labels(WANT, owner) if owner else {}
    theirs = house.cluster.put(helm_in_memory.secret("night--disk", labels=labels))
    await house.apply(DISK)
    assert house.row("disk")["reason"] == "ReleaseNotOwned"
    assert house.condition("Ready") == ("False", "ReleaseNotOwned")
    await house.delete()
    assert house.cluster.objects[("Secret", "default", theirs["metadata"]["name"])] == theirs
    assert house.cluster.names("Inspect") == ["other"]
    assert [call for call in house.helm.calls if call[1] == "night--disk"] == []


async def test_a_release_whose_inspect_is_gone_is_adopted_without_running_again(house: House) -> None:
    helm_in_memory.released(house.cluster, (WANT, "deployed"), objects=helm_in_memory.objects, owner_uid="uid-gone")
    for item in helm_in_memory.objects(WANT):
        house.cluster.put({**item, "metadata": {**item["metadata"], "namespace": "default", "uid": item["kind"]}})
    await house.apply(DISK)
    assert house.helm.calls == [("upgrade", "night--disk", "adopted from an object that is gone (uid uid-gone)")]
    assert house.uid("disk") == "Job"
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


async def test_a_pending_release_of_the_time_before_is_repaired_at_start(house: House) -> None:
    helm_in_memory.released(house.cluster, (WANT, "pending-install"), objects=lambda _: [], owner_uid="uid-of-night")
    await house.apply(DISK)
    assert house.helm.calls == [("upgrade", "night--disk", "revision 1 was interrupted (pending-install)")]
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


async def test_while_somebodys_helm_is_at_work_the_release_is_not_ready(house: House) -> None:
    made = helm_in_memory.secret(
        "night--disk", 1, "pending-install", labels=helm_in_memory.labels(WANT, "uid-of-night")
    )
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    made["metadata"]["labels"]["modifiedAt"] = str(round(soon.timestamp()))
    house.cluster.put(made)
    await house.apply(DISK)
    assert house.helm.calls == []
    assert house.condition("Ready")[0] != "True"


async def test_a_lost_config_map_is_made_again_and_the_job_goes_on(house: House) -> None:
    await house.apply(DISK)
    uid = house.uid("disk")
    del house.cluster.objects[("ConfigMap", "default", builders.job(WANT))]
    await house.sync()
    assert house.helm.calls[-1] == ("upgrade", "night--disk", "an object of the release was lost")
    assert house.cluster.names("ConfigMap") == [builders.job(WANT)]
    assert (house.uid("disk"), len(house.helm.calls)) == (uid, 2)


async def test_a_config_map_lost_while_nobody_watched_is_made_again(house: House) -> None:
    await house.apply(DISK, NET)
    del house.cluster.objects[("ConfigMap", "default", builders.job(WANT))]
    await house.start()
    assert house.helm.calls[2:] == [("upgrade", "night--disk", "an object of the release was lost")]
    assert house.cluster.names("ConfigMap") == [builders.job(WANT)]


async def test_a_finished_job_that_somebody_deleted_keeps_its_result_and_is_not_made_again(house: House) -> None:
    await house.apply(DISK)
    await house.finish("disk")
    before = house.status()
    del house.cluster.objects[("Job", "default", builders.job(WANT))]
    await house.sync()
    await house.start()
    assert house.status() == before
    assert len(house.helm.calls) == 1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("patience", [0.0, 0.02])
async def test_a_job_deleted_before_its_end_is_unknown_and_stays_so(
    house: House, known: bool, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not the operator had told of that Job before."""
    monkeypatch.setattr(runs, "UNSEEN_SECONDS", patience)
    if not known:
        house.helm.before = lambda _: None
        helm_in_memory.released(house.cluster, (WANT, "deployed"), objects=lambda _: [], owner_uid="uid-of-night")
        house.cluster.put({"kind": "ConfigMap", "metadata": {"name": builders.job(WANT), "namespace": "default",
                                                             "labels": {"taskType": "inspect"}}})  # fmt: skip
        await house.start()
    await house.apply(DISK)
    house.cluster.objects.pop(("Job", "default", builders.job(WANT)), None)
    await house.sync()
    seen = []
    for _ in range(4):
        await house.cluster.pause(patience * 1.5)
        house.operator._reports.wake(("default", "night"))
        await house.sync()
        seen.append((house.row("disk")["state"], house.row("disk").get("reason")))
    assert seen[1:] == [("finished", "JobDeleted")] * 3
    assert len(house.helm.calls) == (1 if known else 0)
    await house.operator.close()
