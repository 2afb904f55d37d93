"""Finds JUnit documents between the lines of one stream.

- Between the lines `-----BEGIN JUNIT-----` and `-----END JUNIT-----`: certainly one.
- From a line that begins with `<testsuites` or `<testsuite` (an XML declaration may stand before it) to the first end
  tag of that name: most likely one. Where it proves to be none, the bytes are lines like all others.

What is found depends on the bytes alone, never on the pieces in which they come. Of a document between markers the
first MAX_BYTES are kept; the other kind ends there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BYTES = 4 * 1024 * 1024
BEGIN, END = b"-----BEGIN JUNIT-----", b"-----END JUNIT-----"

_BEGINNING = re.compile(
    rb"^[ \t]{0,64}(?:"
    rb"-----BEGIN JUNIT-----[ \t]{0,64}(?:\n|\Z)"
    rb"|(?P<bare>(?:\xef\xbb\xbf)?(?:<\?xml[^<>\n]{0,200}\?>[ \t]{0,8})?<(?P<root>testsuites?)[\s/>])"
    rb")",
    re.MULTILINE,
)
_MAX_BEGINNING = 512  # no beginning is longer
_MARKS = (BEGIN, b"<testsuite")


@dataclass(frozen=True, slots=True)
class Document:
    content: bytes
    marked: bool  # it stood between our markers
    whole: bool  # its end was seen, and all of it was kept


class Divider:
    """One stream, in pieces, to lines (bytes) and documents, in their order."""

    def __init__(self) -> None:
        self._held = b""  # the head of a line that may become a beginning
        self._at_line_start = True
        self._open: _Open | None = None

    def feed(self, data: bytes) -> Iterator[bytes | Document]:
        rest = data.replace(b"\r", b"\n") if b"\r" in data else data
        while rest:
            if self._open is None:
                before, rest = self._begin(rest)
                if before:
                    yield before
                continue
            after = self._open.feed(rest)
            if after is None:
                return
            yield self._open.document(ended=True)
            self._open, rest = None, after
            self._at_line_start = False

    def close(self) -> Iterator[bytes | Document]:
        """What is left when the stream ended."""
        if self._open is None and _BEGINNING.fullmatch(self._held):
            self._begin(b"\n")  # the last line is a lone marker
        if self._open is not None:
            yield self._open.document(ended=False)
        elif self._held:
            yield self._held
        self._held, self._open, self._at_line_start = b"", None, True

    def _begin(self, data: bytes) -> tuple[bytes, bytes]:
        """What stands before a document, and what of it is there; all and nothing where none begins."""
        if self._held:
            data, self._held = self._held + data, b""
        if any(mark in data for mark in _MARKS):
            found = _BEGINNING.search(data, 0 if self._at_line_start else 1)
            # `^` matches the end of the data, too: a marker's line ends with a line end, or it is held back below.
            if found and (found["bare"] or found[0].endswith(b"\n")):
                start = found.start("bare") if found["bare"] else found.end()
                self._open = _Open(b"</%s>" % found["root"] if found["bare"] else END, marked=not found["bare"])
                return data[: found.start()], data[start:]
        line_start = data.rfind(b"\n", max(0, len(data) - _MAX_BEGINNING)) + 1
        if line_start or (self._at_line_start and len(data) < _MAX_BEGINNING):
            head = data[line_start:].lstrip(b" \t\xef\xbb\xbf")
            if len(data) - line_start < _MAX_BEGINNING and head[:1] in (b"", b"<", b"-"):
                self._held, data = data[line_start:], data[:line_start]
                self._at_line_start = True
                return data, b""
        self._at_line_start = data.endswith(b"\n")
        return data, b""


class _Open:
    """A document that goes on."""

    def __init__(self, end: bytes, *, marked: bool) -> None:
        self._end = end
        self._kept = bytearray()
        self._tail = b""  # the last bytes, where the end may have begun
        self._cut = False
        self.marked = marked

    def feed(self, data: bytes) -> bytes | None:
        """What comes behind the end; None where it goes on."""
        room = MAX_BYTES - len(self._kept)
        if not self.marked and len(data) >= room:
            data, beyond = data[:room], data[room:]
        else:
            beyond = None
        seen = self._tail + data
        place = seen.find(self._end)
        if place >= 0:
            behind = place + len(self._end)
            self._keep(data[: behind - len(self._tail)], room)
            return seen[behind:] + (beyond or b"")
        self._keep(data, room)
        self._tail = seen[-len(self._end) :]
        self._cut = self._cut or beyond is not None
        return beyond

    def document(self, *, ended: bool) -> Document:
        content = bytes(self._kept)
        whole = ended and not self._cut
        return Document(content.removesuffix(self._end) if self.marked and whole else content, self.marked, whole)

    def _keep(self, data: bytes, room: int) -> None:
        self._cut = self._cut or len(data) > room
        self._kept += data[:room]
