"""One JSON object a line that has a name and a result, by the keys below; every other JSON line says nothing.

    {"name": "disk", "result": "fail", "severity": "critical", "message": "98% used", "remediation": "clean up /var"}

Of the keys for one thing the first counts that has a value. A line longer than the parser keeps is no JSON any more.
"""

import json
from typing import Any

from inspect_operator.runner import findings, lines
from inspect_operator.runner.dialects import words
from inspect_operator.runner.findings import Finding, Result

NAME = ("name", "check", "test", "caseName")
RESULT = ("result", "status", "verdict")
MESSAGE = ("message", "msg", "resultDesc")
DESCRIPTION = ("description", "caseDesc")
TARGET = ("target", "host", "node")
SEVERITY = ("severity",)
REMEDIATION = ("remediation", "fix")

RESULTS = {
    **words.RESULTS,
    **dict.fromkeys(("passing", "succeeded"), Result.SUCCESS),
    **dict.fromkeys(("failure", "failing", "critical"), Result.FAIL),
    **dict.fromkeys(("skip", "skipped"), Result.INFO),
}

_MAX_TARGET = 253
_MARKS = tuple(f'"{key}"'.encode() for key in RESULT)


def may_hold(data: bytes) -> bool:
    return b"{" in data and any(mark in data for mark in _MARKS)


def parse(text: str) -> Finding | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    name, word = _text(data, NAME), _text(data, RESULT)
    result = RESULTS.get(word.lower())
    if not name or result is None:
        return None
    return Finding(
        words.short(name, findings.MAX_NAME),
        result,
        words.short(_text(data, MESSAGE), findings.MAX_MESSAGE),
        words.short(_text(data, DESCRIPTION), findings.MAX_DESCRIPTION),
        words.short(_text(data, TARGET), _MAX_TARGET),
        findings.other_severity(_text(data, SEVERITY), result),
        words.short(_text(data, REMEDIATION), findings.MAX_REMEDIATION),
    )


def _text(data: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The first value that says something, in one clean line; objects and lists say nothing here."""
    for key in keys:
        value = data.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            text = lines.clean(" ".join(str(value).split()).encode("utf-8", "replace"))
            if text.strip(words.SEPARATORS):
                return text
    return ""
