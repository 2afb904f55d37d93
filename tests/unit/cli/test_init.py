"""`init kind`: what it infers from a chart. That its files work is proved on the cluster."""

from typing import Any

import pytest

from inspect_operator.cli import kind_files

VALUES = {
    "replicas": 2, "image": {"tag": "", "repository": "r"}, "hosts": [], "on": True, "ratio": 0.5, "empty": None,
}  # fmt: skip


def test_values_tell_types_and_leave_room() -> None:
    open_ = {"x-kubernetes-preserve-unknown-fields": True}
    assert kind_files.of_values(VALUES) == {
        "type": "object",
        **open_,
        "properties": {
            "replicas": {"x-kubernetes-int-or-string": True},
            "image": {"type": "object", **open_, "properties": {"tag": open_, "repository": {"type": "string"}}},
            "hosts": {"type": "array", "items": open_},
            "on": {"type": "boolean"},
            "ratio": {"type": "number"},
            "empty": open_,
        },
    }


def test_a_json_schema_becomes_a_structural_one() -> None:
    schema: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["port"],
        "additionalProperties": False,
        "properties": {
            "port": {"$ref": "#/definitions/port"},
            "name": {"type": ["string", "null"], "maxLength": 5},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "either": {"oneOf": [{"type": "string"}, {"type": "object"}]},
            "size": {"type": ["integer", "string"]},
        },
        "definitions": {"port": {"type": "integer", "minimum": 1, "default": 80}},
    }
    assert kind_files.of_schema(schema, schema) == {
        "type": "object",
        "required": ["port"],
        "properties": {
            "port": {"type": "integer", "minimum": 1},
            "name": {"type": "string", "maxLength": 5, "nullable": True},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "either": {"x-kubernetes-preserve-unknown-fields": True},
            "size": {"x-kubernetes-int-or-string": True},
        },
    }


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"child": {"$ref": "#"}, "more": {"$ref": "#/x"}}}
    schema["x"] = {"type": "object", "properties": {"again": {"$ref": "#/x"}}}
    assert kind_files.of_schema(schema, schema)["properties"]["more"]["type"] == "object"


def test_rights_are_explicit_and_hold_what_roles_of_the_chart_give() -> None:
    granted = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"]}
    rendered: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"}, "rules": [granted]},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "t", "annotations": {"helm.sh/hook": "test"}}},
    ]
    made = kind_files.rules("web.example.com", "Nginx", rendered)
    assert [(one["apiGroups"], one["resources"]) for one in made] == [
        (["web.example.com"], ["nginxes"]),
        (["web.example.com"], ["nginxes/status"]),
        ([""], ["services"]),
        (["networking.k8s.io"], ["ingresses"]),
        (["rbac.authorization.k8s.io"], ["roles"]),
        (["apps"], ["deployments/scale"]),
    ]
    assert not any("*" in one["verbs"] for one in made)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("NetworkPolicy", "networkpolicies"), ("Gateway", "gateways"), ("Ingress", "ingresses"), ("Nginx", "nginxes"),
        ("Endpoints", "endpoints"), ("Deployment", "deployments"), ("Patch", "patches"),
    ],
)  # fmt: skip
def test_plurals_are_those_of_kubernetes(kind: str, plural: str) -> None:
    assert kind_files.plural(kind) == plural
