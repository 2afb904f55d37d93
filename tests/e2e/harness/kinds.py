"""Kinds of watches.yaml: their CRDs and objects, how they are, and what is left behind."""

import json
import pathlib

import yaml

from tests.e2e.harness import kube

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples" / "kinds"
#: The image of the stock chart that `helm create` makes, stood in for by a small server.
WEB = "docker.io/library/nginx:1.16.0"
#: What a namespace has without us.
OWN = {"kube-root-ca.crt", "default"}
ALL = (
    "deployments,statefulsets,daemonsets,jobs,cronjobs,services,ingresses,configmaps,secrets,serviceaccounts,roles,"
    "rolebindings,horizontalpodautoscalers"
)


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


def let_go(plural: str, namespace: str) -> None:
    """Objects that a failed test left go without the operator, which has ended."""
    for found in kube.items(plural, namespace):
        kube.merge(plural, namespace, found["metadata"]["name"], {"metadata": {"finalizers": None}})


def assert_nothing_left(namespace: str) -> None:
    assert kube.releases(namespace) == {}
    kube.until(
        "nothing left",
        lambda: {one["metadata"]["name"] for one in kube.items(ALL, namespace)} <= OWN,
    )


def open_crd(group: str, version: str, kind: str) -> kube.Object:
    """A kind whose spec and status take anything, as operator-sdk scaffolds it."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    schema = {"type": "object", "properties": {**names, "spec": anything, "status": anything}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": version, "schema": {"openAPIV3Schema": schema}, "served": True, "storage": True,
                    "subresources": {"status": {}},
                }
            ],
        },
    }  # fmt: skip


def can(*asked: str) -> str:
    """kubectl auth can-i: yes or no."""
    try:
        return kube.run("auth", "can-i", *asked).strip()
    except kube.Failed:
        return "no"
