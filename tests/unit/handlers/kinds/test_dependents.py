"""What releases hold: whose it is, how it is kept, and when it stands otherwise than written."""

from typing import Any

from tests.unit import cluster_in_memory

from inspect_operator.cluster import resources
from inspect_operator.handlers import queue
from inspect_operator.handlers.kinds import dependents

DEPLOYMENTS = resources.Resource("Deployment", "/apis/apps/v1", "deployments")
ITEM = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}


def live(release: str = "web", uid: str = "u1", *, owned: bool = True) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:spec": {"f:replicas" if owned else "f:paused": {}}}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": uid,
            "annotations": {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "default"},
            "managedFields": [{"manager": "helm", "operation": "Apply", "fieldsV1": fields}],
        },
        "spec": {"replicas": 2},
        "data": {"password": "hidden"},
    }


class Around:
    def __init__(self, *ours: queue.Key) -> None:
        self.woken: list[queue.Key] = []
        self.ours = ours
        self.seen = dependents.Dependents(cluster_in_memory.Cluster(), (), self.wake)

    def wake(self, release: queue.Key) -> bool:
        self.woken.append(release)
        return release in self.ours

    def notice(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        self.seen.notice(DEPLOYMENTS, body, deleted)

    def now(self) -> dict[str, Any] | None:
        return self.seen.live(DEPLOYMENTS, "default", "web")


def test_an_object_of_ours_wakes_its_owner_and_is_kept_without_its_data() -> None:
    around = Around(("default", "web"))
    around.notice(live())
    kept = around.now()
    assert around.woken == [("default", "web")]
    assert kept is not None
    assert "hidden" not in str(kept)
    assert kept["spec"] == {"replicas": 2}
    around.notice(live(), deleted=True)
    assert around.now() is None
    assert around.woken == [("default", "web")] * 2


def test_objects_of_other_releases_are_not_kept() -> None:
    around = Around(("default", "other"))
    around.notice(live())
    assert around.now() is None


def test_the_late_end_of_an_object_does_not_end_the_one_in_its_place() -> None:
    around = Around(("default", "web"))
    around.notice(live(uid="u2"))
    around.notice(live(uid="u1"), deleted=True)
    kept = around.now()
    assert kept is not None
    assert kept["metadata"]["uid"] == "u2"


def test_drift_is_what_helm_owns_no_more_or_what_is_gone() -> None:
    assert dependents.drifted(ITEM, dependents.small(live())) == []
    assert dependents.drifted(ITEM, dependents.small(live(owned=False))) == ["spec.replicas"]
    assert dependents.drifted(ITEM, None) == ["it was deleted"]
    assert dependents.drifted(ITEM, {**dependents.small(live()), "others": ["data.a"]}) == ["data.a"]
    ending = live(owned=False)
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert dependents.drifted(ITEM, dependents.small(ending)) == []


def test_jobs_are_never_put_right() -> None:
    assert dependents.drifted({**ITEM, "kind": "Job"}, None) == []
    assert dependents.drifted({**ITEM, "kind": "Job"}, dependents.small(live(owned=False))) == []
