"""The examples of kinds, from the first apply to nothing left behind."""

import json
import pathlib

import pytest
import yaml

from tests.e2e.harness import kinds, kube, process

#: Part of a chart: it runs once and has done its work.
JOB = f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: once}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: once, image: {kinds.WEB}, command: ["true"]}}]
"""


def calls(tmp_path: pathlib.Path) -> list[str]:
    """What helm was called for, but for its version."""
    lines = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    return [line for line in lines if not line.startswith("version")]


@pytest.mark.timeout(360)
@pytest.mark.parametrize("example", ["nginx"], indirect=True)
def test_stock_chart_is_served_whole(
    serving: process.Operator, namespace: str, example: pathlib.Path, web_image: str, tmp_path: pathlib.Path
) -> None:
    kube.apply(kinds.sample(example), namespace)
    found = kinds.ready(namespace, "nginx", "nginx-sample")
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
    assert (len(calls(tmp_path)), kinds.revision(namespace, "nginx-sample")) == (before, 1)

    # An update of the values, then of the chart.
    kube.apply(kinds.sample(example, replicaCount=1), namespace)
    kube.until("updated", lambda: kinds.revision(namespace, "nginx-sample") == 2)
    kinds.ready(namespace, "nginx", "nginx-sample")
    assert kube.there("deployment", namespace, "nginx-sample")["spec"]["replicas"] == 1
    assert kinds.condition(namespace, "nginx", "nginx-sample", "Deployed")["reason"] == "UpgradeSuccessful"
    (example / "charts/nginx/templates/job.yaml").write_text(JOB)
    kinds.chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.2.0")
    kube.until("chart upgrade", lambda: kube.releases(namespace)["nginx-sample"]["chart"] == "nginx-0.2.0", 40)

    # A Job that somebody deletes is left alone: made again, it would run again. What is no Job is put right beside it.
    kube.until("ran", lambda: kube.there("job", namespace, "once")["status"].get("succeeded"))
    kube.run("delete", "job", "once", "-n", namespace)
    kube.run("delete", "service", "nginx-sample", "-n", namespace)
    kube.until("made again", lambda: kube.get("service", namespace, "nginx-sample"), 30)
    assert kube.get("job", namespace, "once") is None
    (example / "charts/nginx/templates/job.yaml").unlink()

    # What Helm says of values that the chart can't take reaches the object; the release stays, and heals.
    kube.apply(kinds.sample(example, replicaCount="many"), namespace)
    failed = kube.until("failed", lambda: kinds.condition(namespace, "nginx", "nginx-sample", "ReleaseFailed"), 40)
    assert failed["reason"] == "UpgradeError"
    assert "replicas" in failed["message"], failed
    assert kube.there("deployment", namespace, "nginx-sample")["spec"]["replicas"] == 1
    kube.apply(kinds.sample(example), namespace)
    found = kinds.ready(namespace, "nginx", "nginx-sample")
    assert "ReleaseFailed" not in {one["type"] for one in found["status"]["conditions"]}

    kube.merge(
        "nginx", namespace, "nginx-sample",
        {"metadata": {"annotations": {"helm.sdk.operatorframework.io/uninstall-wait": "true"}}},
    )  # fmt: skip
    kube.run("delete", "nginx", "nginx-sample", "-n", namespace, "--timeout=60s")
    # It waited: nothing is left in the very moment in which the object is gone.
    assert kube.names("deployments,services", namespace) == set()
    kinds.assert_nothing_left(namespace)


@pytest.mark.timeout(360)
@pytest.mark.parametrize("example", ["application"], indirect=True)
def test_application_shows_its_parts(
    serving: process.Operator, namespace: str, example: pathlib.Path, web_image: str, tmp_path: pathlib.Path
) -> None:
    kube.apply(kinds.sample(example, env={"COLOUR": "blau 磁盘 😀"}), namespace)
    found = kinds.ready(namespace, "application", "application-sample")
    shown = {one["kind"]: (one["ready"], one["message"]) for one in found["status"]["dependents"]}
    assert shown["Deployment"] == (True, "1/1")
    assert shown["Ingress"] == (True, "example.foo.com")
    assert shown["Service"][1].startswith("ClusterIP 10.")
    container = kube.there("deployment", namespace, "application-sample")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "COLOUR", "value": "blau 磁盘 😀"} in container["env"]
    assert "blue" not in json.dumps(found)

    kube.apply(kinds.sample(example, replicas=2, ingress={"host": "other.foo.com"}), namespace)
    kube.until("updated", lambda: "other.foo.com" in json.dumps(kube.get("ingress", namespace, "application-sample")))
    kinds.ready(namespace, "application", "application-sample")
    made = kinds.sample(example)
    del made["spec"]["ingress"]
    kube.apply(made, namespace)
    kube.until("no ingress", lambda: not kube.items("ingress", namespace))
    found = kinds.ready(namespace, "application", "application-sample")
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
            == kinds.WEB.removeprefix("docker.io/library/")
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
        "refused", lambda: kinds.condition(namespace, "application", "application-sample", "ReleaseFailed"), 40
    )
    assert "the chart renders Secret; allowedKinds" in refused["message"]
    (example / "charts/application/templates/more.yaml").unlink()
    kinds.chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.1.1")
    kube.until("upgraded", lambda: kube.releases(namespace)["application-sample"]["chart"] == "application-0.1.1", 40)
    kinds.ready(namespace, "application", "application-sample")
    kube.run("delete", "application", "application-sample", "-n", namespace, "--timeout=60s")
    kinds.assert_nothing_left(namespace)


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
    kube.run("create", "deployment", "nginx-deployment", "-n", namespace, f"--image={kinds.WEB}")
    made = kinds.sample(example)
    made["spec"]["jobs"].append({"name": "night", "schedule": "0 3 1 1 *", "size": 0})
    kube.apply(made, namespace)
    found = kinds.ready(namespace, "hpas.autoscal.aiops.org", "hpa-sample")
    events = kube.run("events", "-n", namespace, "--for", "hpa.autoscal.aiops.org/hpa-sample")
    assert "OverrideValuesInUse" in events
    assert runner_image not in events
    columns = kube.run("get", "hpas.autoscal.aiops.org", "-n", namespace).split()
    assert columns[:4] == ["NAME", "TARGET", "SCHEDULE", "SIZE"]
    assert {"nginx-deployment", "3"} <= set(columns)
    assert kube.names("cronjobs", namespace) == {"hpa-sample-scale-up", "hpa-sample-night"}
    for account, may in (("hpa-sample-scale-up", "yes"), ("default", "no")):
        who = f"--as=system:serviceaccount:{namespace}:{account}"
        asked = ("patch", "deployments/nginx-deployment", "--subresource=scale", "-n", namespace, who)
        assert kinds.can(*asked) == may
        assert kinds.can("patch", "deployments/other", "--subresource=scale", "-n", namespace, who) == "no"
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
    assert kube.names("serviceaccounts,roles,rolebindings", namespace) - kinds.OWN == {"hpa-sample-night"}
    kinds.chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.2.0")
    kube.until("chart upgrade", lambda: kube.releases(namespace)["hpa-sample"]["chart"] == "hpa-0.2.0", 40)
    assert kube.there("cronjob", namespace, "hpa-sample-night")["metadata"]["uid"] == before
    kube.run("delete", "hpas.autoscal.aiops.org", "hpa-sample", "-n", namespace, "--timeout=60s")
    kube.run("delete", "deployment", "nginx-deployment", "-n", namespace)
    kinds.assert_nothing_left(namespace)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("example", ["dataservice"], indirect=True)
def test_dataservice_waits_updates_and_goes(
    example: pathlib.Path, operator: process.Operator, namespace: str, web_image: str
) -> None:
    entries = yaml.safe_load((example / "watches.yaml").read_text())
    entries[0]["overrideValues"] = dict.fromkeys(("mysqlImage", "uucImage", "waitImage"), kinds.WEB)
    (example / "watches.yaml").write_text(yaml.safe_dump(entries))
    operator.settings["WATCHES"] = str(example / "watches.yaml")
    operator.start()
    made = kinds.sample(example)
    for service in made["spec"].values():
        if "image" in service:
            service["image"] = kinds.WEB
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
    waits = kube.until("told", lambda: kinds.condition(namespace, "dataservice", "dataservice-sample", "Ready"), 30)
    assert (waits["status"], waits["reason"]) == ("False", "DependentsNotReady")
    assert "api-manager: 0/1" in waits["message"]
    password = kube.there("secret", namespace, "mysql-dataservice-login")["data"]["password"]
    shown = json.dumps(kube.get("dataservice", namespace, "dataservice-sample"))
    assert password not in shown
    assert "REDACTED" in shown

    # It comes up, and everything with it.
    kube.run("create", "deployment", "elsewhere", "-n", namespace, f"--image={kinds.WEB}")
    kube.run("expose", "deployment", "elsewhere", "-n", namespace, "--port=8080", "--target-port=80")
    kinds.ready(namespace, "dataservice", "dataservice-sample", 120)

    # An update rolls out: scaled, and another environment; the password stays.
    made["spec"]["auth"]["replica"] = 2
    made["spec"]["proxy"]["env"] = {"LEVEL": "debug"}
    kube.apply(made, namespace)
    kube.until("rolled out", lambda: _env(namespace, "proxy").get("LEVEL") == "debug")
    kinds.ready(namespace, "dataservice", "dataservice-sample", 120)
    assert kube.there("deployment", namespace, "auth")["status"]["readyReplicas"] == 2
    assert kube.there("secret", namespace, "mysql-dataservice-login")["data"]["password"] == password
    kinds.chart_file(example, "Chart.yaml", "version: 0.1.0", "version: 0.2.0")
    kube.until("chart", lambda: kube.releases(namespace)["dataservice-sample"]["chart"] == "dataservice-0.2.0", 40)
    assert kube.there("secret", namespace, "mysql-dataservice-login")["data"]["password"] == password

    kube.run("delete", "dataservice", "dataservice-sample", "-n", namespace, "--timeout=60s")
    kube.run("delete", "deployment,service", "elsewhere", "-n", namespace)
    kinds.assert_nothing_left(namespace)


def _env(namespace: str, name: str) -> dict[str, str]:
    pod = kube.there("deployment", namespace, name)["spec"]["template"]["spec"]
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
