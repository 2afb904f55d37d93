"""Every built-in check passes and fails on a real cluster, as a task that names it."""

import dataclasses
import datetime
import functools
import json
import os
import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.harness import kube, process

#: The whole suite may run beside it, and images be built before it.
pytestmark = pytest.mark.timeout(480)

CHART = "charts/inspect-operator"


@dataclasses.dataclass(frozen=True)
class Case:
    """A check with parameters, the verdict it may have, and words of one of its findings: `name result message`."""

    check: str
    verdict: str
    words: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    timeout: str = "4m"


def local(namespace: str) -> list[Case]:
    """What asks nothing of Kubernetes: the machine and the network."""
    cluster_ip = kube.run("get", "service", "kubernetes", "-n", "default", "-o", "jsonpath={.spec.clusterIP}")
    dns_ip = kube.run("get", "service", "kube-dns", "-n", "kube-system", "-o", "jsonpath={.spec.clusterIP}")
    api, name = "kubernetes.default.svc:443", "kubernetes.default.svc"
    untrusted = {"urls": [f"https://{name}/version"], "verifyTls": False, "timeoutSeconds": 60}
    patient = {"limitMilliseconds": 60000, "timeoutSeconds": 60}  # the whole suite runs beside it
    return [
        # Other tests may have every CPU at 100%.
        Case("cpu-usage", "success|fail", "limit 100%", {"limitPercent": 100, "each": False}),
        Case("cpu-usage", "fail", "limit 1%", {"limitPercent": 1, "seconds": 3}),
        Case("cpu-frequency", "success", "cpu-frequency:cpu0 success", {"minimumMegahertz": 1}),
        Case("cpu-frequency", "fail", "at least 20000 MHz", {"minimumMegahertz": 20000}),
        Case("load-average", "success", "load-average success", {"limitPerCpu": 1000}),
        Case("load-average", "fail", "over 15 minutes", {"limitPerCpu": 0.000001, "minutes": 15}),
        Case("memory-usage", "success", "MiB available", {"limitPercent": 100}),
        Case("memory-usage", "fail", "limit 1%", {"limitPercent": 1}),
        Case("disk-usage", "success", "limit 100%", {"limitPercent": 100, "paths": ["/tmp"]}),
        Case("disk-usage", "fail", "limit 1%", {"limitPercent": 1}),
        Case("inode-usage", "success", "of its inodes used", {"limitPercent": 100, "paths": ["/tmp"]}),
        Case("inode-usage", "fail", "limit 1%", {"limitPercent": 1}),
        Case("zombie-processes", "success", "0 zombies, limit 0"),  # fails below
        Case("systemd-units", "unknown", "needs node access"),
        Case("dns", "success", cluster_ip, {"names": [name], "addresses": [cluster_ip], **patient}),
        Case("dns", "success", cluster_ip, {"names": [f"{name}.cluster.local"], "server": dns_ip, **patient}),
        Case("dns", "fail", "no-such-name.invalid fail not resolved", {"names": ["no-such-name.invalid"], **patient}),
        Case("http", "success", "http:https://kubernetes.default.svc/version success status 200", untrusted),
        Case("http", "fail", "does not match 'nonsense'", {**untrusted, "content": "nonsense"}),
        Case("tcp", "success", f"tcp:{api} success reachable", {"targets": [api], "timeoutSeconds": 60}),
        Case("tcp", "fail", "tcp:127.0.0.1:1 fail unreachable", {"targets": ["127.0.0.1:1", api]}),
        Case("tls-expiry", "success", "runs out in", {"targets": [api], "warnDays": 0, "failDays": 1}),
        Case("tls-expiry", "fail", "fails below 36500", {"targets": [api], "failDays": 36500, "timeoutSeconds": 60}),
    ]  # fmt: skip


