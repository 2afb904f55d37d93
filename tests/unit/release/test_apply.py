"""Verbs on one release: what counts is what is stored afterwards, not helm's exit code."""

import json
import pathlib
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory, helm_in_memory
from tests.unit.builders import modern

from inspect_operator import errors, settings
from inspect_operator.plan import desired, steps
from inspect_operator.release import apply, store, stored
from inspect_operator.render import chart

WANT = builders.want(modern(script="echo 1"))
TRIGGERED = builders.want(modern(script="echo 1", restart=True), generation=2)
Action = steps.Action


@pytest.fixture
def cluster() -> cluster_in_memory.Cluster:
    return cluster_in_memory.Cluster()


@pytest.fixture
def helm(cluster: cluster_in_memory.Cluster) -> helm_in_memory.Helm:
    return helm_in_memory.Helm(cluster)


@pytest.fixture
def releases(cluster: cluster_in_memory.Cluster, helm: helm_in_memory.Helm) -> apply.Releases:
    renderer = chart.Renderer(settings.Settings(runner_image="runner:1"))
    return apply.Releases(cluster, helm, store.Store(cluster), renderer)


async def _do(releases: apply.Releases, action: Action, want: desired.Desired | None, why: str = "because") -> None:
    found = await releases.store.reread("default", "night--disk")
    await releases.carry_out(steps.Step(action, "night--disk", why, want, found), builders.OWNER)


def _label(cluster: cluster_in_memory.Cluster, number: int, name: str) -> str | None:
    found = cluster.objects[("Secret", "default", stored.secret_name("night--disk", number))]
    labels: dict[str, str] = found["metadata"]["labels"]
    return labels.get(name)


@pytest.mark.parametrize(("want", "trigger"), [(WANT, None), (TRIGGERED, "g2")])
async def test_state_lives_with_the_release_as_labels(
    releases: apply.Releases, cluster: cluster_in_memory.Cluster, want: desired.Desired, trigger: str | None
) -> None:
    await _do(releases, Action.INSTALL, want)
    assert _label(cluster, 1, "api.practice.com/owner-uid") == "uid-1"
    assert _label(cluster, 1, "api.practice.com/digest") == want.digest
    assert _label(cluster, 1, "api.practice.com/run-key") == want.run_key
    assert _label(cluster, 1, "api.practice.com/trigger") == trigger


async def test_helm_history_says_why(releases: apply.Releases, helm: helm_in_memory.Helm) -> None:
    await _do(releases, Action.INSTALL, WANT, "installed for generation 1")
    await _do(releases, Action.UPGRADE, TRIGGERED, "run again: generation 2 is new")
    assert helm.calls == [
        ("upgrade", "night--disk", "installed for generation 1"),
        ("upgrade", "night--disk", "run again: generation 2 is new"),
    ]


async def test_exit_code_0_with_a_pending_release_is_a_failure_that_is_retried(
    releases: apply.Releases, helm: helm_in_memory.Helm
) -> None:
    helm.leaves = "pending-install"
    with pytest.raises(errors.ReleaseUnavailable, match="revision 1 is pending-install"):
        await _do(releases, Action.INSTALL, WANT)
    assert releases.ended == {("default", "night--disk", 1)}


async def test_exit_code_0_with_nothing_stored_is_a_failure(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster
) -> None:
    put = cluster.put
    cluster.put = lambda item: item if item["kind"] == "Secret" else put(item)  # type: ignore[method-assign]
    with pytest.raises(errors.ReleaseUnavailable, match="is not stored"):
        await _do(releases, Action.INSTALL, WANT)


@pytest.mark.parametrize("error", [errors.ReleaseRejected("no"), errors.ReleaseUnavailable("not now")])
async def test_helms_own_failure_is_told_and_what_it_left_is_seen(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster, error: errors.InspectError
) -> None:
    def fail(_: str) -> None:
        cluster.put(helm_in_memory.secret("night--disk", 1, "pending-install", labels=helm_in_memory.labels(WANT)))
        raise error

    helm.before = fail
    with pytest.raises(type(error)):
        await _do(releases, Action.INSTALL, WANT)
    assert releases.ended == {("default", "night--disk", 1)}
    assert releases.store.seen("default", "uid-1", ())["night--disk"].newest.status == "pending-install"


