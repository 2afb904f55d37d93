"""What the runs of a task tell together: how many passed, whether its verdict flaps, what is new and what is fixed.

Flapping is what Nagios means by it, in its simplest form: among the last runs known (at most eleven: this one and the
history) the task went from passed to not passed, or back, three times or more. Nagios weighs late changes more and
looks at 21 checks; so few runs as are kept here would make that arbitrary.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inspect_operator.publish import row as rows

FLAPS = 3
MAX_CHANGES = 10
_TEXT_BYTES = 200
_LOOKED = ("success", "fail")  # of another run nobody knows what it would have found
#: No results of runs: nothing ran, or what it found counts for nothing.
_NO_RUN = (rows.SCHEDULE_MISSED, rows.SUPERSEDED)

Finding = Mapping[str, Any]


def of(row: rows.Row, previous: Mapping[str, Any], failing: Sequence[Finding]) -> rows.Row:
    """What to add to the row of a run that ended. `previous` is the task's last report (empty: none), `failing` are all
    failing findings of this run that could be read."""
    history = longest(row, previous)
    passed = [one.get("verdict") == "success" for one in (row, *history) if _ran(one)]
    made: rows.Row = {}
    if passed:
        made["passRate"] = f"{sum(passed)}/{len(passed)}"
    if sum(one is not other for one, other in itertools.pairwise(passed)) >= FLAPS:
        made["flapping"] = True
    if history and previous and row.get("verdict") not in (None, "skipped"):
        made |= _changes(row, previous, failing)
    return made


def longest(row: rows.Row, previous: Mapping[str, Any]) -> list[rows.Row]:
    """The history of runs, the latest first: the status may have had no room for it, the last report has."""
    own, kept = list(row.get("history") or ()), list(previous.get("history") or ())
    if previous.get("verdict") and not rows.is_missed(previous) and not _same_run(row, previous):
        kept.insert(0, {name: previous[name] for name in rows.PAST if name in previous})
    known = {_key(one) for one in (row, *own)}
    return [*own, *(one for one in kept if _key(one) not in known)][: rows.MAX_HISTORY]


def failing(findings: Iterable[Finding]) -> list[Finding]:
    """Those that fail a task."""
    return [one for one in findings if one.get("result") == "fail"]


def _key(one: Mapping[str, Any]) -> str:
    """A run of a task on nodes has many Jobs, and no uid of its own in its report."""
    return str(one.get("finished") or one.get("missed") or one.get("runUid"))


def _ran(row: rows.Row) -> bool:
    return bool(row.get("verdict")) and row["verdict"] != "skipped" and row.get("reason") not in _NO_RUN


def _changes(row: rows.Row, previous: Mapping[str, Any], failing_now: Sequence[Finding]) -> rows.Row:
    before, now = _texts(_all_failing(previous)), _texts(failing_now)
    new: set[str] = set()
    fixed: set[str] = set()
    # What was cut may be among those that seem to have come or gone.
    if previous.get("verdict") in _LOOKED and _known(previous, before):
        new = set(now - before)
    if row["verdict"] in _LOOKED and _known(row, now):
        fixed = set(before - now)
    if _same_run(row, previous):
        # Told once more, or more of it: one node after the other.
        new |= set(previous.get("newFindings") or ()) & set(now)
        fixed |= set(previous.get("fixedFindings") or ()) - set(now)
    made = {"newFindings": sorted(new)[:MAX_CHANGES], "fixedFindings": sorted(fixed)[:MAX_CHANGES]}
    return {name: texts for name, texts in made.items() if texts}


def _same_run(row: rows.Row, previous: Mapping[str, Any]) -> bool:
    if row.get("runUid") or previous.get("runUid"):
        return bool(row.get("runUid") == previous.get("runUid"))
    return (row.get("history") or [])[:1] == (previous.get("history") or [])[:1]


def _all_failing(report: Mapping[str, Any]) -> list[Finding]:
    own = failing(report.get("findings") or ())
    of_targets = [
        {**one, "target": target.get("target", "")}
        for target in report.get("targets") or ()
        for one in failing(target.get("findings") or ())
    ]
    listed = {(one.get("name"), one.get("target")) for one in own}
    return own + [one for one in of_targets if (one.get("name"), one["target"]) not in listed]


def _known(told: Mapping[str, Any], texts: Counter[str]) -> bool:
    """Whether every failing finding that was counted is listed."""
    return int((told.get("counts") or {}).get("fail", 0)) <= texts.total()


def _texts(findings: Iterable[Finding]) -> Counter[str]:
    """`name`, or `name on target`; each as often as it was found."""
    return Counter(
        rows.cut(" on ".join(str(one[word]) for word in ("name", "target") if one.get(word)), _TEXT_BYTES)
        for one in findings
    )
