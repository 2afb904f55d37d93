"""Kinds of watches.yaml on a real cluster: the examples, from the first apply to nothing left behind."""

import json
import pathlib
import shutil
import sys
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.harness import kube, process, registry

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "kinds"
#: The image of the stock chart that `helm create` makes, stood in for by a small server.
WEB = "docker.io/library/nginx:1.16.0"
#: Part of a chart: it runs once and has done its work.
JOB = f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: once}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: once, image: {WEB}, command: ["true"]}}]
"""
#: What a namespace has without us.
OWN = {"kube-root-ca.crt", "default"}
ALL = (
    "deployments,statefulsets,daemonsets,jobs,cronjobs,services,ingresses,configmaps,secrets,serviceaccounts,roles,"
    "rolebindings,horizontalpodautoscalers"
)


@pytest.fixture(scope="session")
def web_image(runner_image: str) -> str:
    """Loaded under the name that the stock chart gives it."""
    kube.run("dev/cluster", "load", "tests/images/web", "--name", WEB, binary=sys.executable, seconds=300)
    return WEB


@pytest.fixture
def example(request: pytest.FixtureRequest, namespace: str, tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A copy of the example that the test names, with its CRD on the cluster. Asked for before the operator, it ends
    after it: objects that a failed test left don't keep the namespace."""
    folder = tmp_path / "kind"
    shutil.copytree(EXAMPLES / request.param, folder)
    install(folder / "crd.yaml")
    yield folder
    plural = yaml.safe_load((folder / "crd.yaml").read_text())["metadata"]["name"]
    for found in kube.items(plural, namespace):
        kube.merge(plural, namespace, found["metadata"]["name"], {"metadata": {"finalizers": None}})


@pytest.fixture
def serving(example: pathlib.Path, operator: process.Operator, tmp_path: pathlib.Path) -> process.Operator:
    """An operator that serves the example, and notes each call of helm."""
    operator.settings["WATCHES"] = str(example / "watches.yaml")
    operator.settings["HELM"] = str(process.counting_helm(tmp_path, tmp_path / "calls"))
    return operator.start()


def install(path: pathlib.Path) -> None:
    """A CRD, ready to be used."""
    kube.run("apply", "-f", str(path))
    name = yaml.safe_load(path.read_text())["metadata"]["name"]
    kube.run("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")


def sample(example: pathlib.Path, **spec: object) -> kube.Object:
    """The example's sample, with other values."""
    made = dict(yaml.safe_load((example / "sample.yaml").read_text()))
    made["spec"] = {**made["spec"], **spec}
    return made


def condition(namespace: str, kind: str, name: str, word: str) -> kube.Object:
    found = kube.get(kind, namespace, name) or {}
    status = found.get("status", {})
    if status.get("observedGeneration") != found.get("metadata", {}).get("generation"):
        return {}
    return next((dict(one) for one in status.get("conditions", ()) if one["type"] == word), {})


