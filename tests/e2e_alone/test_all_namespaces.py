"""The chart's life where it serves all namespaces: an operator that would act on whatever other tests make, so that
this runs by itself, after them.
"""

import datetime
import json
import pathlib

import pytest

from tests.e2e.harness import kube, rights
from tests.e2e_alone.chart import CHART, HERE, OURS, images

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEFORE = "tests/e2e/charts/inspect-operator-0.1.0.tgz"


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("installed_before")
def test_its_life_in_all_namespaces() -> None:
    began = datetime.datetime.now(datetime.UTC)
    values = images()
    kube.run("create", "namespace", "inspect-elsewhere")
    try:
        kube.helm("install", *HERE[:1], BEFORE, *HERE[1:], *values, *OURS, seconds=150)
        kube.apply(kube.inspect("kept", {"name": "a", "script": "echo 'disk ok fine'"}), "inspect-elsewhere")
        (job,) = kube.until("it runs", lambda: kube.items("jobs", "inspect-elsewhere"))

        # The CRD is upgraded too: this operator could not write its status by the one before.
        kube.helm("upgrade", *HERE[:1], CHART, *HERE[1:], *values, *OURS, seconds=150)
        assert "Phase:          Succeeded" in kube.helm("test", *HERE, "--timeout", "120s", seconds=150)
        row = kube.row(kube.finished("inspect-elsewhere", "kept", 120), "a")
        assert (row["verdict"], row["runUid"], row["revision"]) == ("success", job["metadata"]["uid"], 1)
        assert len(kube.items("jobs", "inspect-elsewhere")) == 1, "nothing ran again"
        assert rights.granted(ROOT, rights.ALONE) <= rights.seen(began).used, "a right that nothing needs"
        for verb, role in (("list", "view"), ("create", "edit"), ("delete", "admin")):
            _takes_in(role, verb)

        kube.helm("uninstall", *HERE, "--wait", "--timeout", "120s", seconds=150)
        (kept,) = kube.items("inspects", "inspect-elsewhere")
        assert kept["metadata"].get("finalizers", []) == []
        assert kube.run("get", "crd", "inspects.api.practice.com", "-o", "name")
        ours = ("-l", "app.kubernetes.io/instance=inspect-operator", "-o", "name")
        assert kube.run("get", "clusterroles,clusterrolebindings", *ours) == ""
        assert kube.run("get", "all,roles,rolebindings,serviceaccounts", "-n", "inspect-system", *ours) == ""
    finally:
        kube.run("delete", "namespace", "inspect-elsewhere", "--wait=false")


def _takes_in(role: str, verb: str) -> None:
    """Kubernetes' own role has the right, as soon as its controller has gathered it."""

    def has() -> bool:
        rules = json.loads(kube.run("get", "clusterrole", role, "-o", "json"))["rules"]
        return any("inspects" in rule.get("resources", ()) and verb in rule["verbs"] for rule in rules)

    kube.until(f"{role} may {verb} inspects", has)
