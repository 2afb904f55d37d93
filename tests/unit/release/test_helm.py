"""How helm is run: by which arguments, how many at once, and how it ends when we do."""

import asyncio
import os
import pathlib
import sys
import time
from collections.abc import Callable

import pytest
from tests.unit.release import conftest

from inspect_operator import errors
from inspect_operator.release import helm

CHART = pathlib.Path("/charts/disk")
HOSTILE = "why: $(touch pwned) `id` \"quoted\" 'single' ; rm -rf * \n磁盘 --wait"


async def _upgrade(
    executable: str, concurrency: int = 4, timeout_seconds: float = 30, release: str = "night--disk"
) -> None:
    await helm.Helm(executable, concurrency).upgrade(
        release, "default", CHART,
        labels={"b": "2", "a": "1"}, description=HOSTILE, timeout_seconds=timeout_seconds,
    )  # fmt: skip


async def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


FASTER = ("--qps", "100", "--burst-limit", "200")  # than helm's own 5 requests a second


async def test_an_upgrade_is_one_helm_process_with_these_arguments(fake_helm: conftest.FakeHelm) -> None:
    await _upgrade(fake_helm.executable, timeout_seconds=61.4)
    (call,) = fake_helm.calls
    assert call["argv"] == [
        "upgrade", "night--disk", "/charts/disk", "--history-max", "3", "--install", "--output", "json",
        "--timeout", "61s", "--values", "-", "--description", HOSTILE, "--force-conflicts", "--namespace", "default",
        "--disable-openapi-validation", "--labels", "a=1,b=2", *FASTER,
    ]  # fmt: skip
    assert call["stdin"] == "{}"


@pytest.mark.parametrize(
    "flag",
    ["--wait", "--wait-for-jobs", "--create-namespace", "--force-replace", "--server-side", "--rollback-on-failure",
     "--force", "--take-ownership", "--cleanup-on-fail"],
)  # fmt: skip
async def test_flags_that_would_break_a_promise_are_never_given(fake_helm: conftest.FakeHelm, flag: str) -> None:
    await _upgrade(fake_helm.executable)
    await helm.Helm(fake_helm.executable, 1).uninstall("night--disk", "default", timeout_seconds=30)
    for call in fake_helm.calls:
        assert not [part for part in call["argv"] if str(part).startswith(flag) and part != "--force-conflicts"]  # type: ignore[attr-defined]


async def test_an_uninstall_of_what_is_not_there_is_a_success(fake_helm: conftest.FakeHelm) -> None:
    await helm.Helm(fake_helm.executable, 1).uninstall("night--disk", "default", timeout_seconds=60)
    (call,) = fake_helm.calls
    assert call["argv"] == [
        "uninstall", "night--disk", "--timeout", "60s", "--namespace", "default", "--ignore-not-found",
        *FASTER,
    ]  # fmt: skip
    fake_helm.plan(code=1, stderr="Error: uninstall: Release not loaded: night--disk: release: not found\n")
    await helm.Helm(fake_helm.executable, 1).uninstall("night--disk", "default", timeout_seconds=60)


async def test_no_shell_and_no_plugins_are_involved(fake_helm: conftest.FakeHelm) -> None:
    await _upgrade(fake_helm.executable)
    (call,) = fake_helm.calls
    assert call["environment"]["HELM_PLUGINS"] == "/dev/null"  # type: ignore[index]
    assert call["leads_session"], "a Ctrl-C on the operator must not reach helm in the middle of a write"
    assert not list(fake_helm.folder.glob("pwned"))


