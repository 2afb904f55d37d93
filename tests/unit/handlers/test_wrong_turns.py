"""What once went wrong between two passes: each test is named after what people would have seen."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, node, original
from tests.unit.handlers.conftest import House

from inspect_operator import errors

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

NIGHTLY = "0 3 * * *"


async def _limited(house: House, most: int) -> None:
    house.configured = dataclasses.replace(house.configured, active_runs=most, active_runs_per_namespace=most)
    await house.start()


async def test_a_job_that_the_watch_has_not_told_of_is_not_taken_back(house: House) -> None:
    await _limited(house, 2)
    await house.nodes(node("a"), node("b"))
    await house.apply(
        modern("t0", script="x"), modern("t1", script="y", dependsOn=["t0"]), modern("t2", target={"nodes": {}})
    )
    await house.finish("t0")
    for _ in range(4):
        for job in house.open_jobs():
            await house.end(job)
        await house.wake()
    assert house.row("t2")["message"] == "2 of 2 nodes passed"
    assert house.row("t1")["verdict"] == "success"


async def test_the_slots_of_an_object_that_was_deleted_meanwhile_are_free_again(house: House) -> None:
    await _limited(house, 5)

    def delete(verb: str) -> None:
        found = house.cluster.objects.get(("Inspect", "default", "night"))
        if verb == "upgrade" and found is not None and "deletionTimestamp" not in found["metadata"]:
            house.cluster.put({**found, "metadata": {**found["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
            body = house.cluster.objects[("Inspect", "default", "night")]
            house.operator._memory.notice_inspect(dict(body, metadata=dict(body["metadata"])), False)

    house.helm.before = delete
    tasks = [modern(f"t{number}") for number in range(5)]
    await house.apply(*tasks)
    await house.wake()
    assert house.cluster.names("Inspect") == []
    await house.apply(*tasks, name="other")
    assert len(house.open_jobs("", name="other")) == 5


async def test_a_run_asked_for_whose_job_was_deleted_holds_no_slot_and_upgrades_nothing(house: House) -> None:
    await _limited(house, 1)
    await house.apply(modern("disk", schedule=NIGHTLY))
    await house.ask("1")
    (job,) = house.cluster.names("Job")
    await house.finish("disk")
    await house.end(await house.tick("disk"))
    del house.cluster.objects[("Job", "default", job)]
    await house.sync()
    await house.start()
    calls = len(house.helm.calls)
    for number in range(3):
        await house.apply(modern("other"), name=f"o{number}")
        await house.wake()
        (made,) = house.open_jobs("other", name=f"o{number}")
        await house.end(made)
        await house.wake()
    assert [call for call in house.helm.calls[calls:] if call[1] == "night--disk"] == []


async def test_a_schedule_that_moves_to_the_nodes_starts_nothing(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(modern("disk", schedule=NIGHTLY))
    await house.ask("1")
    await house.finish("disk")
    await house.apply(modern("disk", schedule=NIGHTLY, target={"nodes": {}}))
    assert house.open_jobs("disk") == []
    assert len(house.cluster.names("CronJob")) == 2


async def test_a_request_that_waits_for_a_slot_is_not_told_as_a_node(house: House) -> None:
    await _limited(house, 1)
    await house.nodes(node("a"), node("b"))
    await house.apply(modern("first"), name="other")
    await house.apply(modern("disk", schedule=NIGHTLY, target={"nodes": {}}))
    await house.ask("1")
    assert [target["target"] for target in house.row("disk")["targets"]] == ["a", "b"]


async def test_a_request_is_done_though_a_sibling_had_the_slot_first(house: House) -> None:
    await _limited(house, 1)
    await house.apply(modern("x"), modern("y"), suspend=True)
    await house.ask("1")
    await house.finish("x")
    await house.wake()
    assert len(house.cluster.names("Job")) == 2


async def test_a_request_is_done_though_helm_failed_for_one_task(house: House) -> None:
    failed: list[str] = []

    def fail(verb: str) -> None:
        if verb == "upgrade" and house.helm.calls[-1][1] == "night--y" and not failed:
            failed.append("y")
            raise errors.ReleaseUnavailable("hiccup")

    house.helm.before = fail
    made = builders.body(modern("x", schedule=NIGHTLY), modern("y", schedule=NIGHTLY), uid="uid-of-night")
    made["metadata"]["annotations"] = {"api.practice.com/run-requested-at": "1"}
    house.cluster.put(made)
    await house.sync()
    await house.start()
    await house.wake()
    assert failed
    assert len(house.cluster.names("Job")) == 2


async def test_a_request_is_tried_although_the_content_was_rejected(house: House) -> None:
    refused: list[str] = []

    def refuse(verb: str) -> None:
        if not refused:
            refused.append(verb)
            raise errors.ReleaseRejected("by an admission webhook")

    house.helm.before = refuse
    await house.apply(modern("disk"))
    assert house.cluster.names("Job") == []
    await house.ask("1")
    assert len(house.cluster.names("Job")) == 1


async def test_a_request_for_a_task_that_was_removed_since_is_no_mistake(house: House) -> None:
    await house.apply(modern("a"), modern("b"))
    await house.ask("1 for b")
    for job in house.open_jobs():
        await house.end(job)
    await house.apply(modern("a", script="edited"))
    assert house.condition("Ready") == ("True", "ReleasesDeployed")
    await house.start()
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


async def test_a_request_goes_on_when_a_run_of_the_schedule_that_hung_is_over(house: House) -> None:
    await house.apply(modern("img", image="nope", schedule=NIGHTLY))
    name = await house.tick("img")
    job = house.cluster.objects[("Job", "default", name)]
    waiting = {"name": "inspect", "state": {"waiting": {"reason": "ErrImageNeverPull", "message": "x"}}}
    metadata: dict[str, Any] = {"name": f"{name}-pod", "namespace": "default", "uid": "pod"}
    metadata |= {"labels": job["metadata"]["labels"], "ownerReferences": [{"uid": job["metadata"]["uid"]}]}
    status = {"phase": "Pending", "containerStatuses": [waiting]}
    house.cluster.put({"kind": "Pod", "metadata": metadata, "status": status})
    await house.sync()
    await house.ask("1")
    assert house.cluster.names("Job") == [name]
    del house.cluster.objects[("Pod", "default", f"{name}-pod")]
    moment = "2026-01-02T03:14:05Z"
    failed = {"type": "Failed", "status": "True", "lastTransitionTime": moment, "reason": "DeadlineExceeded"}
    house.cluster.put({**job, "status": {"startTime": moment, "conditions": [failed]}})
    await house.sync()
    assert len(house.cluster.names("Job")) == 2


async def test_a_schedule_ends_when_the_task_is_suspended_or_waits_in_its_place(house: House) -> None:
    await house.apply(modern("a"), modern("b", schedule=NIGHTLY), modern("c", schedule=NIGHTLY))
    await house.apply(modern("a"), modern("b", suspend=True), modern("c", dependsOn=["a"]))
    await house.finish("a", "a fail x\n", 1)
    assert house.cluster.names("CronJob") == []
    assert house.row("b")["reason"] == "Suspended"
    assert house.row("c")["reason"] == "DependencyFailed"


async def test_an_old_failure_does_not_come_back_with_a_restart(house: House) -> None:
    """CronJobs keep failed Jobs longer than those that passed."""
    await house.apply(modern("disk", schedule=NIGHTLY))
    await house.end(await house.tick("disk"), "disk fail 99%\n", 1)
    assert house.row("disk")["verdict"] == "fail"
    good: list[str] = []
    for _ in range(13):
        good.append(await house.tick("disk"))
        await house.end(good[-1])
        if len(good) > 3:
            del house.cluster.objects[("Job", "default", good[-4])]
            await house.sync()
    await house.start()
    await house.report()
    assert (house.row("disk")["verdict"], house.row("disk")["job"]) == ("success", good[-1])


async def test_a_password_goes_with_the_hosts(house: House) -> None:
    hosts = [{"ip": "1.2.3.4", "user": "u", "password": "p"}]
    await house.apply(original("ssh", type="script", script="df", script_location="remote", remote_ips=hosts))
    assert "night--ssh-ssh" in house.cluster.names("Secret")
    await house.apply(original("ssh", type="script", script="df", script_location="local"))
    assert "night--ssh-ssh" not in house.cluster.names("Secret")


async def test_a_job_deleted_while_the_queue_is_full_is_told_once_and_upgrades_nothing(house: House) -> None:
    await _limited(house, 1)
    await house.nodes(node("a"), node("b"))
    await house.apply(modern("t", target={"nodes": {}}))
    (job,) = house.open_jobs()
    await house.apply(modern("t"), name="other")  # takes the slot as soon as it is free
    calls = len(house.helm.calls)
    del house.cluster.objects[("Job", "default", job)]
    await house.sync()
    assert house.on("t", "a")["reason"] == "JobDeleted"
    assert len(house.helm.calls) <= calls + 2
    for _ in range(2):
        (job,) = house.open_jobs()
        await house.end(job)
    assert house.open_jobs() == []
    assert house.on("t", "a")["reason"] == "JobDeleted", "it had its turn"
    assert house.on("t", "b")["verdict"] == house.row("t", "other")["verdict"] == "success"


async def test_an_uninstall_that_fails_gives_away_no_slot_of_another_task(house: House) -> None:
    await _limited(house, 1)
    await house.apply(modern("t0", script="x"), modern("gone", schedule=NIGHTLY))
    await house.apply(modern("t"), name="other")

    def fail(verb: str) -> None:
        if verb == "uninstall":
            raise errors.ReleaseUnavailable("hiccup")

    house.helm.before = fail
    await house.apply(modern("t0", script="y"))  # its run waits, and a release that should go stays
    for job in house.open_jobs():
        await house.end(job)
        assert len(house.open_jobs()) <= 1
    assert len(house.open_jobs()) == 1
