"""What a block of YAML is, found out by its shape, and the whole object that it is a part of."""

import dataclasses
import enum
import functools
from typing import Any

import yaml

from inspect_operator.api import group, inspect
from tests.docs import pages

Object = dict[str, Any]


class Kind(enum.Enum):
    """What reads it."""

    INSPECT = "an Inspect"
    OBJECT = "an object of another kind"
    VALUES = "values of the operator's chart"
    WATCHES = "watches.yaml"
    FOREIGN = "of another project"


@dataclasses.dataclass(frozen=True)
class Example:
    """One document of a block; `body` is the whole of what it shows, or a part of."""

    block: pages.Block
    kind: Kind
    body: Any


@functools.cache
def every() -> tuple[Example, ...]:
    """Those of all pages."""
    return tuple(made for block in pages.blocks("yaml") for made in of(block))


def of(block: pages.Block) -> list[Example]:
    """:raises AssertionError: nobody can tell what it is"""
    documents = [one for one in yaml.safe_load_all(block.text) if one is not None]
    assert documents, f"{block} is empty"
    if "foreign" in block.words:
        return [Example(block, Kind.FOREIGN, one) for one in documents]
    return [Example(block, *_read(block, one)) for one in documents]


def _read(block: pages.Block, written: Any) -> tuple[Kind, Any]:
    if isinstance(written, list):
        if all({"group", "version", "kind"} <= set(one) for one in written):
            return Kind.WATCHES, written
        field = "notifications" if all("type" in one and "task" not in one for one in written) else "tasks"
        return Kind.INSPECT, _inspect({field: written})
    names = set(written)
    if {"apiVersion", "kind"} <= names:
        return (Kind.INSPECT if written["kind"] == group.KIND else Kind.OBJECT), written
    if names == {"spec"}:
        return Kind.INSPECT, _inspect(written["spec"])
    if names <= set(inspect.InspectSpec.model_fields):
        return Kind.INSPECT, _inspect(written)
    if names <= set(values()):
        return Kind.VALUES, written
    raise AssertionError(f"{block}: what is {sorted(names)} of? tests/docs/examples.py knows what there may be")


def _inspect(spec: Object) -> Object:
    """With tasks that the page doesn't show."""
    tasks = [{"name": name, "check": check} for name, check in (("disk", "disk-usage"), ("dns", "dns"))]
    whole = {"tasks": tasks, **spec}
    return {"apiVersion": group.API_VERSION, "kind": group.KIND, "metadata": {"name": "example"}, "spec": whole}


@functools.cache
def values() -> Object:
    """The chart's own."""
    text = (pages.ROOT / "charts/inspect-operator/values.yaml").read_text(encoding="utf-8")
    made: Object = yaml.safe_load(text)
    return made