def ready(namespace: str, kind: str, name: str, seconds: float = 90) -> kube.Object:
    """The object once everything of it is ready."""
    seen: list[object] = [None]

    def probe() -> bool:
        seen[0] = (kube.get(kind, namespace, name) or {}).get("status")
        return condition(namespace, kind, name, "Ready").get("status") == "True"

    try:
        kube.until(f"{kind} {name} ready", probe, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{json.dumps(seen[0], indent=1)}") from None
    return kube.get(kind, namespace, name) or {}


def revision(namespace: str, release: str) -> int:
    return int(kube.history(namespace, release)[-1]["revision"])


def chart_file(example: pathlib.Path, name: str, before: str, after: str) -> None:
    """Somebody edits the chart on disk."""
    (chart,) = (example / "charts").iterdir()
    text = (chart / name).read_text()
    assert before in text
    (chart / name).write_text(text.replace(before, after))


def assert_nothing_left(namespace: str) -> None:
    assert kube.releases(namespace) == {}
    kube.until(
        "nothing left",
        lambda: {one["metadata"]["name"] for one in kube.items(ALL, namespace)} <= OWN,
    )


def calls(tmp_path: pathlib.Path) -> list[str]:
    """What helm was called for, but for its version."""
    lines = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    return [line for line in lines if not line.startswith("version")]


@pytest.mark.timeout(360)
@pytest.mark.parametrize("example", ["nginx"], indirect=True)
def test_stock_chart_is_served_whole(
    serving: process.Operator, namespace: str, example: pathlib.Path, web_image: str, tmp_path: pathlib.Path
) -> None:
    kube.apply(sample(example), namespace)
    found = ready(namespace, "nginx", "nginx-sample")
    reasons = {one["type"]: one.get("reason") for one in found["status"]["conditions"]}
    assert reasons == {"Initialized": None, "Deployed": "InstallSuccessful", "Ready": "AllReady"}
    assert found["status"]["deployedRelease"]["name"] == "nginx-sample"
    assert "# Source: nginx/templates/deployment.yaml" in found["status"]["deployedRelease"]["manifest"]
    assert found["metadata"]["finalizers"] == ["helm.sdk.operatorframework.io/uninstall-release"]
    assert kube.there("deployment", namespace, "nginx-sample")["status"]["readyReplicas"] == 2
    before = len(calls(tmp_path))

    # Labels, annotations and other people's status change no values: helm isn't called.
    kube.run("annotate", "nginx", "nginx-sample", "-n", namespace, "note=1")
    # Somebody scales the Deployment behind our back: it is put right, without helm and without a revision.
    kube.run("scale", "deployment", "nginx-sample", "-n", namespace, "--replicas=0")
    kube.until("put right", lambda: kube.there("deployment", namespace, "nginx-sample")["spec"]["replicas"] == 2, 30)
    kube.run("delete", "service", "nginx-sample", "-n", namespace)
    kube.until("made again", lambda: kube.get("service", namespace, "nginx-sample"), 30)
    kube.until("told", lambda: "spec.replicas" in kube.run("events", "-n", namespace, "--for", "nginx/nginx-sample"))
    assert (len(calls(tmp_path)), revision(namespace, "nginx-sample")) == (before, 1)

    # An update of the values, then of the chart.
    kube.apply(sample(example, replicaCount=1), namespace)
    kube.until("updated", lambda: revision(namespace, "nginx-sample") == 2)
    ready(namespace, "nginx", "nginx-sample")
    assert kube.there("deployment", namespace, "nginx-sample")["spec"]["replicas"] == 1
    assert condition(namespace, "nginx", "nginx-sample", "Deployed")["reason"] == "UpgradeSuccessful"
    (example / "charts/nginx/templates/job.yaml").write_text(JOB)
    chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.2.0")
    kube.until("chart upgrade", lambda: kube.releases(namespace)["nginx-sample"]["chart"] == "nginx-0.2.0", 40)

    # A Job that somebody deletes is left alone: made again, it would run again. What is no Job is put right beside it.
    kube.until("ran", lambda: kube.there("job", namespace, "once")["status"].get("succeeded"))
    kube.run("delete", "job", "once", "-n", namespace)
    kube.run("delete", "service", "nginx-sample", "-n", namespace)
    kube.until("made again", lambda: kube.get("service", namespace, "nginx-sample"), 30)
    assert kube.get("job", namespace, "once") is None
    (example / "charts/nginx/templates/job.yaml").unlink()

    # What Helm says of values that the chart can't take reaches the object; the release stays, and heals.
    kube.apply(sample(example, replicaCount="many"), namespace)
    failed = kube.until("failed", lambda: condition(namespace, "nginx", "nginx-sample", "ReleaseFailed"), 40)
    assert failed["reason"] == "UpgradeError"
    assert "replicas" in failed["message"], failed
    assert kube.there("deployment", namespace, "nginx-sample")["spec"]["replicas"] == 1
    kube.apply(sample(example), namespace)
    found = ready(namespace, "nginx", "nginx-sample")
    assert "ReleaseFailed" not in {one["type"] for one in found["status"]["conditions"]}

    kube.merge(
        "nginx", namespace, "nginx-sample",
        {"metadata": {"annotations": {"helm.sdk.operatorframework.io/uninstall-wait": "true"}}},
    )  # fmt: skip
    kube.run("delete", "nginx", "nginx-sample", "-n", namespace, "--timeout=60s")
    # It waited: nothing is left in the very moment in which the object is gone.
    assert kube.names("deployments,services", namespace) == set()
    assert_nothing_left(namespace)


@pytest.mark.timeout(360)
@pytest.mark.parametrize("example", ["application"], indirect=True)
def test_application_shows_its_parts(
    serving: process.Operator, namespace: str, example: pathlib.Path, web_image: str, tmp_path: pathlib.Path
) -> None:
    kube.apply(sample(example, env={"COLOUR": "blau 磁盘 😀"}), namespace)
    found = ready(namespace, "application", "application-sample")
    shown = {one["kind"]: (one["ready"], one["message"]) for one in found["status"]["dependents"]}
    assert shown["Deployment"] == (True, "1/1")
    assert shown["Ingress"] == (True, "example.foo.com")
    assert shown["Service"][1].startswith("ClusterIP 10.")
    container = kube.there("deployment", namespace, "application-sample")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "COLOUR", "value": "blau 磁盘 😀"} in container["env"]
    assert "blue" not in json.dumps(found)

    kube.apply(sample(example, replicas=2, ingress={"host": "other.foo.com"}), namespace)
    kube.until("updated", lambda: "other.foo.com" in json.dumps(kube.get("ingress", namespace, "application-sample")))
    ready(namespace, "application", "application-sample")
    made = sample(example)
    del made["spec"]["ingress"]
    kube.apply(made, namespace)
    kube.until("no ingress", lambda: not kube.items("ingress", namespace))
    found = ready(namespace, "application", "application-sample")
    assert {one["kind"] for one in found["status"]["dependents"]} == {"Deployment", "Service"}

    # A field that we own, an image, and a label: all are put right.
    changed = {"spec": {"template": {"spec": {"containers": [{"name": "application", "image": "evil:1"}]}}}}
    kube.run("patch", "deployment", "application-sample", "-n", namespace, "-p", json.dumps(changed))
    kube.until(
        "image put right",
        lambda: (
            kube.there("deployment", namespace, "application-sample")["spec"]["template"]["spec"]["containers"][0][
                "image"
            ]
            == WEB.removeprefix("docker.io/library/")
        ),
    )
    # While the operator was away, too.
    serving.stop()
    kube.run("delete", "service", "application-sample", "-n", namespace)
    serving.start()
    kube.until("made again", lambda: kube.get("service", namespace, "application-sample"), 40)

    # A chart that comes to render what it may not: refused in words, and nothing is touched.
    (example / "charts/application/templates/more.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: not-allowed}\n"
    )
    refused = kube.until(
        "refused", lambda: condition(namespace, "application", "application-sample", "ReleaseFailed"), 40
    )
    assert "the chart renders Secret; allowedKinds" in refused["message"]
    (example / "charts/application/templates/more.yaml").unlink()
    chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.1.1")
    kube.until("upgraded", lambda: kube.releases(namespace)["application-sample"]["chart"] == "application-0.1.1", 40)
    ready(namespace, "application", "application-sample")
    kube.run("delete", "application", "application-sample", "-n", namespace, "--timeout=60s")
    assert_nothing_left(namespace)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("example", ["application"], indirect=True)
