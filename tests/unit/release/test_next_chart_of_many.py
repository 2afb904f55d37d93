"""The next revision of releases with several runs: nodes that join and leave, schedules with a run asked for."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory, helm_in_memory
from tests.unit.builders import modern

from inspect_operator import settings
from inspect_operator.plan import desired, observed, steps
from inspect_operator.release import apply, store
from inspect_operator.render import chart

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

NODES = modern(target={"nodes": {}})
CRON = modern(schedule="@daily")
Action = steps.Action


def _on(*names: str) -> desired.Desired:
    return builders.want(NODES, facts=builders.on_nodes(*names))


@dataclasses.dataclass
class House:
    """All that Releases works with; everything is done by its own verbs, so that what is stored is what it stores."""

    cluster: cluster_in_memory.Cluster
    helm: helm_in_memory.Helm
    releases: apply.Releases

    async def do(self, want: desired.Desired, action: Action = Action.UPGRADE) -> None:
        found = await self.releases.store.reread("default", want.release)
        action = Action.INSTALL if found is None else action
        await self.releases.carry_out(steps.Step(action, want.release, "because", want, found), builders.OWNER)

    def uids(self, kind: str = "Job") -> dict[str, str]:
        return {name: item["metadata"]["uid"] for (one, _, name), item in self.cluster.objects.items() if one == kind}

    def delete_job(self, want: desired.Desired, target: str) -> None:
        (name,) = [member.name for member in want.jobs if member.target == target]
        del self.cluster.objects[("Job", "default", name)]

    def cut_history(self, kept: int = 1) -> None:
        secrets = sorted(
            (int(item["metadata"]["labels"]["version"]), key)
            for key, item in self.cluster.objects.items()
            if key[0] == "Secret"
        )
        for _, key in secrets[:-kept]:
            del self.cluster.objects[key]


@pytest.fixture
def house() -> House:
    cluster = cluster_in_memory.Cluster()
    helm = helm_in_memory.Helm(cluster)
    return House(cluster, helm, apply.Releases(cluster, helm, store.Store(cluster), _renderer("runner:1")))


def _renderer(image: str) -> chart.Renderer:
    return chart.Renderer(settings.Settings(runner_image=image))


def _images(objects: list[Any], kind: str = "Job") -> dict[str, str]:
    """Which runner each Job or CronJob has: of the templates as they were, or as they are."""
    found = {}
    for item in objects:
        if item["kind"] == kind:
            spec = item["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else item["spec"]
            found[item["metadata"]["name"]] = spec["template"]["spec"]["containers"][0]["image"]
    return found


async def test_a_node_that_joins_gets_a_job_and_the_others_stay_byte_for_byte(house: House) -> None:
    await house.do(_on("a"))
    before = house.uids()
    house.releases._renderer = _renderer("runner:2")
    await house.do(_on("a", "b"))
    a, b = (member.name for member in _on("a", "b").jobs)
    assert _images(house.helm.charts[-1]) == {a: "runner:1", b: "runner:2"}
    assert house.uids()[a] == before[a]


async def test_a_node_that_leaves_takes_its_job_along(house: House) -> None:
    await house.do(_on("a", "b"))
    before = house.uids()
    await house.do(_on("b"))
    (b,) = (member.name for member in _on("b").jobs)
    assert house.uids() == {b: before[b]}


async def test_all_nodes_may_leave_and_come_back(house: House) -> None:
    await house.do(_on("a"))
    await house.do(dataclasses.replace(_on("a"), jobs=()))
    assert house.uids() == {}
    await house.do(_on("b"))
    assert len(house.uids()) == 1


@pytest.mark.parametrize("told", [True, False])
async def test_a_job_deleted_by_hand_is_left_out_while_nodes_come(house: House, told: bool) -> None:
    """From the history as long as that tells, after that from what the status tells."""
    first = _on("a", "b")
    await house.do(first)
    house.delete_job(first, "a")
    (gone,) = (member.name for member in first.jobs if member.target == "a")
    for more in ("c", "cd", "cde", "cdef"):
        want = _on("a", "b", *more)
        await house.do(dataclasses.replace(want, made=frozenset({gone})) if told else want)
        assert gone not in house.uids()
        if told:
            house.cut_history()


async def test_another_script_makes_every_job_anew_also_of_a_node_whose_job_was_deleted(house: House) -> None:
    first = _on("a", "b")
    await house.do(first)
    house.delete_job(first, "a")
    other = builders.want({**NODES, "script": "other"}, facts=builders.on_nodes("a", "b"))
    await house.do(other)
    assert set(house.uids()) == {member.name for member in other.jobs}


async def test_a_schedule_is_rendered_anew_by_todays_templates(house: House) -> None:
    await house.do(builders.want(CRON))
    uid = house.uids("CronJob")
    house.releases._renderer = _renderer("runner:2")
    await house.do(builders.want(CRON))
    assert _images(house.helm.charts[-1], "CronJob") == {"night--disk": "runner:2"}
    assert house.uids("CronJob") == uid
    assert house.uids() == {}


def _asked(script: str = "true") -> desired.Desired:
    return builders.want({**CRON, "script": script}, after=builders.want(CRON), request="now")


async def test_a_run_asked_for_stays_as_it_was_while_the_schedule_follows_its_templates(house: House) -> None:
    await house.do(builders.want(CRON))
    await house.do(_asked())
    (job,) = house.uids()
    uid = house.uids()[job]
    house.releases._renderer = _renderer("runner:2")
    await house.do(_asked("other"))
    assert house.uids() == {job: uid}
    assert _images(house.helm.charts[-1]) == {job: "runner:1"}
    assert _images(house.helm.charts[-1], "CronJob") == {"night--disk": "runner:2"}
    scripts = {item["metadata"]["name"]: item["data"] for item in house.helm.charts[-1] if item["kind"] == "ConfigMap"}
    assert scripts == {job: {"script": "true"}, "night--disk": {"script": "other"}}


@pytest.mark.parametrize("kept", [1, 3])
async def test_a_run_asked_for_that_somebody_deleted_is_not_made_again(house: House, kept: int) -> None:
    await house.do(builders.want(CRON))
    await house.do(_asked())
    house.delete_job(_asked(), "")
    for number in range(5):
        await house.do(_asked(f"echo {number}"))
        house.cut_history(kept)
        assert house.uids() == {}


async def test_another_run_asked_for_takes_the_place_of_the_one_before(house: House) -> None:
    await house.do(_asked())
    again = builders.want(CRON, after=_asked(), request="again")
    await house.do(again)
    assert set(house.uids()) == {member.name for member in again.jobs}
    assert house.uids("CronJob")


@pytest.mark.parametrize("action", [Action.UPGRADE, Action.REPAIR])
async def test_jobs_that_a_schedule_made_are_nobodys_leftovers(house: House, action: Action) -> None:
    await house.do(builders.want(CRON))
    labels = {"taskType": "inspect", "app.kubernetes.io/instance": "night--disk"}
    owner = [{"kind": "CronJob", "name": "night--disk", "uid": house.uids("CronJob")["night--disk"]}]
    metadata = {"name": "night--disk-29", "namespace": "default", "labels": labels, "ownerReferences": owner}
    house.cluster.put({"kind": "Job", "metadata": metadata})
    await house.do(builders.want({**CRON, "script": "other"}), action)
    assert "night--disk-29" in house.uids()


async def test_what_is_stored_last_is_what_was_wanted_last(house: House) -> None:
    await house.do(_on("a"))
    await house.do(_on("a", "b"))
    found = await house.releases.store.reread("default", "night--disk")
    assert found is not None
    assert (found.newest.status, found.newest.digest) == (observed.Status.DEPLOYED, _on("a", "b").digest)