async def test_a_helm_that_was_killed_after_its_last_write_has_done_its_work(
    releases: apply.Releases, helm: helm_in_memory.Helm
) -> None:
    upgrade = helm.upgrade

    async def killed(*args: Any, **rest: Any) -> None:
        await upgrade(*args, **rest)
        raise errors.ReleaseUnavailable("upgrade of night--disk: helm ended with code -9")

    helm.upgrade = killed  # type: ignore[method-assign]
    await _do(releases, Action.INSTALL, WANT)
    assert releases.store.seen("default", "uid-1", ())["night--disk"].newest.status == "deployed"


async def test_a_refused_upgrade_of_a_deployed_release_is_a_failure(
    releases: apply.Releases, helm: helm_in_memory.Helm
) -> None:
    """What is stored is deployed, but it is the revision before."""
    await _do(releases, Action.INSTALL, WANT)
    refused = errors.ReleaseRejected("no")

    def refuse(_: str) -> None:
        raise refused

    helm.before = refuse
    with pytest.raises(errors.ReleaseRejected):
        await _do(releases, Action.UPGRADE, TRIGGERED)
    assert releases.ended == set()


async def test_a_pending_revision_is_unlocked_and_then_upgraded(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster
) -> None:
    cluster.put(helm_in_memory.secret("night--disk", 1, "pending-install", labels=helm_in_memory.labels(WANT)))
    releases.ended.add(("default", "night--disk", 1))
    await _do(releases, Action.REPAIR, WANT, "revision 1 was interrupted")
    first = cluster.objects[("Secret", "default", stored.secret_name("night--disk", 1))]
    assert (stored.payload(first).status, _label(cluster, 1, "status")) == ("failed", "failed")
    assert stored.payload(first).description == "revision 1 was interrupted"
    assert _label(cluster, 2, "status") == "deployed"
    assert [call[0] for call in helm.calls] == ["upgrade"], "never uninstalled, never rolled back"
    assert releases.ended == set()


async def test_a_revision_that_somebody_writes_at_the_same_time_is_not_unlocked(
    releases: apply.Releases, cluster: cluster_in_memory.Cluster, helm: helm_in_memory.Helm
) -> None:
    cluster.put(helm_in_memory.secret("night--disk", 1, "pending-install", labels=helm_in_memory.labels(WANT)))
    cluster.failing[("merge", "Secret")] = errors.ClusterConflict("the object has been modified")
    with pytest.raises(errors.ClusterConflict):
        await _do(releases, Action.REPAIR, WANT)
    assert helm.calls == []


async def test_a_failed_revision_needs_no_unlocking(
    releases: apply.Releases, cluster: cluster_in_memory.Cluster
) -> None:
    cluster.put(helm_in_memory.secret("night--disk", 1, "failed", labels=helm_in_memory.labels(WANT)))
    await _do(releases, Action.REPAIR, WANT)
    assert not [request for request in cluster.requests if request[0] == "merge"]


async def test_an_uninstall_takes_everything(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster
) -> None:
    await _do(releases, Action.INSTALL, WANT)
    await _do(releases, Action.UNINSTALL, None)
    assert cluster.objects == {}
    assert releases.store.seen("default", "uid-1", ()) == {}
    assert [call[0] for call in helm.calls] == ["upgrade", "uninstall"]


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "failed", "uninstalling"])
async def test_an_uninstall_takes_also_what_no_stored_manifest_names(
    releases: apply.Releases, cluster: cluster_in_memory.Cluster, status: str
) -> None:
    helm_in_memory.released(cluster, (WANT, status), objects=lambda _: [])
    for item in helm_in_memory.objects(WANT):
        cluster.put({**item, "metadata": {**item["metadata"], "namespace": "default"}})
    await _do(releases, Action.UNINSTALL, None)
    assert cluster.objects == {}


