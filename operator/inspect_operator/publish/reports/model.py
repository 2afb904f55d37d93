"""What a report tells, whatever its form: Inspects, their tasks, and what each found.

Texts are clean (see `reading.text`): no control characters, nothing that XML or UTF-8 can't hold. They are still
anybody's words: each form escapes them in its own way. Times are aware datetimes or None, durations are seconds.
"""

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

PASSED = ("success", "skipped")
#: Worst first; "" is a run that has not ended.
VERDICTS = ("error", "fail", "unknown", "", "success", "skipped")
RESULTS = ("fail", "unknown", "warn", "success", "info")
SEVERITIES = {"fail": "high", "unknown": "medium", "warn": "low", "success": "info", "info": "info"}


@dataclasses.dataclass(frozen=True)
class Finding:
    """`result` is one of RESULTS, `severity` critical, high, medium, low or info."""

    name: str
    result: str
    severity: str
    message: str = ""
    description: str = ""
    target: str = ""
    remediation: str = ""

    @property
    def bad(self) -> bool:
        """Whether somebody should look at it: warnings too."""
        return self.result in ("fail", "unknown", "warn")


@dataclasses.dataclass(frozen=True)
class Ran:
    """How something ended: a task, one of its targets, or a run before. `verdict` is empty while it goes on."""

    verdict: str = ""
    reason: str = ""
    message: str = ""
    state: str = ""
    job: str = ""
    started: datetime.datetime | None = None
    finished: datetime.datetime | None = None
    exit_code: int | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, where both ends are known."""
        if self.started is None or self.finished is None:
            return None
        return max(0.0, (self.finished - self.started).total_seconds())


@dataclasses.dataclass(frozen=True)
class Target:
    """One node or host."""

    name: str
    ran: Ran
    findings: tuple[Finding, ...] = ()


@dataclasses.dataclass(frozen=True)
class Task:
    """One task. `history` has the latest run first and not the present one; `kind` is script, image, check or ssh and
    `where` pod, nodes or hosts, both empty where they aren't known. `output_cut` is how many bytes are known to be
    missing at its beginning, `output_whole` whether it is more than the tail that the status has."""

    name: str
    ran: Ran
    kind: str = ""
    where: str = ""
    schedule: str = ""
    suspended: bool = False
    release: str = ""
    revision: int | None = None
    counts: tuple[tuple[str, int], ...] = ()
    findings: tuple[Finding, ...] = ()
    cut: int = 0
    targets: tuple[Target, ...] = ()
    targets_cut: int = 0
    output: str = ""
    output_cut: int = 0
    output_whole: bool = False
    stderr: str = ""
    history: tuple[Ran, ...] = ()
    pass_rate: str = ""
    flapping: bool = False
    new: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    missed: datetime.datetime | None = None
    advice: str = ""

    @property
    def units(self) -> Sequence[Ran]:
        """What counts for the score: each target, or the task itself."""
        return [target.ran for target in self.targets] or [self.ran]


@dataclasses.dataclass(frozen=True)
class Condition:
    """A condition of the Inspect: Ready, Finished or Succeeded."""

    type: str
    status: str
    reason: str
    message: str


@dataclasses.dataclass(frozen=True)
class Inspection:
    """One Inspect object. `current` is false where the operator has not looked at its present spec yet."""

    namespace: str
    name: str
    tasks: tuple[Task, ...]
    conditions: tuple[Condition, ...] = ()
    current: bool = True

    @property
    def verdict(self) -> str:
        """The worst of its tasks; empty where one has not ended and none failed."""
        return worst(task.ran.verdict for task in self.tasks)

    def condition(self, name: str) -> Condition:
        """One of its conditions; Unknown where it isn't there."""
        return next((one for one in self.conditions if one.type == name), Condition(name, "Unknown", "", ""))


@dataclasses.dataclass(frozen=True)
class Report:
    """Several Inspects at one moment."""

    created: datetime.datetime
    inspections: tuple[Inspection, ...]

    @property
    def tasks(self) -> list[tuple[Inspection, Task]]:
        """All tasks, in order."""
        return [(inspection, task) for inspection in self.inspections for task in inspection.tasks]

    @property
    def verdict(self) -> str:
        """The worst of all tasks."""
        return worst(task.ran.verdict for _, task in self.tasks)

    @property
    def score(self) -> "Score":
        """How much of what was inspected passed."""
        units = [unit.verdict for _, task in self.tasks for unit in task.units]
        counted = [verdict for verdict in units if verdict not in ("", "skipped")]
        return Score(counted.count("success"), len(counted))


@dataclasses.dataclass(frozen=True)
class Score:
    """`passed` of `counted` pods, nodes and hosts; what was skipped or has not ended doesn't count, and neither do
    warnings."""

    passed: int
    counted: int

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means all; None where nothing counts."""
        return self.passed * 100 // self.counted if self.counted else None


def worst(verdicts: Iterable[str]) -> str:
    """The worst of them; empty where there is none."""
    found = [verdict if verdict in VERDICTS else "unknown" for verdict in verdicts]
    return min(found, key=VERDICTS.index, default="")


def tally(report: Report) -> dict[str, int]:
    """How many tasks there are of each verdict, worst first; those that haven't ended stand under ""."""
    verdicts = [task.ran.verdict for _, task in report.tasks]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}
