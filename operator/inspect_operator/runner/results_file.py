"""The file in which a script leaves its findings, read once the script has ended.

It is read whatever it holds: only a regular file, of at most MAX_BYTES, so that a pipe or a device cannot hold the run.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from inspect_operator.runner import findings, stream
from inspect_operator.runner.dialects import junit

MAX_BYTES = 16 * 1024 * 1024
_PIECE = 64 * 1024


def read(path: Path, form: stream.Format, collector: stream.Collector) -> None:
    """Never raises: a file that is missing or cannot be read is a finding of `unknown`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as failure:
        collector.add(_unknown(path, f"the script left no such file ({failure.strerror})"))
        return
    try:
        _read(path, descriptor, form, collector)
    except OSError as failure:
        collector.add(_unknown(path, f"the file cannot be read: {failure.strerror}"))
    finally:
        os.close(descriptor)


def _read(path: Path, descriptor: int, form: stream.Format, collector: stream.Collector) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        collector.add(_unknown(path, "this is no regular file"))
        return
    head = os.pread(descriptor, 256, 0)
    if form is stream.Format.JUNIT or (form is stream.Format.AUTO and head.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] == b"<"):
        problem = junit.read(_pieces(descriptor), collector.add)
        if problem:
            collector.add(_unknown(path, f"no JUnit report that can be read: {problem}"))
        return
    parser = stream.Parser(collector, form)
    for piece in _pieces(descriptor):
        parser.feed(piece)
    parser.close()
    if status.st_size > MAX_BYTES:
        collector.add(_unknown(path, f"larger than {MAX_BYTES >> 20} MiB; the rest was not read"))


def _pieces(descriptor: int) -> Iterator[bytes]:
    """At most MAX_BYTES."""
    left = MAX_BYTES
    while left and (piece := os.read(descriptor, min(_PIECE, left))):
        yield piece
        left -= len(piece)


def _unknown(path: Path, why: str) -> findings.Finding:
    return findings.Finding(f"results file {path}", findings.Result.UNKNOWN, why)
