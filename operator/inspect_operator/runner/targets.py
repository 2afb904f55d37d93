"""Rows about single hosts, as they travel through the runner's log: one line a host, after everything else.

    inspect-target {"target":"web1","verdict":"fail","reason":"Findings","message":"…","exitCode":0,
                    "counts":{"fail":1},"started":"2026-11-21T07:17:19Z","finished":"2026-11-21T07:17:20Z"}

(in one line). What is empty is left out. No other line of the log can begin like this: what hosts print is prefixed
with `[name] `. All rows together stay within MAX_BYTES, so that they fit into the part of a log that is read.

Pure: no I/O.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from inspect_operator.runner import findings, verdict

MAX_BYTES = 40 * 1024
MARK = b"inspect-target "
_ALL = 10**6  # characters: more than any message has


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    judgement: verdict.Judgement
    exit_code: int | None  # None: nothing was run
    counts: findings.Counts
    started: datetime | None  # None: it was never begun, or there was no room to say when
    finished: datetime | None


def compose(targets: Sequence[Target]) -> bytes:
    """At most MAX_BYTES. Where that is too little: messages get shorter, evenly; then times, counts and at last
    messages go. (Very many long names: the last rows that passed go, then the last ones.)"""
    kept = _with_room(targets)
    for least, times, counts in ((60, True, True), (20, False, True)):
        fitting = _longest(kept, least, times, counts)
        if fitting:
            return fitting
    return _longest(kept, 0, False, False)


def parse(log: bytes) -> tuple[Target, ...]:
    """The rows in any log, in their order; of several with one name the last. Never raises."""
    rows = (_row(line) for line in log.split(b"\n"))
    return tuple({row.name: row for row in rows if row}.values())


def without(log: bytes) -> bytes:
    """The log without the lines that `parse` reads."""
    lines = log.split(b"\n")
    return b"\n".join(line for line in lines if not _row(line)) if MARK in log else log


def _with_room(targets: Sequence[Target]) -> list[Target]:
    """Those of which at least the shortest form fits."""
    sizes = [len(_line(target, 0, False, False)) for target in targets]
    backwards = range(len(targets) - 1, -1, -1)
    first_to_go = sorted(backwards, key=lambda n: targets[n].judgement.verdict is not verdict.Verdict.SUCCESS)
    gone: set[int] = set()
    total = sum(sizes)
    for number in first_to_go:
        if total <= MAX_BYTES:
            break
        gone.add(number)
        total -= sizes[number]
    return [target for number, target in enumerate(targets) if number not in gone]


def _longest(targets: Sequence[Target], least: int, times: bool, counts: bool) -> bytes:
    """The lines with the highest message limit that fits; nothing if not even `least` characters do."""
    whole = _lines(targets, _ALL, times, counts)
    if len(whole) <= MAX_BYTES:
        return whole
    best = _lines(targets, least, times, counts)
    if len(best) > MAX_BYTES:
        return b""
    low, high = least, MAX_BYTES
    while high - low > 1:
        middle = (low + high) // 2
        candidate = _lines(targets, middle, times, counts)
        if len(candidate) <= MAX_BYTES:
            low, best = middle, candidate
        else:
            high = middle
    return best


def _lines(targets: Sequence[Target], limit: int, times: bool, counts: bool) -> bytes:
    return b"".join(_line(target, limit, times, counts) for target in targets)


def _line(target: Target, limit: int, times: bool, counts: bool) -> bytes:
    message = " ".join(target.judgement.message.split())  # also every line separator that Unicode knows
    data: dict[str, Any] = {
        "target": target.name,
        "verdict": target.judgement.verdict.value,
        "reason": str(target.judgement.reason),
        "message": message if len(message) <= limit else message[: max(limit - 1, 0)] + "…" * (limit > 0),
        "exitCode": target.exit_code,
        "counts": {word: number for word, number in asdict(target.counts).items() if number and counts},
        "started": _stamp(target.started) if target.started and times else None,
        "finished": _stamp(target.finished) if target.finished and times else None,
    }
    kept = {key: value for key, value in data.items() if value not in (None, "", {})}
    return MARK + json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _row(line: bytes) -> Target | None:
    if not line.startswith(MARK):
        return None
    try:
        data = json.loads(line[len(MARK) :].decode("utf-8", "replace"))
        counts = {word: _whole(number) for word, number in data.get("counts", {}).items()}
        exit_code = data.get("exitCode")
        return Target(
            name=_text(data["target"]),
            judgement=verdict.Judgement(
                verdict.Verdict(data["verdict"]), _text(data["reason"]), str(data.get("message", ""))
            ),
            exit_code=None if exit_code is None else _whole(exit_code),
            counts=findings.Counts(**counts),
            started=_time(data.get("started")),
            finished=_time(data.get("finished")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError
    return value


def _stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: Any) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
