"""What is kept of runs: each reason in its own words wherever people look, full reports, the record over runs, and the
alarm where a run of a schedule did not begin."""

import functools
import json
import pathlib

import pytest

from tests.e2e.harness import kube, process

REQUEST = "api.practice.com/run-requested-at"
#: A cluster that has much else to do is slow; a deadline says only when to give up.
PATIENCE_SECONDS = 180.0
HUNGRY = "x = []\nwhile True:\n    x.append(bytearray(16 * 2**20))\n"
GREEDY = "head -c 40M /dev/zero > /tmp/full; sleep 300"


@pytest.mark.timeout(600)
def test_each_reason_is_told_in_status_events_table_and_report(
    operator: process.Operator, namespace: str, try_image: str
) -> None:
    no_secret = [{"secretRef": {"name": "none"}}]
    tasks: dict[str, tuple[kube.Object, str, str]] = {
        "oom": ({"script": HUNGRY, "interpreter": "python3", "resources": {"limits": {"memory": "48Mi"}}},
                "error", "OOMKilled"),
        "slow": ({"script": "sleep 300", "timeout": "2s"}, "error", "DeadlineExceeded"),
        "pull": ({"image": "Registry.invalid/NO:1"}, "error", "ImagePull"),
        "container": ({"script": "true", "envFrom": no_secret}, "error", "CreateContainerError"),
        "security": ({"image": try_image}, "error", "PodSecurity"),
        "full": ({"script": GREEDY, "resources": {"limits": {"ephemeral-storage": "10Mi"}}}, "error", "Evicted"),
        "evicted": ({"script": "sleep 600"}, "error", "Evicted"),
        "deleted": ({"script": "sleep 600"}, "unknown", "PodDeleted"),
        "lost": ({"script": "sleep 2"}, "unknown", "LogLost"),
    }  # fmt: skip
    nowhere = {"name": "nowhere", "script": "true", "nodeSelector": {"no-such": "label"}}
    operator.start()
    kube.apply(kube.inspect("lost", {"name": "lost"} | tasks["lost"][0]), namespace)
    kube.until("its Job", lambda: kube.items("jobs", namespace))
    operator.stop()
    kube.until("the Job ended", lambda: kube.items("jobs", namespace)[0]["status"].get("succeeded"))
    kube.run("delete", "pod", "-n", namespace, "-l", "app.kubernetes.io/instance=lost--lost")
    operator.start()

    for name, (task, _, _) in tasks.items():
        if name not in ("lost", "security"):
            kube.apply(kube.inspect(name, {"name": name} | task), namespace)
    kube.apply(kube.inspect("nowhere", nowhere), namespace)
    for name in ("evicted", "deleted"):
        pod = str(
            kube.until(f"{name} runs", functools.partial(_running, namespace, name), PATIENCE_SECONDS)["metadata"][
                "name"
            ]
        )
        if name == "deleted":
            kube.run("delete", "pod", pod, "-n", namespace, "--grace-period=1", "--wait=false")
            continue
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        kube.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    kube.until("image is waited for", lambda: _row(namespace, "pull").get("reason") == "ImagePull", PATIENCE_SECONDS)
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    kube.apply(kube.inspect("security", {"name": "security"} | tasks["security"][0]), namespace)
    for name, (_, verdict, reason) in tasks.items():
        found = kube.finished(namespace, name, PATIENCE_SECONDS)
        row = kube.row(found, name)
        assert (name, row["verdict"], row["reason"]) == (name, verdict, reason)
        report = kube.until(f"report of {name}", functools.partial(_report, namespace, f"{name}--{name}"))
        assert (report["verdict"], report["reason"], report["message"]) == (verdict, reason, row["message"])
        kube.until(f"event of {name}", functools.partial(_event, namespace, name, f"{verdict}/{reason}"))
        assert f" {reason} " in kube.run("get", "in", name, "-n", namespace)
    waiting = kube.until("nowhere waits", lambda: _row(namespace, "nowhere").get("reason") == "Unschedulable")
    assert waiting
    kube.until("its event", lambda: _event(namespace, "nowhere", "Unschedulable"))
    assert " Unschedulable " in kube.run("get", "in", "nowhere", "-n", namespace)


