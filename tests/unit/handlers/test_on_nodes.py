"""Tasks on nodes, through all rooms: a Job for each, one row for all, nodes that come, go and can't be used."""

import dataclasses
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, node, original
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.handlers import runs

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

NODES = modern("nodes", script="df", target={"nodes": {}})
EVERYWHERE = original("nodes", type="script", script="df", script_location="all")
OWN_TAINT = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}


def _jobs(house: House) -> dict[str, str]:
    """The Job of each node, by its uid."""
    found = {}
    for (kind, _, _), item in house.cluster.objects.items():
        if kind == "Job":
            found[item["metadata"]["annotations"][group.ANNOTATION_TARGET]] = item["metadata"]["uid"]
    return found


async def test_every_node_has_a_run_and_the_row_tells_all_of_them(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(NODES)
    assert set(_jobs(house)) == {"a", "b"}
    await house.finish("nodes", node="a")
    assert house.row("nodes")["state"] in ("active", "waiting")
    assert "verdict" not in house.row("nodes")
    assert house.condition("Finished")[0] == "False"
    await house.finish("nodes", "disk fail 91%\n", node="b")
    row = house.row("nodes")
    assert (row["state"], row["verdict"], row["reason"]) == ("finished", "fail", "Findings")
    assert row["message"] == "1 of 2 nodes passed; fail: b (Findings)"
    assert [(one["target"], one["verdict"]) for one in row["targets"]] == [("a", "success"), ("b", "fail")]
    assert row["counts"] == {"success": 1, "fail": 1}
    assert row["findings"][0] == {"name": "disk", "result": "fail", "message": "91%", "target": "b"}
    assert house.condition("Succeeded") == ("False", "TasksFailed")
    assert [reason for reason, _ in house.events] == ["ReleasesDeployed", "RunFailed"]


async def test_a_node_that_joins_is_inspected_and_the_others_are_left_alone(house: House) -> None:
    await house.nodes(node("a"))
    await house.apply(NODES)
    await house.finish("nodes", node="a")
    before = _jobs(house)
    assert house.condition("Succeeded")[0] == "True"
    await house.nodes(node("a"), node("b"))
    assert house.helm.calls[-1] == ("upgrade", "night--nodes", "nodes joined or left")
    assert _jobs(house)["a"] == before["a"]
    assert house.condition("Finished")[0] == "False"
    await house.finish("nodes", node="b")
    assert house.row("nodes")["message"] == "2 of 2 nodes passed"


async def test_nodes_that_join_together_are_inspected_by_one_revision(house: House) -> None:
    await house.nodes(node("a"))
    await house.apply(NODES)
    calls = len(house.helm.calls)
    await house.nodes(node("a"), *(node(f"new-{number}") for number in range(5)))
    assert len(house.helm.calls) == calls + 1
    assert len(_jobs(house)) == 6


async def test_a_node_that_leaves_takes_its_job_and_its_row_along(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(NODES)
    await house.finish("nodes", node="a")
    before = _jobs(house)
    await house.nodes(node("a"))
    assert _jobs(house) == {"a": before["a"]}
    assert [one["target"] for one in house.row("nodes")["targets"]] == ["a"]
    assert house.condition("Finished") == ("True", "RunsFinished")


@pytest.mark.parametrize(("how", "reason"), [({"ready": False}, "NodeNotReady"), ({"cordoned": True}, "NodeCordoned")])
async def test_a_node_that_cannot_take_a_pod_is_skipped_until_it_can(
    house: House, how: dict[str, Any], reason: str
) -> None:
    await house.nodes(node("a"), node("b", **how))
    await house.apply(NODES)
    await house.finish("nodes", node="a")
    assert set(_jobs(house)) == {"a"}
    skipped = house.on("nodes", "b")
    assert (skipped["verdict"], skipped["reason"]) == ("skipped", reason)
    assert (house.row("nodes")["verdict"], house.condition("Succeeded")[0]) == ("success", "True")
    await house.nodes(node("a"), node("b"))
    await house.finish("nodes", node="b")
    assert house.on("nodes", "b")["verdict"] == "success"


async def test_a_node_that_is_cordoned_after_its_run_keeps_its_result(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(NODES)
    for name in ("a", "b"):
        await house.finish("nodes", node=name)
    before, calls = house.row("nodes"), len(house.helm.calls)
    await house.nodes(node("a"), node("b", cordoned=True))
    assert (house.row("nodes"), len(house.helm.calls)) == (before, calls)


async def test_a_node_with_a_taint_of_its_own_is_left_out_and_counted(house: House) -> None:
    await house.nodes(node("a"), node("gpu", taints=[OWN_TAINT]))
    await house.apply(NODES)
    await house.finish("nodes", node="a")
    assert house.row("nodes")["message"] == (
        "1 of 1 node passed; 1 left out for a taint that the task does not tolerate"
    )
    assert house.condition("Succeeded") == ("True", "TasksPassed")


async def test_all_of_the_original_means_all(house: House) -> None:
    await house.nodes(node("a"), node("gpu", taints=[OWN_TAINT]))
    await house.apply(EVERYWHERE)
    assert set(_jobs(house)) == {"a", "gpu"}


async def test_without_any_node_nothing_is_installed_until_one_comes(house: House) -> None:
    await house.apply(NODES)
    assert house.helm.calls == []
    assert (house.row("nodes")["verdict"], house.row("nodes")["reason"]) == ("skipped", "NoNodes")
    await house.nodes(node("a"))
    assert set(_jobs(house)) == {"a"}
    assert house.row("nodes").get("verdict") is None


async def test_a_jobs_result_is_kept_when_somebody_deletes_it_and_it_is_not_made_again(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(NODES)
    for name in ("a", "b"):
        await house.finish("nodes", node=name)
    job = house.on("nodes", "a")["job"]
    del house.cluster.objects[("Job", "default", job)]
    await house.sync()
    for number in range(5):  # more upgrades than Helm's history is long
        await house.nodes(node("a"), node("b"), *(node(f"c{one}") for one in range(number + 1)))
        _cut_history(house)
        await house.start()
    assert "a" not in _jobs(house)
    assert house.on("nodes", "a")["verdict"] == "success"


async def test_a_job_deleted_before_its_end_is_unknown_and_never_made_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "UNSEEN_SECONDS", 0.0)
    await house.nodes(node("a"), node("b"))
    await house.apply(NODES)
    await house.report()
    del house.cluster.objects[("Job", "default", house.on("nodes", "a")["job"])]
    for _ in range(3):
        await house.sync()
        await house.report()
    assert (house.on("nodes", "a")["verdict"], house.on("nodes", "a")["reason"]) == ("unknown", "JobDeleted")
    for number in range(5):
        await house.nodes(node("a"), node("b"), *(node(f"c{one}") for one in range(number + 1)))
        _cut_history(house)
    assert "a" not in _jobs(house), "nobody asked for a second run"
    assert (house.on("nodes", "a")["verdict"], house.on("nodes", "a")["reason"]) == ("unknown", "JobDeleted")


def _cut_history(house: House) -> None:
    """As `--history-max 3` does."""
    secrets = [
        (int(item["metadata"]["labels"]["version"]), key)
        for key, item in house.cluster.objects.items()
        if key[0] == "Secret" and item["metadata"]["labels"].get("name") == "night--nodes"
    ]
    for _, key in sorted(secrets)[:-3]:
        del house.cluster.objects[key]


async def test_a_changed_script_runs_on_every_node_again(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(NODES)
    for name in ("a", "b"):
        await house.finish("nodes", node=name)
    before = _jobs(house)
    await house.apply({**NODES, "script": "df -h"})
    after = _jobs(house)
    assert set(after) == {"a", "b"}
    assert not set(after.values()) & set(before.values())
    assert len(house.row("nodes")["history"]) == 1, "a run on all nodes is one in the history"


async def test_of_many_nodes_the_status_keeps_what_failed_and_no_log_is_read_twice(house: House) -> None:
    """What the status has no room for is remembered all the same."""
    names = [f"node-{number:04d}.some-datacentre.example.com" for number in range(200)]
    house.configured = dataclasses.replace(house.configured, active_runs=2000, active_runs_per_namespace=2000)
    await house.start()
    await house.nodes(*(node(name) for name in names))
    await house.apply(NODES)
    await house.end_all(house.open_jobs(), lambda number: f"disk {'fail' if number % 100 == 7 else 'ok'} {number}%\n")
    row = house.row("nodes")
    assert row["message"].startswith("198 of 200 nodes passed; fail: node-0007.")
    assert row["counts"] == {"success": 198, "fail": 2}
    assert row["targetsCut"] + len(row["targets"]) == 200
    assert {one["verdict"] for one in row["targets"]} == {"fail"}
    assert len(builders.as_json(house.status())) <= 64 * 1024
    for _ in range(3):
        await house.report()
    assert sum(verb == "log" for verb, _, _ in house.cluster.requests) <= 200
    assert house.row("nodes") == row


async def test_more_nodes_than_a_release_can_hold_are_refused_with_what_to_do(house: House) -> None:
    await house.nodes(*(node(f"node-{number}") for number in range(1001)))
    await house.apply(NODES)
    assert house.condition("Ready") == ("False", "TooManyNodes")
    assert "target.nodes.selector" in house.status()["conditions"][0]["message"]
    assert house.helm.calls == []


async def test_without_the_right_to_see_nodes_only_tasks_on_nodes_are_refused(house: House) -> None:
    house.cluster.failing[("list", "Node")] = errors.ClusterForbidden("nodes is forbidden")
    await house.start()
    await house.apply(NODES, modern("disk"))
    assert house.condition("Ready") == ("False", "ClusterForbidden")
    assert house.row("nodes")["reason"] == "ClusterForbidden"
    await house.finish("disk")
    assert house.row("disk")["verdict"] == "success"
    handlers = house.operator.registry()._watching.get_all_handlers()
    assert "nodes" not in {handler.selector.any_name for handler in handlers if handler.selector}
