"""What a look found."""

import dataclasses
import datetime
import enum
from collections.abc import Iterable, Sequence

MAX_NAMED = 5


class Level(enum.StrEnum):
    """Worst first."""

    ERROR = "error"  # something doesn't work
    WARN = "warn"  # something will not work, or not well
    UNKNOWN = "unknown"  # it could not be looked at
    INFO = "info"
    OK = "ok"


@dataclasses.dataclass(frozen=True)
class Finding:
    """`what` in a sentence, `evidence` as it was seen, and `fix`: a command, or the beginning of one."""

    level: Level
    what: str
    evidence: str = ""
    fix: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """OK where there is none."""
    order = list(Level)
    return min((one.level for one in findings), key=order.index, default=Level.OK)


def named(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = [f"and {len(names) - MAX_NAMED} more"] if len(names) > MAX_NAMED else []
    return ", ".join([*names[:MAX_NAMED], *more])


def age(moment: datetime.datetime, now: datetime.datetime) -> str:
    """How long ago, in words for evidence."""
    seconds = int((now - moment).total_seconds())
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
