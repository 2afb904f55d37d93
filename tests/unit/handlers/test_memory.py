"""What was last seen in the cluster: kept small, and connected with the Inspect that it concerns."""

from typing import Any

import pytest
from tests.unit import builders

from inspect_operator.api import group
from inspect_operator.handlers import memory
from inspect_operator.plan import drift

KEY = ("default", "night")
WANT = builders.want()
IMAGE = builders.want(builders.modern("net", image="try:1"))


def _child(
    kind: str = "Job", name: str = builders.job(WANT), uid: str = "1", release: str = WANT.release, **more: Any
) -> Any:
    metadata = {"name": name, "namespace": "default", "uid": uid, "labels": {group.LABEL_INSTANCE: release}}
    return {"kind": kind, "metadata": metadata, **more}


def _pod(name: str, job_uid: str | None, uid: str = "") -> Any:
    made = _child("Pod", name, uid or name)
    if job_uid:
        made["metadata"]["ownerReferences"] = [{"uid": job_uid}]
    return made


@pytest.fixture
def seen() -> memory.Memory:
    made = memory.Memory()
    made.notice_inspect(builders.body(builders.modern()), deleted=False)
    made.own(KEY, (WANT, IMAGE))
    return made


def test_a_job_is_found_by_the_run_that_is_wanted(seen: memory.Memory) -> None:
    seen.notice_child(_child(name="night--disk-0000000000", uid="0"), deleted=False)
    assert seen.job("default", WANT.release, builders.job(WANT)) is None
    assert seen.notice_child(_child(), deleted=False) == KEY
    found = seen.job("default", WANT.release, builders.job(WANT))
    assert found is not None
    assert found["metadata"]["uid"] == "1"
    assert seen.job("other", WANT.release, builders.job(WANT)) is None


def test_a_deleted_job_is_forgotten(seen: memory.Memory) -> None:
    seen.notice_child(_child(), deleted=False)
    assert seen.notice_child(_child(), deleted=True) == KEY
    assert seen.job("default", WANT.release, builders.job(WANT)) is None
    seen.notice_child(_child(), deleted=True)


def test_a_job_made_anew_under_the_same_name_is_another(seen: memory.Memory) -> None:
    seen.notice_child(_child(uid="1"), deleted=False)
    seen.notice_child(_child(uid="2"), deleted=False)
    seen.notice_child(_child(uid="1"), deleted=True)
    found = seen.job("default", WANT.release, builders.job(WANT))
    assert found is not None
    assert found["metadata"]["uid"] == "2"


def test_the_last_that_was_seen_of_a_pod_stays_as_long_as_its_job(seen: memory.Memory) -> None:
    """A pod that was evicted is gone before its Job has ended, and nothing else tells why."""
    seen.notice_child(_child(), deleted=False)
    gone = _pod("a", "1") | {"status": {"reason": "Evicted"}}
    for pod in (gone, _pod("b", "of another")):
        seen.notice_child(pod, deleted=False)
        seen.notice_child(pod, deleted=True)
    assert [pod["status"] for pod in seen.pods("default", WANT.release, "1")] == [{"reason": "Evicted"}]
    assert seen.pods("default", WANT.release, "of another") == []
    seen.notice_child(_child(), deleted=True)
    assert seen.pods("default", WANT.release, "1") == []


def test_pods_belong_to_the_job_that_made_them(seen: memory.Memory) -> None:
    for pod in (_pod("a", "1"), _pod("b", "2"), _pod("c", None), _pod("d", "1")):
        seen.notice_child(pod, deleted=False)
    assert [pod["metadata"]["name"] for pod in seen.pods("default", WANT.release, "1")] == ["a", "d"]
    seen.notice_child(_pod("a", "1"), deleted=True)
    assert [pod["metadata"]["name"] for pod in seen.pods("default", WANT.release, "1")] == ["d"]


def test_what_belongs_to_nobody_we_know_wakes_nobody(seen: memory.Memory) -> None:
    assert seen.notice_child(_child(release="their--release"), deleted=False) is None
    unlabelled = _child()
    unlabelled["metadata"]["labels"] = None
    assert seen.notice_child(unlabelled, deleted=False) is None


