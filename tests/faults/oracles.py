"""What has to hold at the end of every plan, each in words where it does not."""

import collections
from collections.abc import Callable, Sequence

from inspect_operator.cluster import client
from tests.faults import proxy, state, workloads

Probe = Callable[[], bool]


def ended(seen: client.Object | None, workload: workloads.Workload) -> bool:
    """Whether it may be over: the object is gone, or finished."""
    return seen is None if workload.gone else workload.subject.finished(seen)


def end(
    expected: state.State | None, seen: state.State, quiet_seconds: float, inspect: client.Object | None
) -> list[str]:
    """Why the end state was not reached in time."""
    different = state.differences(expected, seen) if expected is not None else []
    if not different:
        conditions = (inspect or {}).get("status", {}).get("conditions")
        return [f"not at rest in time: last write {quiet_seconds:.0f} s ago, conditions {conditions}"]
    return [f"end state differs from that of the fault-free run{one}" for one in different[:20]]


def rest(quiet_seconds: float, over_seconds: float, writes: Sequence[proxy.Write]) -> list[str]:
    """At rest nothing is written."""
    if quiet_seconds >= over_seconds:
        return []
    return [f"written at rest: {', '.join(one.place for one in writes[-5:])}"]


def log(text: str) -> list[str]:
    """A traceback is a bug, whatever became of it."""
    lines = text.splitlines()
    return [
        "traceback in the operator's log:\n" + "\n".join(lines[max(0, number - 1) : number + 40])
        for number, line in enumerate(lines)
        if line.startswith("Traceback (most recent call last)")
    ][:1]


def runs(scene: workloads.Scene, workload: workloads.Workload, made: Sequence[str]) -> list[str]:
    """Each accepted run was done once: as the API server noted the Jobs made, and as a machine outside counted."""
    said = [f"Job {name} was made {times} times" for name, times in collections.Counter(made).items() if times > 1]
    prefix = f"{scene.namespace}."
    counts = {w.removeprefix(prefix): n for w, n in scene.markers.counts.items() if w.startswith(prefix)}
    must = collections.Counter(workload.ran)
    said += [f"{word} ran {counts.get(word, 0)} times, not {n}" for word, n in must.items() if counts.get(word, 0) != n]
    for word, number in counts.items():
        if word not in must and (word not in workload.may_run or number > 1):
            said.append(f"{word} ran {number} times")
    return said
