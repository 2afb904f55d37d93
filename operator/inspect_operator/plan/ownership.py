"""Whether what a release holds still stands as Helm wrote it, read off the API server's own record of who set what.

Helm applies on the server's side as field manager `helm`. Whoever else changes a field that Helm set takes it over, and
it leaves Helm's `managedFields`; what others set beside it, and defaults, never stand there. So no values are compared,
and no quantity that the API server writes otherwise looks like a change.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

MANAGER = "helm"
#: The same for all objects, or written by nobody but the API server.
_IGNORED = {"apiVersion", "kind", "status"}
_IGNORED_METADATA = {"name", "namespace", "generateName", "creationTimestamp", "uid", "resourceVersion", "generation",
                     "managedFields", "selfLink"}  # fmt: skip


def owned(live: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that Helm set and nobody changed, as in `fieldsV1`."""
    made: dict[str, Any] = {}
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") == MANAGER and not entry.get("subresource"):
            _merge(made, entry.get("fieldsV1") or {})
    return made


def changed(written: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """Paths of what the manifest sets and Helm owns no more, such as spec.replicas. `fields` as `owned` gives them."""
    found: list[str] = []
    for name, value in written.items():
        if name == "metadata" and isinstance(value, Mapping):
            kept = {key: one for key, one in value.items() if key not in _IGNORED_METADATA}
            found += _of_mapping(kept, fields.get("f:metadata") or {}, "metadata.")
        elif name not in _IGNORED:
            found += _of_mapping({name: value}, fields, "")
    return found


def other_secret(written: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """What `stringData` set stands in `data` afterwards, and is nobody's there: so it is compared."""
    data = live.get("data") or {}
    return [
        f"data.{name}"
        for name, text in (written.get("stringData") or {}).items()
        if data.get(name) != base64.b64encode(str(text).encode()).decode()
    ]


def _of_mapping(written: Mapping[str, Any], fields: Mapping[str, Any], path: str) -> list[str]:
    found: list[str] = []
    for name, value in written.items():
        if value is None:
            continue
        mine = fields.get(f"f:{name}")
        if mine is None:
            found.append(f"{path}{name}")
        elif isinstance(value, Mapping) and any(key != "." for key in mine):
            found += _of_mapping(value, mine, f"{path}{name}.")
        elif isinstance(value, list):
            found += _of_list(value, mine, f"{path}{name}")
    return found


def _of_list(written: Iterable[Any], fields: Mapping[str, Any], path: str) -> list[str]:
    """A list is one value, or a set of values (`v:`), or its elements are told apart by keys (`k:`)."""
    keyed = {json.dumps(json.loads(key[2:]), sort_keys=True): one for key, one in fields.items() if key[:2] == "k:"}
    values = {json.dumps(json.loads(key[2:]), sort_keys=True) for key in fields if key[:2] == "v:"}
    found: list[str] = []
    for number, item in enumerate(written):
        if keyed and isinstance(item, Mapping):
            mine = next((one for key, one in keyed.items() if _is(item, json.loads(key))), None)
            where = f"{path}[{item.get('name', number)}]"
            found += [where] if mine is None else _of_mapping(item, mine, f"{where}.")
        elif values and json.dumps(item, sort_keys=True) not in values:
            found.append(f"{path}[{number}]")
    return found


def _is(item: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
    """Whether it is the element of that key; a part of the key that isn't written was filled in (protocol: TCP)."""
    return all(name not in item or item[name] == value for name, value in key.items())


def _merge(made: dict[str, Any], other: Mapping[str, Any]) -> None:
    for name, value in other.items():
        _merge(made.setdefault(name, {}), value)