def test_children_seen_before_their_inspect_are_not_lost() -> None:
    """At start the watches are not in step with each other."""
    early = memory.Memory()
    assert early.notice_child(_child(), deleted=False) is None
    early.own(KEY, (WANT,))
    assert early.job("default", WANT.release, builders.job(WANT)) is not None


def test_only_what_tells_an_outcome_is_kept(seen: memory.Memory) -> None:
    spec = {"suspend": False, "backoffLimit": 1, "activeDeadlineSeconds": 9, "template": {"spec": "large"}}
    job = _child(spec=spec, status={"active": 1}, apiVersion="batch/v1")
    job["metadata"] |= {"managedFields": ["large"], "annotations": {"a": "large"}, "creationTimestamp": "t"}
    seen.notice_child(job, deleted=False)
    kept = seen.job("default", WANT.release, builders.job(WANT))
    assert kept is not None
    assert "large" not in str(kept)
    assert kept["spec"] == {"suspend": False, "backoffLimit": 1, "activeDeadlineSeconds": 9}
    assert (kept["status"], kept["metadata"]["creationTimestamp"]) == ({"active": 1}, "t")


def test_a_config_map_that_was_deleted_is_lost_until_it_is_there_again(seen: memory.Memory) -> None:
    config_map = _child("ConfigMap")
    assert seen.notice_child(config_map, deleted=True) == KEY
    assert seen.lost("default", (WANT, IMAGE), {}) == {"night--disk"}
    seen.notice_child(config_map, deleted=False)
    assert seen.lost("default", (WANT, IMAGE), {}) == set()
    seen.notice_child(config_map, deleted=True)
    seen.found("default", WANT, {})
    assert seen.lost("default", (WANT,), {}) == set()


def test_an_earlier_runs_config_map_is_no_loss(seen: memory.Memory) -> None:
    """An upgrade removes it."""
    seen.notice_child(_child("ConfigMap", "night--disk-0000000000"), deleted=True)
    assert seen.lost("default", (WANT,), {}) == set()


def test_a_config_map_that_was_not_there_at_start_is_lost(seen: memory.Memory) -> None:
    seen.expect("default", "ConfigMap", builders.job(WANT))
    seen.expect("other", "ConfigMap", builders.job(IMAGE))
    assert seen.lost("default", (WANT, IMAGE), {}) == {"night--disk"}


def test_an_image_has_no_config_map_to_lose(seen: memory.Memory) -> None:
    """Else every start of the operator would upgrade the releases of all image tasks."""
    seen.expect("default", "ConfigMap", builders.job(IMAGE))
    assert seen.lost("default", (IMAGE,), {}) == set()


def test_an_inspect_is_kept_without_what_nobody_reads(seen: memory.Memory) -> None:
    body = builders.body(builders.modern())
    body["metadata"]["managedFields"] = ["large"]
    assert seen.notice_inspect(body, deleted=False) == KEY
    assert "managedFields" not in seen.inspects[KEY]["metadata"]


def test_a_deleted_inspect_is_forgotten_with_all_that_was_known_of_it(seen: memory.Memory) -> None:
    seen.converged[KEY] = memory.Converged(1, complete=True)
    _wrote(seen)
    assert seen.notice_inspect(builders.body(builders.modern()), deleted=True) == KEY
    assert (seen.inspects, seen.converged, seen.status(KEY)) == ({}, {}, {})
    assert seen.notice_child(_child(), deleted=False) is None


def test_another_object_of_the_same_name_begins_with_nothing(seen: memory.Memory) -> None:
    """Deleted and made anew while our watch was interrupted: no event told of the deletion."""
    seen.converged[KEY] = memory.Converged(1, complete=True)
    _wrote(seen)
    seen.notice_inspect(builders.body(builders.modern(), uid="uid-2"), deleted=False)
    assert (seen.converged, seen.status(KEY)) == ({}, {})


