"""An operator of the next version takes over: other templates, another runner's image. What ran does not run again;
schedules follow, some at a time."""

import asyncio
import dataclasses
import pathlib
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern
from tests.unit.handlers.conftest import House

from inspect_operator import settings
from inspect_operator.handlers import rollout

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

NIGHTLY = modern("nightly", schedule="@daily")


async def _next_version(house: House, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other templates and another skeleton, as its image would bring them."""
    for name in ("templates", "charts"):
        for path in settings.data_folder(name).rglob("*"):
            copy = folder / name / path.relative_to(settings.data_folder(name))
            if path.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                text = path.read_text(encoding="utf-8")
                copy.write_text(text.replace("enableServiceLinks: false", "enableServiceLinks: true"))
        monkeypatch.setenv(f"{settings.PREFIX}{name.upper()}", str(folder / name))
    skeleton = folder / "charts/inspection/Chart.yaml"
    skeleton.write_text(skeleton.read_text().replace("version: 0.1.0", "version: 0.2.0"))
    house.configured = dataclasses.replace(house.configured, runner_image="runner:2")
    await house.start()


def _revisions(house: House) -> dict[str, int]:
    """How many each release has had."""
    found: dict[str, int] = {}
    for name in house.cluster.names("Secret"):
        release, _, number = name.removeprefix("sh.helm.release.v1.").rpartition(".v")
        found[release] = max(found.get(release, 0), int(number))
    return found


async def test_what_ran_is_left_alone_and_schedules_get_one_revision(
    house: House, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_nodes = modern("nodes", target={"nodes": {}})
    await house.nodes(builders.node("node-1"))
    tasks = [modern("over"), modern("runs"), modern("held", suspend=True), on_nodes, NIGHTLY, modern("deleted")]
    await house.apply(*tasks)
    for task in ("over", "nodes", "deleted"):
        await house.finish(task)
    (gone,) = [name for name in house.cluster.names("Job") if "deleted" in name]
    del house.cluster.objects[("Job", "default", gone)]
    await house.sync()
    jobs = {name: house.cluster.objects[("Job", "default", name)] for name in house.cluster.names("Job")}
    cron = house.cluster.objects[("CronJob", "default", "night--nightly")]["metadata"]["uid"]
    before = _revisions(house)
    await _next_version(house, tmp_path, monkeypatch)
    assert _revisions(house) == before | {"night--nightly": 2}
    assert {name: house.cluster.objects[("Job", "default", name)] for name in house.cluster.names("Job")} == jobs
    nightly = house.cluster.objects[("CronJob", "default", "night--nightly")]
    pod = nightly["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (nightly["metadata"]["uid"], pod["enableServiceLinks"], pod["containers"][0]["image"]) == (
        cron, True, "runner:2",
    )  # fmt: skip
    # What has not run takes the new ones; and back to the version before it is the same once more.
    await house.apply(*tasks[:2], modern("held"), *tasks[3:])
    (held,) = house.open_jobs("held")
    assert house.cluster.objects[("Job", "default", held)]["spec"]["template"]["spec"]["enableServiceLinks"] is True
    before = _revisions(house)
    for name in ("TEMPLATES", "CHARTS"):
        monkeypatch.delenv(f"{settings.PREFIX}{name}")
    house.configured = dataclasses.replace(house.configured, runner_image="runner:1")
    await house.start()
    assert _revisions(house) == before | {"night--nightly": 3}
    assert house.condition("Ready") == ("True", "ReleasesDeployed")


class Slow:
    """Helm that takes its time: what is under way at once can be seen."""

    def __init__(self, house: House) -> None:
        self.order: list[str] = []
        self.together = 0
        self._now = 0
        self._house = house
        self._upgrade = house.helm.upgrade
        house.helm.upgrade = self.upgrade  # type: ignore[method-assign]

    async def upgrade(self, release: str, *arguments: Any, **named: Any) -> None:
        self._now += 1
        self.together = max(self.together, self._now)
        await self._house.cluster.pause()
        self._now -= 1
        self.order.append(release)
        await self._upgrade(release, *arguments, **named)


async def test_schedules_follow_some_at_a_time_and_people_wait_behind_none(
    house: House, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"n{number:02d}" for number in range(12)]
    for name in names:
        await house.apply(NIGHTLY, name=name)
    slow = Slow(house)
    starting = asyncio.create_task(_next_version(house, tmp_path, monkeypatch))
    async with asyncio.timeout(30):
        while len(slow.order) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
    # Meanwhile somebody writes a new one, edits the last of those that wait, and deletes the one before it.
    house.cluster.put(builders.body(modern("now"), name="new", uid="uid-of-new"))
    edited = house.cluster.objects[("Inspect", "default", names[-1])]
    metadata = edited["metadata"] | {"generation": 2}
    house.cluster.put({**edited, "metadata": metadata, "spec": {"tasks": [NIGHTLY | {"schedule": "@hourly"}]}})
    for name in ("new", names[-1]):
        await house.operator._on_inspect(
            event={"type": "MODIFIED", "object": house.cluster.objects[("Inspect", "default", name)]}
        )
    await starting
    await house.delete(names[-2])
    assert slow.together <= 2 + 2, "half of helm's calls, and those of the new and the edited one"
    assert slow.order.index("new--now") < 8
    assert slow.order.index(f"{names[-1]}--nightly") < 8
    assert _revisions(house) == {"new--now": 1} | {f"{name}--nightly": 2 for name in names if name != names[-2]}
    for name in (*names[:-2], names[-1]):
        assert house.condition("Ready", name) == ("True", "ReleasesDeployed")


def test_a_turn_goes_on_to_the_next_whatever_came_of_it() -> None:
    woken: list[tuple[str, str]] = []
    one = rollout.Rollout(2, woken.append)
    a, b, c, d = (("ns", name) for name in "abcd")
    assert [one.enter(key) for key in (a, b, c, d, c)] == [True, True, False, False, False]
    one.leave(d)  # edited, and done already: its turn comes all the same, and passes on
    assert woken == []
    one.leave(a)
    assert woken == [c]
    assert one.enter(c)
    one.leave(b)
    assert woken == [c, d]
    one.leave(d)
    assert one.enter(a)
    assert not one.enter(b)
    one.leave(c)
    assert woken == [c, d, b]
