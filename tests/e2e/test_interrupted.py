"""helm dies, or its last write is refused: the operator comes back to `deployed` by itself, and no Job runs twice."""

import pathlib
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.harness import kube, marker, process, proxy

#: An install writes 4 times and an upgrade 6 times; later numbers prove that there are no more.
INSTALL, UPGRADE, UNINSTALL = 4, 6, 6


#: Of the two, all kills of an upgrade are tried each time; the other kills of a warm helm when there is time.
ENGINES = pytest.mark.parametrize("bad", ["exec", "warm"], indirect=True)


@pytest.fixture(params=["exec", pytest.param("warm", marks=pytest.mark.soak)])
def bad(request: pytest.FixtureRequest, tmp_path: pathlib.Path, operator: process.Operator) -> Iterator[proxy.Proxy]:
    """The operator's helm goes through a proxy; one helm at a time. What is killed is the helm process by exec, and
    the child that is kept with a warm one."""
    with proxy.Proxy(tmp_path) as made:
        operator.settings["HELM"] = str(made.helm)
        operator.settings["HELM_ENGINE"] = request.param
        operator.settings["WARM_HELM"] = str(made.warm_helm)
        operator.settings["HELM_CONCURRENCY"] = "1"
        yield made
        assert ("warm helm was started" in operator.log()) == (request.param == "warm")


@pytest.fixture
def markers() -> Iterator[marker.Markers]:
    with marker.Markers() as made:
        yield made


Judge = Callable[[int, str, str], str]


def kill_at(number: int) -> Judge:
    return lambda count, method, path: "kill" if count == number else ""


@pytest.mark.parametrize("number", range(1, INSTALL + 1))
def test_killed_install(
    operator: process.Operator, namespace: str, bad: proxy.Proxy, markers: marker.Markers, number: int
) -> None:
    operator.start()
    bad.arm(kill_at(number))
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("one")}), namespace)
    _recovered(namespace)
    assert bad.fired
    assert markers.counts == {"one": 1}
    _deleted_without_a_trace(namespace)


@ENGINES
@pytest.mark.parametrize("number", range(1, UPGRADE + 1))
def test_killed_upgrade(
    operator: process.Operator, namespace: str, bad: proxy.Proxy, markers: marker.Markers, number: int
) -> None:
    operator.start()
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("one")}), namespace)
    _recovered(namespace)
    bad.arm(kill_at(number))
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("two")}), namespace)
    _recovered(namespace)
    assert bad.fired
    assert markers.counts == {"one": 1, "two": 1}
    assert len(kube.names("jobs", namespace)) == 1
    _deleted_without_a_trace(namespace)


@pytest.mark.parametrize("number", range(1, UPGRADE + 1))
def test_killed_upgrade_then_a_third_content(
    operator: process.Operator, namespace: str, bad: proxy.Proxy, markers: marker.Markers, number: int
) -> None:
    """Helm compares with the last deployed revision only: what the killed one made would stay for ever."""
    operator.start()
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("one")}), namespace)
    _recovered(namespace)
    bad.hold_after_kill = True
    bad.arm(kill_at(number))
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("two")}), namespace)
    kube.until("helm was killed", lambda: bad.held)
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("three")}), namespace)
    bad.hold_after_kill = bad.held = False
    _recovered(namespace)
    assert markers.counts["one"] == markers.counts["three"] == 1
    assert markers.counts["two"] <= 1
    assert len(kube.names("jobs", namespace)) == 1
    assert len(kube.names("configmaps", namespace, labels="taskType=inspect")) == 1
    _deleted_without_a_trace(namespace)


@pytest.mark.parametrize("number", range(1, UNINSTALL + 1))
def test_killed_uninstall(
    operator: process.Operator, namespace: str, bad: proxy.Proxy, markers: marker.Markers, number: int
) -> None:
    operator.start()
    for word in ("one", "two"):
        kube.apply(kube.inspect("i", {"name": "t", "script": markers.script(word)}), namespace)
        _recovered(namespace)
    bad.arm(kill_at(number))
    _deleted_without_a_trace(namespace)
    # PUT uninstalling, two objects, two revisions: the sixth write doesn't exist.
    assert bool(bad.fired) == (number < UNINSTALL), bad.writes
    assert markers.counts == {"one": 1, "two": 1}


@pytest.mark.parametrize("workload", ["install", "upgrade"])
def test_last_write_to_storage_is_answered_500(
    operator: process.Operator, namespace: str, bad: proxy.Proxy, markers: marker.Markers, workload: str
) -> None:
    """At an install helm then ends with code 0, and the stored release is pending-install."""
    operator.start()
    if workload == "upgrade":
        kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("zero")}), namespace)
        _recovered(namespace)
    last = INSTALL if workload == "install" else UPGRADE
    bad.arm(lambda count, method, path: "500" if count == last and method == "PUT" and "/secrets/" in path else "")
    kube.apply(kube.inspect("i", {"name": "t", "script": markers.script("one")}), namespace)
    kube.until("the write was refused", lambda: bad.fired)
    _recovered(namespace)
    assert markers.counts["one"] == 1
    assert markers.counts["zero"] == (workload == "upgrade")
    _deleted_without_a_trace(namespace)


def _recovered(namespace: str) -> None:
    found = kube.finished(namespace, "i")
    assert kube.condition(found, "Ready")["status"] == "True"
    assert kube.row(found, "t")["verdict"] == "success", kube.row(found, "t")
    assert {name: one["status"] for name, one in kube.releases(namespace).items()} == {"i--t": "deployed"}


def _deleted_without_a_trace(namespace: str) -> None:
    kube.run("delete", "inspect", "i", "-n", namespace, "--timeout=60s")
    kinds = "jobs,configmaps,secrets"
    kube.until(
        "nothing left",
        lambda: {item["metadata"]["name"] for item in kube.items(kinds, namespace)} <= {"kube-root-ca.crt"},
    )
