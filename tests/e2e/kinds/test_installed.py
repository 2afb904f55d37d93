"""Kinds in the operator that its chart installs: with the rights that its values give, and no others."""

import base64
import json
import pathlib
import subprocess
import sys

import pytest
import yaml

from tests.e2e.harness import kinds, kube

CHART = "charts/inspect-operator"


def packed(chart: pathlib.Path, folder: pathlib.Path) -> str:
    """A value of kinds.charts."""
    done = kube.helm("package", str(chart), "-d", str(folder))
    return base64.b64encode(pathlib.Path(done.rpartition(": ")[2].strip()).read_bytes()).decode()


def begin(project: pathlib.Path, *arguments: str) -> str:
    """`kubectl inspections init kind` in a folder; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "inspect_operator.cli.main", "init", "kind", "--out", str(project), *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(420)
@pytest.mark.parametrize("example", ["hpa"], indirect=True)
def test_a_kind_of_ones_own_is_installed_with_the_operator(
    namespace: str, runner_image: str, web_image: str, example: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """An example as its README has it, and beside it what `init kind` makes of the stock chart."""
    group, project = f"shop-{namespace.rpartition('-')[2]}.example.com", tmp_path / "project"
    (project / "charts").mkdir(parents=True)
    kube.helm("create", str(project / "charts" / "shop"))
    asked = ("--from-chart", str(project / "charts" / "shop"), "--group", group, "--version", "v1")
    assert begin(project, *asked).count("written\n") == 3
    # Once more: what is as it would be written stays; so does what somebody changed, and what stands beside it.
    (project / "sample.yaml").write_text((project / "sample.yaml").read_text() + "# ours\n")
    (project / "watches.yaml").write_text("# ours\n" + (project / "watches.yaml").read_text())
    before = {path: path.read_bytes() for path in project.rglob("*.yaml")}
    again = begin(project, *asked)
    assert again.count("is as it would be written") == 2
    assert "sample.yaml: left as it is, it was changed (--force writes it anew)" in again
    assert "has an entry for Shop already" in again
    assert {path: path.read_bytes() for path in project.rglob("*.yaml")} == before
    assert yaml.safe_load((project / "watches.yaml").read_text())[0]["chart"] == "charts/shop"

    values = yaml.safe_load((example / "operator-values.yaml").read_text())["kinds"]
    values["env"][0]["value"] = runner_image
    values["watches"].append({"group": group, "version": "v1", "kind": "Shop", "chart": "shop.tgz"})
    values["rules"] += yaml.safe_load((project / "operator-values.yaml").read_text())["kinds"]["rules"]
    values["charts"] = {
        "hpa": packed(example / "charts" / "hpa", tmp_path), "shop": packed(project / "charts" / "shop", tmp_path),
    }  # fmt: skip
    kinds.install(project / "crd.yaml")
    try:
        install(namespace, runner_image, values, tmp_path)
        _lives(namespace, group, project, example)
        # Another chart under the same name is taken up by the operator that runs.
        (project / "charts" / "shop" / "Chart.yaml").write_text(
            (project / "charts" / "shop" / "Chart.yaml").read_text().replace("version: 0.1.0", "version: 0.2.0")
        )
        values["charts"]["shop"] = packed(project / "charts" / "shop", tmp_path)
        (pod,) = kube.names("pods", namespace, labels="app.kubernetes.io/name=inspect-operator")
        install(namespace, runner_image, values, tmp_path)
        kube.run("annotate", "pod", pod, "-n", namespace, "seen=1")  # the kubelet looks at its volumes at once
        kube.until("upgraded", lambda: kube.releases(namespace)["shop-sample"]["chart"] == "shop-0.2.0", 120)
        assert kube.names("pods", namespace, labels="app.kubernetes.io/name=inspect-operator") == {pod}
        kube.run("delete", f"shops.{group}", "shop-sample", "-n", namespace, "--timeout=60s")
        kube.run("delete", "hpas.autoscal.aiops.org", "hpa-sample", "-n", namespace, "--timeout=60s")
        assert set(kube.releases(namespace)) == {"op"}

        # No right was missing, and nothing went wrong on the way.
        log = [json.loads(line) for line in kube.run("logs", "deployment/op", "-n", namespace).splitlines()]
        assert [line for line in log if line["level"] not in ("INFO", "DEBUG")] == []
        kube.helm("uninstall", "op", "-n", namespace, "--wait", "--timeout", "120s", seconds=150)
        kinds.assert_nothing_left(namespace)
    finally:
        kube.helm("uninstall", "op", "-n", namespace, "--ignore-not-found", "--no-hooks", "--wait", "--timeout", "60s")
        kinds.let_go(f"shops.{group}", namespace)
        kube.run("delete", "crd", f"shops.{group}", "--wait=false", "--ignore-not-found")


def install(namespace: str, runner_image: str, values: kube.Object, folder: pathlib.Path) -> None:
    """The operator's chart, for this namespace."""
    (folder / "values.json").write_text(json.dumps({"kinds": values}))
    tag = runner_image.rpartition(":")[2]
    kube.helm(
        "upgrade", "--install", "op", CHART, "-n", namespace, "-f", str(folder / "values.json"),
        "--set", f"image.tag={tag},runner.image.tag={tag},watchNamespaces={{{namespace}}},crds.install=false,"
        "checks.install=false,nodeTargets=true",
        "--wait", "--timeout", "120s", seconds=150,
    )  # fmt: skip


def _lives(namespace: str, group: str, project: pathlib.Path, example: pathlib.Path) -> None:
    kube.run("apply", "-n", namespace, "-f", str(project / "sample.yaml"), "-f", str(example / "sample.yaml"))
    kinds.ready(namespace, f"shops.{group}", "shop-sample", 150)
    kinds.ready(namespace, "hpas.autoscal.aiops.org", "hpa-sample")
    kube.run("delete", "service", "shop-sample", "-n", namespace)
    kube.until("made again", lambda: kube.get("service", namespace, "shop-sample"), 30)
    kube.run("scale", "deployment", "shop-sample", "-n", namespace, "--replicas=0")
    kube.until("put right", lambda: kube.there("deployment", namespace, "shop-sample")["spec"]["replicas"] == 1, 30)
    cron = kube.there("cronjob", namespace, "hpa-sample-scale-up")
    (container,) = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "/runner:" in container["image"], "$HPA_IMAGE is the operator's"
    # Its rights are those of the values, in this namespace.
    account = f"--as=system:serviceaccount:{namespace}:op"
    assert kinds.can("patch", "deployments.apps", "-n", namespace, account) == "yes"
    assert kinds.can("patch", "deployments.apps", "-n", "default", account) == "no"
    assert kinds.can("patch", "statefulsets.apps", "-n", namespace, account) == "no"
