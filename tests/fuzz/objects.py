"""Whole objects: those of tests/corpus with some places changed, and others made from nothing but the schema."""

import copy
from typing import Any

from hypothesis import strategies as st

from tests.fuzz import places, values
from tests.unit import corpus

Object = dict[str, Any]
SCHEMA = places.schema()
_CONTENT = ("script", "scriptFrom", "image", "check", "template")


def body(spec: Any, name: str = "fuzzed") -> Object:
    """An object with that spec, as the API server would serve it."""
    metadata = {"name": name, "namespace": "default", "uid": "uid-1", "generation": 1}
    return {"apiVersion": "api.practice.com/v1alpha1", "kind": "Inspect", "metadata": metadata, "spec": spec}


def specs(most: int = 4, *, faults: bool = True) -> st.SearchStrategy[Any]:
    """Of any kind; with `faults` also what no schema takes."""
    ways = [edited(most, faults=False), of(SCHEMA, "spec"), *([edited(most, faults=True)] if faults else [])]
    return st.one_of(ways)


def without(spec: Any, *fields: str) -> Any:
    """The same without these fields, wherever a spec or a task has them."""
    made: Any = copy.deepcopy(spec)
    tasks = made["tasks"] if isinstance(made, dict) and isinstance(made.get("tasks"), list) else []
    for holder in (made, *tasks, *(task.get("task") for task in tasks if isinstance(task, dict))):
        if isinstance(holder, dict):
            for field in fields:
                holder.pop(field, None)
    return made


@st.composite
def edited(draw: st.DrawFn, most: int, *, faults: bool) -> Any:
    """A spec of the corpus with up to so many places changed."""
    spec = copy.deepcopy(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(0, most))):
        spec = draw(edit(spec, faults=faults))
    return spec


@st.composite
def edit(draw: st.DrawFn, spec: Any, *, faults: bool) -> Any:
    """A spec with one place changed, added or taken away."""
    place = draw(st.sampled_from(list(places.of(SCHEMA, spec))))
    ways = ["set"] * 4 + (["remove"] if place.there and not place.required else []) + (["break"] if faults else [])
    match draw(st.sampled_from(ways)):
        case "remove":
            return places.without(spec, place.path)
        case "break":
            return places.put(spec, place.path, draw(values.bad(place.node, place.name)))
    return places.put(spec, place.path, draw(of(place.node, place.name)))


def of(node: places.Node, name: str) -> st.SearchStrategy[Any]:
    """What the schema takes at a place, but for its rules that compare fields."""
    if node.get("properties"):
        return _task(node) if {"script", "task"} <= node["properties"].keys() else _object(node)
    if isinstance(node.get("items"), dict):
        few = max(node.get("minItems", 0), 3)
        return st.lists(of(node["items"], name), min_size=node.get("minItems", 0), max_size=few)
    return values.good(node, name)


@st.composite
def _object(draw: st.DrawFn, node: places.Node) -> Object:
    required = node.get("required", ())
    others = [name for name in node["properties"] if name not in required]
    few = draw(st.lists(st.sampled_from(others), max_size=3, unique=True)) if others else []
    if others and _one_of(node):
        few = few[:1] or others[:1]
    return {name: draw(of(node["properties"][name], name)) for name in (*required, *few)}


def _one_of(node: places.Node) -> bool:
    return any("one of" in rule["message"] for rule in node.get("x-kubernetes-validations", ()))


@st.composite
def _task(draw: st.DrawFn, node: places.Node) -> Object:
    """In one spelling, and with one content: what is made without that would mostly be refused for that alone."""
    fields = node["properties"]
    if draw(st.integers(0, 3)) == 0:
        return {"task": draw(of(fields["task"], "task"))}
    content = draw(st.sampled_from(_CONTENT))
    others = sorted(fields.keys() - {"task", "name", *_CONTENT})
    chosen = draw(st.lists(st.sampled_from(others), max_size=4, unique=True))
    return {name: draw(of(fields[name], name)) for name in ("name", content, *chosen)}


CORPUS = tuple(corpus.body(name)["spec"] for name in corpus.NAMES)
