"""doctor: what it finds in a cluster that is well, and in one that is not."""

import argparse
import asyncio
import copy
import datetime
import io
import json
import re
from typing import Any

import pytest
from tests.unit import cluster_in_memory, golden

from inspect_operator import errors
from inspect_operator.api import crd, group
from inspect_operator.cli import command, doctor, terminal
from inspect_operator.cli.health import definition, webhooks
from inspect_operator.cli.health.finding import Level
from inspect_operator.cluster import resources

Object = dict[str, Any]
HOME, NS = "inspect-system", "ops"
METRICS = (
    '# TYPE inspect_operator_build_info gauge\n'
    'inspect_operator_build_info{helm_version="v4.3.1",python_version="3.11.7",version="0.1.0"} 1.0\n'
)  # fmt: skip
LABELS = {"app.kubernetes.io/name": "inspect-operator", "app.kubernetes.io/instance": "inspect-operator"}


class Cluster(cluster_in_memory.Cluster):
    """Tells the time and the operator's metrics, and knows who may do what: everything but what is in `lacking`."""

    namespace = "default"

    def __init__(self, *objects: Object) -> None:
        super().__init__(*objects)
        self.apart_seconds = 0.0
        self.lacking: set[tuple[str, str]] = set()  # whose (empty: our own), and verb resource
        self.forbidden: set[str] = set()  # kinds that may not be read

    @property
    def now(self) -> datetime.datetime:
        moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.apart_seconds)
        return moment.replace(microsecond=0)

    async def ask(self, path: str) -> tuple[bytes, datetime.datetime | None]:
        if path == "/version":
            return b'{"gitVersion": "v1.34.4"}', self.now
        assert path == f"/api/v1/namespaces/{HOME}/pods/inspect-operator-1%3A8080/proxy/metrics"
        return METRICS.encode(), self.now

    async def create(self, resource: resources.Resource, namespace: str, body: Object) -> Object:
        assert resource in (resources.ACCESS_REVIEWS, resources.OWN_ACCESS_REVIEWS), "nothing is changed"
        asked = body["spec"]["resourceAttributes"]
        if resource is resources.ACCESS_REVIEWS and "SubjectAccessReview" in self.forbidden:
            raise errors.ClusterForbidden("subjectaccessreviews: 403 no")
        who = body["spec"].get("user", "")
        assert who in ("", f"system:serviceaccount:{HOME}:robot")
        what = "/".join(asked[name] for name in ("resource", "subresource") if name in asked)
        return {"status": {"allowed": (who, f"{asked['verb']} {what}") not in self.lacking}}

    async def list(self, resource: resources.Resource, namespace: str, **named: Any) -> list[Object]:
        if resource.kind in self.forbidden:
            raise errors.ClusterForbidden(f"{resource.plural}: 403 no")
        return await super().list(resource, namespace, **named)


def stamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def ago(seconds: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)


def thing(kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None, **content: Any) -> Object:
    metadata: Object = {"name": name, "labels": labels or {}}
    if namespace:
        metadata["namespace"] = namespace
    return {"kind": kind, "metadata": metadata | content.pop("metadata", {}), **content}


def lease(name: str, namespace: str, renewed: datetime.datetime, holder: str = "pod-1_1_a") -> Object:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": stamp(renewed)}
    return thing("Lease", name, namespace, spec=spec)


def deployment(replicas: int = 1, ready: int = 1, namespaces: str = "") -> Object:
    env = [{"name": "INSPECT_OPERATOR_NAMESPACES", "value": namespaces}]
    pod = {"serviceAccountName": "robot", "containers": [{"name": "operator", "env": env}]}
    condition = {"type": "Available", "status": "True" if ready else "False", "message": "has minimum availability"}
    labels = LABELS | {"app.kubernetes.io/version": "0.1.0"}
    return thing(
        "Deployment", "inspect-operator", HOME, labels, spec={"replicas": replicas, "template": {"spec": pod}},
        status={"readyReplicas": ready, "conditions": [condition]},
    )  # fmt: skip


