"""The reference of the Inspect, made from the models: `python -m inspect_operator.api.reference CHECKOUT` writes it
into docs/reference.md, below what people wrote there.
"""

import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import pydantic

from inspect_operator.api import inspect, status

REFERENCE = pathlib.Path("docs/reference.md")
#: Above it a person writes, below it the generator.
MARK = (
    "<!-- Generated from the models in operator/inspect_operator/api by `make generate`: edit their descriptions. -->\n"
)
Node = dict[str, Any]


def generated(root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Every generated file below the checkout's root, with its content."""
    head, mark, _ = (root / REFERENCE).read_text(encoding="utf-8").partition(MARK)
    lines = [
        *_Part("Spec", inspect.InspectSpec, tuple(inspect.Common.model_fields)).lines(),
        *_Part("Status", status.InspectStatus).lines(),
    ]
    return {root / REFERENCE: head + mark + "\n" + "\n".join(lines).rstrip("\n") + "\n"}


class _Part:
    """A section for a model and one for each object in it, in the order in which they are first named. A model has one
    section, wherever it stands. Fields in `common` may also stand on the first model, and are told once: below."""

    def __init__(self, title: str, model: type[pydantic.BaseModel], common: tuple[str, ...] = ()) -> None:
        self._title = title
        self._common = common
        self._whole: Node = model.model_json_schema()
        self._definitions: dict[str, Node] = self._whole.pop("$defs", {})
        self._todo: list[tuple[str, str]] = []  # model, and where it stands
        self._told: set[str] = set()

    def lines(self) -> Iterator[str]:
        path = self._title.lower()
        own = {name: rule for name, rule in self._whole["properties"].items() if name not in self._common}
        yield from (f"## {self._title}", "", _cell(self._whole["description"]), "")
        if self._common:
            words = ", ".join(f"`{name}`" for name in self._common)
            yield from (
                f"Beside these it takes what a task says, for all tasks that don't say it themselves: {words}.",
                "",
            )
        yield from self._table({**self._whole, "properties": own}, path)
        while self._todo:
            name, place = self._todo.pop(0)
            node = self._definitions[name]
            yield from (f"### {_heading(name)}", "", f"`{place}`: {_cell(node['description'])}", "")
            yield from self._table(node, place)

    def _table(self, node: Node, place: str) -> Iterator[str]:
        fields: dict[str, Node] = node.get("properties", {})
        rows = []
        for name in sorted(fields, key=lambda name: name in self._common):
            kind = self._kind(fields[name], f"{place}.{name}")
            required = ", required" if name in node.get("required", ()) else ""
            rows.append(f"| `{name}` | {kind}{required} | {_cell(fields[name].get('description', ''))} |")
        if rows:
            yield from ("| Field | Type | |", "| --- | --- | --- |", *rows, "")
        rules = [f"- {_cell(one['message'])}" for part in (node, *fields.values()) for one in _rules(part)]
        if rules:
            yield from ("The API server sees to it:", "", *rules, "")

    def _kind(self, rule: Node, place: str) -> str:
        """The type in a few words, with its limit."""
        if "anyOf" in rule:
            outer = {word: value for word, value in rule.items() if word not in ("anyOf", "description", "default")}
            options = [{**outer, **option} for option in rule["anyOf"] if option.get("type") != "null"]
            return " or ".join(dict.fromkeys(self._kind(option, place) for option in options))
        if "$ref" in rule:
            name = rule["$ref"].rsplit("/", 1)[1]
            return self._reference(name, place)
        if "enum" in rule or "const" in rule:
            return " or ".join(f"`{value}`" for value in rule.get("enum", [rule.get("const")]))
        match rule.get("type"):
            case "array":
                return f"list{_most(rule, 'maxItems')} of {self._kind(rule['items'], f'{place}[]')}"
            case "object":
                values = rule.get("additionalProperties")
                inner = self._kind(values, place) if isinstance(values, dict) and values else "anything"
                return f"mapping{_most(rule, 'maxProperties')} to {inner}"
            case "string":
                return "time" if rule.get("format") == "date-time" else f"text{_most(rule, 'maxLength')}"
            case "integer" if "minimum" in rule and "maximum" in rule:
                return f"number, {rule['minimum']} to {rule['maximum']}"
            case "integer":
                return "number"
            case kind:
                return str(kind)

    def _reference(self, name: str, place: str) -> str:
        node = self._definitions[name]
        if node.get("type") != "object":
            return self._kind(node, place)
        if name not in self._told:
            self._told.add(name)
            self._todo.append((name, place))
        return f"[{_heading(name)}](#{_heading(name).lower().replace(' ', '-')})"


def _rules(node: Node) -> list[dict[str, str]]:
    found: list[dict[str, str]] = node.get("x-kubernetes-validations", [])
    return found


def _most(rule: Node, word: str) -> str:
    return f" (≤ {rule[word]:,})" if word in rule else ""


def _heading(name: str) -> str:
    """A model's name in words: NodesTarget becomes Nodes target."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _cell(text: str) -> str:
    """In one line; what Markdown would take for a table, stars or HTML is none."""
    return re.sub(r"([|*<])", r"\\\1", " ".join(text.split()))


if __name__ == "__main__":
    for path, content in generated(pathlib.Path(sys.argv[1])).items():
        path.write_text(content, encoding="utf-8")