def in_namespace(namespace: str) -> list[Case]:
    """What asks for objects of the Inspect's namespace, with the account that the operator makes."""
    return [
        Case("api-write", "success", "api-write:delete success", {"limitMilliseconds": 60000}),
        Case("api-write", "fail", "limit 1 ms", {"limitMilliseconds": 1}),
        Case("deploy-and-service", "success", "deploy-and-service:service-name success", {"timeoutSeconds": 200}),
        Case("deploy-and-service", "fail", "0 of 1 pods after", {"timeoutSeconds": 1}),
        # Stopped in the midst of it: it tidies up all the same.
        Case("deploy-and-service", "error", "", timeout="3s"),
        Case("pods-abnormal", "success", "of 0 pods none", {"selector": "app=no-such"}),
        Case("pods-abnormal", "fail", f"{namespace}/broken fail container c: ", {"selector": "app=broken"}),
        Case("events-warning", "success", "events-warning:Tried:Pod warn 7 times"),
        Case("events-warning", "fail", "events-warning:Tried:Pod fail 7 times", {"failCount": 7}),
        Case("helm-stuck-releases", "success", "none hangs", {"minutes": 90000}),
        Case("helm-stuck-releases", "fail", f"{namespace}/stuck fail revision 2 is pending-upgrade for"),
        Case("workload-hygiene", "success", "of 1 workloads none", {"selector": "tier=good"}),
        Case("workload-hygiene", "fail", "no readiness-probe, image-tag",
             {"selector": "tier=bad", "rules": ["readiness-probe", "image-tag"], "result": "fail"}),
    ]  # fmt: skip


def in_cluster(namespace: str) -> list[Case]:
    """What asks for the whole cluster, with the accounts that the operator's chart makes."""
    real = kube.items("nodes", namespace, labels="kubernetes.io/hostname")[0]["metadata"]["name"]
    real_one, fakes = {"selector": f"kubernetes.io/hostname={real}"}, {"selector": f"inspect-test={namespace}"}
    return [
        Case("nodes-ready", "success", f"nodes-ready:{real} success ready", real_one),
        Case("nodes-ready", "fail", f"nodes-ready:{namespace} fail not ready", fakes),
        Case("nodes-schedulable", "success", f"nodes-schedulable:{real} success takes pods", real_one),
        Case("nodes-schedulable", "fail", f"{namespace} fail cordoned, taint try=it:NoExecute", fakes),
        Case("system-pods-ready", "success", "system-pods-ready:kube-system/coredns", {"selector": "k8s-app=kube-dns"}),
        Case("system-pods-ready", "fail", f"{namespace}/broken fail Pending, not ready: container c:",
             {"namespaces": [namespace], "selector": "app=broken", "graceMinutes": 0}),
        Case("pods-abnormal", "fail", f"{namespace}/broken fail", {"allNamespaces": True, "selector": "app=broken"}),
        Case("events-warning", "success", "events-warning:Tried:Pod warn", {"allNamespaces": True}),
        Case("helm-stuck-releases", "fail", f"{namespace}/stuck fail", {"allNamespaces": True}),
        Case("workload-hygiene", "success", f"deployment/{namespace}/bad warn",
             {"allNamespaces": True, "selector": "tier=bad"}),
    ]  # fmt: skip


def ran(namespace: str, name: str, cases: list[Case]) -> None:
    """All cases as tasks of one Inspect: each ends as it should, and says so."""
    tasks = {f"{index:02d}-{case.check}": case for index, case in enumerate(cases)}
    written = [
        {"name": task, "check": one.check, "parameters": one.parameters, "timeout": one.timeout}
        for task, one in tasks.items()
    ]
    kube.apply(kube.inspect(name, *written), namespace)
    found = kube.finished(namespace, name, 240)
    rows = {task: kube.row(found, task) for task in tasks}
    wrong = [task for task, case in tasks.items() if rows[task].get("verdict") not in case.verdict.split("|")]
    assert not wrong, json.dumps({task: rows[task] for task in wrong}, indent=1)
    for task, case in tasks.items():
        lines = [f"{one['name']} {one['result']} {one.get('message', '')}" for one in rows[task].get("findings", ())]
        assert not case.words or any(case.words in line for line in lines), f"{task}: {lines}"
        assert "Traceback" not in rows[task].get("outputTail", "")