def test_chart_from_a_registry_is_served(
    example: pathlib.Path, operator: process.Operator, namespace: str, web_image: str, tmp_path: pathlib.Path
) -> None:
    kube.helm("package", str(example / "charts" / "application"), "-d", str(tmp_path))
    with (
        registry.Registry(tmp_path / "application-0.1.0.tgz", tmp_path) as remote,
        pytest.MonkeyPatch.context() as patch,
    ):
        entries = yaml.safe_load((example / "watches.yaml").read_text())
        entries[0]["chart"] = remote.reference
        (example / "watches.yaml").write_text(yaml.safe_dump(entries))
        operator.settings["WATCHES"] = str(example / "watches.yaml")
        patch.setenv("SSL_CERT_FILE", str(remote.certificate))
        operator.start()
        kube.apply(sample(example), namespace)
        ready(namespace, "application", "application-sample")
        pulls = [path for path in remote.asked if "/blobs/" in path]
        kube.apply(sample(example, replicas=2), namespace)
        kube.until("upgraded", lambda: revision(namespace, "application-sample") == 2)
        # Pulled once: its digest says that it can't have changed.
        assert [path for path in remote.asked if "/blobs/" in path] == pulls
    kube.run("delete", "application", "application-sample", "-n", namespace, "--timeout=60s")
    assert_nothing_left(namespace)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("example", ["hpa"], indirect=True)