def test_what_we_wrote_stands_until_the_watch_has_it_and_then_what_the_watch_tells(seen: memory.Memory) -> None:
    """Also where somebody else wrote the status over ours."""
    _wrote(seen)
    seen.notice_inspect(_version("6", builders.body(builders.modern(), generation=2)), deleted=False)
    assert seen.status(KEY) == WRITTEN
    assert seen.inspects[KEY]["metadata"]["generation"] == 2
    seen.notice_inspect(_version("8", {**builders.body(builders.modern()), "status": {}}), deleted=False)
    assert seen.status(KEY) == {}


def test_an_answer_older_than_what_the_watch_brought_is_no_news(seen: memory.Memory) -> None:
    seen.notice_inspect(_version("8", {**builders.body(builders.modern()), "status": {"ready": "no"}}), deleted=False)
    _wrote(seen)
    assert seen.status(KEY) == {"ready": "no"}


def test_the_end_of_an_object_whose_place_another_took_is_no_news(seen: memory.Memory) -> None:
    """Watches tell late what they tell."""
    seen.notice_inspect(builders.body(builders.modern(), uid="uid-2"), deleted=False)
    _wrote(seen)
    assert seen.notice_inspect(builders.body(builders.modern(), uid="uid-1"), deleted=True) == KEY
    assert seen.inspects[KEY]["metadata"]["uid"] == "uid-2"
    assert seen.status(KEY) == WRITTEN


WRITTEN = {"ready": "True"}


def _wrote(seen: memory.Memory) -> None:
    """Our write of the status, answered with version 7."""
    seen.wrote(KEY, WRITTEN, _version("7", builders.body(builders.modern())), [])


def _version(number: str, body: dict[str, Any]) -> dict[str, Any]:
    body["metadata"]["resourceVersion"] = number
    return body


@pytest.mark.parametrize(("kind", "suspect"), [("Job", True), ("ConfigMap", True), ("Pod", False)])
def test_after_a_deletion_by_somebody_the_release_is_to_be_read_anew(
    seen: memory.Memory, kind: str, suspect: bool
) -> None:
    """It may have been a whole `helm uninstall`."""
    seen.notice_child(_child(kind), deleted=False)
    assert seen.suspect == set()
    seen.notice_child(_child(kind), deleted=True)
    assert seen.suspect == ({KEY} if suspect else set())


def test_the_end_of_an_earlier_run_is_not_suspect(seen: memory.Memory) -> None:
    """An upgrade of ours removes its objects."""
    for kind in ("Job", "ConfigMap"):
        seen.notice_child(_child(kind, "night--disk-0000000000"), deleted=True)
    assert seen.suspect == set()


def test_a_release_that_is_no_longer_wanted_concerns_nobody(seen: memory.Memory) -> None:
    seen.notice_child(_child("ConfigMap"), deleted=True)
    seen.own(KEY, (IMAGE,))
    assert seen.notice_child(_child(), deleted=False) is None
    assert seen.notice_child(_child("Job", builders.job(IMAGE), release=IMAGE.release), deleted=False) == KEY
    seen.own(KEY, (WANT,))
    assert seen.lost("default", (WANT,), {}) == set(), "what was lost before is not what is lost now"


def test_of_two_jobs_of_one_name_the_newer_counts(seen: memory.Memory) -> None:
    """The older one is gone without our noticing."""
    for uid, created in (("2", "2026-01-01T00:00:02Z"), ("1", "2026-01-01T00:00:01Z")):
        job = _child(uid=uid)
        job["metadata"]["creationTimestamp"] = created
        seen.notice_child(job, deleted=False)
    found = seen.job("default", WANT.release, builders.job(WANT))
    assert found is not None
    assert found["metadata"]["uid"] == "2"


ENDED = {"conditions": [{"type": "Complete", "status": "True"}]}


def _of_cron(uid: str = "1", **more: Any) -> Any:
    job = _child(name="night--disk-29000001", uid=uid, **more)
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "night--disk", "uid": "c"}]
    return job


