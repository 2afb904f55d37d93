"""Accounts and profiles: only those that an administrator gave to the namespace, and a word on who that is."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory
from tests.unit.builders import modern
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.handlers import permission, queue

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

WIDE = modern("pods", check="pods-well", parameters={"allNamespaces": True})
LABEL = "api.practice.com/inspect-tasks"


def _account(name: str, **labels: str) -> Any:
    return {"kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default", "labels": labels}}


@pytest.mark.parametrize("written", [modern(), modern(image="try:1"), modern(check="pods-well")])
async def test_a_task_without_an_account_or_with_its_own_needs_none(written: builders.Object) -> None:
    cluster = cluster_in_memory.Cluster()
    await permission.Permissions(cluster).check(builders.task(written), "default", now=True)
    assert cluster.requests == []


@pytest.mark.parametrize(
    ("written", "name", "label", "other"),
    [
        (modern(serviceAccountName="auditor"), "auditor", "allowed", "checks"),
        (modern(check="pods-well", serviceAccountName="auditor"), "auditor", "allowed", "checks"),
        # What the chart makes for a check is for no other task, whatever name it gives.
        (modern(serviceAccountName="inspect-check-pods-well"), "inspect-check-pods-well", "allowed", "checks"),
        (modern(check="everywhere"), "inspect-check-everywhere", "checks", "allowed"),
        (WIDE, "inspect-check-pods-well", "checks", "allowed"),
    ],
)
async def test_an_account_has_to_be_there_and_labelled_for_this(
    written: builders.Object, name: str, label: str, other: str
) -> None:
    task = builders.task(written)
    for cluster in (
        cluster_in_memory.Cluster(),
        cluster_in_memory.Cluster(_account(name)),
        cluster_in_memory.Cluster(_account(name, **{LABEL: other})),
    ):
        with pytest.raises(errors.NotAllowed, match=f"{name}.*an administrator"):
            await permission.Permissions(cluster).check(task, "default", now=True)
    allowing = cluster_in_memory.Cluster(_account(name, **{LABEL: label}))
    await permission.Permissions(allowing).check(task, "default", now=True)


async def test_the_account_of_another_namespace_does_not_count() -> None:
    cluster = cluster_in_memory.Cluster(_account("auditor", **{LABEL: "allowed"}))
    with pytest.raises(errors.NotAllowed):
        await permission.Permissions(cluster).check(
            builders.task(modern(serviceAccountName="auditor")), "other", now=True
        )


async def test_it_is_told_and_heals_once_it_is_allowed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 0.0)
    await house.apply(modern(serviceAccountName="auditor"), modern("other"))
    assert (house.row("disk")["state"], house.row("disk")["reason"]) == ("waiting", "NotAllowed")
    assert house.condition("Ready") == ("False", "NotAllowed")
    assert len(house.open_jobs()) == 1
    house.cluster.put(_account("auditor", **{LABEL: "allowed"}))
    await house.wake()
    assert len(house.open_jobs()) == 2
    assert house.condition("Ready")[0] == "True"


async def test_a_schedule_ends_when_its_account_is_taken_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permission, "YES_SECONDS", 0.0)
    monkeypatch.setattr(permission, "NO_SECONDS", 0.0)
    house.cluster.put(_account("auditor", **{LABEL: "allowed"}))
    await house.apply(modern(serviceAccountName="auditor", schedule="@daily"), modern("other"))
    assert house.cluster.names("CronJob") == ["night--disk"]
    house.cluster.put(_account("auditor"))
    await house.wake()
    assert house.cluster.names("CronJob") == []
    assert (house.row("disk")["state"], house.row("disk")["reason"]) == ("waiting", "NotAllowed")
    assert len(house.open_jobs("other")) == 1
    house.cluster.put(_account("auditor", **{LABEL: "allowed"}))
    await house.wake()
    assert house.cluster.names("CronJob") == ["night--disk"]


async def test_answers_are_remembered_where_no_run_begins() -> None:
    cluster = cluster_in_memory.Cluster(_account("auditor", **{LABEL: "allowed"}))
    permissions, task = permission.Permissions(cluster), builders.task(modern(serviceAccountName="auditor"))
    for now in (False, False, True, False):
        await permissions.check(task, "default", now=now)
    assert len(cluster.requests) == 2


async def test_a_check_of_its_own_namespace_brings_its_account(house: House) -> None:
    house.checks = dict(builders.CHECKS)
    await house.start()
    await house.apply(modern("pods", check="pods-well"))
    assert house.cluster.names("ServiceAccount") == house.cluster.names("RoleBinding") == ["night--pods"]
    binding = house.cluster.objects[("RoleBinding", "default", "night--pods")]
    assert binding["roleRef"]["name"] == "inspect-check-pods-well"
    del house.cluster.objects[("RoleBinding", "default", "night--pods")]
    await house.sync()
    assert house.cluster.names("RoleBinding") == ["night--pods"]
    assert len(house.cluster.names("Job")) == 1
    await house.delete()
    assert house.cluster.names("ServiceAccount") == house.cluster.names("RoleBinding") == []


@pytest.mark.parametrize(
    ("profiles", "allowed"), [((), False), (("node=other",), False), (("node=default",), True), (("node=*",), True)]
)
async def test_a_profile_is_for_the_namespaces_it_was_given_to(
    house: House, profiles: tuple[str, ...], allowed: bool
) -> None:
    house.configured = dataclasses.replace(house.configured, profiles=profiles)
    await house.start()
    await house.apply(modern(profile="node"), modern("other"))
    assert len(house.open_jobs("disk")) == allowed
    assert len(house.open_jobs("other")) == 1
    if not allowed:
        assert house.condition("Ready") == ("False", "NotAllowed")
        assert "profiles.node" in house.row("disk")["message"]