def secret(
    release: str, status: str, age_seconds: float, label: str = group.LABEL_OWNER_UID, uid: str = "u1"
) -> Object:
    labels = {"owner": "helm", "name": release, "status": status, "version": "4", label: uid}
    labels["modifiedAt"] = str(int(ago(age_seconds).timestamp()))
    return thing("Secret", f"sh.helm.release.v1.{release}.v4", NS, labels)


def inspect(name: str = "health", uid: str = "u1", **metadata: Any) -> Object:
    return thing("Inspect", name, NS, metadata={"uid": uid, "finalizers": [group.FINALIZER]} | metadata)


def well() -> Cluster:
    definitions = crd.definition() | {"status": {"conditions": [{"type": "Established", "status": "True"}]}}
    roles = [thing("ClusterRole", name) for name in (f"inspect-check-{one}" for one in ASKING)]
    return Cluster(
        copy.deepcopy(definitions), deployment(), lease("inspect-operator", HOME, ago(3)),
        thing("Pod", "inspect-operator-1", HOME, LABELS), thing("Namespace", NS), thing("Namespace", HOME),
        lease("node-1", "kube-node-lease", ago(4)), lease("node-2", "kube-node-lease", ago(9)),
        inspect(), secret("health--disk", "deployed", 9000), *roles,
    )  # fmt: skip


ASKING = (
    "api-write", "deploy-and-service", "events-warning", "helm-stuck-releases", "nodes-ready", "nodes-schedulable",
    "pods-abnormal", "system-pods-ready", "workload-hygiene",
)  # fmt: skip