def test_hpa_scales_by_the_clock(
    example: pathlib.Path, operator: process.Operator, namespace: str, runner_image: str, web_image: str
) -> None:
    operator.settings["WATCHES"] = str(example / "watches.yaml")
    # $HPA_IMAGE of overrideValues is of the operator's own environment.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HPA_IMAGE", runner_image)
        operator.start()
    kube.run("create", "deployment", "nginx-deployment", "-n", namespace, f"--image={WEB}")
    made = sample(example)
    made["spec"]["jobs"].append({"name": "night", "schedule": "0 3 1 1 *", "size": 0})
    kube.apply(made, namespace)
    found = ready(namespace, "hpas.autoscal.aiops.org", "hpa-sample")
    events = kube.run("events", "-n", namespace, "--for", "hpa.autoscal.aiops.org/hpa-sample")
    assert "OverrideValuesInUse" in events
    assert runner_image not in events
    columns = kube.run("get", "hpas.autoscal.aiops.org", "-n", namespace).split()
    assert columns[:5] == ["NAME", "TARGET", "SCHEDULE", "TARGET", "SIZE"]
    assert {"nginx-deployment", "3"} <= set(columns)
    assert kube.names("cronjobs", namespace) == {"hpa-sample-scale-up", "hpa-sample-night"}
    for account, may in (("hpa-sample-scale-up", "yes"), ("default", "no")):
        who = f"--as=system:serviceaccount:{namespace}:{account}"
        asked = ("patch", "deployments/nginx-deployment", "--subresource=scale", "-n", namespace, who)
        assert _can(*asked) == may
        assert _can("patch", "deployments/other", "--subresource=scale", "-n", namespace, who) == "no"
    kube.until(
        "the schedule fired",
        lambda: kube.there("deployment", namespace, "nginx-deployment")["spec"]["replicas"] == 3, 120,
    )  # fmt: skip
    assert found["status"]["deployedRelease"]["name"] == "hpa-sample"

    # An update in place: the CronJob keeps its identity.
    before = kube.there("cronjob", namespace, "hpa-sample-night")["metadata"]["uid"]
    made["spec"]["jobs"] = [{"name": "night", "schedule": "0 4 1 1 *", "size": 1}]
    kube.apply(made, namespace)
    kube.until("one left", lambda: kube.names("cronjobs", namespace) == {"hpa-sample-night"})
    cron = kube.there("cronjob", namespace, "hpa-sample-night")
    assert (cron["metadata"]["uid"], cron["spec"]["schedule"]) == (before, "0 4 1 1 *")
    assert kube.names("serviceaccounts,roles,rolebindings", namespace) - OWN == {"hpa-sample-night"}
    chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.2.0")
    kube.until("chart upgrade", lambda: kube.releases(namespace)["hpa-sample"]["chart"] == "hpa-0.2.0", 40)
    assert kube.there("cronjob", namespace, "hpa-sample-night")["metadata"]["uid"] == before
    kube.run("delete", "hpas.autoscal.aiops.org", "hpa-sample", "-n", namespace, "--timeout=60s")
    kube.run("delete", "deployment", "nginx-deployment", "-n", namespace)
    assert_nothing_left(namespace)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("example", ["dataservice"], indirect=True)
