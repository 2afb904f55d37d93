"""Rendered text → objects that a release may hold, with our labels on them.

YAML is read by version 1.1 rules, as Helm and kubectl read it (`yes` is a boolean, `0555` is octal).
"""

import datetime
import math
import warnings
from typing import Any

import ruamel.yaml
from ruamel.yaml import error as yaml_error

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

# 1e3 is a number for Helm too; no need to tell on standard error that YAML 1.1 wanted 1.0e3.
warnings.simplefilter("ignore", yaml_error.MantissaNoDotYAML1_1Warning)

Object = dict[str, Any]


def parse(template: str, text: str) -> list[Object]:
    """The objects in one rendered file; empty documents are passed over.

    :raises errors.TemplateFailed: it is no YAML, or no object
    """
    found = documents(template, text)
    if not all(isinstance(document.get("metadata"), dict) for document in found):
        raise errors.TemplateFailed(f"template {template} rendered something that is no Kubernetes object")
    return found


def documents(template: str, text: str) -> list[Object]:
    """The mappings in one rendered file.

    :raises errors.TemplateFailed: it is no YAML, or something else stands there
    """
    yaml = ruamel.yaml.YAML(typ="safe")
    yaml.version = (1, 1)
    try:
        found = [document for document in yaml.load_all(text) if document is not None]
    except yaml_error.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1} of what it rendered)" if mark else ""
        raise errors.TemplateFailed(f"template {template} rendered no YAML{line}: {error}") from None
    for document in found:
        if not isinstance(document, dict):
            raise errors.TemplateFailed(f"template {template} rendered something that is no Kubernetes object")
        if unfit := _unfit(document):
            raise errors.TemplateFailed(f"template {template}: {unfit} in YAML; put it in quotes")
    return found


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


def _unfit(node: Any) -> str:
    """What is wrong with the first value that JSON has no word for, such as a date; empty where there is none."""
    if isinstance(node, dict):
        if keys := [key for key in node if not isinstance(key, str)]:
            return f"{keys[0]} is a key but no text"
        children = list(node.values())
    elif isinstance(node, list):
        children = node
    elif node is None or isinstance(node, str | int) or (isinstance(node, float) and math.isfinite(node)):
        return ""
    else:
        return f"{node} is a {'date' if isinstance(node, datetime.date) else type(node).__name__}"
    return next((found for child in children if (found := _unfit(child))), "")