def _call(cluster: Cluster, *arguments: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    doctor.configure(parser)
    parsed = parser.parse_args(arguments)
    for name in ("namespace", "selector"):
        setattr(parsed, name, getattr(parsed, name, ""))
    out = io.StringIO()
    context = command.Context(parsed, parser, terminal.Terminal(out, io.StringIO()), cluster)
    before = copy.deepcopy(cluster.objects)
    code = asyncio.run(doctor.run(context))
    assert cluster.objects == before, "nothing is changed"
    assert {verb for verb, _, _ in cluster.requests} <= {"get", "list"}
    return int(code), out.getvalue()


def _found(cluster: Cluster) -> dict[str, Object]:
    """What is not well, by its words."""
    _, out = _call(cluster, "-o", "json")
    return {one["what"]: one for one in json.loads(out)["findings"] if one["level"] != "ok"}


def test_a_cluster_that_is_well() -> None:
    code, out = _call(well())
    assert code == 0
    golden.check("cli-doctor-well.txt", out)
    assert _call(well(), "--quiet") == (0, "\n13 ok\n")
    _, told = _call(well(), "-o", "json")
    assert json.loads(told)["worst"] == "ok"


def test_a_cluster_in_which_much_is_wrong() -> None:
    cluster = well()
    cluster.apart_seconds = -7.5
    spec = cluster.objects["CustomResourceDefinition", "", definition.NAME]["spec"]
    schema = spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del schema["tasks"]["items"]["properties"]["check"], schema["notifications"]
    cluster.put(deployment(2, 0))
    cluster.put(lease("inspect-operator", HOME, cluster.now - datetime.timedelta(seconds=300)))
    robot = f"system:serviceaccount:{HOME}:robot"
    cluster.lacking = {(robot, "create secrets"), (robot, "list nodes"), ("", "get pods/log")}
    del cluster.objects["ClusterRole", "", "inspect-check-api-write"]
    for one in (
        secret("health--slow", "pending-upgrade", 11000), secret("health--new", "pending-install", 20),
        secret("lost--a", "deployed", 7000, uid="gone"), secret("lost--b", "uninstalling", 7000, uid="gone"),
        secret("web", "pending-rollback", 7000, group.LABEL_OBJECT_UID),
        inspect("stays", "u2", deletionTimestamp=stamp(cluster.now - datetime.timedelta(seconds=4000))),
        lease("node-1", "kube-node-lease", cluster.now + datetime.timedelta(seconds=90)),
        lease("node-2", "kube-node-lease", cluster.now - datetime.timedelta(seconds=500)),
        thing("Pod", "p1", NS, group.TASK_TYPE, spec={"containers": [{"name": "inspect", "image": "no/such:1"}]},
              status={"containerStatuses": [{"name": "inspect", "image": "", "state": {"waiting": {
                  "reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}]}),
        thing("ConfigMap", "ours", HOME, {group.LABEL_TEMPLATES: "ours"}, data={"pod.yaml": "a: {{ tsak.name }}\n"}),
        thing("ConfigMap", "checks", HOME, {"api.practice.com/inspect-checks": "site"}, data={"cpu.sh": "true"}),
        _webhook("mutating.example.com", "gone"),
    ):  # fmt: skip
        cluster.put(one)
    code, out = _call(cluster)
    assert code == 1
    for moment in (secret_time(cluster, name) for name in ("health--slow", "health--new", "lost--a", "lost--b", "web")):
        out = out.replace(moment, "TIME")
    golden.check("cli-doctor-ill.txt", _steady(out))


def secret_time(cluster: Cluster, release: str) -> str:
    labels = cluster.objects["Secret", NS, f"sh.helm.release.v1.{release}.v4"]["metadata"]["labels"]
    return datetime.datetime.fromtimestamp(int(labels["modifiedAt"]), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _steady(text: str) -> str:
    text = re.sub(r"\d\d:\d\d:\d\d", "TIME", text)
    return re.sub(r"\b\d+ (seconds|s)\b", "N s", text)


def _webhook(name: str, service_namespace: str, **more: Any) -> Object:
    service = {"namespace": service_namespace, "name": "hook"}
    rule = {"apiGroups": ["batch", ""], "resources": ["jobs", "pods"], "operations": ["CREATE"], "apiVersions": ["*"]}
    one = {"name": name, "clientConfig": {"service": service}, "rules": [rule], **more}
    return thing("MutatingWebhookConfiguration", "hooks", webhooks=[one])


def test_without_any_operator() -> None:
    cluster = well()
    del cluster.objects["Deployment", HOME, "inspect-operator"], cluster.objects["Lease", HOME, "inspect-operator"]
    found = _found(cluster)
    assert found["no operator is installed, and none is at work"]["fix"].startswith("helm upgrade --install")
    (held,) = [one for words, one in found.items() if "no operator is at work that would" in words]
    assert held["level"] == "warn"
    assert held["fix"].startswith('kubectl patch in health -n ops --type=merge -p \'{"metadata":{"finalizers":null}}\'')
    cluster.put(lease("inspect-operator", "default", ago(2), "laptop_7_x"))
    assert list(_found(cluster)) == ["an operator is at work that was not installed by the chart: laptop_7_x"]


def test_a_namespace_that_nobody_serves() -> None:
    cluster = well()
    cluster.put(deployment(namespaces="a,b"))
    parser = argparse.ArgumentParser()
    doctor.configure(parser)
    parsed = argparse.Namespace(output="json", quiet=False, namespace=NS, selector="")
    out = io.StringIO()
    asyncio.run(doctor.run(command.Context(parsed, parser, terminal.Terminal(out, out), cluster)))
    found = {one["what"]: one for one in json.loads(out.getvalue())["findings"]}
    told = found[f"no operator serves the namespace {NS}"]
    assert told["evidence"] == f"{HOME}/inspect-operator serves a, b"
    assert told["fix"].endswith("--set 'watchNamespaces={a,b,ops}'")


def test_who_may_not_look_for_operators_is_not_told_that_there_are_none() -> None:
    cluster = well()
    cluster.forbidden = {"Deployment"}
    cluster.put(inspect("stays", "u2", deletionTimestamp=stamp(ago(90))))
    found = _found(cluster)
    assert [one["level"] for one in found.values()] == ["unknown"]
    assert next(iter(found)) == "which operators there are: could not be looked at"


def test_what_may_not_be_read_is_unknown_and_the_rest_is_told() -> None:
    cluster = well()
    cluster.forbidden = {"Secret", "Pod", "SubjectAccessReview", "MutatingWebhookConfiguration"}
    code, out = _call(cluster, "-o", "json")
    assert (code, json.loads(out)["worst"]) == (0, "unknown")
    found = _found(cluster)
    assert {one["level"] for one in found.values()} == {"unknown"}
    assert sorted(words.partition(":")[0] for words in found) == [
        "images", "releases", f"the rights of the operator {HOME}/inspect-operator could not be looked at", "webhooks",
        f"which helm the operator {HOME}/inspect-operator has could not be seen",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"spec.versions": []}, Level.ERROR, "the CRD doesn't serve v1alpha1"),
        ({"metadata.deletionTimestamp": "2026-01-01T00:00:00Z"}, Level.ERROR, "the CRD is being deleted"),
        (
            {"status.conditions": [{"type": "NamesAccepted", "status": "False", "message": "taken"}]},
            Level.ERROR,
            "the CRD is not served",
        ),
    ],
)
def test_a_crd_that_serves_nobody(change: Object, level: Level, words: str) -> None:
    cluster = well()
    body = cluster.objects["CustomResourceDefinition", "", definition.NAME]
    for path, value in change.items():
        outer, inner = path.split(".")
        body[outer][inner] = value
    (told,) = [one for what, one in _found(cluster).items() if words in what]
    assert told["level"] == level.value


def test_schemas_are_compared_field_by_field() -> None:
    ours = {"properties": {"a": {"type": "string"}, "b": {"items": {"properties": {"c": {}}}}, "d": {"maxLength": 1}}}
    live = {"properties": {"b": {"items": {"properties": {"x": {}}}}, "d": {"maxLength": 2}, "a": {"type": "string"}}}
    assert list(definition.differences(live, ours)) == [("b.c", "missing"), ("b.x", "unknown"), ("d", "other")]
    assert not list(definition.differences(ours, ours))


@pytest.mark.parametrize(
    ("rule", "caught"),
    [
        ({"apiGroups": ["*"], "resources": ["*"]}, 9),  # a subresource is none of these
        ({"apiGroups": ["*"], "resources": ["*/*"]}, 10),
        ({"apiGroups": ["batch"], "resources": ["jobs"]}, 1),
        ({"apiGroups": ["batch"], "resources": ["jobs/*"]}, 1),
        ({"apiGroups": [""], "resources": ["nodes", "services"]}, 0),
        ({"apiGroups": ["apps"], "resources": ["*"]}, 0),
        ({"apiGroups": [group.GROUP], "resources": ["*/status"]}, 1),
        ({"apiGroups": ["*"], "resources": ["*"], "scope": "Cluster"}, 0),
    ],
)
def test_which_webhooks_are_asked_about_our_objects(rule: Object, caught: int) -> None:
    found = list(webhooks.intercepted({"rules": [rule]}))
    assert len(found) == caught, found


def test_a_webhook_counts_where_nobody_answers_and_inspects_are() -> None:
    def told(**more: Any) -> list[str]:
        cluster = well()
        cluster.put(_webhook("a", "hooks", **more))
        return [one["level"] for words, one in _found(cluster).items() if words.startswith("webhook a")]

    assert told() == ["error"]
    assert told(failurePolicy="Ignore") == ["warn"]
    selector = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["x"]}]}
    assert told(namespaceSelector=selector) == []
    assert told(clientConfig={"url": "https://example.com"}) == []
    cluster = well()
    cluster.put(_webhook("a", "hooks"))
    slice_ = thing(
        "EndpointSlice",
        "hook-1",
        "hooks",
        {"kubernetes.io/service-name": "hook"},
        endpoints=[{"conditions": {"ready": True}}],
    )
    cluster.put(slice_)
    assert _found(cluster) == {}
