"""An edit runs what it changed, once, and nothing else."""

from tests.e2e.harness import kube, marker, process


def test_changed_script_runs_once_and_alone(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()

        def tasks(word: str) -> list[kube.Object]:
            return [{"name": "a", "script": markers.script(word)}, {"name": "b", "script": markers.script("b")}]

        kube.apply(kube.inspect("edit", *tasks("one")), namespace)
        kube.finished(namespace, "edit")
        other = _job_uids(namespace)["edit--b"]
        for word, revision in (("two", 2), ("one", 3)):
            kube.apply(kube.inspect("edit", *tasks(word)), namespace)
            found = kube.finished(namespace, "edit")
            assert kube.row(found, "a")["revision"] == revision
            assert kube.row(found, "a")["findings"][0]["message"] == word
        assert markers.counts == {"one": 2, "two": 1, "b": 1}
        assert _job_uids(namespace)["edit--b"] == other
        assert kube.row(found, "b")["revision"] == 1
        # Jobs and ConfigMaps of the runs before are gone.
        assert len(kube.items("jobs,configmaps", namespace, labels="taskType=inspect")) == 4


def test_edits_outside_the_run_key_run_nothing(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        task = {"name": "a", "script": markers.script("ran")}
        kube.apply(kube.inspect("still", task), namespace)
        kube.finished(namespace, "still")
        jobs, revision = _job_uids(namespace), kube.releases(namespace)["still--a"]["revision"]
        for change in (
            {"timeout": "2m"},
            {"retries": 2},
            {"interpreter": "bash"},
            {"resources": {"limits": {"cpu": "1"}}},
        ):
            kube.apply(kube.inspect("still", task | change), namespace)
            kube.finished(namespace, "still")
        kube.apply(kube.inspect("still", task, timeout="3m"), namespace)
        found = kube.finished(namespace, "still")
        assert found["metadata"]["generation"] == 6
        assert _job_uids(namespace) == jobs
        assert kube.releases(namespace)["still--a"]["revision"] == revision
        assert markers.counts == {"ran": 1}


def test_restart_runs_the_task_with_each_generation_and_taking_it_away_does_not(
    operator: process.Operator, namespace: str
) -> None:
    with marker.Markers() as markers:
        operator.start()
        again = {"name": "again", "script": markers.script("again"), "restart": True}
        for number in range(3):
            kube.apply(kube.inspect("r", again, {"name": "other", "script": f"echo 'v ok {number}'"}), namespace)
            kube.finished(namespace, "r")
        assert markers.counts == {"again": 3}
        calm = {name: value for name, value in again.items() if name != "restart"}
        kube.apply(kube.inspect("r", calm, {"name": "other", "script": "echo 'v ok 2'"}), namespace)
        kube.finished(namespace, "r")
        assert markers.counts == {"again": 3}


def test_removed_task_takes_its_release_along(operator: process.Operator, namespace: str) -> None:
    operator.start()
    tasks = [{"name": name, "script": "echo 'x ok'"} for name in ("stay", "go")]
    kube.apply(kube.inspect("fewer", *tasks), namespace)
    kube.finished(namespace, "fewer")
    kube.apply(kube.inspect("fewer", tasks[0]), namespace)
    kube.until("uninstalled", lambda: set(kube.releases(namespace)) == {"fewer--stay"})
    kube.until("objects gone", lambda: len(kube.items("jobs,configmaps", namespace, labels="taskType=inspect")) == 2)
    found = kube.finished(namespace, "fewer")
    assert [row["task_name"] for row in found["status"]["results"]] == ["stay"]


def test_finished_job_that_was_deleted_is_not_made_again(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        kube.apply(kube.inspect("gone", {"name": "a", "script": markers.script("ran")}), namespace)
        before = kube.row(kube.finished(namespace, "gone"), "a")
        kube.run("delete", "job", "-n", namespace, "-l", "taskType=inspect")
        # A lost ConfigMap makes one upgrade of the release; the Job stays out of it.
        kube.run("delete", "configmap", "-n", namespace, "-l", "taskType=inspect")
        kube.until("ConfigMap came back", lambda: kube.names("configmaps", namespace, labels="taskType=inspect"))
        kube.until("upgraded", lambda: kube.releases(namespace)["gone--a"]["revision"] == "2")
        assert "lost" in kube.history(namespace, "gone--a")[-1]["description"]
        kube.run("annotate", "inspect", "gone", "-n", namespace, "touched=yes")
        found = kube.finished(namespace, "gone")
        assert kube.names("jobs", namespace) == set()
        assert markers.counts == {"ran": 1}
        after = kube.row(found, "a")
        assert {**after, "revision": 1} == {**before, "revision": 1}


def _job_uids(namespace: str) -> dict[str, str]:
    jobs = kube.items("jobs", namespace)
    return {job["metadata"]["labels"]["app.kubernetes.io/instance"]: job["metadata"]["uid"] for job in jobs}