async def test_the_environment_cannot_lead_helm_elsewhere(
    fake_helm: conftest.FakeHelm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To another cluster, namespace or storage than we look at."""
    for name in ("HELM_NAMESPACE", "HELM_KUBECONTEXT", "HELM_KUBEAPISERVER", "HELM_DRIVER", "HELM_DEBUG"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("HELM_CACHE_HOME", "/cache")
    monkeypatch.setenv("KUBECONFIG", "/the/config")
    await _upgrade(fake_helm.executable)
    (call,) = fake_helm.calls
    assert call["environment"] == {
        "HELM_CACHE_HOME": "/cache",
        "HELM_PLUGINS": "/dev/null",
        "KUBECONFIG": "/the/config",
    }


@pytest.mark.parametrize("stdout", ["", "not json", "[]", '{"name": '])
async def test_what_helm_prints_is_not_needed(fake_helm: conftest.FakeHelm, stdout: str) -> None:
    """The stored release is read afterwards; it says what happened."""
    fake_helm.plan(stdout=stdout)
    await _upgrade(fake_helm.executable)


REJECTED = (
    'Job.batch "x" is invalid: spec.template: Invalid value: field is immutable',
    'ConfigMap "x" is invalid: data: Too long: may not be more than 1048576 bytes',
    "unable to build kubernetes objects from release manifest: unable to parse YAML",
    "YAML parse error on inspection/templates/manifests.yaml: error converting YAML to JSON",
    'error when patching: .spec.template.spec.containers[0].env: duplicate entries for key [name="A"]',
    "failed to create typed patch object (default/x; batch/v1, Kind=Job): .spec.retries: field not declared",
    'strict decoding error: unknown field "spec.retries"',
    'ConfigMap "x" in namespace "default" exists and cannot be imported into the current release',
)
UNAVAILABLE = (
    "another operation (install/upgrade/rollback) is in progress",
    '"night--disk" has no deployed releases',
    "Kubernetes cluster unreachable: Get https://10.0.0.1/version: connection refused",
    "etcdserver: request timed out",
    "context deadline exceeded",
    'jobs.batch is forbidden: User "x" cannot create resource "jobs"',
    'configmaps "x" is forbidden: exceeded quota: q',
    "release: not found",
    "",
)


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        *((words, errors.ReleaseRejected) for words in REJECTED),
        *((words, errors.ReleaseUnavailable) for words in UNAVAILABLE),
    ],
)
async def test_what_helm_says_decides_whether_a_retry_can_help(
    fake_helm: conftest.FakeHelm, stderr: str, expected: type[errors.InspectError]
) -> None:
    fake_helm.plan(code=1, stderr=f"level=WARN msg=careful\nError: UPGRADE FAILED: {stderr}\n" if stderr else "")
    with pytest.raises(errors.InspectError) as failed:
        await _upgrade(fake_helm.executable)
    assert type(failed.value) is expected
    assert failed.value.retry is (expected is errors.ReleaseUnavailable)
    assert str(failed.value).startswith("upgrade of night--disk: ")
    assert stderr in str(failed.value)
    assert "level=WARN" not in str(failed.value)
    assert stderr or "code 1" in str(failed.value)


async def test_words_that_are_no_utf_8_are_still_a_failure_of_helms(fake_helm: conftest.FakeHelm) -> None:
    fake_helm.plan(code=1, stderr="Error: \udcff is invalid\n")
    with pytest.raises(errors.ReleaseRejected, match="is invalid"):
        await _upgrade(fake_helm.executable)


async def test_a_helm_that_is_not_there_is_told_by_its_name(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.ReleaseUnavailable, match=r"helm can't be run.*no-helm"):
        await _upgrade(str(tmp_path / "no-helm"))


async def test_a_helm_that_takes_too_long_is_ended(fake_helm: conftest.FakeHelm) -> None:
    fake_helm.plan(hang=True)
    with pytest.raises(errors.ReleaseUnavailable, match=r"upgrade of night--disk: helm did not end within 0\.5 s"):
        await _upgrade(fake_helm.executable, timeout_seconds=0.5)
    assert not any(conftest.is_alive(call["pid"]) for call in fake_helm.calls)  # type: ignore[arg-type]


@pytest.mark.parametrize("deaf", [False, True])
async def test_cancelling_ends_helm_by_sigterm_and_a_deaf_one_by_force(
    fake_helm: conftest.FakeHelm, deaf: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helm, "TERMINATE_SECONDS", 0.3 if deaf else 10.0)
    fake_helm.plan(hang=True, deaf=deaf)
    task = asyncio.create_task(_upgrade(fake_helm.executable))
    await _until(lambda: fake_helm.calls)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 5
    assert not conftest.is_alive(fake_helm.calls[0]["pid"])  # type: ignore[arg-type]


async def test_where_the_lease_is_lost_helm_is_killed_at_once(fake_helm: conftest.FakeHelm) -> None:
    """Another operator is at work already; every further write would be one too many."""
    fake_helm.plan(hang=True, deaf=True)
    one = helm.Helm(fake_helm.executable, 1)
    task = asyncio.create_task(one.uninstall("night--disk", "default", timeout_seconds=30))
    await _until(lambda: fake_helm.calls)
    one.terminate_seconds = 0.0
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 2
    assert not conftest.is_alive(fake_helm.calls[0]["pid"])  # type: ignore[arg-type]


async def test_helm_dies_with_an_operator_that_was_killed(fake_helm: conftest.FakeHelm) -> None:
    """Else it could go on writing while the next operator repairs."""
    fake_helm.plan(hang=True)
    code = (
        "import asyncio, sys; from inspect_operator.release import helm;"
        "asyncio.run(helm.Helm(sys.argv[1], 1).uninstall('a', 'b', timeout_seconds=60))"
    )
    source = pathlib.Path(helm.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, fake_helm.executable, env=environment)
    await _until(lambda: fake_helm.calls)
    parent.kill()
    await parent.wait()
    await _until(lambda: not conftest.is_alive(fake_helm.calls[0]["pid"]))  # type: ignore[arg-type]


async def test_no_more_than_so_many_run_at_once(fake_helm: conftest.FakeHelm) -> None:
    fake_helm.plan(seconds=0.1)
    one = helm.Helm(fake_helm.executable, 2)
    await asyncio.gather(*(one.uninstall(f"r{number}", "default", timeout_seconds=30) for number in range(5)))
    assert len(fake_helm.calls) == 5
    assert fake_helm.most_together == 2


async def test_one_that_waits_for_its_turn_can_be_cancelled(fake_helm: conftest.FakeHelm) -> None:
    fake_helm.plan(hang=True)
    one = helm.Helm(fake_helm.executable, 1)
    first = asyncio.create_task(one.uninstall("first", "default", timeout_seconds=30))
    await _until(lambda: fake_helm.calls)
    second = asyncio.create_task(one.uninstall("second", "default", timeout_seconds=30))
    await asyncio.sleep(0)
    for task in (second, first):
        task.cancel()
    assert [type(end) for end in await asyncio.gather(first, second, return_exceptions=True)] == [
        asyncio.CancelledError
    ] * 2
    assert len(fake_helm.calls) == 1


@pytest.mark.parametrize("version", ["v4.3.1", "v4.0.0"])
async def test_helm_4_is_taken(fake_helm: conftest.FakeHelm, version: str) -> None:
    fake_helm.plan(stdout=version + "\n")
    assert await helm.Helm(fake_helm.executable, 1).version() == version


@pytest.mark.parametrize("version", ["v3.19.0", "v2.17.0", "", "v40.1.0", "error"])
async def test_another_helm_is_refused_at_start(fake_helm: conftest.FakeHelm, version: str) -> None:
    fake_helm.plan(stdout=version)
    with pytest.raises(errors.SettingsInvalid, match="install helm v4"):
        await helm.Helm(fake_helm.executable, 1).version()


@pytest.mark.parametrize("broken", ["missing", "failing", "no-program"])
async def test_a_helm_that_cannot_run_is_told_at_start(fake_helm: conftest.FakeHelm, broken: str) -> None:
    if broken == "missing":
        fake_helm.program.unlink()
    elif broken == "failing":
        fake_helm.plan(code=1, stderr="Error: no such command")
    else:
        fake_helm.program.chmod(0o644)
    with pytest.raises(errors.SettingsInvalid, match=r"helm can't be run \(.*/helm\)"):
        await helm.Helm(fake_helm.executable, 1).version()


async def test_no_helm_is_begun_once_another_operator_may_act(fake_helm: conftest.FakeHelm) -> None:
    """Also not for those that waited for their turn meanwhile."""
    fake_helm.plan(seconds=0.2)
    late: list[bool] = []

    def refuse_late() -> None:
        if late:
            raise errors.ClusterUnavailable("another operator may be at work")

    one = helm.Helm(fake_helm.executable, 1, "", refuse_late)
    first = asyncio.create_task(one.uninstall("first", "default", timeout_seconds=30))
    second = asyncio.create_task(one.uninstall("second", "default", timeout_seconds=30))
    await _until(lambda: fake_helm.calls)
    late.append(True)
    await first
    with pytest.raises(errors.ClusterUnavailable):
        await second
    assert len(fake_helm.calls) == 1
