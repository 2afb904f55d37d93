"""The schema of an Inspect's spec, and the places of an object that it speaks of."""

import copy
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any

import yaml

Node = dict[str, Any]
#: From the spec: names of fields and numbers of entries.
Path = tuple[str | int, ...]

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def schema() -> Node:
    """That of `spec`, from the CRD that people install."""
    definition = yaml.safe_load((_ROOT / "crds/inspects.yaml").read_text(encoding="utf-8"))
    (version,) = definition["spec"]["versions"]
    found: Node = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


@dataclasses.dataclass(frozen=True)
class Place:
    """Where something stands in an object, or could. `name` is that of its field, `leaf` its place in the schema, such
    as tasks[].task.remote_ips[].ip."""

    path: Path
    leaf: str
    node: Node = dataclasses.field(compare=False, hash=False)
    there: bool
    required: bool

    @property
    def name(self) -> str:
        return next((str(part) for part in reversed(self.path) if isinstance(part, str)), "")

    @property
    def below(self) -> bool:
        """Whether the schema says more of what stands below it."""
        return bool(self.node.get("properties")) or "items" in self.node


def leaves(node: Node, leaf: str = "") -> Iterator[tuple[str, Node]]:
    """Every place of the schema below which it says nothing more of fields."""
    below = [(f"{leaf}.{name}".lstrip("."), child) for name, child in node.get("properties", {}).items()]
    below += [(f"{leaf}[]", node[word]) for word in ("items",) if isinstance(node.get(word), dict)]
    if not below:
        yield leaf, node
    for where, child in below:
        yield from leaves(child, where)


def of(node: Node, value: Any, path: Path = (), leaf: str = "") -> Iterator[Place]:
    """Every place that stands in a spec, and the fields that could stand beside them."""
    if isinstance(value, dict):
        required = node.get("required", ())
        for name, child in node.get("properties", {}).items():
            where = f"{leaf}.{name}".lstrip(".")
            yield Place((*path, name), where, child, name in value, name in required)
            if name in value:
                yield from of(child, value[name], (*path, name), where)
    elif isinstance(value, list) and isinstance(node.get("items"), dict):
        for index, one in enumerate(value):
            yield Place((*path, index), f"{leaf}[]", node["items"], there=True, required=False)
            yield from of(node["items"], one, (*path, index), f"{leaf}[]")


def put(spec: Any, path: Path, value: Any) -> Any:
    """The spec with another value at a place."""
    made = copy.deepcopy(spec)
    _holder(made, path)[path[-1]] = value
    return made


def without(spec: Any, path: Path) -> Any:
    """The spec without what stands there."""
    made = copy.deepcopy(spec)
    del _holder(made, path)[path[-1]]
    return made


def _holder(spec: Any, path: Path) -> Any:
    for part in path[:-1]:
        spec = spec[part]
    return spec
