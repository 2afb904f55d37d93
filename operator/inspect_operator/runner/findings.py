"""What a script found, as told by one line that it printed: two dialects, every other line says nothing.

1. `caseName:…, caseDesc:…, result:success|fail, resultDesc:… to the end of the line`: the original project's. The
   keys stand in this order, `caseDesc` and `resultDesc` may be missing, separators and colons may be full-width,
   and values may hold commas and colons themselves. It has to begin the line: `set -x` and `set -v` print the same
   words after `+ echo `, for branches not taken too.
2. `<check> ok|pass|warn|error|info|fail <message>`: see `_check_line`.

Pure: no I/O, no clock. Nothing here raises on any text, and no pattern walks over a line more than once.
"""

import re
from dataclasses import dataclass, fields
from enum import StrEnum

MAX_NAME, MAX_DESCRIPTION, MAX_MESSAGE = 200, 300, 1000  # characters


class Result(StrEnum):
    """Worst first: findings are shown and kept in this order."""

    FAIL = "fail"
    UNKNOWN = "unknown"  # the script could not tell, or its line gives a result that is no word we know
    WARN = "warn"
    SUCCESS = "success"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    result: Result
    message: str = ""
    description: str = ""
    target: str = ""  # the host it is about, where a run inspects several


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings of each result were printed, kept or not."""

    fail: int = 0
    unknown: int = 0
    warn: int = 0
    success: int = 0
    info: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Report:
    """Findings worst first; `cut` says how many more there were."""

    findings: tuple[Finding, ...] = ()
    counts: Counts = Counts()
    cut: int = 0


_WORDS = {
    **dict.fromkeys(("success", "ok", "pass", "passed"), Result.SUCCESS),
    **dict.fromkeys(("fail", "failed", "error"), Result.FAIL),
    **dict.fromkeys(("warn", "warning"), Result.WARN),
    "info": Result.INFO,
    "unknown": Result.UNKNOWN,
}

_SEPARATORS = " \t,，;；、|"
_CASE = re.compile(r"[ \t]*caseName[ \t]*[:：]")
_KEY = re.compile(rf"[{_SEPARATORS}](caseDesc|result)[ \t]*[:：]")
_VALUE = re.compile(rf"[ \t]*([^{_SEPARATORS}]{{0,32}})")
_RESULT_DESC = re.compile(rf"[{_SEPARATORS}]*(?:resultDesc[ \t]*[:：])?")

_CHECK = re.compile(r"([^\W\d_](?:[\w./:@+-]{0,126}[\w/])?)[ \t]+(ok|pass|warn|error|info|fail)(?:[ \t]+(.*))?$")
_PLAIN_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]")
# Plain words that come before "ok", "error", "info" where tools print a sentence.
_PROSE = frozenset(
    """
    a an the no any some this that these those all every more most other another not is are was were be been being
    it its if on in of for with by at to and or as but so then now see got get had has have did does do can will
    would may must should fatal unknown internal unexpected critical last first next previous runtime syntax parse
    compile read write connection further additional extra looks look seems still only just also tests checks
    """.split()  # noqa: SIM905  (a paragraph of words reads better than a list of 70 strings)
)


def parse_line(text: str) -> Finding | None:
    """The finding in one line of clean text, or None."""
    case = _CASE.match(text)
    return _case_line(text, case.end()) if case else _check_line(text)


def _case_line(text: str, start: int) -> Finding | None:
    """A line that began with `caseName:`; its value begins at `start`.

    The key `result:` is told from the same letters inside a value by the word behind it. Where none is followed by
    a word we know, the finding is `unknown`: a case that names itself must not count as "printed nothing".
    """
    keys = list(_KEY.finditer(text, start))
    results = [(key, _VALUE.match(text, key.end())) for key in keys if key[1] == "result"]
    known = [(key, value) for key, value in results if value and value[1].lower() in _WORDS]
    if not results:
        return None
    key, value = (known or results)[0]
    result = _WORDS[value[1].lower()] if known and value else Result.UNKNOWN
    described = next((k for k in keys if k[1] == "caseDesc" and k.start() < key.start()), None)
    rest = _RESULT_DESC.match(text, value.end() if value else key.end())
    message = text[rest.end() :] if known and rest else f"result is not understood: {text[key.end() :].strip()}"
    return Finding(
        _short(text[start : (described or key).start()], MAX_NAME),
        result,
        _short(message, MAX_MESSAGE),
        _short(text[described.end() : key.start()] if described else "", MAX_DESCRIPTION),
    )


def _check_line(text: str) -> Finding | None:
    """`<check> ok|pass|warn|error|info|fail <message>`, strict, because ordinary output must not become a finding.

    - The check is one token at the very start of the line and begins with a letter (a log line begins with a time).
    - The word is lower case (log levels are upper case) and nothing clings to it (`gcc: error: …`).
    - A token that could be an English word (`disk`, but not `disk-usage`, `dns1`, `CPU`, `磁盘`) must be lower case
      (`Everything ok now`), must not be one of the words of `_PROSE` (`no error found`), and needs a message.
    """
    match = _CHECK.match(text)
    if match is None:
        return None
    check, word, message = match[1], match[2], (match[3] or "").strip()
    if _PLAIN_WORD.fullmatch(check) and (not check.islower() or check in _PROSE or not message):
        return None
    return Finding(check, _WORDS[word], _short(message, MAX_MESSAGE))


def _short(text: str, limit: int) -> str:
    text = text.strip(_SEPARATORS)
    return text if len(text) <= limit else text[: limit - 1] + "…"
