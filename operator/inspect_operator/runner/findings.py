"""What a run found: the values that every dialect of output ends in. How text becomes them is told in `dialects`.

Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType

MAX_NAME, MAX_DESCRIPTION, MAX_MESSAGE, MAX_REMEDIATION = 200, 300, 1000, 500  # characters


class Result(StrEnum):
    """Worst first: findings are shown and kept in this order."""

    FAIL = "fail"
    UNKNOWN = "unknown"  # the script could not tell, or its line gives a result that is no word we know
    WARN = "warn"
    SUCCESS = "success"
    INFO = "info"


class Severity(StrEnum):
    """How much a finding matters, the most first. It never changes a verdict."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


DEFAULT_SEVERITY: Mapping[Result, Severity] = MappingProxyType(
    {
        Result.FAIL: Severity.HIGH,
        Result.UNKNOWN: Severity.MEDIUM,
        Result.WARN: Severity.LOW,
        Result.SUCCESS: Severity.INFO,
        Result.INFO: Severity.INFO,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    result: Result
    message: str = ""
    description: str = ""
    target: str = ""  # the host it is about, where a run inspects several
    severity: Severity | None = None  # None: the one that its result has by default
    remediation: str = ""  # what to do about it


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings of each result were printed, kept or not."""

    fail: int = 0
    unknown: int = 0
    warn: int = 0
    success: int = 0
    info: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Report:
    """Findings worst first; `cut` says how many more there were."""

    findings: tuple[Finding, ...] = ()
    counts: Counts = Counts()
    cut: int = 0


def severity(finding: Finding) -> Severity:
    """The finding's own severity, else the one that its result has by default."""
    return finding.severity or DEFAULT_SEVERITY[finding.result]


def other_severity(word: str, result: Result) -> Severity | None:
    """The severity that a word names; None where it is the result's default, or no severity at all."""
    try:
        named = Severity(word.strip().lower())
    except ValueError:
        return None
    return None if named is DEFAULT_SEVERITY[result] else named
