"""Bad input is refused by the API server naming the field, or shows as Ready=False with words; others go on."""

import pytest

from tests.e2e.harness import kube, process

OK = {"name": "ok", "script": "echo 'x ok'"}

REFUSED: dict[str, tuple[list[kube.Object], str]] = {
    "no task kind": ([{"name": "t"}], "exactly one of script, scriptFrom, image, check"),
    "two kinds": ([{"name": "t", "script": "true", "image": "x"}], "exactly one of script, scriptFrom, image, check"),
    "unknown field": ([{"name": "t", "script": "true", "skript": "x"}], 'unknown field "spec.tasks[0].skript"'),
    "unknown interpreter": ([{"name": "t", "script": "true", "interpreter": "perl"}], "spec.tasks[0].interpreter"),
    "101 tasks": ([{"name": f"t{n}", "script": "true"} for n in range(101)], "spec.tasks"),
    "no tasks": ([], "spec.tasks"),
    "empty script": ([{"name": "t", "script": ""}], "spec.tasks[0].script"),
    "repeated names": ([OK, OK], "task names must be unique"),
    "repeated names across spellings": ([OK, {"task": {"task_name": "ok", "type": "image"}}], "names must be unique"),
    "neither spelling": ([{"script": "true"}], "a task has a name, or is in the original spelling"),
    "both spellings": ([{"name": "a", "task": {"task_name": "b"}}], "a task has a name, or is in the original"),
    "original name missing": ([{"task": {"type": "script"}}], "task_name"),
    "bad timeout": ([{**OK, "timeout": "10 minutes"}], "spec.tasks[0].timeout"),
    "bad quantity": ([{**OK, "resources": {"limits": {"memory": "much"}}}], "memory"),
    "bad variable": ([{**OK, "env": [{"name": "A B", "value": "x"}]}], "spec.tasks[0].env[0].name"),
}

NOT_READY: dict[str, tuple[kube.Object, str]] = {
    "unknown source": (
        {"task": {"task_name": "t", "type": "script", "source": "nosuch.sh"}},
        "no script named 'nosuch.sh'",
    ),
    "type missing": ({"task": {"task_name": "t", "script": "true"}}, "spec.tasks[0].task.type is missing"),
    "type unknown": ({"task": {"task_name": "t", "type": "job"}}, "say type: script or type: image"),
    "neither script nor source": ({"task": {"task_name": "t", "type": "script"}}, "needs script, or source"),
    "image missing": ({"task": {"task_name": "t", "type": "image"}}, "spec.tasks[0].task.source is missing"),
    "unknown location": (
        {"task": {"task_name": "t", "type": "script", "script": "true", "script_location": "moon"}},
        "say local, remote or all",
    ),
    "no time": ({**OK, "timeout": "0s"}, "spec.tasks[0].timeout"),
    "repeated variable": (
        {**OK, "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        "spec.tasks[0].env: A stands there more than once",
    ),
}


def test_refused_by_the_api_server(namespace: str) -> None:
    for what, (tasks, words) in REFUSED.items():
        with pytest.raises(kube.Failed) as failed:
            kube.apply(kube.inspect("bad", *tasks), namespace)
        assert words in str(failed.value), what
    assert kube.items("inspects", namespace) == []


def test_not_ready_with_words_and_nothing_written(operator: process.Operator, namespace: str) -> None:
    operator.start()
    names = {what: what.replace(" ", "-") for what in NOT_READY}
    for what, (task, _) in NOT_READY.items():
        kube.apply(kube.inspect(names[what], task), namespace)
    for what, (_, words) in NOT_READY.items():
        _assert_refused(namespace, names[what], words)
    assert kube.releases(namespace) == {}
    assert kube.items("jobs", namespace) == []


def test_poisoned_object_does_not_stop_others_nor_its_own_releases(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("later-bad", OK), namespace)
    kube.finished(namespace, "later-bad")
    before = {job["metadata"]["uid"] for job in kube.items("jobs", namespace)}
    kube.apply(kube.inspect("later-bad", {**OK, "timeout": "0s"}), namespace)
    kube.until("refused", lambda: _ready(namespace, "later-bad").get("status") == "False")
    kube.apply(kube.inspect("good", OK), namespace)
    assert kube.row(kube.finished(namespace, "good"), "ok")["verdict"] == "success"
    assert before <= {job["metadata"]["uid"] for job in kube.items("jobs", namespace)}
    # Mended, it is as it was before, without another run.
    kube.apply(kube.inspect("later-bad", OK), namespace)
    kube.finished(namespace, "later-bad")
    assert len(kube.items("jobs", namespace)) == 2
    assert kube.releases(namespace)["later-bad--ok"]["revision"] == "1"


def _assert_refused(namespace: str, name: str, words: str) -> None:
    ready = kube.until(f"{name}: Ready", lambda: _ready(namespace, name), 20)
    assert (ready["status"], ready["reason"]) == ("False", "SpecInvalid"), name
    assert words in ready["message"], name
    assert ready["message"] in kube.run("describe", "inspect", name, "-n", namespace)
    events = ("events", "-n", namespace, "--for", f"inspect/{name}")
    kube.until(f"{name}: event", lambda: "SpecInvalid" in kube.run(*events), 20)


def _ready(namespace: str, name: str) -> kube.Object:
    return kube.condition(kube.get("inspect", namespace, name), "Ready")
