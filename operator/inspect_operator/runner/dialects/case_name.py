"""`caseName:…, caseDesc:…, result:success|fail, resultDesc:… to the end of the line`: the original project's.

The keys stand in this order, `caseDesc` and `resultDesc` may be missing, separators and colons may be full-width,
and values may hold commas and colons themselves. Between `result` and `resultDesc` may stand `severity:…` and
`remediation:…`; behind `resultDesc:` everything is its text, these words too.

It has to begin the line: `set -x` and `set -v` print the same words after `+ echo `, for branches not taken too.
"""

import re

from inspect_operator.runner import findings
from inspect_operator.runner.dialects import words
from inspect_operator.runner.findings import Finding, Result

_SEPARATORS = words.SEPARATORS
_CASE = re.compile(r"[ \t]*caseName[ \t]*[:：]")
_KEY = re.compile(rf"[{_SEPARATORS}](caseDesc|result)[ \t]*[:：]")
_VALUE = re.compile(rf"[ \t]*([^{_SEPARATORS}]{{0,32}})")
_RESULT_DESC = re.compile(rf"[{_SEPARATORS}]*(?:resultDesc[ \t]*[:：])?")
# From here on for what may stand between `result` and `resultDesc`.
_MORE = re.compile(rf"[{_SEPARATORS}]*(severity|remediation)[ \t]*[:：]")
_NEXT = re.compile(rf"[{_SEPARATORS}](?:(severity|remediation)|resultDesc)[ \t]*[:：]")
_SEVERITIES = frozenset(findings.Severity)


def may_hold(data: bytes) -> bool:
    return b"caseName" in data


def parse(text: str) -> Finding | None:
    """The key `result:` is told from the same letters inside a value by the word behind it. Where none is followed by
    a word we know, the finding is `unknown`: a case that names itself must not count as "printed nothing".
    """
    case = _CASE.match(text)
    if case is None:
        return None
    start = case.end()
    keys = list(_KEY.finditer(text, start))
    results = [(key, _VALUE.match(text, key.end())) for key in keys if key[1] == "result"]
    known = [(key, value) for key, value in results if value and value[1].lower() in words.RESULTS]
    if not results:
        return None
    key, value = (known or results)[0]
    result = words.RESULTS[value[1].lower()] if known and value else Result.UNKNOWN
    described = next((k for k in keys if k[1] == "caseDesc" and k.start() < key.start()), None)
    more, end = _more(text, value.end()) if known and value else ({}, key.end())
    rest = _RESULT_DESC.match(text, end)
    message = text[rest.end() :] if known and rest else f"result is not understood: {text[key.end() :].strip()}"
    return Finding(
        words.short(text[start : (described or key).start()], findings.MAX_NAME),
        result,
        words.short(message, findings.MAX_MESSAGE),
        words.short(text[described.end() : key.start()] if described else "", findings.MAX_DESCRIPTION),
        severity=findings.other_severity(more.get("severity", ""), result),
        remediation=words.short(more.get("remediation", ""), findings.MAX_REMEDIATION),
    )


def _more(text: str, start: int) -> tuple[dict[str, str], int]:
    """Severity and remediation that stand right behind the result, and where they end. What is called severity and
    names none is the beginning of a message."""
    more: dict[str, str] = {}
    end = start
    while (key := _MORE.match(text, end)) and key[1] not in more:
        following = _NEXT.search(text, key.end())
        value_end = following.start() if following else len(text)
        value = text[key.end() : value_end].strip(_SEPARATORS)
        if key[1] == "severity" and value.lower() not in _SEVERITIES:
            break
        more[key[1]], end = value, value_end
    return more, end
