"""When nothing changed, nothing is done: a restart over unchanged objects starts no helm and writes nothing."""

import pathlib
import time

import pytest

from tests.e2e.harness import audit, kube, process

OBJECTS, WATCHED_SECONDS = 20, 60.0


@pytest.mark.timeout(400)
def test_restart_over_unchanged_objects_does_nothing(
    operator: process.Operator, namespace: str, tmp_path: pathlib.Path, check_roles: None
) -> None:
    calls = tmp_path / "helm.calls"
    operator.settings["HELM"] = str(process.counting_helm(tmp_path, calls))
    operator.settings["HELM_ENGINE"] = "exec"  # each call is then a process that can be counted
    operator.start()
    for number in range(OBJECTS):
        kube.apply(kube.inspect(f"quiet-{number}", {"name": "t"} | _shape(number)), namespace)
    for number in range(OBJECTS):
        kube.finished(namespace, f"quiet-{number}", 120)
    operator.stop()
    before, jobs, called = _versions(namespace), kube.names("jobs", namespace), _upgrades(calls)
    assert len(called) == OBJECTS

    log = audit.Log(namespace)
    operator.start()
    time.sleep(WATCHED_SECONDS)  # the promise is about a span of time, not about an event
    assert _versions(namespace) == before
    assert kube.names("jobs", namespace) == jobs
    assert _upgrades(calls) == called
    assert [entry for entry in log.writes() if "/leases/" not in entry] == []

    # The same watch notices a change: it is not blind.
    kube.apply(kube.inspect("quiet-0", {"name": "t", "script": "echo 'changed ok now'"}), namespace)
    found = kube.finished(namespace, "quiet-0")
    assert kube.row(found, "t")["findings"][0]["name"] == "changed"
    assert len(_upgrades(calls)) == OBJECTS + 1
    assert any("/inspects/quiet-0/status" in entry for entry in log.writes())


def _shape(number: int) -> kube.Object:
    """What the task of an object is: of every kind there is some."""
    on_linux = {"nodes": {"selector": {"matchLabels": {"kubernetes.io/os": "linux"}}}}
    login = {"address": "127.0.0.1", "passwordFrom": {"secretKeyRef": {"name": "none", "key": "none"}}}
    script = {"script": f"echo 'n ok {number}'"}
    shapes: list[kube.Object] = [
        script,
        script | {"schedule": "0 3 1 1 *", "timeZone": "Asia/Shanghai"},
        script | {"target": on_linux},
        script | {"target": on_linux, "schedule": "0 3 1 1 *", "suspend": True},
        {"check": "workload-hygiene"},
        {"check": "events-warning", "schedule": "0 3 1 1 *"},
        script | {"target": {"hosts": [login]}},
        {"script": "exit 1"},
    ]
    return shapes[number % len(shapes)]


def test_second_operator_names_the_first_and_stops(
    operator: process.Operator, namespace: str, runner_image: str, tmp_path: pathlib.Path
) -> None:
    operator.start()
    (tmp_path / "second").mkdir()
    second = process.Operator(pathlib.Path(__file__).resolve().parents[2], namespace, runner_image, tmp_path / "second")
    with pytest.raises(AssertionError) as ended:
        second.start()
    assert "another inspect-operator is at work" in str(ended.value)
    assert f"_{operator.pid}_" in str(ended.value)  # the holder's identity says which process it is
    second.stop()
    assert not operator.ended()


def _versions(namespace: str) -> dict[str, str]:
    return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in kube.items("inspects", namespace)}


def _upgrades(calls: pathlib.Path) -> list[str]:
    return [line for line in calls.read_text().splitlines() if line.startswith("upgrade")]