def test_dataservice_waits_updates_and_goes(
    example: pathlib.Path, operator: process.Operator, namespace: str, web_image: str
) -> None:
    entries = yaml.safe_load((example / "watches.yaml").read_text())
    entries[0]["overrideValues"] = dict.fromkeys(("mysqlImage", "uucImage", "waitImage"), WEB)
    (example / "watches.yaml").write_text(yaml.safe_dump(entries))
    operator.settings["WATCHES"] = str(example / "watches.yaml")
    operator.start()
    made = sample(example)
    for service in made["spec"].values():
        if "image" in service:
            service["image"] = WEB
            service.pop("nodePort", None)  # of which there is one in the cluster
    made["spec"]["uuc"]["thirdParty"]["url"] = f"elsewhere.{namespace}.svc:8080"
    kube.apply(made, namespace)
    # The database is there; what stands elsewhere is not: no service has started, and the status says who waits.
    kube.until(
        "mysql", lambda: kube.there("statefulset", namespace, "mysql-dataservice")["status"].get("readyReplicas")
    )
    kube.until("eureka", lambda: kube.there("deployment", namespace, "eureka")["status"].get("readyReplicas"))
    for name in ("api-manager", "web"):
        assert not kube.there("deployment", namespace, name)["status"].get("readyReplicas")
    waits = kube.until("told", lambda: condition(namespace, "dataservice", "dataservice-sample", "Ready"), 30)
    assert (waits["status"], waits["reason"]) == ("False", "DependentsNotReady")
    assert "api-manager: 0/1" in waits["message"]
    password = kube.there("secret", namespace, "mysql-dataservice-login")["data"]["password"]
    shown = json.dumps(kube.get("dataservice", namespace, "dataservice-sample"))
    assert password not in shown
    assert "REDACTED" in shown

    # It comes up, and everything with it.
    kube.run("create", "deployment", "elsewhere", "-n", namespace, f"--image={WEB}")
    kube.run("expose", "deployment", "elsewhere", "-n", namespace, "--port=8080", "--target-port=80")
    ready(namespace, "dataservice", "dataservice-sample", 120)

    # An update rolls out: scaled, and another environment; the password stays.
    made["spec"]["auth"]["replica"] = 2
    made["spec"]["proxy"]["env"] = {"LEVEL": "debug"}
    kube.apply(made, namespace)
    kube.until("rolled out", lambda: _env(namespace, "proxy").get("LEVEL") == "debug")
    ready(namespace, "dataservice", "dataservice-sample", 120)
    assert kube.there("deployment", namespace, "auth")["status"]["readyReplicas"] == 2
    assert kube.there("secret", namespace, "mysql-dataservice-login")["data"]["password"] == password
    chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.2.0")
    kube.until("chart", lambda: kube.releases(namespace)["dataservice-sample"]["chart"] == "dataservice-0.2.0", 40)
    assert kube.there("secret", namespace, "mysql-dataservice-login")["data"]["password"] == password

    kube.run("delete", "dataservice", "dataservice-sample", "-n", namespace, "--timeout=60s")
    kube.run("delete", "deployment,service", "elsewhere", "-n", namespace)
    assert_nothing_left(namespace)


def _env(namespace: str, name: str) -> dict[str, str]:
    pod = kube.there("deployment", namespace, name)["spec"]["template"]["spec"]
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"]}


def _can(*asked: str) -> str:
    try:
        return kube.run("auth", "can-i", *asked).strip()
    except kube.Failed:
        return "no"


