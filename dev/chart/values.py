"""The values of the operator's chart, as values.yaml has them: path, default and the comment above each.

From these come values.schema.json and the table of the chart's README.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

Schema = dict[str, Any]

#: What the default alone does not tell.
_MORE: dict[str, Schema] = {
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "image.digest": {"pattern": "^(sha256:[0-9a-f]{64})?$"},
    "runner.image.digest": {"pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.repository": {"minLength": 1},
    "runner.image.repository": {"minLength": 1},
    "imagePullSecrets": {"items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
    "watchNamespaces": {"items": {"type": "string", "minLength": 1, "maxLength": 63}, "uniqueItems": True},
    "checks.clusterWideNamespaces": {"items": {"type": "string", "minLength": 1, "maxLength": 63}},
    "notices.allow": {"items": {"type": "string", "minLength": 1}},
    "notices.apprise": {"items": {"type": "string", "minLength": 1}},
    "nodeTargets": {"type": ["string", "boolean"], "enum": ["auto", True, False]},
    "checks.install": {"type": ["string", "boolean"], "enum": ["auto", True, False]},
    "userRoles": {"type": ["string", "boolean"], "enum": ["auto", True, False]},
    "uninstall.inspects": {"enum": ["keep", "delete"]},
    "replicas": {"minimum": 0},
    "leaseSeconds": {"minimum": 5},
    "activeRuns": {"minimum": 1},
    "activeRunsPerNamespace": {"minimum": 1},
    "helmConcurrency": {"minimum": 1},
    "helmEngine": {"enum": ["exec", "warm"]},
    "logLevel": {"enum": ["DEBUG", "INFO", "WARNING", "ERROR"]},
    "logFormat": {"enum": ["json", "text"]},
    "profiles": {
        "properties": {"node": {"type": "array", "items": {"type": "string", "minLength": 1}}},
        "additionalProperties": False,
    },
    "metrics.serviceMonitor.interval": {"pattern": "^[0-9]+(ms|s|m|h)$"},
}
#: Objects of Kubernetes' own or of the user's choice: whatever stands in them is passed on.
_OPEN = re.compile(r"(annotations|Annotations|labels|nodeSelector|affinity|resources)$")
_LINE = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z]+):")


@dataclasses.dataclass(frozen=True)
class Value:
    """One value: its path with dots, what it is for, and its default; or a group of values, what these are about."""

    path: str
    words: str
    default: Any
    group: bool


def read(text: str) -> Iterator[Value]:
    """The values of a values.yaml that have a comment, in its order."""
    data = yaml.safe_load(text)
    found = {".".join(path): words for path, words in _comments(text) if words}
    for path, words in found.items():
        default: Any = data
        for part in path.split("."):
            default = default[part]
        yield Value(path, words, default, any(other.startswith(f"{path}.") for other in found))


def _comments(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    path: list[str] = []
    words: list[str] = []
    for line in text.splitlines():
        found = _LINE.match(line)
        if found:
            path = [*path[: len(found["indent"]) // 2], found["key"]]
            yield tuple(path), " ".join(words)
        bare = line.strip()
        words = [*words, bare.removeprefix("# ")] if bare.startswith("# ") else []


def schema(values: Sequence[Value]) -> Schema:
    """JSON schema: a name that is not here is refused, as is a value of another type than its default has."""
    made: Schema = _closed("Values of the chart inspect-operator")
    made = {"$schema": "http://json-schema.org/draft-07/schema#", **made}
    made["properties"]["global"] = {"type": "object", "description": "Of the chart that has this one as a part."}
    made["properties"]["enabled"] = {"type": "boolean", "description": "For the condition of such a chart."}
    for value in values:
        at = made
        *groups, name = value.path.split(".")
        for group in groups:
            at = at["properties"].setdefault(group, _closed())
        if value.group:
            at["properties"][name] = {"description": value.words, **_closed()}
            continue
        at["properties"][name] = {"description": value.words, **_of(value), **_MORE.get(value.path, {})}
    return made


def _closed(title: str = "") -> Schema:
    made: Schema = {"type": "object", "additionalProperties": False, "properties": {}}
    return {"title": title, **made} if title else made


def _of(value: Value) -> Schema:
    kinds = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}
    made: Schema = {"type": kinds[type(value.default)]}
    if value.default not in ("", [], {}) and not _OPEN.search(value.path):
        made["default"] = value.default
    return made


def table(values: Sequence[Value]) -> Iterator[str]:
    """Lines of Markdown."""
    yield "| Value | Default | |"
    yield "| --- | --- | --- |"
    for value in values:
        words, default = value.words.replace("|", "\\|"), "" if value.group else f"`{json.dumps(value.default)}`"
        yield f"| `{value.path}` | {default} | {words} |"
