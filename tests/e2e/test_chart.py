"""The operator's chart: what Helm makes of it, and its life in a namespace: installed by the version before, upgraded,
two replicas, `helm test`, and uninstalled in both ways."""

import pathlib
from typing import Any

import pytest
import yaml
from dev.chart import generate

from inspect_operator import settings
from tests.e2e.harness import kube

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = "charts/inspect-operator"
#: As it was before hooks, standby replicas and a Service.
BEFORE = "tests/e2e/charts/inspect-operator-0.1.0.tgz"
EVERYTHING = (
    "replicas=2,networkPolicy.enabled=true,metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true,"
    "metrics.dashboard.enabled=true,checks.install=auto"
)
TAKEOVER_SECONDS = 45.0  # how soon is measured by test_leaders; here other tests keep the machine busy


def _rendered(*values: str, hooks: bool = True) -> list[kube.Object]:
    sets = [word for value in values for word in ("--set", value)]
    text = kube.helm("template", "op", CHART, "-n", "own", *sets, *([] if hooks else ["--no-hooks"]))
    return [one for one in yaml.safe_load_all(text) if one]


def _of(objects: list[kube.Object], kind: str) -> list[kube.Object]:
    return [one for one in objects if one["kind"] == kind]


def test_the_plain_manifests_are_what_the_chart_makes() -> None:
    assert (ROOT / "dist/install.yaml").read_text(encoding="utf-8") == generate.install(ROOT), "`make generate`"


def test_every_object_has_a_namespace_or_needs_none_in_the_plain_manifests() -> None:
    everywhere = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
    found = list(yaml.safe_load_all((ROOT / "dist/install.yaml").read_text(encoding="utf-8")))
    assert {"Deployment", "Role", "CustomResourceDefinition"} <= {one["kind"] for one in found}
    assert {one["kind"] for one in found if "namespace" not in one["metadata"]} == everywhere
    kube.run("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(
        [{**one, "metadata": {**one["metadata"], "namespace": "default"}} if "namespace" in one["metadata"] else one
         for one in found]))  # fmt: skip


def test_in_some_namespaces_nothing_of_it_is_in_the_whole_cluster() -> None:
    for values in (("watchNamespaces={a,b}",), ("watchNamespaces={a,b}", EVERYTHING)):
        objects = _rendered(*values, "crds.install=false")
        assert [one["kind"] for one in objects if one["kind"].startswith("Cluster")] == []
        assert {one["metadata"].get("namespace") for one in _of(objects, "Role")} == {None, "a", "b"}


def test_every_pod_is_restricted() -> None:
    objects = _rendered(EVERYTHING)
    pods = [
        *(one["spec"] for one in _of(objects, "Pod")),
        *(d["spec"]["template"]["spec"] for d in _of(objects, "Deployment")),
    ]
    assert len(pods) == 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip
            assert set(container["resources"]) == {"requests", "limits"}


