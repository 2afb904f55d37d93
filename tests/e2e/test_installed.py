"""The operator as its chart installs it: in a pod, under the restricted profile, with the chart's rights only."""

import json
import pathlib

from prometheus_client import parser

from tests.e2e.harness import cli, kube

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = "charts/inspect-operator"
LINUX = {"kubernetes.io/os": "linux"}


def test_installed_operator_serves_its_namespace_and_leaves_nothing(
    namespace: str, runner_image: str, check_roles: None, tmp_path: pathlib.Path
) -> None:
    tag = runner_image.rpartition(":")[2]
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    kube.helm(
        *("install", "op", CHART, "-n", namespace, "--wait", "--timeout", "90s"),
        *(
            "--set",
            f"image.tag={tag},runner.image.tag={tag},watchNamespaces={{{namespace}}},crds.install=false,checks.install=false,"
            "nodeTargets=true",
        ),
    )
    kube.apply(kube.inspect("inside", {"name": "a", "script": "echo 'disk ok fine'"}), namespace)
    found = kube.finished(namespace, "inside")
    assert kube.row(found, "a")["verdict"] == "success"
    kube.apply(kube.inspect("inside", {"name": "a", "script": "echo 'disk error broken'"}), namespace)
    found = kube.finished(namespace, "inside")
    assert (kube.row(found, "a")["verdict"], kube.row(found, "a")["revision"]) == ("fail", 2)
    kube.until("event", lambda: "RunFailed" in kube.run("events", "-n", namespace, "--for", "inspect/inside"))

    # What Prometheus would scrape, through the API server.
    pod = kube.items("pods", namespace, labels="app.kubernetes.io/name=inspect-operator")[0]["metadata"]["name"]
    page = f"/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy"
    assert kube.run("get", "--raw", f"{page}/livez") == "ok\n"
    series = _series(kube.until("scraped", lambda: _after_fail(kube.run("get", "--raw", f"{page}/metrics"))))
    labels = {"namespace": namespace, "inspect": "inside", "task": "a"}
    assert series["inspect_task_findings", frozenset({**labels, "result": "fail"}.items())] == 1
    assert series["inspect_task_result", frozenset({**labels, "verdict": "success"}.items())] == 0
    assert series["leader_election_master_status", frozenset({"name": "inspect-operator"}.items())] == 1
    for action in ("install", "upgrade"):
        done = {"action": action, "outcome": "success"}
        assert series["inspect_helm_operations_total", frozenset(done.items())] >= 1

    # What the doctor says of it: all is well.
    said = cli.Shell(ROOT, tmp_path)(f"kubectl inspections doctor -n {namespace} -o json")
    told = [one for one in json.loads(said.out)["findings"] if f"operator {namespace}/op" in one["what"]]
    assert {one["level"] for one in told} == {"ok"}, told
    words = " ".join(one["what"] for one in told)
    assert all(part in words for part in ("is at work", "the version of this program", "has helm v4.", "has the ")), (
        words
    )

    # Its rights are enough for every kind of task.
    metadata = {"name": "site", "labels": {"api.practice.com/inspect-checks": "site"}}
    data = {"ours.sh": "echo 'ours ok 1'"}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, namespace)
    login = {"ip": "127.0.0.1", "user": "root", "password": "p"}
    remote = {"task_name": "remote", "type": "script", "script": "true", "script_location": "remote"}
    tasks: list[kube.Object] = [
        {"name": "cron", "script": "true", "schedule": "0 3 1 1 *"},
        {"name": "nodes", "script": "true", "target": {"nodes": {"selector": {"matchLabels": LINUX}}}},
        {"name": "asks", "check": "pods-abnormal", "parameters": {"selector": "app=none"}},
        {"task": {**remote, "remote_ips": [login]}},
        {"task": {"task_name": "ours", "type": "script", "source": "ours.sh"}},
    ]
    kube.apply(kube.inspect("kinds", *tasks), namespace)
    found = kube.until("ready", lambda: _ready(namespace, "kinds"), 90)
    found = kube.finished(namespace, "kinds", 120)
    verdicts = {row["task_name"]: row.get("verdict") for row in found["status"]["results"]}
    assert verdicts == {"cron": None, "nodes": "success", "asks": "success", "remote": "error", "ours": "success"}, (
        found
    )
    kube.run("delete", "inspect", "inside", "kinds", "-n", namespace, "--timeout=90s")
    kube.run("delete", "configmap", "site", "-n", namespace)
    assert set(kube.releases(namespace)) == {"op"}

    # No right was missing, and nothing went wrong on the way.
    log = [json.loads(line) for line in kube.run("logs", "deployment/op", "-n", namespace).splitlines()]
    assert [line for line in log if line["level"] not in ("INFO", "DEBUG")] == []

    kube.helm("uninstall", "op", "-n", namespace, "--wait", seconds=240)
    kinds = "deployments,pods,roles,rolebindings,configmaps,secrets,jobs,leases"
    kube.until(
        "nothing left",
        lambda: {item["metadata"]["name"] for item in kube.items(kinds, namespace)} <= {"kube-root-ca.crt"},
    )
    # Other tests have releases of the same name; the namespace stands in what is the whole cluster's.
    left = kube.run("get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/instance=op", "-o", "name")
    assert namespace not in left
    assert kube.run("get", "crd", "inspects.api.practice.com", "-o", "name")


def _after_fail(text: str) -> str:
    return text if 'task="a",verdict="fail"} 1.0' in text else ""


def _series(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def _ready(namespace: str, name: str) -> kube.Object:
    found = kube.get("inspect", namespace, name) or {}
    return found if kube.condition(found, "Ready").get("status") == "True" else {}