@pytest.mark.timeout(400)
def test_much_output_leaves_a_small_status_a_bounded_report_and_the_right_verdict(
    operator: process.Operator, namespace: str
) -> None:
    """200 MiB, and 2,000 findings that fail: far more than any place here holds."""
    script = (
        "line=$(printf '磁%.0s' {1..300})\n"
        'for n in {1..2000}; do echo "disk-$n fail full: ${line:0:60}"; done\n'
        'yes "$line" | head -c 200M\n'
        "echo; echo caseName:last, result:fail, resultDesc:at the very end\n"
    )
    operator.start()
    kube.apply(kube.inspect("much", {"name": "much", "script": script, "timeout": "4m"}), namespace)
    found = kube.finished(namespace, "much", 280)
    row = kube.row(found, "much")
    assert (row["verdict"], row["reason"], row["counts"]) == ("fail", "Findings", {"fail": 2001})
    assert len(json.dumps(found["status"], ensure_ascii=False).encode()) < 64 * 1024
    assert len(row.get("findings", ())) + row["cut"] == 2001
    body = kube.there("configmap", namespace, "much--much.report")
    assert len(body["data"]["report.json"].encode()) <= 256 * 1024
    report = json.loads(body["data"]["report.json"])
    assert report["counts"] == {"fail": 2001}
    assert len(report["findings"]) + report["cut"] == 2001
    assert report["output"].endswith("resultDesc:at the very end")
    assert 16 * 1024 < len(report["output"].encode()) <= 128 * 1024
    assert report["outputCut"] > 0


@pytest.mark.timeout(400)
def test_the_record_spans_runs_restarts_and_pods_and_goes_with_its_task(
    operator: process.Operator, namespace: str
) -> None:
    kube.run("create", "configmap", "now", "-n", namespace, "--from-literal=script=" + _failing("one-1", "two-2"))
    task = {"name": "watch", "scriptFrom": {"configMapKeyRef": {"name": "now", "key": "script"}}}
    operator.start()
    kube.apply(kube.inspect("rec", task, {"name": "other", "script": "echo a-1 ok b"}), namespace)
    kube.finished(namespace, "rec", PATIENCE_SECONDS)
    first = _report(namespace, "rec--watch")
    assert {one["name"] for one in first["findings"]} == {"one-1", "two-2"}
    assert first["passRate"] == "0/1"
    assert "newFindings" not in first

    operator.kill()
    operator.start()
    kube.merge("configmap", namespace, "now", {"data": {"script": _failing("two-2", "three-3")}})
    kube.run("annotate", "inspect", "rec", "-n", namespace, f"{REQUEST}=again for watch")
    row = kube.until("second run", lambda: _ended(namespace, "rec", "watch", "0/2"), PATIENCE_SECONDS)
    assert (row["newFindings"], row["fixedFindings"]) == (["three-3"], ["one-1"])
    assert row["report"] == "rec--watch.report"
    second = _report(namespace, "rec--watch")
    assert (second["newFindings"], second["runUid"]) == (["three-3"], row["runUid"])
    assert second["history"][0]["runUid"] == first["runUid"]

    # The pods and Jobs go, the reports stay; a task that leaves takes its own along, and nothing else.
    kube.run("delete", "jobs,pods", "--all", "-n", namespace)
    kube.apply(kube.inspect("rec", task), namespace)
    kube.until("report of other gone", lambda: kube.get("configmap", namespace, "rec--other.report") is None)
    assert _report(namespace, "rec--watch") == second
    owner = kube.there("configmap", namespace, "rec--watch.report")["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"]) == ("Inspect", "rec")
    kube.run("delete", "inspect", "rec", "-n", namespace, "--timeout=60s")
    kube.until("reports gone", lambda: not kube.names("configmaps", namespace, labels="api.practice.com/report=true"))


