"""What the next revision of a release holds: never a second run of what has run, never what somebody removed."""

import dataclasses

import pytest
from tests.unit import builders, cluster_in_memory, helm_in_memory
from tests.unit.builders import modern

from inspect_operator import settings
from inspect_operator.plan import desired, observed, steps
from inspect_operator.release import apply, store
from inspect_operator.render import chart

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

A, B, C = (builders.want(modern(script=script)) for script in "abc")
IMAGE = builders.want(modern(image="try:1"))
Action = steps.Action


@dataclasses.dataclass
class House:
    """All that Releases works with."""

    cluster: cluster_in_memory.Cluster
    helm: helm_in_memory.Helm
    releases: apply.Releases

    async def found(self) -> observed.Release | None:
        return await self.releases.store.reread("default", "night--disk")

    async def do(self, action: Action, want: desired.Desired | None) -> None:
        """Carries out one step on the release as it is now."""
        step = steps.Step(action, "night--disk", "because", want, await self.found())
        await self.releases.carry_out(step, builders.OWNER)

    def stored(self, *revisions: tuple[desired.Desired, str], jobs: tuple[desired.Desired, ...] = ()) -> None:
        """Revisions, oldest first, and the objects of those runs that are in the cluster."""
        helm_in_memory.released(self.cluster, *revisions, objects=_held)
        for want in jobs:
            for item in _held(want):
                metadata = {**item["metadata"], "namespace": "default", "uid": f"uid-of-{builders.job(want)}"}
                self.cluster.put({**item, "metadata": metadata})

    @property
    def last_chart(self) -> list[str]:
        """What the last helm was given: kind, whose run, and whether taken from the stored release or made anew."""
        whose = {builders.job(want): name for name, want in {"A": A, "B": B, "C": C, "image": IMAGE}.items()}
        return [
            f"{item['kind']} {whose[item['metadata']['name']]} {item.get('marked', 'made anew')}"
            for item in self.helm.charts[-1]
        ]


def _held(want: desired.Desired) -> list[builders.Object]:
    return [item for item in helm_in_memory.objects(want) if item["kind"] == "Job" or want is not IMAGE]


@pytest.fixture
def house() -> House:
    cluster = cluster_in_memory.Cluster()
    helm = helm_in_memory.Helm(cluster)
    renderer = chart.Renderer(settings.Settings(runner_image="runner:1"))
    return House(cluster, helm, apply.Releases(cluster, helm, store.Store(cluster), renderer))


NEW_A = ["ConfigMap A made anew", "Job A made anew"]
NEW_B = ["ConfigMap B made anew", "Job B made anew"]
NEW_C = ["ConfigMap C made anew", "Job C made anew"]
OLD_A = ["ConfigMap A as stored", "Job A as stored"]
OLD_B = ["ConfigMap B as stored", "Job B as stored"]