@pytest.fixture
def trouble(namespace: str) -> str:
    """Things that are not as they should be, in the test's namespace."""
    broken = {"name": "c", "image": "registry.invalid/no/such:1"}
    good = {
        "name": "c",
        "image": "registry.invalid/good:1.0",
        **{probe: {"exec": {"command": ["true"]}} for probe in ("readinessProbe", "livenessProbe")},
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
    }
    now = datetime.datetime.now(datetime.UTC)
    about = {"kind": "Pod", "apiVersion": "v1", "name": "some", "namespace": namespace}
    bodies: list[kube.Object] = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "broken", "labels": {"app": "broken"}},
         "spec": {"containers": [broken], "automountServiceAccountToken": False}},
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "tried"}, "type": "Warning", "reason": "Tried",
         "message": "and failed", "count": 7, "involvedObject": about, "lastTimestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}"},
        *(helm_secret(revision, status, now) for revision, status in ((1, "deployed"), (2, "pending-upgrade"))),
        deployment("bad", {**broken, "image": "registry.invalid/bad"}),
        deployment("good", good),
    ]  # fmt: skip
    for body in bodies:
        kube.apply(body, namespace)
    kube.until("the image could not be pulled", lambda: "Err" in waiting(namespace) or "BackOff" in waiting(namespace))
    return namespace


def helm_secret(revision: int, status: str, now: datetime.datetime) -> kube.Object:
    """What Helm keeps of a release, as far as its labels go."""
    changed = int((now - datetime.timedelta(days=30)).timestamp())
    labels = {"owner": "helm", "name": "stuck", "status": status, "version": str(revision), "modifiedAt": str(changed)}
    name = f"sh.helm.release.v1.stuck.v{revision}"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": name, "labels": labels},
    }


def deployment(tier: str, container: kube.Object) -> kube.Object:
    """Of no pods."""
    labels = {"tier": tier}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": tier, "labels": labels}, "spec": spec}


def waiting(namespace: str) -> str:
    """Why the broken pod's container waits."""
    path = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
    return kube.run("get", "pod", "broken", "-n", namespace, "-o", path)


@pytest.fixture
def trusted(namespace: str, check_roles: None) -> Iterator[str]:
    """The namespace with the chart's accounts for the whole cluster."""
    settings = f"checks.install=false,checks.clusterWideNamespaces={{{namespace}}}"
    text = kube.helm(
        *("template", "trusted", CHART, "-n", namespace, "-s", "templates/checks.yaml", "--set", settings)
    )  # fmt: skip
    made = [one for one in yaml.safe_load_all(text) if one]
    bindings = [one["metadata"]["name"] for one in made if one["kind"] == "ClusterRoleBinding"]
    assert all(namespace in name for name in bindings), "another release's bindings are not touched"
    kube.apply_as_helm(made)
    yield namespace
    kube.run("delete", "clusterrolebinding", *bindings, "--ignore-not-found", "--timeout=30s")


@pytest.fixture
def fake_node(namespace: str) -> Iterator[str]:
    """A Node without a machine: cordoned, tainted, and never ready; so nothing is ever put there."""
    spec = {"unschedulable": True, "taints": [{"key": "try", "value": "it", "effect": "NoExecute"}]}
    meta = {"name": namespace, "labels": {"inspect-test": namespace}}
    kube.run(
        "create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": spec})
    )
    yield namespace
    kube.run("delete", "node", namespace, "--ignore-not-found", "--timeout=30s")


def test_checks_of_the_machine_and_the_network(operator: process.Operator, namespace: str) -> None:
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    operator.start()
    ran(namespace, "local", local(namespace))


def test_checks_of_the_namespace(operator: process.Operator, trouble: str, check_roles: None) -> None:
    kube.run("label", "namespace", trouble, "pod-security.kubernetes.io/enforce=restricted")
    operator.start()
    ran(trouble, "inside", in_namespace(trouble))
    made = functools.partial(
        kube.names, "deployments,services,configmaps", trouble, labels="app.kubernetes.io/name=inspect-check"
    )
    kube.until("checks tidied up", lambda: not made(), 10)


def test_checks_of_the_whole_cluster(operator: process.Operator, trouble: str, trusted: str, fake_node: str) -> None:
    operator.start()
    ran(trouble, "everywhere", in_cluster(trouble))


