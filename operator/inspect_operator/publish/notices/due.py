"""Which notices are due: a pure step from what a channel was told and what a task's row says now.

Level-triggered: a change stays due while what was told differs from what is, so that a crash or a dead endpoint may
repeat a notice, or join several into one, but never loses the last word.
"""

import dataclasses
import enum
import hashlib
from collections.abc import Sequence

from inspect_operator.api import notice
from inspect_operator.api import task as tasks
from inspect_operator.publish import row as rows
from inspect_operator.runner import findings

#: Name of the channel that tasks in the original spelling have without asking for it.
MESSAGE_CENTER = "message-center"
PASSED = "success"
MAX_FAILURES = 999
_BAD = ("fail", "error", "unknown")
#: How bad a run is that failed without a finding.
_OF_VERDICT = {"fail": findings.Severity.HIGH, "error": findings.Severity.HIGH, "unknown": findings.Severity.MEDIUM}


class Kind(enum.StrEnum):
    """What happened to a task."""

    FAILING = "failing"
    RECOVERED = "recovered"
    PASSED = "passed"


@dataclasses.dataclass(frozen=True)
class Told:
    """What a channel believes of a task: the verdict that it was told last, and of the run that was looked at last its
    hash and how many failed in a row up to it."""

    verdict: str = PASSED
    run: str = ""
    failures: int = 0
    severity: str = ""  # of the failure that was told


@dataclasses.dataclass(frozen=True)
class Change:
    """One task's news: `told` is what the channel believes once it was sent, `before` what it believed.

    `earlier`: runs in between that nobody was told of, the latest first, in the shape of PastRun.
    """

    task: str
    kind: Kind
    row: rows.Row
    told: Told
    before: Told
    severity: findings.Severity
    earlier: tuple[rows.Row, ...] = ()


def policies(inspection: tasks.Inspection, *, message_center: bool) -> tuple[notice.Policy, ...]:
    """What the Inspect asks for; where it says nothing, its tasks in the original spelling tell the operator's message
    center, if there is one, of every run: as they always did."""
    if inspection.notifications is not None:
        return inspection.notifications
    originals = tuple(one.name for one in inspection.tasks if one.original)
    if not (message_center and originals):
        return ()
    center = notice.Channel.MESSAGE_CENTER
    return (notice.Policy(MESSAGE_CENTER, center, when=notice.When.ALWAYS, tasks=originals),)


def changes(
    policy: notice.Policy, told: dict[str, Told], found: Sequence[rows.Row]
) -> tuple[dict[str, Told], tuple[Change, ...]]:
    """What is to be noted without a word, by task, and what is to be told."""
    noted: dict[str, Told] = {}
    news = []
    for row in found:
        name = str(row["task_name"])
        if policy.tasks and name not in policy.tasks:
            continue
        noted[name], change = step(policy, told.get(name, Told()), row)
        if change is not None:
            news.append(change)
    return noted, tuple(news)


def step(policy: notice.Policy, told: Told, row: rows.Row) -> tuple[Told, Change | None]:
    """Of one task. A row without a result, or one that was skipped, is no news."""
    verdict = row.get("verdict")
    if verdict not in (PASSED, *_BAD) or (row.get("targets") and row.get("state") != "finished"):
        return told, None
    run, how_bad = run_of(row), severity(row)
    bad = verdict in _BAD and rank(how_bad) >= rank(policy.min_severity)
    another = run != told.run or (bad and not told.failures)
    failures = _failures(policy, told, row, another) if bad else 0
    believed = told.verdict != PASSED
    noted = dataclasses.replace(told, run=run, failures=failures)
    now = Told(str(verdict) if bad else PASSED, run, failures, how_bad.value if bad else "")
    enough = failures >= policy.failure_threshold
    changed = another or told.verdict != now.verdict
    match policy.when:
        case notice.When.ON_CHANGE:
            due = (bad and enough and now.verdict != told.verdict) or (not bad and believed)
        case notice.When.ON_FAILURE:
            due = bad and enough and changed
            noted = noted if bad else now
        case notice.When.ON_RECOVERY:
            due = not bad and believed
            noted = now if bad and enough else noted
        case notice.When.ALWAYS:
            due = changed and (not bad or enough)
    if not due:
        return noted, None
    kind = Kind.FAILING if bad else Kind.RECOVERED if believed else Kind.PASSED
    return told, Change(str(row["task_name"]), kind, row, now, told, how_bad, _earlier(told, row))


def run_of(row: rows.Row) -> str:
    """Hash of what tells one result from the next: the run, or the time at which one is missed."""
    run = row.get("runUid") or f"{row.get('runKey', '')} {row.get('finished', '')}"
    return _hash(f"{run} {row.get('missed', '')}")


def severity(row: rows.Row) -> findings.Severity:
    """Of what failed: the worst of its failing findings, else what the verdict alone says."""
    verdict = row.get("verdict")
    if verdict not in _BAD:
        return findings.Severity.INFO
    found = [_severity(one) for one in row.get("findings") or () if one.get("result") in ("fail", "unknown")]
    if verdict == "fail" and found:
        return max(found, key=rank)
    return _OF_VERDICT[verdict]


def rank(severity: findings.Severity) -> int:
    """The worse, the greater."""
    return -list(findings.Severity).index(severity)


def _severity(finding: rows.Row) -> findings.Severity:
    said = finding.get("severity")
    return findings.Severity(said) if said in set(findings.Severity) else findings.DEFAULT_SEVERITY[finding["result"]]


def _failures(policy: notice.Policy, told: Told, row: rows.Row, another: bool) -> int:
    """Runs that failed in a row up to this one; the history knows of those that nobody looked at."""
    counted = told.failures + 1 if another else told.failures
    if policy.min_severity is findings.Severity.INFO:
        in_history = 1
        for past in _ended(row):
            if past["verdict"] not in _BAD:
                break
            in_history += 1
        counted = max(counted, in_history)
    return min(counted, MAX_FAILURES)


def _earlier(told: Told, row: rows.Row) -> tuple[rows.Row, ...]:
    """Runs of the history since the one that was looked at last; none where that isn't known."""
    past = _ended(row)
    hashes = [run_of(one) for one in past]
    return tuple(past[: hashes.index(told.run)]) if told.run in hashes else ()


def _ended(row: rows.Row) -> list[rows.Row]:
    return [
        one
        for one in row.get("history") or ()
        if one.get("verdict") in (PASSED, *_BAD) and one.get("reason") != "Superseded"
    ]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
