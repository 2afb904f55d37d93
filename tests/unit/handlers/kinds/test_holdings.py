"""What a release holds: shown, and put right where somebody changed it."""

import copy
from typing import Any

import pytest
from tests.unit.handlers.kinds import conftest
from tests.unit.handlers.kinds.conftest import Land

from inspect_operator import errors
from inspect_operator.cluster import resources

JOB: dict[str, Any] = {
    "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "RELEASE"},
    "spec": {"completions": 1, "suspend": True},
}  # fmt: skip


async def test_what_somebody_changed_is_put_right_without_a_revision(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    land.called()
    await land.edit("Deployment", replicas=0)
    deployment = land.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 2}
    assert deployment["metadata"]["annotations"]["meta.helm.sh/release-name"] == "shop"
    assert ("DriftRepaired", "Deployment shop was put right: spec") in land.events()
    await land.remove("Service")
    assert land.there("Service") is not None
    assert ("DriftRepaired", "Service shop was put right: it was deleted") in land.events()
    assert land.called() == []
    assert land.conditions()["Deployed"] == ("True", "InstallSuccessful")


async def test_fields_that_the_chart_does_not_set_are_everybodys(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    await land.edit("Deployment", paused=True)
    deployment = land.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 2, "paused": True}
    assert "DriftRepaired" not in dict(land.events())


async def test_a_job_is_never_put_right(land: Land) -> None:
    land.chart(JOB, conftest.SERVICE)
    await land.start()
    await land.apply()
    await land.edit("Job", completions=5)
    await land.remove("Service")
    assert land.there("Service") is not None, "what is no Job is, beside it"
    job = land.there("Job")
    assert job is not None
    assert job["spec"]["completions"] == 5
    await land.remove("Job")
    await land.remove("Service")
    assert land.there("Service") is not None
    assert land.there("Job") is None, "made again, it would run again"
    (shown,) = [one for one in land.status()["dependents"] if one["kind"] == "Job"]
    assert (shown["ready"], shown["message"]) == (False, "not there")


async def test_what_changes_again_at_once_is_left_alone(land: Land, caplog: pytest.LogCaptureFixture) -> None:
    """Such as the replicas of a workload that an autoscaler of its own sets: two must not write for ever."""
    await land.start()
    await land.apply(replicas=2)
    apply, applied = land.cluster.apply, []

    async def and_back(
        resource: resources.Resource, namespace: str, name: str, body: dict[str, Any], manager: str
    ) -> dict[str, Any]:
        made = await apply(resource, namespace, name, body, manager)
        applied.append(name)
        if made["kind"] == "Deployment":
            found = copy.deepcopy(land.cluster.objects[("Deployment", "default", "shop")])
            found["metadata"]["managedFields"][0]["fieldsV1"].pop("f:spec")
            land.cluster.put(found)
        return made

    land.cluster.apply = and_back  # type: ignore[method-assign]
    await land.edit("Deployment", replicas=0)
    assert applied == ["shop"]
    assert "field is left alone, it changes again at once: Deployment shop spec" in caplog.text
    await land.edit("Deployment", replicas=1)
    assert applied == ["shop"]
    await land.apply(replicas=3)
    await land.edit("Deployment", replicas=0)
    assert applied == ["shop", "shop"], "with a new revision it is tried once more"


async def test_what_can_not_be_put_right_is_named(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    land.cluster.failing[("apply", "Deployment")] = errors.ClusterForbidden("deployments is forbidden")
    await land.edit("Deployment", replicas=0)
    words = "Deployment shop was changed (spec) and can't be put right: deployments is forbidden"
    assert ("ReconcileError", words) in land.events()
    assert "Irreconcilable" not in land.conditions(), "it was tried again"


async def test_drift_while_the_operator_was_away_is_put_right(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    await land.stop()
    del land.cluster.objects[("Service", "default", "shop")]
    land.called()
    await land.start()
    assert land.there("Service") is not None
    assert land.called() == []


async def test_an_object_that_is_being_deleted_is_not_written(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    await land.edit("Deployment", replicas=2, finalizers="held")
    found = copy.deepcopy(land.cluster.objects[("Deployment", "default", "shop")])
    found["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "managedFields": []}
    land.cluster.put(found)
    land.cluster.requests.clear()
    await land.settled()
    assert ("apply", "Deployment", "shop") not in land.cluster.requests
