"""The operator as its chart installs it: in a pod, under the restricted profile, with the chart's rights only."""

import json

from tests.e2e.harness import kube

CHART = "charts/inspect-operator"


def test_installed_operator_serves_its_namespace_and_leaves_nothing(namespace: str, runner_image: str) -> None:
    tag = runner_image.rpartition(":")[2]
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    kube.helm(
        *("install", "op", CHART, "-n", namespace, "--wait", "--timeout", "90s"),
        *("--set", f"image.tag={tag},runner.image.tag={tag},watchNamespaces={{{namespace}}},crds.install=false"),
    )
    kube.apply(kube.inspect("inside", {"name": "a", "script": "echo 'disk ok fine'"}), namespace)
    found = kube.finished(namespace, "inside")
    assert kube.row(found, "a")["verdict"] == "success"
    kube.apply(kube.inspect("inside", {"name": "a", "script": "echo 'disk error broken'"}), namespace)
    found = kube.finished(namespace, "inside")
    assert (kube.row(found, "a")["verdict"], kube.row(found, "a")["revision"]) == ("fail", 2)
    kube.until("event", lambda: "RunFailed" in kube.run("events", "-n", namespace, "--for", "inspect/inside"))
    kube.run("delete", "inspect", "inside", "-n", namespace, "--timeout=60s")
    assert set(kube.releases(namespace)) == {"op"}

    # No right was missing, and nothing went wrong on the way.
    log = [json.loads(line) for line in kube.run("logs", "deployment/op", "-n", namespace).splitlines()]
    assert [line for line in log if line["level"] not in ("INFO", "DEBUG")] == []

    kube.helm("uninstall", "op", "-n", namespace, "--wait")
    kinds = "deployments,pods,roles,rolebindings,configmaps,secrets,jobs"
    kube.until(
        "nothing left",
        lambda: {item["metadata"]["name"] for item in kube.items(kinds, namespace)} <= {"kube-root-ca.crt"},
    )
    assert kube.run("get", "crd", "inspects.api.practice.com", "-o", "name")
