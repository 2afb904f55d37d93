"""A runner's templates as a task sees them: the folder's name, and the schema of the parameters that it takes."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from inspect_operator import errors, yaml_json
from inspect_operator.api import check, schema

#: Of all parameters together; of one list in them. They bound the time that a schema may take, `uniqueItems` above all.
MAX_BYTES, MAX_DEPTH, MAX_ITEMS = 64 * 1024, 16, 1024


@dataclasses.dataclass(frozen=True)
class Template:
    """One folder with a pod.yaml. `parameters` is a JSON schema of type object, empty where it takes none; `problem`
    is what is wrong with that schema."""

    name: str
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    problem: str = ""

    @property
    def properties(self) -> Mapping[str, Any]:
        """The schema of each parameter, by name."""
        found: Mapping[str, Any] = self.parameters.get("properties", {})
        return found


def parameters(template: Template, written: Mapping[str, Any], field: str) -> dict[str, Any]:
    """What the templates are given: the parameters as written, and the default of each that isn't.

    `field` is where they stand, such as spec.tasks[0].parameters.
    :raises errors.SpecInvalid: names the parameter, what is wrong with it, and the parameters that there are
    """
    for name in written:
        if name not in template.properties and not template.parameters.get("additionalProperties"):
            raise errors.SpecInvalid(
                f"{field}.{check.short(name)}: template {template.name} knows no such parameter; {_hint(template)}"
            )
    if (depth := _depth(written)) > MAX_DEPTH:
        raise errors.SpecInvalid(f"{field}: nested {depth} levels deep; at most {MAX_DEPTH}")
    if (size := len(json.dumps(written))) > MAX_BYTES:
        raise errors.SpecInvalid(f"{field}: {size} bytes; at most {MAX_BYTES}")
    if (entries := max(map(len, _lists(written)), default=0)) > MAX_ITEMS:
        raise errors.SpecInvalid(f"{field}: a list of {entries} entries; at most {MAX_ITEMS}")
    for text in _texts(written):
        if character := yaml_json.unholdable(text):
            raise errors.SpecInvalid(f"{field}: the character {character} can't pass Helm unchanged; leave it out")
    given = defaults(template) | dict(written)
    if found := schema.complaints(template.parameters, given):
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found[0].path)
        raise errors.SpecInvalid(f"{field}{place}: {check.complaint(found[0])}; {_hint(template)}")
    return given


def defaults(template: Template) -> dict[str, Any]:
    """The parameters that have a value without being written."""
    return {name: rule["default"] for name, rule in template.properties.items() if "default" in rule}


def _hint(template: Template) -> str:
    if not template.properties:
        return f"template {template.name} takes no parameters"
    known = ", ".join(check.describe(name, rule) for name, rule in template.properties.items())
    return f"parameters of {template.name}: {known}"


def _depth(value: Any) -> int:
    """How many levels there are; counted without recursion, since the API server takes thousands."""
    level, depth = [value], 0
    while level := [child for one in level for child in _children(one)]:
        depth += 1
    return depth


def _texts(value: Any) -> Iterator[str]:
    """Every text in it, keys included."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        yield from value
    for child in _children(value):
        yield from _texts(child)


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    for child in _children(value):
        yield from _lists(child)


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list) else []
