"""The objects in a manifest that Helm stored, and what may be shown of it."""

import dataclasses
import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from inspect_operator import errors
from inspect_operator.render import documents as rendered

logger = logging.getLogger(__name__)

#: Helm puts each object into a document of its own.
_DOCUMENTS = re.compile(r"^---(?=\s|$)", re.MULTILINE)

Object = dict[str, Any]

KEEP = "helm.sh/resource-policy"


@dataclasses.dataclass(frozen=True)
class Deployed:
    """What a deployed revision holds. `manifest` is Helm's text with the content of Secrets left out."""

    revision: int
    objects: tuple[Object, ...]
    manifest: str
    notes: str


def read(revision: int, text: str, notes: str) -> Deployed:
    """The objects, lists taken apart; those that Helm wouldn't delete included."""
    return Deployed(revision, tuple(objects(text)), without_secrets(text), notes)


def _mappings(text: str) -> list[Object]:
    """Of one document. Helm's parser takes more than version 1.1 allows, such as `{image: nginx:1.16}`."""
    try:
        return rendered.mappings("of the chart", text)
    except errors.TemplateFailed:
        pass
    try:
        return rendered.mappings("of the chart", text, (1, 2))
    except errors.TemplateFailed as error:
        logger.warning("an object of a manifest was not read, it is not watched: %s", error)
        return []


def objects(text: str) -> Iterator[Object]:
    """Every object in a text of YAML documents; what is none was not taken by Helm either."""
    for document in (document for part in _DOCUMENTS.split(text) for document in _mappings(part)):
        items = document.get("items") if str(document.get("kind", "")).endswith("List") else None
        for item in items if isinstance(items, list) else [document]:
            if isinstance(item, dict) and isinstance(item.get("metadata"), dict) and item["metadata"].get("name"):
                yield item


def without_secrets(text: str) -> str:
    """The manifest as people may see it: of a Secret the keys remain."""
    parts = text.split("\n---\n")
    return "\n---\n".join(_blanked(part) if "Secret" in part else part for part in parts)


def is_kept(item: Mapping[str, Any]) -> bool:
    """Whether Helm leaves it where it is when the release goes."""
    return str((item["metadata"].get("annotations") or {}).get(KEEP, "")).strip().lower() == "keep"


def _blanked(part: str) -> str:
    found = list(objects(part))
    if not any(item.get("kind") == "Secret" for item in found):
        return part
    for item in found:
        for field in ("data", "stringData"):
            if item.get("kind") == "Secret" and isinstance(item.get(field), dict):
                item[field] = dict.fromkeys(item[field], "REDACTED")
    comments = [line for line in part.splitlines() if line.startswith("#")]
    start = "---\n" if part.startswith("---") else ""
    return start + "\n".join([*comments, "\n---\n".join(json.dumps(item, indent=1) for item in found)]) + "\n"