def test_jobs_count_as_active_until_they_end_and_those_of_schedules_never_do(seen: memory.Memory) -> None:
    name = ("default", builders.job(WANT))
    seen.notice_child(_of_cron(), deleted=False)
    assert seen.active == set()
    seen.notice_child(_child(), deleted=False)
    assert seen.active == {name}
    seen.notice_child(_child(status=ENDED), deleted=False)
    assert seen.active == set()
    seen.notice_child(_child(uid="2"), deleted=False)
    seen.notice_child(_child(uid="1", status=ENDED), deleted=True)
    assert seen.active == {name}, "the old Job of that name is gone, the new one goes on"
    assert seen.knows_job(*name)
    seen.notice_child(_child(uid="2"), deleted=True)
    assert (seen.active, seen.knows_job(*name)) == (set(), False)


CRON = builders.want(builders.modern(schedule="@hourly"))


def _cron(schedule: str = "@hourly", **status: Any) -> Any:
    return _child("CronJob", CRON.release, spec={"schedule": schedule, "suspend": False}, status=status)


def test_what_somebody_changed_in_a_schedule_makes_the_release_suspect_and_what_its_runs_write_does_not(
    seen: memory.Memory,
) -> None:
    """The CronJob's status changes with every run."""
    seen.own(KEY, (CRON,))
    seen.notice_child(_cron(), deleted=False)
    seen.notice_child(_cron(lastScheduleTime="2026-01-01T00:00:00Z", active=[{"name": "j"}]), deleted=False)
    assert seen.suspect == set()
    seen.notice_child(_cron("@daily"), deleted=False)
    assert seen.suspect == {KEY}


@pytest.mark.parametrize(
    ("seen_as", "lost"),
    [
        ({"schedule": "@hourly", "suspend": False}, False),
        ({"schedule": "@hourly", "suspend": False, "timeZone": "UTC"}, False),
        ({"schedule": "@daily", "suspend": False}, True),
        ({"schedule": "@hourly", "suspend": True}, True),
        ({"suspend": False}, True),
    ],
)
def test_a_schedule_is_compared_with_what_was_rendered(
    seen: memory.Memory, seen_as: dict[str, Any], lost: bool
) -> None:
    rendered = {"night--disk": drift.essences([_cron()])}
    seen.notice_child(_child("CronJob", CRON.release, spec=seen_as), deleted=False)
    assert seen.lost("default", (CRON,), rendered) == ({"night--disk"} if lost else set())
    seen.found("default", CRON, rendered["night--disk"])
    assert seen.lost("default", (CRON,), rendered) == set(), "what we wrote ourselves counts until the watch tells"


def test_a_schedule_that_is_not_there_is_lost(seen: memory.Memory) -> None:
    rendered = {"night--disk": drift.essences([_cron()])}
    assert seen.lost("default", (CRON,), rendered) == {"night--disk"}
    seen.notice_child(_cron(), deleted=False)
    assert seen.lost("default", (CRON,), rendered) == set()


def test_jobs_and_cron_jobs_of_a_release_count_as_made(seen: memory.Memory) -> None:
    for child in (_cron(), _child(), _of_cron(uid="2"), _child(uid="3", release="night--other")):
        seen.notice_child(child, deleted=False)
    assert seen.made("default", "night--disk") == {"night--disk", builders.job(WANT), "night--disk-29000001"}
    seen.notice_child(_cron(), deleted=True)
    assert "night--disk" not in seen.made("default", "night--disk")


def test_a_node_is_news_where_it_decides_something(seen: memory.Memory) -> None:
    assert seen.notice_node(builders.node("a"), deleted=False)
    heartbeat = builders.node("a")
    heartbeat["status"]["conditions"][0]["lastHeartbeatTime"] = "2026-01-01T00:00:00Z"
    assert not seen.notice_node(heartbeat, deleted=False)
    for changed in ({"ready": False}, {"cordoned": True}, {"labels": {"a": "b"}}, {"taints": [{"key": "a"}]}):
        assert seen.notice_node(builders.node("a", **changed), deleted=False), changed
    assert seen.notice_node(builders.node("a"), deleted=True)
    assert not seen.notice_node(builders.node("a"), deleted=True)
    assert seen.nodes == {}
