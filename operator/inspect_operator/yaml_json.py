"""JSON that every YAML parser reads as the same value: what we hand to templates, to Helm and to server-side apply."""

import json
import re
from typing import Any

#: Characters that JSON allows but YAML does not, or reads as a line break (YAML 1.1, 5.1 Character Set).
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def dumps(value: Any) -> str:
    """One line. Text beyond ASCII stays as it is, since YAML has no surrogate pairs; what it can't hold is escaped.

    :raises ValueError: a number that is none, or infinite
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def unholdable(text: str) -> str:
    """The first character of `text` that is lost on the way through Helm, as U+XXXX, or nothing.

    Helm decodes what we escaped and sends it on unescaped (Go's encoding/json), and the API server reads that as YAML.
    """
    found = _NOT_IN_YAML.search(text.replace("\u2028", "").replace("\u2029", ""))  # these two Go escapes
    return f"U+{ord(found.group()):04X}" if found else ""


def holdable(text: str) -> str:
    """The text with a blank for every character that would be lost."""
    return "".join(" " if unholdable(character) else character for character in text)
