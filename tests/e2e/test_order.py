"""Tasks that wait: for others to succeed, and for fewer runs to be active."""

import json
import time

from tests.e2e.harness import kube, marker, process


def test_tasks_start_once_those_they_wait_for_succeeded(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        tasks: list[kube.Object] = [
            {"name": "last", "script": markers.script("last"), "dependsOn": ["second", "beside"]},
            {"name": "second", "script": markers.script("second"), "dependsOn": ["first"]},
            {"name": "first", "script": markers.script("first") + "sleep 3\n"},
            {"name": "beside", "script": markers.script("beside")},
        ]
        kube.apply(kube.inspect("order", *tasks), namespace)
        row = kube.until("waits", lambda: _waiting(namespace, "order", "last"))
        assert (row["state"], row["reason"]) == ("waiting", "Dependency")
        assert "order--last" not in kube.releases(namespace)
        found = kube.finished(namespace, "order", 120)
        assert {one["verdict"] for one in found["status"]["results"]} == {"success"}
        began = {one["task_name"]: (one["started"], one["finished"]) for one in found["status"]["results"]}
        assert began["first"][1] <= began["second"][0]
        assert max(began["second"][1], began["beside"][1]) <= began["last"][0]

        # A new run of the first doesn't run the others again.
        tasks[2]["script"] = markers.script("first-again")
        kube.apply(kube.inspect("order", *tasks), namespace)
        kube.finished(namespace, "order")
        kube.until("ran", lambda: markers.counts["first-again"] == 1)
        assert markers.counts == {"first": 1, "second": 1, "beside": 1, "last": 1, "first-again": 1}


def test_failure_holds_what_waits_for_it_until_it_is_mended(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        first = {"name": "first", "script": "exit 3"}
        second = {"name": "second", "script": markers.script("second"), "dependsOn": ["first"]}
        third = {"name": "third", "script": markers.script("third"), "dependsOn": ["second"]}
        kube.apply(kube.inspect("chain", first, second, third), namespace)
        found = kube.finished(namespace, "chain")
        for name in ("second", "third"):
            row = kube.row(found, name)
            assert (row["verdict"], row["reason"]) == ("skipped", "DependencyFailed"), row
        assert "'first' ended in fail" in kube.row(found, "second")["message"]
        assert set(kube.releases(namespace)) == {"chain--first"}
        assert kube.condition(found, "Succeeded")["status"] == "False"
        kube.apply(kube.inspect("chain", first | {"script": "echo 'first ok 1'"}, second, third), namespace)
        kube.until("all ran", lambda: markers.counts == {"second": 1, "third": 1})
        found = kube.finished(namespace, "chain")
        assert {one["verdict"] for one in found["status"]["results"]} == {"success"}


def test_circle_is_refused_by_name(operator: process.Operator, namespace: str) -> None:
    operator.start()
    tasks = [{"name": name, "script": "true", "dependsOn": [other]} for name, other in ("ab", "bc", "ca")]
    kube.apply(kube.inspect("circle", *tasks), namespace)
    found = kube.until("refused", lambda: _refused(namespace, "circle"))
    assert "a → b → c → a" in kube.condition(found, "Ready")["message"]
    assert kube.releases(namespace) == {}


def test_no_more_runs_are_active_than_allowed(operator: process.Operator, namespace: str) -> None:
    most, number = 3, 30
    with marker.Markers() as markers:
        operator.start(settings={"ACTIVE_RUNS": str(most)})
        for half in range(2):
            tasks = [
                {"name": f"t{half}-{index}", "script": markers.script(f"t{half}-{index}") + "sleep 1\n"}
                for index in range(number // 2)
            ]
            kube.apply(kube.inspect(f"many{half}", *tasks), namespace)
        seen, queued = 0, 0
        deadline = time.monotonic() + 240
        while len(markers.counts) < number or not _all_finished(namespace):
            assert time.monotonic() < deadline, markers.counts
            jobs = json.loads(kube.run("get", "jobs", "-n", namespace, "-o", "json"))["items"]
            open_jobs = [one for one in jobs if not one.get("status", {}).get("conditions")]
            seen = max(seen, len(open_jobs))
            assert len(open_jobs) <= most, [one["metadata"]["name"] for one in open_jobs]
            rows = [
                row for one in kube.items("inspects", namespace) for row in one.get("status", {}).get("results", ())
            ]
            queued = max(queued, sum(row.get("reason") == "Queued" for row in rows))
        assert seen == most
        assert queued > most
        assert set(markers.counts.values()) == {1}
        verdicts = {row["verdict"] for one in kube.items("inspects", namespace) for row in one["status"]["results"]}
        assert verdicts == {"success"}


def _waiting(namespace: str, name: str, task: str) -> kube.Object:
    row = kube.row(kube.get("inspect", namespace, name) or {}, task)
    return row if row.get("state") == "waiting" else {}


def _refused(namespace: str, name: str) -> kube.Object:
    found = kube.get("inspect", namespace, name) or {}
    return found if kube.condition(found, "Ready").get("reason") == "SpecInvalid" else {}


def _all_finished(namespace: str) -> bool:
    found = kube.items("inspects", namespace)
    return all(kube.condition(one, "Finished").get("status") == "True" for one in found)
