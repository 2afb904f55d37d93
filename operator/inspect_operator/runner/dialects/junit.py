"""JUnit XML, as test tools write it: a finding for each `testcase`.

`failure` and `error` in it make it a failing one, `skipped` one that only informs; its `properties` may name severity
and remediation. The root is `testsuites` or `testsuite`; suites may be nested.

What comes from a script may be hostile: entities may not be declared (nothing is expanded, nothing fetched), depth
and the size of one tag are limited, text is kept only as far as a finding holds it. Bytes are taken for UTF-8.
"""

import codecs
import re
from collections.abc import Callable, Iterable
from xml.parsers import expat

from inspect_operator.runner import findings, lines
from inspect_operator.runner.dialects import words
from inspect_operator.runner.findings import Finding, Result

ROOTS = ("testsuites", "testsuite")
MAX_DEPTH = 64
MAX_TAG_BYTES = 256 * 1024

_PIECE = 64 * 1024
_RESULTS = {"failure": Result.FAIL, "error": Result.FAIL, "skipped": Result.INFO}
_ORDER = list(Result)
_TOLD = ("severity", "remediation")
# What XML 1.0 does not allow, and the escapes of terminals; scripts print both in what they quote.
_ILLEGAL = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Refused(Exception):
    """Why it is not read any further."""


def read(pieces: Iterable[bytes], found: Callable[[Finding], None]) -> str:
    """Calls `found` for each test case as it ends; returns what is wrong with the document, empty if nothing is.
    What was found before it went wrong stays found."""
    reader = _Reader(found)
    try:
        for piece in pieces:
            for start in range(0, len(piece), _PIECE):
                reader.feed(piece[start : start + _PIECE])
        reader.close()
    except _Refused as refusal:
        return str(refusal)
    except expat.ExpatError as error:
        return f"not well-formed XML: line {error.lineno}: {expat.ErrorString(error.code)}"
    return ""


class _Reader:
    def __init__(self, found: Callable[[Finding], None]) -> None:
        self._found = found
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._fed = 0
        self._depth = 0
        self._case: _Case | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, data: bytes) -> None:
        """Raises _Refused, expat.ExpatError."""
        self._parse(self._decoder.decode(data), final=False)
        # The last event is the tag that is not whole yet, or stands before it.
        if self._fed - max(0, self._parser.CurrentByteIndex) > MAX_TAG_BYTES:
            raise _Refused(f"a tag or comment in it is larger than {MAX_TAG_BYTES >> 10} KiB")

    def close(self) -> None:
        """Raises expat.ExpatError where the document is not whole."""
        self._parse(self._decoder.decode(b"", final=True), final=True)

    def _parse(self, text: str, *, final: bool) -> None:
        # As text: expat then takes it for UTF-8, whatever encoding the document declares.
        data = _ILLEGAL.sub("", text) if self._fed else _ILLEGAL.sub("", text).lstrip("\ufeff \t\r\n")
        self._fed += len(data.encode())
        self._parser.Parse(data, final)

    def _refuse_entity(self, *_: object) -> None:
        raise _Refused("it declares entities, which are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name not in ROOTS:
            raise _Refused(f"its root is {words.short(name, 50)}, not testsuites or testsuite")
        if self._depth > MAX_DEPTH:
            raise _Refused(f"its elements are nested deeper than {MAX_DEPTH}")
        if name == "testcase":
            self._case = _Case(attributes)
        elif self._case is not None:
            self._case.enter(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._case is None:
            return
        if name == "testcase":
            self._found(self._case.finding())
            self._case = None
        else:
            self._case.leave()

    def _text(self, text: str) -> None:
        if self._case is not None:
            self._case.hear(text)


class _Case:
    """One test case while its element is open."""

    def __init__(self, attributes: dict[str, str]) -> None:
        name, suite = attributes.get("name", ""), attributes.get("classname", "")
        self._name = f"{suite}.{name}" if suite and name else name or suite
        self._result = Result.SUCCESS
        self._message = ""
        self._told: dict[str, str] = {}
        self._within = ""  # the element whose text may become the message, or is a property's value
        self._heard = ""

    def enter(self, name: str, attributes: dict[str, str]) -> None:
        self._within, self._heard = "", ""
        if name in _RESULTS:
            result = _RESULTS[name]
            if self._result is Result.SUCCESS or _ORDER.index(result) < _ORDER.index(self._result):
                said = attributes.get("message") or ("" if result is Result.INFO else attributes.get("type", ""))
                self._result, self._message = result, said
                self._within = "" if attributes.get("message") else "result"
        elif name == "property" and attributes.get("name") in _TOLD:
            self._within = attributes["name"]
            self._told[self._within] = attributes.get("value", "")

    def hear(self, text: str) -> None:
        if self._within and len(self._heard) <= findings.MAX_MESSAGE:
            self._heard += text[: findings.MAX_MESSAGE + 1]  # one more, so that it is seen to be cut

    def leave(self) -> None:
        """Text counts where no attribute said the same."""
        if self._within == "result":
            self._message = self._heard.strip() or self._message
        elif self._within and not self._told[self._within]:
            self._told[self._within] = self._heard
        self._within = ""

    def finding(self) -> Finding:
        message = _line(self._message, findings.MAX_MESSAGE)
        if self._result is Result.INFO:
            message = f"skipped: {message}" if message else "skipped"
        return Finding(
            _line(self._name, findings.MAX_NAME),
            self._result,
            words.short(message, findings.MAX_MESSAGE),
            severity=findings.other_severity(self._told.get("severity", ""), self._result),
            remediation=_line(self._told.get("remediation", ""), findings.MAX_REMEDIATION),
        )


def _line(text: str, limit: int) -> str:
    """One clean line."""
    if not text:
        return ""
    text = " ".join(text[: 4 * limit].split())
    return words.short(lines.clean(text.encode("utf-8", "replace")), limit)
