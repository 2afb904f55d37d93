"""Schedules, and runs that are asked for."""

import pytest

from tests.e2e.harness import kube, marker, process

REQUEST = "api.practice.com/run-requested-at"


@pytest.mark.timeout(300)
def test_schedule_runs_suspends_and_is_edited_in_place(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        task = {
            "name": "tick",
            "script": markers.script("tick"),
            "schedule": "*/1 * * * *",
            "timeZone": "Asia/Shanghai",
        }
        kube.apply(kube.inspect("night", task), namespace)
        cron = kube.there("cronjob", namespace, "night--tick")
        assert (cron["spec"]["schedule"], cron["spec"]["timeZone"]) == ("*/1 * * * *", "Asia/Shanghai")
        assert cron["metadata"]["labels"]["app"] == "night--tick"
        waiting = kube.until("row", lambda: _row(namespace, "night", "tick"))
        assert (waiting["state"], waiting["reason"]) == ("waiting", "Scheduled")

        row = kube.until("two runs", lambda: _with_history(namespace, "night", "tick", 1), 150)
        assert row["verdict"] == row["history"][0]["verdict"] == "success"
        assert row["runUid"] != row["history"][0]["runUid"]
        assert markers.counts["tick"] == 2
        found = kube.get("inspect", namespace, "night") or {}
        assert found["status"]["schedule"] == "*/1 * * * * Asia/Shanghai"
        assert kube.condition(found, "Succeeded")["status"] == "True"

        # Suspended, and an hour that isn't now: nothing fires, and the CronJob is the same one.
        kube.apply(kube.inspect("night", task, suspend=True), namespace)
        kube.until("suspended", lambda: _spec(namespace)["suspend"] is True)
        kube.apply(kube.inspect("night", task | {"schedule": "7 3 1 1 *"}, suspend=True), namespace)
        kube.until("edited", lambda: _spec(namespace)["schedule"] == "7 3 1 1 *")
        after = kube.get("cronjob", namespace, "night--tick") or {}
        assert after["metadata"]["uid"] == cron["metadata"]["uid"]
        assert _row(namespace, "night", "tick")["runUid"] == row["runUid"]
        assert len(kube.items("jobs", namespace)) == 2

        # Also while suspended a run that is asked for is done: once.
        kube.run("annotate", "inspect", "night", "-n", namespace, f"{REQUEST}=one")
        asked = kube.until("a third run", lambda: _with_history(namespace, "night", "tick", 2))
        assert asked["job"].startswith("night--tick-")
        assert markers.counts["tick"] == 3
        assert kube.history(namespace, "night--tick")[-1]["description"] == "run again: it was asked for"


def test_run_is_done_once_a_request_for_one_task_or_all(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        tasks: list[kube.Object] = [
            {"name": "once", "script": markers.script("once")},
            {"name": "with, comma", "script": markers.script("comma")},
            {"name": "rarely", "script": markers.script("rarely"), "schedule": "0 3 1 1 *"},
            {"name": "paused", "script": markers.script("paused"), "suspend": True},
        ]
        kube.apply(kube.inspect("now", *tasks), namespace)
        kube.until("first runs", lambda: markers.counts == {"once": 1, "comma": 1})
        assert _row(namespace, "now", "paused")["reason"] == "Suspended"

        def ask(text: str, expected: dict[str, int]) -> None:
            kube.run("annotate", "inspect", "now", "-n", namespace, "--overwrite", f"{REQUEST}={text}")
            kube.until(f"runs asked for by {text!r}", lambda: markers.counts == expected)
            kube.until("results", lambda: all(one.get("state") != "active" for one in _rows(namespace, "now")))

        ask("1 for rarely, once", {"once": 2, "comma": 1, "rarely": 1})
        ask("2 for with, comma", {"once": 2, "comma": 2, "rarely": 1})
        ask("3", {"once": 3, "comma": 3, "rarely": 2, "paused": 1})
        # Neither the annotation's end, nor another task, nor a restart of the operator, nor an edit asks for anything.
        kube.run("annotate", "inspect", "now", "-n", namespace, f"{REQUEST}-")
        kube.run("annotate", "inspect", "now", "-n", namespace, f"{REQUEST}=3")
        operator.kill()
        operator.start()
        tasks[2]["script"] = markers.script("edited")
        added = {"name": "added", "script": markers.script("added"), "schedule": "0 4 1 1 *"}
        kube.apply(kube.inspect("now", *tasks, added, timeout="2m"), namespace)
        kube.until("installed", lambda: "now--added" in kube.releases(namespace))
        found = kube.until("settled", lambda: _ready(namespace, "now"))
        assert kube.row(found, "rarely")["verdict"] == "success"
        assert markers.counts == {"once": 3, "comma": 3, "rarely": 2, "paused": 1}

        kube.run("annotate", "inspect", "now", "-n", namespace, "--overwrite", f"{REQUEST}=4 for nobody")
        found = kube.until("refused", lambda: _not_ready(namespace, "now"))
        assert "no task named 'nobody'" in kube.condition(found, "Ready")["message"]


def test_schedule_changed_behind_our_back_is_put_right(operator: process.Operator, namespace: str) -> None:
    operator.start()
    task = {"name": "t", "script": "true", "schedule": "0 3 1 1 *"}
    kube.apply(kube.inspect("drift", task), namespace)
    cron = kube.there("cronjob", namespace, "drift--t")
    kube.until("ready", lambda: _ready(namespace, "drift"))
    kube.merge("cronjob", namespace, "drift--t", {"spec": {"suspend": True}})
    kube.until("resumed", lambda: kube.there("cronjob", namespace, "drift--t")["spec"]["suspend"] is False)
    kube.run("delete", "cronjob", "drift--t", "-n", namespace)
    again = kube.there("cronjob", namespace, "drift--t")
    assert again["metadata"]["uid"] != cron["metadata"]["uid"]
    kube.merge("configmap", namespace, "drift--t", {"data": {"script": "echo changed"}})
    kube.until("script", lambda: (kube.get("configmap", namespace, "drift--t") or {})["data"]["script"] == "true")
    assert kube.history(namespace, "drift--t")[-1]["description"] == "an object of the release was lost"


def test_request_waits_for_the_run_that_goes_on(operator: process.Operator, namespace: str) -> None:
    with marker.Markers() as markers:
        operator.start()
        task = {"name": "slow", "script": markers.script("slow") + "sleep 8\n"}
        kube.apply(kube.inspect("wait", task), namespace)
        kube.until("begun", lambda: markers.counts == {"slow": 1})
        kube.run("annotate", "inspect", "wait", "-n", namespace, f"{REQUEST}=x")
        row = kube.until("second run", lambda: _with_history(namespace, "wait", "slow", 1))
        assert markers.counts == {"slow": 2}
        assert row["history"][0]["verdict"] == "success"  # the first one was let end
        assert row["history"][0]["finished"] <= row["started"]


def _rows(namespace: str, name: str) -> list[kube.Object]:
    return list((kube.get("inspect", namespace, name) or {}).get("status", {}).get("results", ()))


def _row(namespace: str, name: str, task: str) -> kube.Object:
    return kube.row(kube.get("inspect", namespace, name) or {}, task)


def _with_history(namespace: str, name: str, task: str, runs: int) -> kube.Object:
    row = _row(namespace, name, task)
    return row if len(row.get("history", ())) >= runs and row.get("verdict") else {}


def _spec(namespace: str) -> kube.Object:
    return dict((kube.get("cronjob", namespace, "night--tick") or {"spec": {}})["spec"])


def _ready(namespace: str, name: str) -> kube.Object:
    found = kube.get("inspect", namespace, name) or {}
    return found if kube.condition(found, "Ready").get("status") == "True" else {}


def _not_ready(namespace: str, name: str) -> kube.Object:
    found = kube.get("inspect", namespace, name) or {}
    return found if kube.condition(found, "Ready").get("status") == "False" else {}