def test_zombies_of_the_node_are_found(operator: process.Operator, namespace: str) -> None:
    operator.start(settings={"PROFILES": f"node={namespace}"})
    # Ended, and not waited for as long as the test runs.
    with subprocess.Popen(["sleep", "0"]) as zombie:
        stat = pathlib.Path(f"/proc/{zombie.pid}/stat")
        kube.until("a zombie", lambda: ") Z " in stat.read_text())
        task = {"name": "z", "check": "zombie-processes", "profile": "node", "parameters": {"limit": 0}}
        kube.apply(kube.inspect("dead", task), namespace)
        row = kube.row(kube.finished(namespace, "dead", 240), "z")
    assert (row["verdict"], row["reason"]) == ("fail", "Findings"), row
    seen = [one["message"] for one in row["findings"] if one["name"] == f"zombie-processes:{zombie.pid}"]
    assert seen == [f"sleep is not reaped by its parent {os.getpid()}"], row["findings"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"limit": 3}, "knows no such parameter"), ({"limitPercent": 200}, "200 is more than 100")],
)
def test_wrong_parameters_are_refused_in_words(
    operator: process.Operator, namespace: str, parameters: dict[str, Any], words: str
) -> None:
    operator.start()
    kube.apply(kube.inspect("wrong", {"name": "t", "check": "disk-usage", "parameters": parameters}), namespace)

    def refused() -> kube.Object:
        ready = kube.condition(kube.get("inspect", namespace, "wrong"), "Ready")
        return ready if ready.get("status") == "False" else {}

    ready = kube.until("refused", refused, 30)
    assert ready["reason"] == "SpecInvalid"
    for part in (words, f"parameters.{next(iter(parameters))}", "limitPercent (integer, 1 to 100, default 80)"):
        assert part in ready["message"]


def rendered(release: str, *settings: str) -> list[tuple[str, str, kube.Object]]:
    """The objects of the chart's part for checks: kind, name with namespace, and all of it."""
    text = kube.helm("template", release, CHART, "-n", "ops", "-s", "templates/checks.yaml", *settings)
    made = [one for one in yaml.safe_load_all(text) if one]
    return [(one["kind"], f"{one['metadata'].get('namespace', '')}/{one['metadata']['name']}", one) for one in made]


def test_the_chart_with_and_without_trusted_namespaces() -> None:
    plain = rendered("one")
    assert {kind for kind, _, _ in plain} == {"ClusterRole"}
    full = rendered("one", "--set", "checks.clusterWideNamespaces={a,b}")
    assert len({(kind, name) for kind, name, _ in full}) == len(full), "every object is there once"
    bindings = [one for kind, _, one in full if kind == "ClusterRoleBinding"]
    accounts = {name for kind, name, _ in full if kind == "ServiceAccount"}
    roles = {one["metadata"]["name"] for kind, _, one in full if kind == "ClusterRole"}
    bound = {f"{subject['namespace']}/{subject['name']}" for one in bindings for subject in one["subjects"]}
    assert bound == accounts
    assert {name.partition("/")[0] for name in accounts} == {"a", "b"}
    assert {one["roleRef"]["name"] for one in bindings} < roles
    for kind, _, one in full:
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "one"
        assert (one["metadata"]["labels"].get("api.practice.com/inspect-tasks") == "checks") == (
            kind == "ServiceAccount"
        )


def test_two_releases_of_the_chart_have_no_object_in_common(namespace: str, check_roles: None) -> None:
    one = rendered("one", "--set", "checks.clusterWideNamespaces={a}")
    two = rendered("two", "--set", "checks.clusterWideNamespaces={b},checks.install=false")
    assert {(kind, name) for kind, name, _ in two}.isdisjoint((kind, name) for kind, name, _ in one)
    settings = f"crds.install=false,checks.install=true,watchNamespaces={{{namespace}}}"
    with pytest.raises(kube.Failed, match=r'"inspect-operator" in "inspect-system" .* set checks.install=false'):
        kube.helm("install", "second", CHART, "-n", namespace, "--dry-run=server", "--set", settings)
