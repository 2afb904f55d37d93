"""Which objects a release may hold, and our labels on them."""

from typing import Any

from inspect_operator import errors, yaml_json
from inspect_operator.api import group
from inspect_operator.plan import desired, naming

#: Kinds that a release of a task may hold. Never a Secret: Helm would keep it in its history.
ALLOWED = (
    ("v1", "ConfigMap"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
)
_MAX_ANNOTATION_BYTES = 1000

Object = dict[str, Any]


def check(template: str, item: Object, namespace: str) -> None:
    """:raises errors.ManifestRejected: a release may not hold this object"""
    kind, name = item.get("kind"), item["metadata"].get("name")
    what = f"template {template}: {kind} {name!r}"
    if (item.get("apiVersion"), kind) not in ALLOWED:
        allowed = ", ".join(sorted(kind for _, kind in ALLOWED))
        raise errors.ManifestRejected(
            f"{what} ({item.get('apiVersion')}) may not be in a release; allowed are {allowed}"
        )
    if not isinstance(name, str) or not name or len(name) > naming.MAX_LABEL:
        raise errors.ManifestRejected(f"{what} needs a metadata.name of 1 to {naming.MAX_LABEL} characters")
    if item["metadata"].get("namespace", namespace) != namespace:
        raise errors.ManifestRejected(f"{what} is outside the Inspect's namespace {namespace}; leave namespace out")
    if not all(_well_formed(metadata) for metadata in _metadata(item)):
        raise errors.ManifestRejected(f"{what}: metadata, its labels and its annotations have to be mappings")
    if any(str(key).startswith("helm.sh/hook") for key in item["metadata"].get("annotations") or {}):
        raise errors.ManifestRejected(f"{what} is a Helm hook; hooks would run outside of the Job's result")


def labelled(item: Object, want: desired.Desired, inspect: str, target: str = "") -> Object:
    """The object with our labels, also on the Jobs and pods that it makes; `target` is the node of a Job or CronJob."""
    labels = {
        **group.TASK_TYPE,
        group.LABEL_INSTANCE: want.release,
        group.LABEL_INSPECT: naming.label_value(inspect),
        "app.kubernetes.io/name": "inspection",
        "app.kubernetes.io/component": want.task.kind.value,
        "app.kubernetes.io/part-of": "inspect-operator",
    }
    if item["kind"] in ("Job", "CronJob"):
        labels[group.LABEL_APP] = item["metadata"]["name"]
    annotations = {group.ANNOTATION_TASK: _short(want.task.name)}
    if target:
        annotations[group.ANNOTATION_TARGET] = target
    for metadata in _metadata(item):
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
    return item


def _metadata(item: Object) -> list[Any]:
    """The metadata of the object itself and of the templates inside it; empty where there was none."""
    found: list[Any] = []
    node: Any = item
    while isinstance(node, dict):
        node["metadata"] = node.get("metadata") or {}
        found.append(node["metadata"])
        spec = node.get("spec") or {}
        node = (spec.get("jobTemplate") or spec.get("template")) if isinstance(spec, dict) else None
    return found


def _well_formed(metadata: Any) -> bool:
    return isinstance(metadata, dict) and all(
        isinstance(metadata.get(word) or {}, dict) for word in ("labels", "annotations")
    )


def _short(text: str) -> str:
    return yaml_json.holdable(text).encode()[:_MAX_ANNOTATION_BYTES].decode("utf-8", "ignore")
