"""What others do behind our back, and what can't be read for a while: told truly, and put right."""

from typing import Any

import pytest
from tests.unit import builders, helm_in_memory
from tests.unit.builders import modern
from tests.unit.handlers.conftest import House

from inspect_operator import errors

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

DISK, NET = modern("disk", script="df"), modern("net", image="ping:1")
KEY = ("default", "night")


async def _report(house: House, times: int = 1) -> None:
    for _ in range(times):
        house.operator._reports.wake(KEY)
        await house.sync()


async def test_a_revision_that_was_refused_has_no_run_that_could_be_lost(house: House) -> None:
    async def refused(release: str, namespace: str, chart: Any, **rest: Any) -> None:
        house.cluster.put(helm_in_memory.secret(release, 1, "failed", [], rest["labels"]))
        raise errors.ReleaseRejected("admission webhook: Job is invalid")

    house.helm.upgrade = refused  # type: ignore[method-assign]
    await house.apply(DISK)
    await _report(house, 3)
    assert (house.row("disk")["state"], house.row("disk")["reason"]) == ("waiting", "ReleaseRejected")
    assert house.condition("Finished")[0] == "False"
    assert "RunUnknown" not in [reason for reason, _ in house.events]


async def test_a_finalizer_that_was_taken_off_comes_back_with_the_next_look(house: House) -> None:
    """`kubectl replace` does so; without it a deletion would leave the releases for ever."""
    await house.apply(DISK)
    found = house.cluster.objects[("Inspect", *KEY)]
    bare = {name: value for name, value in found["metadata"].items() if name != "finalizers"}
    house.cluster.put({**found, "metadata": {**bare, "generation": 2}, "spec": {"tasks": [{**DISK, "timeout": "1h"}]}})
    await house.sync()
    await house.delete()
    assert house.cluster.names("Secret") == house.cluster.names("Job") == house.cluster.names("Inspect") == []


async def test_an_uninstall_by_hand_is_noticed_though_the_first_look_fails(house: House) -> None:
    await house.apply(NET)
    await house.helm.uninstall("night--net", "default", timeout_seconds=1)
    house.cluster.failing[("list", "Secret")] = errors.ClusterUnavailable("503")
    await house.sync()
    for _ in range(3):
        await house.wake()
    assert house.cluster.names("Job") == [house.row("net")["job"]]
    assert house.cluster.names("Secret")


async def test_one_row_that_cannot_be_read_hides_no_other(house: House) -> None:
    await house.apply(DISK, NET)
    log = house.cluster.log

    async def broken(namespace: str, pod: str, *args: Any, **rest: Any) -> bytes:
        if "net" in pod:
            raise RuntimeError("a bug of ours")
        return await log(namespace, pod, *args, **rest)

    house.cluster.log = broken  # type: ignore[method-assign]
    await house.finish("net")
    await house.finish("disk")
    assert house.row("disk")["verdict"] == "success"
    assert house.row("net").get("verdict") is None


async def test_a_status_that_somebody_emptied_is_written_again(house: House) -> None:
    await house.apply(DISK)
    await house.finish("disk")
    house.cluster.put({**house.cluster.objects[("Inspect", *KEY)], "status": {}})
    await house.sync()
    await _report(house)
    assert house.condition("Finished") == ("True", "RunsFinished")
    assert house.row("disk")["job"] == builders.job(builders.want(DISK))