async def test_leftovers_go_before_the_release_does(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster
) -> None:
    """Once the release is gone nobody would know of them, should we be killed in between."""
    helm_in_memory.released(cluster, (WANT, "pending-upgrade"), objects=helm_in_memory.objects)
    for item in helm_in_memory.objects(WANT):
        cluster.put({**item, "metadata": {**item["metadata"], "namespace": "default"}})
    seen: list[list[str]] = []
    helm.before = lambda _: seen.append(cluster.names("Job"))
    await _do(releases, Action.UNINSTALL, None)
    assert seen == [[]]


async def test_of_a_release_that_is_gone_nothing_is_remembered(
    releases: apply.Releases, cluster: cluster_in_memory.Cluster
) -> None:
    """The next release of that name begins with revision 1 again."""
    helm_in_memory.released(cluster, (WANT, "pending-install"), objects=lambda _: [])
    releases.ended |= {("default", "night--disk", 1), ("default", "night--other", 1), ("other", "night--disk", 1)}
    await _do(releases, Action.UNINSTALL, None)
    assert releases.ended == {("default", "night--other", 1), ("other", "night--disk", 1)}


async def test_the_lock_of_another_helm_is_not_taken_for_ours(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster
) -> None:
    """Somebody upgrades by hand at this moment: that revision is new to us, pending, and none of ours."""
    await _do(releases, Action.INSTALL, WANT)

    def somebody(_: str) -> None:
        cluster.put(helm_in_memory.secret("night--disk", 2, "pending-upgrade", labels=helm_in_memory.labels(WANT)))

    helm.before = somebody
    with pytest.raises(errors.ReleaseUnavailable, match="another operation"):
        await _do(releases, Action.UPGRADE, TRIGGERED)
    assert releases.ended == set()


async def test_an_uninstall_that_left_its_record_is_a_failure(
    releases: apply.Releases, helm: helm_in_memory.Helm, cluster: cluster_in_memory.Cluster
) -> None:
    await _do(releases, Action.INSTALL, WANT)

    async def nothing(release: str, namespace: str, *, timeout_seconds: float) -> None:
        return None

    helm.uninstall = nothing  # type: ignore[method-assign]
    with pytest.raises(errors.ReleaseUnavailable, match="deployed is stored"):
        await _do(releases, Action.UNINSTALL, None)


async def test_a_template_that_fails_calls_no_helm(
    helm: helm_in_memory.Helm,
    cluster: cluster_in_memory.Cluster,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "pod.yaml").write_text("a: {{ missing }}")
    monkeypatch.setenv("INSPECT_OPERATOR_TEMPLATES", str(tmp_path))
    releases = apply.Releases(cluster, helm, store.Store(cluster), chart.Renderer(settings.Settings()))
    with pytest.raises(errors.TemplateFailed, match="'missing' is undefined"):
        await _do(releases, Action.INSTALL, WANT)
    assert helm.calls == []
    assert cluster.objects == {}


async def test_the_chart_on_disk_is_gone_afterwards_and_helm_gets_time_for_its_size(
    releases: apply.Releases, helm: helm_in_memory.Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, times = [], []
    upgrade = helm.upgrade

    async def watch(release: str, namespace: str, path: object, **rest: object) -> None:
        paths.append(path)
        times.append(rest["timeout_seconds"])
        await upgrade(release, namespace, path, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(helm, "upgrade", watch)
    await _do(releases, Action.INSTALL, WANT)
    await _do(releases, Action.UPGRADE, builders.want(modern(script="x" * 200 * 1024)))
    assert not [path for path in paths if path.exists()]  # type: ignore[attr-defined]
    assert 60 <= times[0] < 61 < times[1] < 90  # type: ignore[operator]
    assert "script" in json.dumps(helm.charts[0])
