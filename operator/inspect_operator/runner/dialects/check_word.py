"""`<check> ok|pass|warn|error|info|fail <message>`, strict, because ordinary output must not become a finding.

- The check is one token at the very start of the line and begins with a letter (a log line begins with a time).
- The word is lower case (log levels are upper case) and nothing clings to it (`gcc: error: …`).
- A token that could be an English word (`disk`, but not `disk-usage`, `dns1`, `CPU`, `磁盘`) must be lower case
  (`Everything ok now`), must not be one of the words of `_PROSE` (`no error found`), and needs a message.
"""

import re

from inspect_operator.runner import findings
from inspect_operator.runner.dialects import words
from inspect_operator.runner.findings import Finding

_WORDS = ("ok", "pass", "warn", "error", "info", "fail")
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
# Plain searches: one pattern for all is half as fast.
_BEHIND_SPACE = tuple(f" {word}".encode() for word in _WORDS)
_BEHIND_TAB = tuple(f"\t{word}".encode() for word in _WORDS)


def may_hold(data: bytes) -> bool:
    return any(mark in data for mark in _BEHIND_SPACE) or (
        b"\t" in data and any(mark in data for mark in _BEHIND_TAB)
    )  # fmt: skip


def parse(text: str) -> Finding | None:
    match = _CHECK.match(text)
    if match is None:
        return None
    check, word, message = match[1], match[2], (match[3] or "").strip()
    if _PLAIN_WORD.fullmatch(check) and (not check.islower() or check in _PROSE or not message):
        return None
    return Finding(check, words.RESULTS[word], words.short(message, findings.MAX_MESSAGE))
