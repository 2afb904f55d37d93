"""Times and sums in words for people."""

import datetime

from inspect_operator.publish.reports import model

MARKS = {
    "success": "✔", "fail": "✘", "error": "✘", "unknown": "?", "skipped": "–", "": "…", "warn": "!", "info": "·",
}  # fmt: skip
#: What an unfinished run is called, by the state of its row.
STATES = {"active": "running", "waiting": "waiting", "": "waiting"}


def moment(when: datetime.datetime | None) -> str:
    """2026-01-02 03:04:05 UTC; empty where it isn't known."""
    return when.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if when else ""


def duration(seconds: float | None) -> str:
    """As kubectl writes ages: 42s, 5m10s, 3h, 2d; empty where it isn't known."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    for size, unit, next_size, below in ((60, "m", 1, "s"), (3600, "h", 60, "m"), (86400, "d", 3600, "h")):
        number = whole // size
        if number < {"m": 120, "h": 48, "d": 10**9}[unit]:
            rest = whole % size // next_size
            return f"{number}{unit}" + (f"{rest}{below}" if rest and number < 10 else "")
    raise AssertionError


def age(when: datetime.datetime | None, now: datetime.datetime) -> str:
    """How long ago; empty where it isn't known."""
    return duration((now - when).total_seconds()) if when else ""


def verdict(ran: model.Ran) -> str:
    """success, fail, …; running or waiting where there is none yet."""
    return ran.verdict or STATES.get(ran.state, "waiting")


def headline(report: model.Report) -> str:
    """The whole in one sentence."""
    counts = model.tally(report)
    number = sum(counts.values())
    bad = sum(counts.get(verdict, 0) for verdict in ("error", "fail", "unknown"))
    if not number:
        return "Nothing was inspected"
    if bad:
        return f"{bad} of {tasks(number)} did not pass"
    if unfinished := counts.get("", 0):
        return f"{unfinished} of {tasks(number)} {'has' if unfinished == 1 else 'have'} not run to an end yet"
    if skipped := counts.get("skipped", 0):
        return f"{skipped} of {tasks(number)} {'was' if skipped == 1 else 'were'} skipped, the others passed"
    return f"All {tasks(number)} passed" if number > 1 else "The task passed"


def tasks(number: int) -> str:
    """1 task, 2 tasks."""
    return f"{number} task{'' if number == 1 else 's'}"


def counted(task: model.Task) -> str:
    """The numbers of findings, worst first: 2 fail, 1 warn, 10 success."""
    return ", ".join(f"{number} {result}" for result, number in task.counts)


def cut(task: model.Task) -> str:
    """What of the task is counted but not told; empty where all is."""
    parts = [f"{task.cut} more findings"] if task.cut else []
    parts += [f"{task.targets_cut} more targets"] if task.targets_cut else []
    return " and ".join(parts) + " are counted but not listed for want of space" if parts else ""


def output_note(task: model.Task) -> str:
    """What of the output is missing; empty where it is whole."""
    if task.output_cut:
        return f"the first {task.output_cut:,} bytes are cut"
    return "" if task.output_whole else "only the end of the output is kept in the status"