@pytest.mark.timeout(600)
def test_a_run_that_did_not_begin_is_unknown_until_the_next_one(operator: process.Operator, namespace: str) -> None:
    """The namespace's quota takes no Job any more: the CronJob is as it should be, and nothing comes of it."""
    operator.settings["MISSED_SCHEDULE_SECONDS"] = "10"
    operator.start()
    task = {"name": "tick", "script": "echo tick-1 fail late", "schedule": "* * * * *", "timeZone": "Asia/Shanghai"}
    kube.apply(kube.inspect("dead", task, {"name": "later", "script": "true", "schedule": "0 3 1 1 *"}), namespace)
    ran = kube.until("one run", lambda: _ended(namespace, "dead", "tick", "0/1"), PATIENCE_SECONDS)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
             "spec": {"hard": {"count/jobs.batch": "0"}}}  # fmt: skip
    kube.apply(quota, namespace)
    row = kube.until("missed", lambda: _missed(namespace, "dead", "tick"), PATIENCE_SECONDS)
    assert row["verdict"] == "unknown"
    assert row["missed"] > ran["started"]
    assert row["history"][0]["verdict"] == "fail"
    assert row["missed"] in row["message"]
    kube.until("event", lambda: _event(namespace, "dead", "ScheduleMissed"))
    assert " ScheduleMissed " in kube.run("get", "in", "dead", "-n", namespace)
    report = _report(namespace, "dead--tick")
    assert (report["verdict"], report["missed"]) == ("unknown", row["missed"])
    assert report["findings"][0]["name"] == "tick-1", "what the last run found is still there"
    assert kube.row(kube.get("inspect", namespace, "dead") or {}, "later")["reason"] == "Scheduled"

    kube.run("delete", "resourcequota", "none", "-n", namespace)
    healed = kube.until("healed", lambda: _ended(namespace, "dead", "tick", "0/2"), PATIENCE_SECONDS)
    assert "missed" not in healed
    assert [one["reason"] for one in healed["history"]] == ["ScheduleMissed", "Findings"]


@pytest.mark.timeout(300)
def test_open_reports_are_written_where_the_cluster_has_them(operator: process.Operator, namespace: str) -> None:
    if not kube.run("get", "crd", "reports.openreports.io", "--ignore-not-found"):
        kube.run("apply", "-f", str(pathlib.Path(__file__).parent / "crds" / "openreports.yaml"))
    kube.run("wait", "--for=condition=Established", "crd/reports.openreports.io", "--timeout=30s")
    operator.start()
    script = "echo disk-1 fail full; echo load-1 warn high; echo dns-1 ok fine; echo note-1 info x"
    tasks = [{"name": "found", "script": script}, {"name": "broken", "script": "no-such-command"}]
    kube.apply(kube.inspect("open", *tasks), namespace)
    kube.finished(namespace, "open", PATIENCE_SECONDS)
    made = kube.there("reports.openreports.io", namespace, "open--found")
    assert made["summary"] == {"pass": 2, "fail": 1, "warn": 1, "error": 0, "skip": 0}
    assert [(one["policy"], one["result"]) for one in made["results"]] == [
        ("disk-1", "fail"), ("load-1", "warn"), ("dns-1", "pass"), ("note-1", "pass"),
    ]  # fmt: skip
    assert made["scope"]["name"] == "open"
    assert made["metadata"]["ownerReferences"][0]["kind"] == "Inspect"
    broken = kube.there("reports.openreports.io", namespace, "open--broken")
    assert [(one["policy"], one["result"]) for one in broken["results"]] == [("broken", "error")]
    # One that is lost comes back when the operator begins, and what is there is not written again.
    kube.run("delete", "reports.openreports.io", "open--broken", "-n", namespace)
    version = made["metadata"]["resourceVersion"]
    operator.stop()
    operator.start()
    kube.there("reports.openreports.io", namespace, "open--broken")
    assert kube.there("reports.openreports.io", namespace, "open--found")["metadata"]["resourceVersion"] == version


def _failing(*names: str) -> str:
    return "".join(f"echo '{name} fail x'\n" for name in names)


def _report(namespace: str, release: str) -> kube.Object:
    body = kube.get("configmap", namespace, f"{release}.report")
    return dict(json.loads(body["data"]["report.json"])) if body else {}


def _event(namespace: str, name: str, said: str) -> bool:
    return said in kube.run("events", "-n", namespace, "--for", f"inspect/{name}")


def _row(namespace: str, name: str, task: str = "") -> kube.Object:
    return kube.row(kube.get("inspect", namespace, name) or {}, task or name)


def _ended(namespace: str, name: str, task: str, rate: str) -> kube.Object:
    row = _row(namespace, name, task)
    return row if row.get("passRate") == rate and row.get("state") == "finished" else {}


def _missed(namespace: str, name: str, task: str) -> kube.Object:
    row = _row(namespace, name, task)
    return row if row.get("reason") == "ScheduleMissed" else {}


def _running(namespace: str, name: str) -> kube.Object:
    """The running pod of an Inspect's only task."""
    pods = kube.items("pods", namespace, labels=f"app.kubernetes.io/instance={name}--{name}")
    return next((pod for pod in pods if pod["status"].get("phase") == "Running"), {})
