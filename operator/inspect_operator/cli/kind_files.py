"""What `init kind` writes, as values: the CRD's schema, and the rights that the operator needs. Pure, but for reading
the chart."""

import json
import pathlib
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

import ruamel.yaml

from inspect_operator.render import manifest

Object = dict[str, Any]

HEADER = """# Rights that the operator needs for this kind, for `helm upgrade … -f` of the operator's own chart: on the
# objects themselves, and on what their chart makes by its values. Other values may make more: add what they need.
"""
#: What a structural schema of a CRD may say (apiextensions.k8s.io/v1, JSONSchemaProps) and a values.schema.json too.
_KEPT = (
    "description", "title", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "required",
)  # fmt: skip
_OPEN: Object = {"x-kubernetes-preserve-unknown-fields": True}
_DEPTH = 16
_OWN_VERBS = ["get", "list", "watch", "patch"]
_VERBS = ["get", "list", "watch", "create", "patch", "delete"]


def read_values(chart: pathlib.Path) -> tuple[Object, Object | None]:
    """The chart's values, and their JSON schema where it has one."""
    yaml = ruamel.yaml.YAML(typ="safe")
    values = yaml.load(_file(chart, "values.yaml") or "{}") or {}
    schema = _file(chart, "values.schema.json")
    return json.loads(json.dumps(values, default=str)), json.loads(schema) if schema else None


def crd(group: str, version: str, kind: str, values: Object, schema: Object | None) -> Object:
    """The CustomResourceDefinition; what neither the schema nor the values tell of stays open."""
    spec = of_schema(schema, schema) if schema is not None else of_values(values)
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural(kind), "singular": kind.lower()}
    status = {"type": "object", **_OPEN, "description": "What became of it: conditions, deployedRelease, dependents."}
    top = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    ready = {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'}
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [ready, age],
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "properties": {**top, "spec": spec, "status": status}}
                    },
                }
            ],
        },
    }


def of_values(value: Any) -> Object:
    """A schema from values alone: their types, and room for more: a chart may know values that it doesn't name."""
    if isinstance(value, Mapping):
        fields = {str(name): of_values(one) for name, one in value.items()}
        return {"type": "object", **_OPEN} | ({"properties": fields} if fields else {})
    if isinstance(value, list):
        return {"type": "array", "items": dict(_OPEN)}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"x-kubernetes-int-or-string": True}  # ports have names, and quantities units
    if isinstance(value, float):
        return {"type": "number"}
    return {"type": "string"} if isinstance(value, str) and value else dict(_OPEN)  # "" and null tell nothing


def of_schema(schema: Any, whole: Object, depth: int = 0) -> Object:
    """A structural schema from a JSON schema; what CRDs have no word for (oneOf, conditions) is left to Helm."""
    if isinstance(schema, dict) and str(schema.get("$ref", "")).startswith("#/"):
        schema = {**_at(whole, schema["$ref"]), **{name: one for name, one in schema.items() if name != "$ref"}}
    if not isinstance(schema, dict) or depth > _DEPTH:
        return dict(_OPEN)
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kinds = kinds if isinstance(kinds, list) else [kinds]
    plain = [one for one in kinds if one not in ("null", None)]
    made = {name: schema[name] for name in _KEPT if name in schema}
    if "null" in kinds:
        made["nullable"] = True
    if sorted(plain) == ["integer", "string"]:
        return made | {"x-kubernetes-int-or-string": True}
    if len(plain) != 1:
        return {name: made[name] for name in ("description", "title", "nullable") if name in made} | _OPEN
    made["type"] = plain[0]
    if plain[0] == "array":
        made["items"] = of_schema(schema.get("items", True), whole, depth + 1)
    if plain[0] == "object":
        fields = {name: of_schema(one, whole, depth + 1) for name, one in schema.get("properties", {}).items()}
        others = schema.get("additionalProperties", True)
        if fields:
            made["properties"] = fields
        if isinstance(others, dict) and not fields:
            made["additionalProperties"] = of_schema(others, whole, depth + 1)
        elif others is not False:
            made |= _OPEN
    return made


def rules(group: str, kind: str, rendered: Iterable[manifest.Object]) -> list[Object]:
    """RBAC rules: explicit, without wildcards. Whoever makes a Role needs the rights in it, too."""
    name = plural(kind)
    made: list[Object] = [
        {"apiGroups": [group], "resources": [name], "verbs": _OWN_VERBS},
        {"apiGroups": [group], "resources": [f"{name}/status"], "verbs": ["patch"]},
    ]
    groups: dict[str, set[str]] = {}
    granted: list[Object] = []
    for item in rendered:
        if (item["metadata"].get("annotations") or {}).get("helm.sh/hook") in ("test", "test-success"):
            continue  # made by `helm test` alone, with the rights of whoever calls it
        groups.setdefault(str(item.get("apiVersion")).rpartition("/")[0], set()).add(plural(str(item.get("kind"))))
        if item.get("kind") in ("Role", "ClusterRole"):
            granted += [rule for rule in item.get("rules") or () if rule not in granted]
    made += [{"apiGroups": [one], "resources": sorted(groups[one]), "verbs": _VERBS} for one in sorted(groups)]
    return made + granted


def plural(kind: str) -> str:
    """As Kubernetes' own kinds are called in URLs."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"


def _at(whole: Object, reference: str) -> Object:
    node: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, dict) else {}
    return node if isinstance(node, dict) else {}


def _file(chart: pathlib.Path, name: str) -> str:
    """A file of the chart, be it a folder or packaged; empty where there is none."""
    if chart.is_dir():
        path = chart / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    with tarfile.open(chart) as archive:
        found = [one for one in archive.getnames() if one.count("/") == 1 and one.endswith(f"/{name}")]
        packed = archive.extractfile(found[0]) if found else None
        return packed.read().decode("utf-8") if packed is not None else ""
