"""What of an object that a release holds may not be changed behind our back: its essence, compared with what was
rendered. Jobs have none: what a run did is done."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

#: The fields that are compared, as text.
Essence = Mapping[str, str]
Essences = Mapping[tuple[str, str], Essence]


def essence(item: Mapping[str, Any]) -> Essence:
    """Of a ConfigMap its data, of a CronJob when it runs (the plain fields of its spec), of a RoleBinding who may do
    what. Of others nothing but that they exist."""
    kind, spec = item.get("kind"), item.get("spec") or {}
    if kind == "ConfigMap":
        return {name: _hash(item.get(name) or {}) for name in ("data", "binaryData")}
    if kind == "CronJob":
        return {name: str(value) for name, value in spec.items() if isinstance(value, str | int | bool)}
    if kind == "RoleBinding":
        return {name: _hash(item.get(name)) for name in ("roleRef", "subjects")}
    return {}


def essences(objects: Iterable[Mapping[str, Any]]) -> Essences:
    """Of everything rendered but Jobs, by kind and name."""
    return {(one["kind"], one["metadata"]["name"]): essence(one) for one in objects if one["kind"] != "Job"}


def differs(seen: Essence, rendered: Essence) -> bool:
    """Whether something that was rendered stands there otherwise. What others added is theirs."""
    return any(seen.get(name) != value for name, value in rendered.items())


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
