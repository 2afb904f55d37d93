"""helm list shows one release a task, under names that are valid, stable and distinct; helm history says why."""

import re

from tests.e2e.harness import kube, process

AWKWARD = ["UPPER.case_and dots", "磁盘检查", "x" * 200, "with--dashes", "-", "emoji 🚀", "trailing-", "plain"]


def test_awkward_task_names_become_valid_distinct_stable_releases(operator: process.Operator, namespace: str) -> None:
    operator.start()
    body = kube.inspect("names", *({"name": name, "script": "echo 'name ok'"} for name in AWKWARD))
    kube.apply(body, namespace)
    found = kube.finished(namespace, "names", 120)
    releases = {name: kube.row(found, name)["release"] for name in AWKWARD}
    assert len(set(releases.values())) == len(AWKWARD)
    assert set(releases.values()) == set(kube.releases(namespace))
    for release in releases.values():
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", release)
        assert len(release) <= 52
    assert releases["plain"] == "names--plain"
    jobs = {item["metadata"]["name"]: item["metadata"]["uid"] for item in kube.items("jobs", namespace)}
    assert all(len(name) <= 63 for name in jobs)

    # The same names after a restart of the operator and a change of order.
    operator.stop()
    operator.start()
    kube.apply(body | {"spec": {"tasks": body["spec"]["tasks"][::-1]}}, namespace)
    again = kube.finished(namespace, "names")
    assert {name: kube.row(again, name)["release"] for name in AWKWARD} == releases
    assert {item["metadata"]["name"]: item["metadata"]["uid"] for item in kube.items("jobs", namespace)} == jobs


def test_inspects_whose_names_run_together_live_side_by_side(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("a-b", {"name": "c", "script": "echo 'one ok'"}), namespace)
    kube.apply(kube.inspect("a", {"name": "b-c", "script": "echo 'two ok'"}), namespace)
    first, second = kube.finished(namespace, "a-b"), kube.finished(namespace, "a")
    assert (kube.row(first, "c")["release"], kube.row(second, "b-c")["release"]) == ("a-b--c", "a--b-c")
    kube.run("delete", "inspect", "a", "-n", namespace, "--timeout=60s")
    assert set(kube.releases(namespace)) == {"a-b--c"}
    assert kube.row(kube.finished(namespace, "a-b"), "c")["verdict"] == "success"


def test_history_says_why_each_revision_was_made(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("why", {"name": "t", "script": "echo 'one ok'"}), namespace)
    kube.finished(namespace, "why")
    kube.apply(kube.inspect("why", {"name": "t", "script": "echo 'two ok'"}), namespace)
    kube.finished(namespace, "why")
    kube.apply(kube.inspect("why", {"name": "t", "script": "echo 'two ok'", "restart": True}), namespace)
    kube.finished(namespace, "why")
    assert [revision["description"] for revision in kube.history(namespace, "why--t")] == [
        "installed for generation 1",
        "task changed in generation 2",
        "run again: restart is true and generation 3 is new",
    ]


def test_release_of_somebody_else_is_not_touched(
    operator: process.Operator, namespace: str, foreign_chart: str
) -> None:
    kube.helm("install", "mine--t", foreign_chart, "-n", namespace)
    operator.start()
    kube.apply(kube.inspect("mine", {"name": "t", "script": "true"}, {"name": "u", "script": "true"}), namespace)
    ready = kube.until("refused", lambda: _not_ready(namespace, "mine"))
    assert ready["reason"] == "ReleaseNotOwned"
    assert "mine--t" in ready["message"]
    kube.until("other task ran", lambda: kube.row(kube.get("inspect", namespace, "mine") or {}, "u").get("verdict"))
    kube.run("delete", "inspect", "mine", "-n", namespace, "--timeout=60s")
    assert {name: one["status"] for name, one in kube.releases(namespace).items()} == {"mine--t": "deployed"}
    assert len(kube.history(namespace, "mine--t")) == 1


def _not_ready(namespace: str, name: str) -> kube.Object:
    ready = kube.condition(kube.get("inspect", namespace, name), "Ready")
    return ready if ready.get("status") == "False" else {}
