"""The end of a run's output, as text for people."""

from inspect_operator.runner import lines

LOG_BYTES = 192 * 1024
"""How much of a log's end is asked for. A log of this size or more is taken for one whose beginning is missing."""

LOG_LINES = 4000
"""Of a script's log no more lines are asked for: the kubelet finds these from the end, without reading it all."""

MAX_BYTES = 2048
OUTPUT_BYTES = 128 * 1024


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
    return lines.tail(log[-4 * MAX_BYTES :], MAX_BYTES)  # more than is kept: colours and control bytes still go


def output(log: bytes, *, by_lines: bool) -> tuple[str, int]:
    """As much as a report holds, and how many bytes are missing in front of it: at least so many, where the log's own
    beginning is. `by_lines`: it was asked for LOG_LINES at most."""
    whole, kept = lines.tail(log, len(log) * 3), lines.tail(log, OUTPUT_BYTES)
    beginning_missing = is_cut(log) or (by_lines and log.count(b"\n") >= LOG_LINES)
    return kept, max(len(whole.encode()) - len(kept.encode()), int(beginning_missing))
