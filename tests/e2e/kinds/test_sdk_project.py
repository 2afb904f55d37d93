"""A project as `operator-sdk init --plugins helm` and `operator-sdk create api` lay it out, served as it is."""

import json
import pathlib

import pytest
import yaml

from tests.e2e.harness import kinds, kube, process


def scaffold(project: pathlib.Path, group: str, domain: str) -> None:
    """Its files that say what is served, and its CRD and sample; the chart is that of `helm create`, as without
    `--helm-chart`: one from a repository is laid out the same."""
    plural, qualified = "memcacheds", f"{group}.{domain}"
    chart = project / "helm-charts" / "memcached"
    chart.parent.mkdir(parents=True)
    kube.helm("create", str(chart))
    (project / "PROJECT").write_text(
        f"domain: {domain}\nlayout:\n- helm.sdk.operatorframework.io/v1\nprojectName: {project.name}\nresources:\n"
        f"- api:\n    crdVersion: v1\n    namespaced: true\n  domain: {domain}\n  group: {group}\n  kind: Memcached\n"
        '  version: v1alpha1\nversion: "3"\n'
    )
    (project / "watches.yaml").write_text(
        "# Use the 'create api' subcommand to add watches to this file.\n"
        f"- group: {qualified}\n  version: v1alpha1\n  kind: Memcached\n  chart: helm-charts/memcached\n"
        "# +kubebuilder:scaffold:watch\n"
    )
    crd = kinds.open_crd(qualified, "v1alpha1", "Memcached")
    values = yaml.safe_load(kube.helm("show", "values", str(chart)))
    sample = {
        "apiVersion": f"{qualified}/v1alpha1", "kind": "Memcached", "metadata": {"name": "memcached-sample"},
        "spec": values,
    }  # fmt: skip
    for folder, name, text, marker in (
        ("crd", f"bases/{qualified}_{plural}.yaml", yaml.safe_dump(crd), "crdkustomizeresource"),
        ("samples", f"{group}_v1alpha1_memcached.yaml", yaml.safe_dump(sample), "manifestskustomizesamples"),
    ):
        file = project / "config" / folder / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        index = f"resources:\n- {name}\n#+kubebuilder:scaffold:{marker}\n"
        (project / "config" / folder / "kustomization.yaml").write_text(index)


@pytest.mark.timeout(360)
def test_it_is_served_unmodified(
    operator: process.Operator, namespace: str, web_image: str, tmp_path: pathlib.Path
) -> None:
    project = tmp_path / "memcached-operator"
    group = f"cache-{namespace.rpartition('-')[2]}"
    scaffold(project, group, "example.com")
    qualified = f"{group}.example.com"
    operator.settings["WATCHES"] = str(project / "watches.yaml")
    operator.start()
    # The CRD comes later than the operator, as people may apply it.
    kube.until("named", lambda: "kind is not served yet" in operator.last_log())
    assert f"{qualified}/v1alpha1 Memcached" in operator.last_log()
    plural = f"memcacheds.{qualified}"
    made = {"apiVersion": f"{qualified}/v1alpha1", "kind": "Memcached"}
    try:
        kube.run("apply", "-k", str(project / "config" / "crd"))
        kube.run("wait", "--for=condition=Established", f"crd/{plural}", "--timeout=30s")
        kube.run("apply", "-k", str(project / "config" / "samples"), "-n", namespace)
        kinds.ready(namespace, plural, "memcached-sample")

        # Scripts of its users: the conditions by their index and type, and the manifest.
        path = "{.status.conditions[?(@.type=='Deployed')].reason}"
        said = kube.run("get", plural, "memcached-sample", "-n", namespace, "-o", f"jsonpath={path}")
        assert said == "InstallSuccessful"
        kube.run("wait", plural, "memcached-sample", "-n", namespace, "--for=condition=Deployed", "--timeout=10s")

        # A second object of that name and of another kind, or a release of somebody else: refused, and named.
        chart = str(project / "helm-charts" / "memcached")
        kube.helm("install", "theirs", chart, "-n", namespace)
        kube.apply({**made, "metadata": {"name": "theirs"}, "spec": {}}, namespace)
        refused = kube.until("refused", lambda: kinds.condition(namespace, plural, "theirs", "Irreconcilable"))
        assert refused["reason"] == "ReleaseNotOwned"
        kube.run("delete", plural, "theirs", "-n", namespace, "--timeout=30s")
        assert set(kube.releases(namespace)) == {"memcached-sample", "theirs"}
        kube.helm("uninstall", "theirs", "-n", namespace)

        # Releases of operator-sdk's own operator are taken over: no label of ours, but the status tells.
        kube.helm("install", "old", chart, "-n", namespace, "--set", "image.tag=1.16.0")
        before = kube.there("deployment", namespace, "old-memcached")["metadata"]["uid"]
        operator.stop()
        kube.apply({**made, "metadata": {"name": "old"}, "spec": {"image": {"tag": "1.16.0"}}}, namespace)
        status = json.dumps({"status": {"deployedRelease": {"name": "old"}}})
        kube.run("patch", plural, "old", "-n", namespace, "--subresource=status", "--type=merge", "-p", status)
        operator.start()
        kinds.ready(namespace, plural, "old")
        assert kube.there("deployment", namespace, "old-memcached")["metadata"]["uid"] == before
        assert kinds.revision(namespace, "old") == 2
        kube.run("delete", plural, "old", "memcached-sample", "-n", namespace, "--timeout=60s")
        kinds.assert_nothing_left(namespace)
    finally:
        kube.run("delete", "crd", plural, "--wait=false", "--ignore-not-found")