@pytest.mark.timeout(360)
def test_layout_of_operator_sdk_is_served_unmodified(
    operator: process.Operator, namespace: str, web_image: str, tmp_path: pathlib.Path
) -> None:
    """watches.yaml and helm-charts/ as `operator-sdk init --plugins helm` and `create api` write them; the CRD comes
    later than the operator, as people may apply it."""
    project = tmp_path / "memcached-operator"
    (project / "helm-charts").mkdir(parents=True)
    kube.helm("create", str(project / "helm-charts" / "memcached"))
    suffix = namespace.rpartition("-")[2]
    group = f"cache-{suffix}.example.com"
    (project / "watches.yaml").write_text(
        "# Use the 'create api' subcommand to add watches to this file.\n"
        f"- group: {group}\n  version: v1alpha1\n  kind: Memcached\n  chart: helm-charts/memcached\n"
        "# +kubebuilder:scaffold:watch\n"
    )
    operator.settings["WATCHES"] = str(project / "watches.yaml")
    operator.start()
    kube.until("named", lambda: "kind is not served yet" in operator.last_log())
    assert f"{group}/v1alpha1 Memcached" in operator.last_log()
    crd = _sdk_crd(group)
    (project / "crd.yaml").write_text(json.dumps(crd))
    try:
        install(project / "crd.yaml")
        image = {"repository": "nginx", "tag": "1.16.0"}
        made = {"apiVersion": f"{group}/v1alpha1", "kind": "Memcached", "metadata": {"name": "memcached-sample"}}
        kube.apply({**made, "spec": {"image": image, "port": 10000000}}, namespace)
        plural = f"memcacheds.{group}"
        ready(namespace, plural, "memcached-sample")

        # Scripts of its users: the conditions by their index and type, and the manifest.
        path = "{.status.conditions[?(@.type=='Deployed')].reason}"
        said = kube.run("get", plural, "memcached-sample", "-n", namespace, "-o", f"jsonpath={path}")
        assert said == "InstallSuccessful"
        kube.run("wait", plural, "memcached-sample", "-n", namespace, "--for=condition=Deployed", "--timeout=10s")

        # A second object of that name and of another kind, or a release of somebody else: refused, and named.
        kube.helm("install", "theirs", str(project / "helm-charts" / "memcached"), "-n", namespace)
        kube.apply({**made, "metadata": {"name": "theirs"}, "spec": {}}, namespace)
        refused = kube.until("refused", lambda: condition(namespace, plural, "theirs", "Irreconcilable"))
        assert refused["reason"] == "ReleaseNotOwned"
        kube.run("delete", plural, "theirs", "-n", namespace, "--timeout=30s")
        assert set(kube.releases(namespace)) == {"memcached-sample", "theirs"}
        kube.helm("uninstall", "theirs", "-n", namespace)

        # Releases of operator-sdk's own operator are taken over: no label of ours, but the status tells.
        kube.helm("install", "old", str(project / "helm-charts" / "memcached"), "-n", namespace,
                  "--set", "image.tag=1.16.0")  # fmt: skip
        before = kube.there("deployment", namespace, "old-memcached")["metadata"]["uid"]
        operator.stop()
        kube.apply({**made, "metadata": {"name": "old"}, "spec": {"image": image}}, namespace)
        status = json.dumps({"status": {"deployedRelease": {"name": "old"}}})
        kube.run("patch", plural, "old", "-n", namespace, "--subresource=status", "--type=merge", "-p", status)
        operator.start()
        ready(namespace, plural, "old")
        assert kube.there("deployment", namespace, "old-memcached")["metadata"]["uid"] == before
        assert revision(namespace, "old") == 2
        kube.run("delete", plural, "old", "memcached-sample", "-n", namespace, "--timeout=60s")
        assert_nothing_left(namespace)
    finally:
        kube.run("delete", "crd", f"memcacheds.{group}", "--wait=false", "--ignore-not-found")


def _sdk_crd(group: str) -> kube.Object:
    """As operator-sdk scaffolds it: spec and status are open."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    schema = {"type": "object", "properties": {**names, "spec": anything, "status": anything}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"memcacheds.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Memcached", "listKind": "MemcachedList", "plural": "memcacheds"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1alpha1", "schema": {"openAPIV3Schema": schema}, "served": True, "storage": True,
                    "subresources": {"status": {}},
                }
            ],
        },
    }  # fmt: skip