@pytest.mark.parametrize(
    ("values", "operator", "runner"),
    [
        ((), "docker.io/inspect-operator/operator:0.1.0", "docker.io/inspect-operator/runner:0.1.0"),
        (("registry=reg.example:5000/mirror",), "reg.example:5000/mirror/inspect-operator/operator:0.1.0",
         "reg.example:5000/mirror/inspect-operator/runner:0.1.0"),
        (("registry=r.example/", "image.repository=ours/operator", "image.tag=v7"), "r.example/ours/operator:v7",
         "r.example/inspect-operator/runner:0.1.0"),
        ((f"image.digest=sha256:{'a' * 64}", "image.tag=v7"), f"docker.io/inspect-operator/operator@sha256:{'a' * 64}",
         "docker.io/inspect-operator/runner:0.1.0"),
    ],
)  # fmt: skip
def test_one_registry_and_digests_for_all_images(values: tuple[str, ...], operator: str, runner: str) -> None:
    objects = _rendered(*values)
    (deployment,) = _of(objects, "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    given = {one["name"]: one["value"] for one in container["env"]}
    assert given["INSPECT_OPERATOR_RUNNER_IMAGE"] == runner
    assert {container["image"]} | {pod["spec"]["containers"][0]["image"] for pod in _of(objects, "Pod")} == {operator}


def test_every_setting_of_the_chart_is_one_that_the_operator_has() -> None:
    given = ("profiles.node={ops}", "messageCenterUrl=http://a", "watchNamespaces={a}")
    notices = ("notices.allow={b,c}", "notices.apprise={mailto}", "siteTemplates.emptyDir.medium=Memory")
    (deployment,) = _of(_rendered(*given, *notices), "Deployment")
    env = {one["name"]: one["value"] for one in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    known = {f"{settings.PREFIX}{name.upper()}" for name in settings.Settings.__dataclass_fields__}
    assert set(env) <= known | {f"{settings.PREFIX}WATCHES"}
    assert {one["name"] for one in deployment["spec"]["template"]["spec"]["volumes"]} == {"tmp", "site-templates"}
    made = settings.read(env)
    assert (made.notify_allow, made.apprise_allow, made.message_center_url) == (("b", "c"), ("mailto",), "http://a")
    assert (made.namespaces, made.profiles, made.stand_by, made.http_port) == (("a",), ("node=ops",), True, 8080)


def test_values_that_make_no_sense_are_refused_by_name() -> None:
    for value, name in (("watchNamespace=a", "watchNamespace"), ("logLevel=LOUD", "/logLevel")):
        with pytest.raises(kube.Failed, match=name):
            _rendered(value)


@pytest.mark.timeout(420)
def test_its_life_in_a_namespace(namespace: str, runner_image: str) -> None:
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    tag = runner_image.rpartition(":")[2]
    values = ("--set", f"image.tag={tag},runner.image.tag={tag},watchNamespaces={{{namespace}}},crds.install=false")
    here = ("op", "-n", namespace)
    kube.helm("install", "op", BEFORE, "-n", namespace, *values, "--set", "checks.install=false", "--wait")
    kube.apply(kube.inspect("kept", {"name": "a", "script": "echo 'disk ok fine'"}), namespace)
    before = kube.row(kube.finished(namespace, "kept", 120), "a")

    # Upgraded to this version, with a second operator that stands by.
    chart = ("upgrade", "op", CHART, "-n", namespace, *values)
    kube.helm(*chart, "--set", "leaseSeconds=5,replicas=2", "--wait", "--timeout", "120s", seconds=150)
    # Other tests have releases of the same name; the namespace stands in what is the whole cluster's.
    assert namespace not in kube.run(
        "get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/instance=op", "-o", "name"
    )
    assert "Phase:          Succeeded" in kube.helm("test", *here, "--timeout", "120s", seconds=150)
    leader = kube.until("one leads, one stands by", lambda: _leader(namespace), 90)
    kube.run("delete", "pod", leader, "-n", namespace, "--grace-period=0", "--force", "--wait=false")
    kube.until("the other took over", lambda: _leader(namespace) not in ("", leader), TAKEOVER_SECONDS)
    assert _same_run(before, namespace), "nothing ran again"
    kube.apply(kube.inspect("after", {"name": "a", "script": "echo 'disk ok fine'"}), namespace)
    kube.finished(namespace, "after", 120)
    assert {pod["metadata"]["name"]: _restarts(pod) for pod in _operators(namespace)} == dict.fromkeys(
        (pod["metadata"]["name"] for pod in _operators(namespace)), 0
    ), "standing by is no crash"

    # Uninstalled: what people wrote and its releases stay, nothing else does, and an Inspect may go by itself.
    kube.helm("uninstall", *here, "--wait", "--timeout", "120s", seconds=150)
    assert [one["metadata"].get("finalizers", []) for one in kube.items("inspects", namespace)] == [[], []]
    assert set(kube.releases(namespace)) == {"kept--a", "after--a"}
    _nothing_of_the_chart_is_left(namespace)
    kube.run("delete", "inspect", "after", "-n", namespace, "--timeout=10s")

    # The next operator takes up what is there, and goes with all of it where that is wanted.
    kube.helm("install", "op", CHART, "-n", namespace, *values, "--set", "uninstall.inspects=delete", "--wait")
    kube.merge("inspect", namespace, "kept", {"metadata": {"annotations": {"seen": "again"}}})
    kube.until(
        "its finalizer is back", lambda: (kube.get("inspect", namespace, "kept") or {})["metadata"].get("finalizers")
    )
    assert _same_run(before, namespace), "nothing ran again"
    kube.helm("uninstall", *here, "--wait", "--timeout", "240s", seconds=250)
    assert kube.items("inspects", namespace) == []
    assert set(kube.releases(namespace)) == {"after--a"}, "of an Inspect that went while no operator was there"
    _nothing_of_the_chart_is_left(namespace)


def _operators(namespace: str) -> list[kube.Object]:
    found = kube.items("pods", namespace, labels="app.kubernetes.io/name=inspect-operator")
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def _leader(namespace: str) -> str:
    """Name of the pod that leads; empty unless another stands by, as both say themselves."""
    said: dict[str, str] = {}
    for pod in _operators(namespace):
        name = pod["metadata"]["name"]
        try:
            said[name] = kube.run("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{name}:8080/proxy/readyz")
        except kube.Failed:  # not there yet
            said[name] = ""
    leading = [name for name, words in said.items() if words == "serving\n"]
    standing = [name for name, words in said.items() if words.startswith("standing by")]
    return leading[0] if len(leading) == len(standing) == 1 else ""


def _restarts(pod: kube.Object) -> Any:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))


def _same_run(before: kube.Object, namespace: str) -> bool:
    row = kube.row(kube.get("inspect", namespace, "kept") or {}, "a")
    return (row["runUid"], row["revision"]) == (before["runUid"], before["revision"])


def _nothing_of_the_chart_is_left(namespace: str) -> None:
    kinds = "deployments,replicasets,pods,services,roles,rolebindings,serviceaccounts,configmaps,networkpolicies"
    kube.until(
        "nothing left",
        lambda: (
            kube.items(kinds, namespace, labels="app.kubernetes.io/instance=op") == []
            and kube.items("leases", namespace) == []
            and {one["metadata"]["name"] for one in kube.items("roles,rolebindings", namespace)}
            <= {"after--a", "kept--a"}
        ),
    )
    # Other tests have releases of the same name; the namespace stands in what is the whole cluster's.
    assert namespace not in kube.run(
        "get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/instance=op", "-o", "name"
    )
