"""The CustomResourceDefinition: generated, structural, within the limits that its rules' cost budget was tried with."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from inspect_operator.api import crd, fields, group, status

#: Hundreds of texts, of which other tests try a few.
pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[3]
Node = dict[str, Any]


def _schema() -> Node:
    found: Node = crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def _fields(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every field below a node, with its path as `kubectl explain` takes it."""
    for name, child in node.get("properties", {}).items():
        yield f"{path}.{name}".lstrip("."), child
        yield from _fields(child, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            yield from _fields(node[word], f"{path}[]")


def _nodes(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Every schema below a node, the items of lists and the values of maps included."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            yield from _nodes(node[word], f"{path}[]")


def _read(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)  # safe_load, ten times faster


SPEC = list(_nodes(_schema()["properties"]["spec"], "spec"))
STATUS = list(_nodes(_schema()["properties"]["status"], "status"))


GENERATED = crd.generated(ROOT)


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in GENERATED])
def test_the_generated_file_is_what_the_models_say(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == GENERATED[ROOT / path], "run `make generate`"


def test_the_file_reads_back_as_the_definition() -> None:
    assert _read((ROOT / "crds" / "inspects.yaml").read_text(encoding="utf-8")) == crd.definition()


def test_the_chart_keeps_the_definition_when_it_is_uninstalled() -> None:
    template = GENERATED[ROOT / "charts" / "inspect-operator" / "templates" / "crd.yaml"]
    inner = "\n".join(line for line in template.splitlines() if not line.startswith("{{"))
    made = _read(inner)
    assert made["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert made == crd.definition()
    assert "{{" not in inner, "what the models say must not be read by Helm as a template"


def test_the_names_people_type() -> None:
    names = crd.definition()["spec"]["names"]
    assert crd.definition()["metadata"]["name"] == "inspects.api.practice.com"
    assert (names["kind"], names["plural"], names["shortNames"], names["categories"]) == (
        "Inspect", "inspects", ["in"], ["all"],
    )  # fmt: skip
    version = crd.definition()["spec"]["versions"][0]
    assert (version["name"], version["subresources"]) == (group.VERSION, {"status": {}})
    assert crd.definition()["spec"]["scope"] == "Namespaced"


@pytest.mark.parametrize("path", [path for path, node in SPEC + STATUS if node.get("type") == "array"])
def test_every_list_has_an_upper_limit(path: str) -> None:
    assert "maxItems" in dict(SPEC + STATUS)[path]


@pytest.mark.parametrize("path", [path for path, node in SPEC if node.get("type") == "string"])
def test_every_text_of_the_spec_has_a_limit(path: str) -> None:
    assert {"maxLength", "enum", "format"} & set(dict(SPEC)[path])


@pytest.mark.parametrize("path", [path for path, node in SPEC if isinstance(node.get("additionalProperties"), dict)])
def test_every_map_of_the_spec_has_an_upper_limit(path: str) -> None:
    assert dict(SPEC)[path]["maxProperties"] <= 64


def test_no_default_stands_below_the_tasks() -> None:
    """Else a common setting on the spec could never apply: the API server would have filled the task's own."""
    assert [path for path, node in SPEC + STATUS if "default" in node] == []


@pytest.mark.parametrize(("path", "node"), SPEC + STATUS)
def test_the_schema_is_structural(path: str, node: Node) -> None:
    unknown = {"$ref", "$defs", "title", "oneOf", "allOf", "not", "const", "definitions", "examples"} & set(node)
    assert not unknown
    assert node.get("additionalProperties") is not False, "the API server prunes by itself; false is refused"
    if node.get("x-kubernetes-int-or-string"):
        assert node["anyOf"] == [{"type": "integer"}, {"type": "string"}]
        assert "type" not in node
        assert node["pattern"] == fields.QUANTITY
    elif path == "spec.tasks[].parameters":
        assert (node["type"], node["maxProperties"]) == ("object", 64)
    else:
        assert "anyOf" not in node
        assert node["type"] in ("object", "array", "string", "integer", "boolean")
        assert ("properties" in node or "additionalProperties" in node) == (node["type"] == "object")
        assert ("items" in node) == (node["type"] == "array")


@pytest.mark.parametrize(("path", "node"), [(path, node) for path, node in _fields(_schema()) if path != "metadata"])
def test_every_field_says_what_it_is(path: str, node: Node) -> None:
    assert node.get("description", "").endswith("."), f"kubectl explain inspect.{path} says nothing"


def test_unknown_fields_survive_in_the_original_spelling_and_as_parameters_and_nowhere_else() -> None:
    keeping = {path for path, node in SPEC + STATUS if node.get("x-kubernetes-preserve-unknown-fields")}
    assert keeping == {"spec.tasks[].task", "spec.tasks[].task.remote_ips[]", "spec.tasks[].parameters"}


def test_limits_stand_in_the_schema_as_in_the_models() -> None:
    found = dict(SPEC)
    assert found["spec.tasks"]["maxItems"] == fields.MAX_TASKS == 100
    assert found["spec.tasks[].script"]["maxLength"] == fields.MAX_SCRIPT_BYTES == 200 * 1024
    assert found["spec.tasks[].target.hosts"]["maxItems"] == fields.MAX_HOSTS == 256
    assert found["spec.tasks[].task.remote_ips"]["maxItems"] == fields.MAX_HOSTS
    assert found["spec.tasks[].dependsOn"]["maxItems"] == fields.MAX_DEPENDS_ON == 8
    assert found["spec.tasks[].dependsOn"]["items"]["maxLength"] == 253
    assert (
        found["spec.tasks[].target.hosts[].port"] | {"minimum": 1, "maximum": 65535}
        == (found["spec.tasks[].target.hosts[].port"])
    )
    assert found["spec.tasks[].name"]["maxLength"] == found["spec.tasks[].task.task_name"]["maxLength"] == 253
    assert found["spec.tasks[].interpreter"]["enum"] == ["bash", "sh", "python3"]
    assert dict(STATUS)["status.results[].message"]["maxLength"] == status.MAX_MESSAGE


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("status.conditions", ["type"]),
        ("status.results", ["task_name"]),
        ("status.results[].targets", ["target"]),
    ],
)
def test_lists_that_are_merged_by_key(path: str, key: list[str]) -> None:
    node = dict(STATUS)[path]
    assert (node["x-kubernetes-list-type"], node["x-kubernetes-list-map-keys"]) == ("map", key)
    assert node["items"]["required"][0] in key or set(key) <= set(node["items"]["required"])


def test_printer_columns_read_fields_that_the_status_has() -> None:
    known = {path for path, _ in STATUS} | {"metadata.creationTimestamp"}
    columns = crd.definition()["spec"]["versions"][0]["additionalPrinterColumns"]
    assert {column["jsonPath"].lstrip(".") for column in columns} <= known
    assert [column["name"] for column in columns] == [
        "Ready", "Succeeded", "Tasks", "Failed", "Reasons", "Schedule", "Last run", "Age",
    ]  # fmt: skip
