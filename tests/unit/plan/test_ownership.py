"""Drift is read off managedFields: what Helm set and owns no more."""

import json

from inspect_operator.plan import ownership

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}, "creationTimestamp": None},
    "spec": {
        "replicas": 2,
        "strategy": {},
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "resources": {"limits": {"cpu": "1000m"}},
                        "ports": [{"containerPort": 80}],
                        "args": ["a", "b"],
                    }
                ]
            }
        },
    },
}
PORT = json.dumps({"containerPort": 80, "protocol": "TCP"})
FIELDS = {
    "f:metadata": {"f:labels": {"f:app": {}, "f:app.kubernetes.io/managed-by": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:strategy": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"web"}': {
                        ".": {},
                        "f:name": {},
                        "f:image": {},
                        "f:args": {},
                        "f:resources": {"f:limits": {"f:cpu": {}}},
                        "f:ports": {f"k:{PORT}": {".": {}, "f:containerPort": {}, "f:protocol": {}}},
                    }
                }
            }
        },
    },
}


def without(fields: dict[str, object], *path: str) -> dict[str, object]:
    made = json.loads(json.dumps(fields))
    node = made
    for part in path[:-1]:
        node = node[part]
    del node[path[-1]]
    return dict(made)


def test_an_object_as_helm_wrote_it_is_unchanged() -> None:
    """Values that the API server writes otherwise (1000m is 1), defaults and keys that it fills in look like none."""
    assert ownership.changed(DEPLOYMENT, FIELDS) == []


def test_a_field_that_somebody_took_over_is_named() -> None:
    container = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"web"}')
    assert ownership.changed(DEPLOYMENT, without(FIELDS, "f:spec", "f:replicas")) == ["spec.replicas"]
    assert ownership.changed(DEPLOYMENT, without(FIELDS, "f:metadata", "f:labels", "f:app")) == ["metadata.labels.app"]
    assert ownership.changed(DEPLOYMENT, without(FIELDS, *container, "f:image")) == [
        "spec.template.spec.containers[web].image"
    ]
    assert ownership.changed(DEPLOYMENT, without(FIELDS, *container, "f:ports")) == [
        "spec.template.spec.containers[web].ports"
    ]
    assert ownership.changed(DEPLOYMENT, {}) == ["metadata.labels", "spec"]


def test_only_helms_own_fields_count_and_no_subresource() -> None:
    live = {
        "metadata": {
            "managedFields": [
                {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:spec": {"f:a": {}}}},
                {"manager": "helm", "operation": "Update", "fieldsV1": {"f:spec": {"f:b": {}}}},
                {"manager": "helm", "subresource": "status", "fieldsV1": {"f:status": {}}},
                {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:c": {}}}},
            ]
        }
    }
    assert ownership.owned(live) == {"f:spec": {"f:a": {}, "f:b": {}}}


def test_values_of_a_set_are_told_apart() -> None:
    written = {"metadata": {"finalizers": ["a", "b"]}}
    fields: dict[str, object] = {"f:metadata": {"f:finalizers": {'v:"a"': {}}}}
    assert ownership.changed(written, fields) == ["metadata.finalizers[1]"]


def test_string_data_is_compared_by_value() -> None:
    secret = {"stringData": {"a": "x", "b": "y"}}
    assert ownership.other_secret(secret, {"data": {"a": "eA==", "b": "bm8="}}) == ["data.b"]
