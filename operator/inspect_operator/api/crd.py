"""The CustomResourceDefinition, generated from the models: `python -m inspect_operator.api.crd CHECKOUT` writes it."""

import copy
import io
import pathlib
import sys
from typing import Any

import ruamel.yaml

from inspect_operator.api import group, inspect, status

HEADER = "# Generated from operator/inspect_operator/api by `make generate`. Edit the models, not this file.\n"
COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "Ready", "type": "string", "jsonPath": ".status.ready", "description": "Every release is as desired"},
    {"name": "Succeeded", "type": "string", "jsonPath": ".status.succeeded", "description": "Every run passed"},
    {"name": "Tasks", "type": "integer", "jsonPath": ".status.tasks", "description": "How many tasks there are"},
    {"name": "Failed", "type": "integer", "jsonPath": ".status.failed", "description": "Tasks that did not pass"},
    {"name": "Reasons", "type": "string", "jsonPath": ".status.reasons", "description": "Why tasks did not pass"},
    {"name": "Schedule", "type": "string", "jsonPath": ".status.schedule", "description": "When it runs again"},
    {"name": "Last run", "type": "date", "jsonPath": ".status.lastRun", "description": "When the latest run began"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
)


def definition() -> dict[str, Any]:
    """The CRD as the API server takes it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{group.PLURAL}.{group.GROUP}"},
        "spec": {
            "group": group.GROUP,
            "names": {
                "kind": group.KIND,
                "listKind": f"{group.KIND}List",
                "plural": group.PLURAL,
                "singular": group.KIND.lower(),
                "shortNames": ["in"],
                "categories": ["all"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": group.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": list(COLUMNS),
                    "schema": {"openAPIV3Schema": _object()},
                }
            ],
        },
    }


def text() -> str:
    """The CRD as YAML with its header."""
    yaml = ruamel.yaml.YAML()
    yaml.width = 120
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump(definition(), stream)
    return HEADER + stream.getvalue()


def _object() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "An inspection: tasks that look at pods, nodes or hosts and report what they find.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "Version of the schema of this object."},
            "kind": {"type": "string", "description": "The kind of this object: Inspect."},
            "metadata": {"type": "object"},
            "spec": structural(inspect.InspectSpec.model_json_schema()),
            "status": structural(status.InspectStatus.model_json_schema()),
        },
    }


def structural(schema: dict[str, Any]) -> dict[str, Any]:
    """A pydantic JSON schema as the structural schema that Kubernetes demands: references inlined, optional fields
    without null, no titles, no defaults, no additionalProperties: false (the API server prunes and warns by itself).
    """
    definitions = schema.get("$defs", {})
    return _node(copy.deepcopy(schema), definitions)


def _node(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            target = copy.deepcopy(definitions[node.pop("$ref").rsplit("/", 1)[1]])
            node = {**target, **node}
        elif node.get("x-kubernetes-int-or-string"):
            node["anyOf"] = [{"type": option["type"]} for option in node["anyOf"]]
            break
        else:
            chosen = [option for option in node.pop("anyOf") if option.get("type") != "null"]
            if len(chosen) != 1:
                raise TypeError(f"a field of several types has no structural schema: {chosen}")
            node = {**chosen[0], **node}
    for word in ("title", "default", "$defs", "writeOnly"):
        node.pop(word, None)
    if node.get("format") == "password":  # kubectl would call that a type
        del node["format"]
    if isinstance(node.get("additionalProperties"), bool) and node.pop("additionalProperties"):
        node["x-kubernetes-preserve-unknown-fields"] = True
    for name, child in list(node.get("properties", {}).items()):
        node["properties"][name] = _node(child, definitions)
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            node[word] = _node(node[word], definitions)
    return node


def chart_template() -> str:
    """The same as a template of the operator's chart: kept at uninstall, else all Inspects went too."""
    annotated = text().replace(
        f"  name: {group.PLURAL}.{group.GROUP}\n",
        f"  name: {group.PLURAL}.{group.GROUP}\n  annotations:\n    helm.sh/resource-policy: keep\n",
        1,
    )
    return "{{- if .Values.crds.install }}\n" + annotated + "{{- end }}\n"


def generated(root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Every generated file below the checkout's root, with its content."""
    return {
        root / "crds" / "inspects.yaml": text(),
        root / "charts" / "inspect-operator" / "templates" / "crd.yaml": chart_template(),
    }


if __name__ == "__main__":
    for path, content in generated(pathlib.Path(sys.argv[1])).items():
        path.write_text(content, encoding="utf-8")
