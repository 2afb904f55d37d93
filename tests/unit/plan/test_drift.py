"""What of a release's objects may not be changed behind our back, and what is others' affair."""

import copy
from typing import Any

import pytest

from inspect_operator.plan import drift

Object = dict[str, Any]

CONFIG_MAP: Object = {
    "kind": "ConfigMap", "metadata": {"name": "night--disk"}, "data": {"script": "true"}, "immutable": False,
}  # fmt: skip
CRON_JOB: Object = {
    "kind": "CronJob",
    "metadata": {"name": "night--disk"},
    "spec": {
        "schedule": "@daily", "timeZone": "Etc/UTC", "suspend": False, "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 300, "jobTemplate": {"spec": {"backoffLimit": 0}},
    },
}  # fmt: skip
ROLE_BINDING: Object = {
    "kind": "RoleBinding",
    "metadata": {"name": "night--disk"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "inspect-check-pods"},
    "subjects": [{"kind": "ServiceAccount", "name": "night--disk", "namespace": "default"}],
}
ACCOUNT: Object = {"kind": "ServiceAccount", "metadata": {"name": "night--disk"}}


def _changed(item: Object, path: str, value: Any) -> Object:
    made: Object = copy.deepcopy(item)
    *folders, last = path.split(".")
    place = made
    for folder in folders:
        place = place.setdefault(folder, {})
    place[last] = value
    return made


@pytest.mark.parametrize(
    ("item", "path", "value"),
    [
        (CONFIG_MAP, "data.script", "reboot"),
        (CONFIG_MAP, "data.more", ""),
        (CONFIG_MAP, "data", None),
        (CONFIG_MAP, "binaryData.script", "dHJ1ZQ=="),
        (CRON_JOB, "spec.schedule", "@hourly"),
        (CRON_JOB, "spec.timeZone", "Asia/Shanghai"),
        (CRON_JOB, "spec.suspend", True),
        (CRON_JOB, "spec.concurrencyPolicy", "Allow"),
        (CRON_JOB, "spec.startingDeadlineSeconds", 1),
        (CRON_JOB, "spec", {}),
        (ROLE_BINDING, "subjects", []),
        (ROLE_BINDING, "subjects", [*ROLE_BINDING["subjects"], {"kind": "User", "name": "me"}]),
        (ROLE_BINDING, "roleRef.name", "cluster-admin"),
    ],
)
def test_what_was_rendered_is_seen_to_be_changed(item: Object, path: str, value: Any) -> None:
    assert drift.differs(drift.essence(_changed(item, path, value)), drift.essence(item))


@pytest.mark.parametrize(
    ("item", "path", "value"),
    [
        (CONFIG_MAP, "metadata.labels", {"somebodys": "own"}),
        (CONFIG_MAP, "immutable", True),
        (CRON_JOB, "metadata.annotations", {"somebodys": "own"}),
        (CRON_JOB, "spec.successfulJobsHistoryLimit", 3),
        (CRON_JOB, "spec.jobTemplate.spec.completions", 1),
        (CRON_JOB, "status", {"lastScheduleTime": "2026-01-02T03:04:05Z"}),
        (ROLE_BINDING, "metadata.uid", "1"),
        (ACCOUNT, "secrets", [{"name": "token"}]),
    ],
)
def test_what_others_add_or_kubernetes_fills_in_is_no_change(item: Object, path: str, value: Any) -> None:
    assert not drift.differs(drift.essence(_changed(item, path, value)), drift.essence(item))


@pytest.mark.parametrize("item", [CONFIG_MAP, CRON_JOB, ROLE_BINDING, ACCOUNT])
def test_the_order_of_fields_is_no_change(item: Object) -> None:
    turned = {name: dict(reversed(value.items())) if isinstance(value, dict) else value for name, value in item.items()}
    assert not drift.differs(drift.essence(dict(reversed(turned.items()))), drift.essence(item))


def test_an_essence_holds_no_content() -> None:
    """It is kept for every object of every Inspect: a script of 200 KiB would stay in memory."""
    assert all(len(value) == 64 for value in drift.essence(_changed(CONFIG_MAP, "data.script", "x" * 9999)).values())


def test_jobs_are_left_out_for_what_a_run_did_is_done() -> None:
    job: Object = {"kind": "Job", "metadata": {"name": "night--disk-0123456789"}, "spec": {"backoffLimit": 0}}
    found = drift.essences([CONFIG_MAP, job, CRON_JOB, ACCOUNT])
    assert set(found) == {("ConfigMap", "night--disk"), ("CronJob", "night--disk"), ("ServiceAccount", "night--disk")}
    assert found["CronJob", "night--disk"] == drift.essence(CRON_JOB)
    assert found["ServiceAccount", "night--disk"] == {}
