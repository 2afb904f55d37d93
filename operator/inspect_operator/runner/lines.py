"""Bytes of output, in pieces of any size, to lines of clean text; memory stays bounded whatever is printed.

A line ends at LF, CRLF or a lone CR (a progress bar draws over itself with CR: what stood there is its own line).
"""

import re

MAX_LINE_BYTES = 16 * 1024
"""Of a longer line only the head is kept: no finding needs more, and 1 GiB without a line end must not be held."""

_ESCAPE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: window titles, hyperlinks
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor movement
    r"|\x1b[@-Z\\^_]?"  # two-character escapes, and a lone ESC
)
# C0 but tab, DEL, C1; then what reorders or hides the text around it: BOM and bidirectional controls.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(line: bytes) -> str:
    """One line as text: UTF-8 decoded with replacement, ANSI escapes and control characters removed, tabs kept."""
    text = line.decode("utf-8", errors="replace")
    return _CONTROL.sub("", _ESCAPE.sub("", text))


class Splitter:
    """Gathers the pieces of one stream into blocks of whole lines.

    Blocks and not lines, because a caller can rule out a block of 64 KiB with one search, and a script may print
    hundreds of millions of lines.
    """

    def __init__(self) -> None:
        self._unfinished = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The whole lines that `data` completes, LF between them; empty when it completes none.

        A line in the block may be longer than MAX_LINE_BYTES by the size of one piece; `split` cuts it.
        """
        data = data.replace(b"\r", b"\n") if b"\r" in data else data
        end = data.rfind(b"\n")
        if end < 0:
            self._keep(data)
            return b""
        block = bytes(self._unfinished) + data[:end]
        self._unfinished.clear()
        self._keep(data[end + 1 :])
        return block

    def close(self) -> bytes:
        """The last line, where the stream ended without a line end."""
        block = bytes(self._unfinished)
        self._unfinished.clear()
        return block

    def _keep(self, data: bytes) -> None:
        self._unfinished += data[: MAX_LINE_BYTES - len(self._unfinished)]


class Tail:
    """The last bytes of one stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = b""

    def feed(self, data: bytes) -> None:
        # Twice the limit, for what cleaning takes away.
        self._kept = (self._kept + data[-2 * self._limit :])[-2 * self._limit :]

    def text(self) -> str:
        return tail(self._kept, self._limit)


def tail(output: bytes, limit: int) -> str:
    """The last lines, clean and at most `limit` bytes of UTF-8; of a single longer line its end."""
    text = "\n".join(clean(line) for line in output.rstrip().splitlines())
    data = text.strip("\n").encode()
    if len(data) <= limit:
        return data.decode()
    kept = data[-limit:]
    _, line_end, rest = kept.partition(b"\n")
    return (rest if line_end and rest else kept).decode(errors="ignore")


def split(block: bytes) -> list[bytes]:
    """The lines of a block, each cut to MAX_LINE_BYTES."""
    return [line[:MAX_LINE_BYTES] for line in block.split(b"\n")]
