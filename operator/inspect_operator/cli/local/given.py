"""ConfigMaps and Secrets out of the files that were given: what the tasks would find in their namespace."""

import base64
import binascii
import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from inspect_operator.cli import command

KINDS = ("ConfigMap", "Secret")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_KEY = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,253}")

Data = Mapping[str, bytes]


@dataclasses.dataclass(frozen=True)
class Given:
    """Their content by kind, namespace and name."""

    objects: Mapping[tuple[str, str, str], Data] = dataclasses.field(repr=False)

    def of(self, kind: str, namespace: str, name: str) -> Data | None:
        """The content of one by its keys; None where it isn't given."""
        return self.objects.get((kind, namespace, name))


def read(documents: Iterable[tuple[str, dict[str, Any]]], namespace: str) -> Given:
    """Those among the documents, each of which comes with its file; `namespace` is that of those that name none.

    :raises command.Usage: one could not be made; names it and its key, never a value
    """
    found: dict[tuple[str, str, str], Data] = {}
    for file, body in documents:
        kind, metadata = body.get("kind"), body.get("metadata")
        if kind not in KINDS:
            continue
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not isinstance(metadata, dict) or not isinstance(name, str) or not _NAME.fullmatch(name):
            raise command.Usage(f"{file}: a {kind} needs a name in metadata.name")
        where = f"{file}: {kind} {name}"
        found[kind, str(metadata.get("namespace") or namespace), name] = _content(where, kind, body)
    return Given(found)


def _content(where: str, kind: str, body: dict[str, Any]) -> Data:
    plain, encoded = ("stringData", "data") if kind == "Secret" else ("data", "binaryData")
    made = {key: _decoded(f"{where}: {encoded}.{key}", text) for key, text in _texts(where, encoded, body).items()}
    return made | {key: text.encode("utf-8", "surrogatepass") for key, text in _texts(where, plain, body).items()}


def _texts(where: str, field: str, body: dict[str, Any]) -> dict[str, str]:
    written = body.get(field) or {}
    if not isinstance(written, dict):
        raise command.Usage(f"{where}: {field} has to be a mapping of keys to texts")
    for key, text in written.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise command.Usage(f"{where}: {field}: {key!r} is no key: letters, digits, dots, dashes")
        if not isinstance(text, str):
            raise command.Usage(f"{where}: {field}.{key} is no text; put it into quotes")
    return written


def _decoded(where: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise command.Usage(f"{where} is no base64") from None
