"""Full reports through all rooms: one for each run that ended, written once, kept apart from the release."""

import json
from typing import Any

import pytest
from tests.unit.builders import modern, node
from tests.unit.handlers.conftest import House

from inspect_operator import errors, settings
from inspect_operator.cluster import resources

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

NIGHTLY = modern("nightly", script="df", schedule="0 3 * * *", timeZone="Asia/Shanghai")
APPLIED = ("apply", "ConfigMap", "night--disk.report")


def report(house: House, task: str) -> Any:
    return json.loads(house.cluster.objects[("ConfigMap", "default", f"night--{task}.report")]["data"]["report.json"])


def applied(house: House) -> int:
    return sum(request[:2] == ("apply", "ConfigMap") for request in house.cluster.requests)


async def test_a_run_that_ended_has_one_and_its_row_names_it(house: House) -> None:
    await house.apply(modern("disk"))
    assert house.cluster.names("ConfigMap") == [house.cluster.names("ConfigMap")[0]], "none before the run has ended"
    await house.finish("disk", "disk ok 45%\nload fail 9\n")
    assert house.row("disk")["report"] == "night--disk.report"
    told = report(house, "disk")
    assert (told["verdict"], told["counts"]) == ("fail", {"success": 1, "fail": 1})
    assert told["output"] == "disk ok 45%\nload fail 9"
    owner = house.cluster.objects[("ConfigMap", "default", "night--disk.report")]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"]) == ("Inspect", "uid-of-night")


