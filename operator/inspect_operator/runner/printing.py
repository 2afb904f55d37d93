"""What hosts print, on the runner's own stdout and stderr: whole lines, each with its host in front.

Everything that a host prints stands behind `[name] `, whatever bytes it is made of, so that no host can write a line
in the name of another host or of the runner.
"""

import contextlib
import os
import re
import select
import threading

from inspect_operator.runner import lines

# A terminal would move its cursor to the front of the line and overwrite what stands there.
_ESCAPE = re.compile(rb"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[@-Z\\^_]?")
_CONTROL = bytes(set(range(32)) - set(b"\t\n")) + b"\x7f"
# Line ends to somebody: NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR.
_SEPARATORS = ("\x85".encode(), "\u2028".encode(), "\u2029".encode())

_PATIENCE_SECONDS = 5.0


class Printer:
    """Both streams under one lock: they may be one file. Where nobody reads any more, inspecting goes on."""

    def __init__(self, stdout: int = 1, stderr: int = 2) -> None:
        self._descriptors = {1: stdout, 2: stderr}
        self._lock = threading.Lock()
        self._hosts_may_print = True

    def host_lines(self, stream: int, whole_lines: bytes) -> None:
        with self._lock:
            if self._hosts_may_print:
                self._write(stream, whole_lines)

    def silence_hosts(self) -> None:
        """From here on only the runner prints. Returns after a while even if a blocked host holds the streams."""
        locked = self._lock.acquire(timeout=_PATIENCE_SECONDS)
        self._hosts_may_print = False
        if locked:
            self._lock.release()

    def say(self, message: str) -> None:
        text = lines.clean(" ".join(message.split()).encode("utf-8", "replace"))
        locked = self._lock.acquire(timeout=_PATIENCE_SECONDS)
        self._write(2, f"inspect-runner: {text}\n".encode("utf-8", "replace"))
        if locked:
            self._lock.release()

    def rows(self, text: bytes) -> None:
        self._write(1, text)

    def _write(self, stream: int, data: bytes) -> None:
        descriptor = self._descriptors[stream]
        rest = memoryview(data)
        with contextlib.suppress(OSError):
            while rest:
                try:
                    rest = rest[os.write(descriptor, rest) :]
                except BlockingIOError:
                    select.select([], [descriptor], [])


class Stream:
    """One stream of one host. Of a line longer than lines.MAX_LINE_BYTES the head is printed."""

    def __init__(self, printer: Printer, stream: int, name: str) -> None:
        self._printer = printer
        self._stream = stream
        self._prefix = f"[{name}] ".encode("utf-8", "replace")
        self._splitter = lines.Splitter()

    def feed(self, data: bytes) -> None:
        self._print(self._splitter.feed(data))

    def close(self) -> None:
        self._print(self._splitter.close())

    def _print(self, block: bytes) -> None:
        if not block:
            return
        block = plain(block)
        whole = b"\n".join(self._prefix + line for line in lines.split(block) if line)
        if whole:
            self._printer.host_lines(self._stream, whole + b"\n")


def plain(block: bytes) -> bytes:
    """Without escape sequences and control characters; tabs and LF stay."""
    if b"\x1b" in block:
        block = _ESCAPE.sub(b"", block)
    block = block.translate(None, _CONTROL)
    for separator in _SEPARATORS:
        if separator in block:
            block = block.replace(separator, b" ")
    return block
