"""The end of a run's output, as text for people."""

from inspect_operator.runner import lines

LOG_BYTES = 64 * 1024
"""How much of a log's end is asked for. A log of this size or more is taken for one whose beginning is missing."""

MAX_BYTES = 2048


_NO_LOG = b"unable to retrieve container logs for "


def or_none(log: bytes | None) -> bytes | None:
    """None where the log is the kubelet's excuse: of a container that is gone it answers 200 with this sentence."""
    return None if log is None or (log.startswith(_NO_LOG) and b"\n" not in log.strip()) else log


def is_cut(log: bytes) -> bool:
    return len(log) >= LOG_BYTES


def whole_lines(log: bytes) -> bytes:
    """The log without the line that a cut has left without its beginning: it must not be read as a finding."""
    return log.partition(b"\n")[2] if is_cut(log) else log


def tail(log: bytes) -> str:
    """The last lines, clean and at most MAX_BYTES of UTF-8; of a single longer line its end."""
    text = "\n".join(lines.clean(line) for line in _end(log).rstrip().splitlines())
    data = text.strip("\n").encode()
    if len(data) <= MAX_BYTES:
        return data.decode()
    kept = data[-MAX_BYTES:]
    _, line_end, rest = kept.partition(b"\n")
    return (rest if line_end and rest else kept).decode(errors="ignore")


def _end(log: bytes) -> bytes:
    """Four times what is kept: colours and control bytes still go."""
    return log[-4 * MAX_BYTES :]