async def test_it_is_written_once_and_never_at_rest(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(modern("disk"), NIGHTLY, modern("nodes", target={"nodes": {}}))
    await house.finish("disk")
    await house.end(await house.tick("nightly"))
    for name in ("a", "b"):
        await house.finish("nodes", node=name)
    assert applied(house) == 3
    house.cluster.requests.clear()
    for _ in range(2):
        await house.start()
        await house.report()
    assert house.writes() == []


async def test_all_findings_come_from_the_log_where_the_summary_had_no_room(house: House) -> None:
    await house.apply(modern("disk"))
    await house.finish("disk", "".join(f"disk-{number} fail {'x' * 60}\n" for number in range(500)))
    told = report(house, "disk")
    assert len(told["findings"]) == 500
    assert "cut" not in told
    assert len(house.row("disk")["findings"]) == 100
    assert house.row("disk")["cut"] == 400


async def test_the_record_goes_on_after_a_restart(house: House) -> None:
    await house.apply(NIGHTLY)
    for output in ("a-1 fail x\nb-1 fail x\n", "b-1 fail x\nc-1 fail x\n"):
        await house.end(await house.tick("nightly"), output)
        await house.start()
    row = house.row("nightly")
    assert (row["newFindings"], row["fixedFindings"], row["passRate"]) == (["c-1"], ["a-1"], "0/2")
    for output in ("x-1 ok x\n", "x-1 fail x\n"):
        await house.end(await house.tick("nightly"), output)
    assert (house.row("nightly")["passRate"], house.row("nightly").get("flapping")) == ("1/4", None)
    await house.end(await house.tick("nightly"), "x-1 ok x\n")
    assert house.row("nightly")["flapping"] is True


async def test_one_that_could_not_be_written_is_written_later_with_everything(house: House) -> None:
    await house.apply(modern("disk"))
    house.cluster.failing[("apply", "ConfigMap")] = errors.ClusterUnavailable("503")
    await house.finish("disk", "disk fail full\n")
    assert house.row("disk")["verdict"] == "fail", "the status does not wait for it"
    await house.report()
    assert house.row("disk")["report"] == "night--disk.report"
    assert report(house, "disk")["output"] == "disk fail full"


async def test_a_result_stays_when_its_pod_is_gone_before_the_report_was_written(house: House) -> None:
    await house.apply(modern("disk"))
    house.cluster.failing[("apply", "ConfigMap")] = errors.ClusterUnavailable("503")
    await house.finish("disk", "disk fail full\n")
    for key in [key for key in house.cluster.objects if key[0] == "Pod"]:
        del house.cluster.objects[key]
    house.cluster.logs.clear()
    await house.start()
    assert (house.row("disk")["verdict"], house.row("disk")["reason"]) == ("fail", "Findings")
    assert report(house, "disk")["findings"][0]["message"] == "full"


async def test_of_nodes_it_has_each_ones_findings_and_output(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply(modern("nodes", target={"nodes": {}}))
    await house.finish("nodes", "disk fail full\nload ok low\n", node="a")
    await house.finish("nodes", "disk ok free\n", node="b")
    told = report(house, "nodes")
    assert (told["target"], told["verdict"]) == ("nodes", "fail")
    targets = {one["target"]: one for one in told["targets"]}
    assert [one["message"] for one in targets["a"]["findings"]] == ["full"]
    assert "findings" not in targets["b"] or targets["b"]["findings"] == []
    assert "disk ok free" in targets["b"]["output"]
    assert {(one["name"], one["target"]) for one in told["findings"]} == {("disk", "a"), ("load", "a"), ("disk", "b")}


async def test_a_schedule_on_nodes_has_a_history_of_its_rounds(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    await house.apply({**NIGHTLY, "target": {"nodes": {}}})
    for hour, output in enumerate(("disk fail full\n", "disk ok free\n")):
        for place in ("a", "b"):
            job = await house.tick("nightly", place)
            await house.end(job, output, at=f"2026-01-02T0{hour}:00:0{'ab'.index(place)}Z")
    row = house.row("nightly")
    assert (row["verdict"], row["passRate"]) == ("success", "1/2")
    assert [one["verdict"] for one in row["history"]] == ["fail"]
    assert row["fixedFindings"] == ["disk on a", "disk on b"]


async def test_that_of_a_task_that_left_goes_and_the_others_stay(house: House) -> None:
    await house.apply(modern("disk"), modern("other"))
    for task in ("disk", "other"):
        await house.finish(task)
    await house.apply(modern("disk"))
    names = house.cluster.names("ConfigMap")
    assert "night--disk.report" in names
    assert "night--other.report" not in names


async def test_one_of_an_inspect_that_is_gone_is_not_taken_for_ours(house: House) -> None:
    owner = {"kind": "Inspect", "name": "night", "uid": "another"}
    metadata = {"name": "night--disk.report", "namespace": "default", "ownerReferences": [owner]}
    await house.apply(modern("disk"))
    house.cluster.put({"kind": "ConfigMap", "metadata": metadata, "data": {"report.json": '{"version":1,"x":1}'}})
    await house.finish("disk")
    found = house.cluster.objects[("ConfigMap", "default", "night--disk.report")]
    assert [one["uid"] for one in found["metadata"]["ownerReferences"]] == ["uid-of-night"]


async def test_where_the_cluster_has_open_reports_the_same_is_there_as_one(house: House) -> None:
    await house.apply(modern("disk"))
    await house.finish("disk", "disk fail full\n")
    assert house.cluster.names("Report") == []
    house.cluster.kinds.add(resources.OPEN_REPORTS)
    await house.operator._look_for_open_reports()
    assert house.cluster.names("Report") == ["night--disk"], "what there was before it came"
    house.cluster.requests.clear()
    await house.start()
    assert house.writes() == []
    await house.apply(modern("disk"), modern("other"))
    await house.finish("other")
    assert house.cluster.names("Report") == ["night--disk", "night--other"]
    await house.apply(modern("disk"))
    assert house.cluster.names("Report") == ["night--disk"]


@pytest.mark.parametrize("error", [errors.ClusterForbidden("403"), errors.ManifestRejected("422")])
async def test_open_reports_that_are_refused_keep_nothing_else_back(house: House, error: errors.InspectError) -> None:
    house.cluster.kinds.add(resources.OPEN_REPORTS)
    await house.start()
    house.cluster.failing[("apply", "Report")] = error
    await house.apply(modern("disk"))
    await house.finish("disk")
    assert house.row("disk")["report"] == "night--disk.report"


async def test_a_run_that_did_not_begin_is_told_once_and_heals_with_the_next(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.end(await house.tick("nightly"), "disk fail full\n")
    house.configured = settings.Settings(runner_image="runner:1", missed_schedule_seconds=60)
    await house.start()
    row = house.row("nightly")
    assert (row["state"], row["verdict"], row["reason"]) == ("finished", "unknown", "ScheduleMissed")
    assert row["missed"].endswith("T19:00:00Z")
    assert [past["verdict"] for past in row["history"]] == ["fail"]
    assert [reason for reason, _ in house.events if reason == "ScheduleMissed"] == ["ScheduleMissed"]
    assert report(house, "nightly")["findings"][0]["message"] == "full"
    house.cluster.requests.clear()
    await house.start()
    assert (house.row("nightly"), house.writes()) == (row, [])

    job = await house.tick("nightly")
    assert house.row("nightly")["reason"] == "ScheduleMissed", "until the run has ended"
    await house.end(job, "disk ok free\n", at="2999-01-02T03:04:05Z")
    healed = house.row("nightly")
    assert (healed["verdict"], healed["passRate"], healed["fixedFindings"]) == ("success", "1/2", ["disk"])
    assert [past["reason"] for past in healed["history"]] == ["ScheduleMissed", "Findings"]


@pytest.mark.parametrize("edit", [{"suspend": True}, {"schedule": "0 4 1 1 *"}])
async def test_what_is_not_expected_any_more_is_not_missed(house: House, edit: Any) -> None:
    house.configured = settings.Settings(runner_image="runner:1", missed_schedule_seconds=60)
    await house.start()
    await house.apply(NIGHTLY)
    assert house.row("nightly")["reason"] == "ScheduleMissed"
    house.configured = settings.Settings(runner_image="runner:1", missed_schedule_seconds=1e12)
    await house.start()
    await house.apply({**NIGHTLY, **edit})
    assert house.row("nightly")["reason"] in ("Suspended", "Scheduled")


async def test_a_run_that_goes_on_keeps_the_next_from_being_missed(house: House) -> None:
    """Runs of a CronJob don't overlap: its next one is not due before this one has ended."""
    await house.apply(NIGHTLY)
    await house.tick("nightly")
    house.configured = settings.Settings(runner_image="runner:1", missed_schedule_seconds=60)
    await house.start()
    assert house.row("nightly")["state"] in ("waiting", "active")
    assert "missed" not in house.row("nightly")


async def test_before_an_alarm_the_api_server_is_asked_because_our_watch_may_be_behind(house: House) -> None:
    await house.apply(NIGHTLY)
    found = house.cluster.objects[("CronJob", "default", "night--nightly")]
    house.configured = settings.Settings(runner_image="runner:1", missed_schedule_seconds=60)
    list_ = house.cluster.list

    async def stale(*args: Any, **named: Any) -> Any:
        return [{**one, "status": {}} for one in await list_(*args, **named)]

    house.cluster.list = stale  # type: ignore[method-assign]
    found["status"] = {"lastScheduleTime": "2999-01-01T00:00:00Z"}
    house.operator._on_child = _deaf  # type: ignore[method-assign]
    await house.start()
    assert house.row("nightly")["reason"] == "Scheduled"
    assert [reason for reason, _ in house.events if reason == "ScheduleMissed"] == []


def _deaf(body: Any, deleted: bool) -> None:
    return None


async def test_tasks_whose_names_leave_no_room_for_rows_are_not_told_again_and_again(house: House) -> None:
    names = [f"{number:03d}" + "\U0001f600" * 250 for number in range(100)]
    await house.apply(*(modern(name, script=f"echo {number}") for number, name in enumerate(names)))
    while jobs := house.open_jobs():
        await house.end_all(jobs, lambda number: "disk ok free\n")
    cut = house.status()["resultsCut"]
    assert cut > 30
    assert house.condition("Succeeded") == ("True", "TasksPassed")
    assert applied(house) == 100
    house.cluster.requests.clear()
    house.forget_events()
    await house.report()
    assert (house.cluster.requests, house.events) == ([], [])
    await house.start()
    assert (house.writes(), house.status()["resultsCut"]) == ([], cut)