SITUATIONS = {
    "nothing is there": ([], [], Action.INSTALL, A, NEW_A),
    "the task changed": ([(A, "deployed")], [A], Action.UPGRADE, B, NEW_B),
    "the task changed while its run went on, and Helm lost the ConfigMap": (
        [(A, "deployed")], [], Action.UPGRADE, B, NEW_B,
    ),
    "an object was lost, the Job is there": ([(A, "deployed")], [A], Action.UPGRADE, A, OLD_A),
    "an object was lost, somebody deleted the Job": (
        [(A, "deployed")], [], Action.UPGRADE, A, ["ConfigMap A as stored"],
    ),
    "the same of an image, which has no other object": ([(IMAGE, "deployed")], [], Action.UPGRADE, IMAGE, []),
    "an image's Job is there": ([(IMAGE, "deployed")], [IMAGE], Action.UPGRADE, IMAGE, ["Job image as stored"]),
    "changed away and back": ([(A, "superseded"), (B, "deployed")], [B], Action.UPGRADE, A, NEW_A),
    "changed away and back before anything was done": ([(A, "deployed"), (B, "failed")], [A], Action.REPAIR, A, OLD_A),
    "the install failed before the Job": ([(A, "failed")], [], Action.REPAIR, A, NEW_A),
    "the install failed after the Job": ([(A, "failed")], [A], Action.REPAIR, A, OLD_A),
    "helm died while installing, before the Job": ([(A, "pending-install")], [], Action.REPAIR, A, NEW_A),
    "helm died while installing, after the Job": ([(A, "pending-install")], [A], Action.REPAIR, A, OLD_A),
    "helm died while upgrading, before the Job": (
        [(A, "deployed"), (B, "pending-upgrade")], [A], Action.REPAIR, B, NEW_B,
    ),
    "helm died while upgrading, after the Job": (
        [(A, "deployed"), (B, "pending-upgrade")], [A, B], Action.REPAIR, B, OLD_B,
    ),
    "helm died while upgrading, and a third content is wanted": (
        [(A, "deployed"), (B, "pending-upgrade")], [A, B], Action.REPAIR, C, NEW_C,
    ),
    "helm died while upgrading, and the first content is wanted again": (
        [(A, "deployed"), (B, "pending-upgrade")], [A, B], Action.REPAIR, A, OLD_A,
    ),
    "an upgrade of a run that was over failed": ([(A, "deployed"), (A, "failed")], [A], Action.REPAIR, A, OLD_A),
    "an upgrade of a run whose Job somebody deleted failed": (
        [(A, "deployed"), (A, "failed")], [], Action.REPAIR, A, ["ConfigMap A as stored"],
    ),
    "an image's upgrade failed, somebody deleted its Job": (
        [(IMAGE, "deployed"), (IMAGE, "failed")], [], Action.REPAIR, IMAGE, [],
    ),
    "an uninstall was interrupted, the task is wanted again": ([(A, "uninstalling")], [A], Action.REINSTALL, A, NEW_A),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_what_the_next_chart_holds(house: House, situation: str) -> None:
    revisions, jobs, action, want, expected = SITUATIONS[situation]
    house.stored(*revisions, jobs=tuple(jobs))
    uids = {
        name: house.cluster.objects[("Job", "default", name)]["metadata"]["uid"] for name in house.cluster.names("Job")
    }
    await house.do(action, want)
    assert house.last_chart == expected
    # Whatever was there before, the cluster now holds this run's objects and nothing else.
    held = sorted(line.split()[0] for line in expected)
    assert sorted(kind for kind, _, name in house.cluster.objects if name == builders.job(want)) == held
    assert sorted(kind for kind, _, _ in house.cluster.objects if kind != "Secret") == held
    if "Job" in held and "as stored" in expected[-1]:
        assert (
            house.cluster.objects[("Job", "default", builders.job(want))]["metadata"]["uid"] == uids[builders.job(want)]
        )
    newest = await house.found()
    assert newest is not None
    assert (newest.newest.status, newest.newest.run_key) == ("deployed", want.run_key)


async def test_what_an_interrupted_revision_left_goes_before_the_next_one_comes(house: House) -> None:
    """Afterwards would be too late: were we killed in between, nobody would know of it any more."""
    house.stored((A, "deployed"), (B, "pending-upgrade"), jobs=(A, B))
    seen: list[list[str]] = []
    house.helm.before = lambda _: seen.append(house.cluster.names("Job"))
    await house.do(Action.REPAIR, C)
    assert seen == [[builders.job(A)]]


async def test_objects_of_others_are_never_leftovers(house: House) -> None:
    house.stored((A, "deployed"), (B, "pending-upgrade"), jobs=(A, B))
    other = {"app.kubernetes.io/instance": "night--other", "taskType": "inspect"}
    foreign = {"app.kubernetes.io/instance": "night--disk"}
    for name, labels in (("other", other), ("foreign", foreign), ("bare", {})):
        house.cluster.put({"kind": "Job", "metadata": {"name": name, "namespace": "default", "labels": labels}})
    await house.do(Action.REPAIR, C)
    assert {"other", "foreign", "bare"} <= set(house.cluster.names("Job"))


async def test_a_repair_of_the_same_run_keeps_what_the_deployed_revision_named(house: House) -> None:
    """Were the old Job deleted before the upgrade and that failed again, the release would lie about it."""
    house.stored((A, "deployed"), (B, "failed"), jobs=(A,))
    seen: list[list[str]] = []
    house.helm.before = lambda _: seen.append(house.cluster.names("Job"))
    await house.do(Action.REPAIR, B)
    assert seen == [[builders.job(A)]]


async def test_a_deleted_job_is_not_made_again_however_often_the_release_is_upgraded(house: House) -> None:
    house.stored((IMAGE, "deployed"))
    for _ in range(5):
        await house.do(Action.UPGRADE, IMAGE)
    house.cluster.objects.pop(("Secret", "default", "sh.helm.release.v1.night--disk.v1"))  # history is cut to the last
    await house.do(Action.UPGRADE, IMAGE)
    assert house.helm.charts == [[]] * 6
