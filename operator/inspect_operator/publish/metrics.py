"""Metrics about what was inspected: from the statuses of Inspects to Prometheus' text.

A label set lives as long as its task stands in the status: whatever is deleted or renamed is gone with the next scrape.
What the operator itself did is counted in publish/meters.py.
"""

import asyncio
import dataclasses
import enum
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import prometheus_client
from prometheus_client import core, registry

from inspect_operator.run import timestamps
from inspect_operator.runner import findings
from inspect_operator.runner import verdict as verdicts

Status = dict[str, Any]
Row = dict[str, Any]

TASK = ("namespace", "inspect", "task")
#: Objects whose text is made without letting others go on: about 10 ms.
AT_ONCE = 10


class Name(enum.StrEnum):
    """The metrics that are read from statuses; gauges all."""

    READY = "inspect_ready"
    RESULT = "inspect_task_result"
    FINDINGS = "inspect_task_findings"
    DURATION = "inspect_task_duration_seconds"
    LAST_RUN = "inspect_task_last_run_timestamp_seconds"
    LAST_SUCCESS = "inspect_task_last_success_timestamp_seconds"
    MISSED = "inspect_task_schedule_missed"


#: Labels, and what it says.
_FAMILIES = {
    Name.READY: (TASK[:2], "1 where every release of the Inspect is as its spec wants it, else 0."),
    Name.RESULT: (
        (*TASK, "verdict"),
        "1 for the verdict of the task's last run, 0 for the others; all are 0 until a first run has ended.",
    ),
    Name.FINDINGS: ((*TASK, "result"), "Findings of the task's last run, by result."),
    Name.DURATION: (TASK, "How long the task's last run took that has ended."),
    Name.LAST_RUN: (TASK, "When the task's last run began."),
    Name.LAST_SUCCESS: (TASK, "When a run of the task last ended in success."),
    Name.MISSED: (TASK, "1 where a run of the task's schedule that should have begun did not, else 0."),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """An Inspect and its status as last written or seen."""

    namespace: str
    name: str
    status: Status


def families(seen: Sequence[Seen]) -> list[core.GaugeMetricFamily]:
    """Every metric, in the order of Name, with the samples of these objects."""
    made = {name: core.GaugeMetricFamily(name, words, labels=labels) for name, (labels, words) in _FAMILIES.items()}
    for one in seen:
        for name, labels, value in _samples(one):
            made[name].add_metric(labels, value)
    return list(made.values())


def _samples(seen: Seen) -> Iterator[tuple[Name, tuple[str, ...], float]]:
    place = (seen.namespace, seen.name)
    if seen.status.get("observedGeneration"):
        yield Name.READY, place, seen.status.get("ready") == "True"
    for row in seen.status.get("results") or ():
        task = (*place, str(row["task_name"]))
        for verdict in verdicts.Verdict:
            yield Name.RESULT, (*task, verdict.value), row.get("verdict") == verdict.value
        if row.get("schedule"):
            yield Name.MISSED, task, bool(row.get("missed"))
        if row.get("verdict"):
            for result in findings.Result:
                yield Name.FINDINGS, (*task, result.value), (row.get("counts") or {}).get(result.value, 0)
        began, ended = timestamps.read(row.get("started")), timestamps.read(row.get("finished"))
        if began and ended and row.get("verdict"):
            yield Name.DURATION, task, max(0.0, (ended - began).total_seconds())
        if began:
            yield Name.LAST_RUN, task, began.timestamp()
        if success := timestamps.read(row.get("lastSuccess")):
            yield Name.LAST_SUCCESS, task, success.timestamp()


class Texts:
    """The same as text, remembered by object: of a thousand Inspects few change from one scrape to the next, and making
    all of them anew takes the better part of a second."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[Status, list[bytes]]] = {}

    async def text(self, seen: Collection[Seen]) -> bytes:
        """All families of all objects in Prometheus' text format 0.0.4; others may go on in between."""
        await self._renew(seen)
        parts: list[bytes] = []
        for number, head in enumerate(_heads()):
            parts.append(head)
            parts += [lines[number] for _, lines in self._made.values()]
        return b"".join(parts)

    async def _renew(self, seen: Collection[Seen]) -> None:
        kept, fresh = {}, 0
        for one in seen:
            place = (one.namespace, one.name)
            known = self._made.get(place)
            if known is None or known[0] is not one.status:
                known = (one.status, [_lines(family) for family in families([one])])
                fresh += 1
                if fresh % AT_ONCE == 0:
                    await asyncio.sleep(0)
            kept[place] = known
        self._made = kept


class _One(registry.Collector):
    """A family as what prometheus-client makes text of."""

    def __init__(self, family: core.Metric) -> None:
        self._family = family

    def collect(self) -> list[core.Metric]:
        """Just that family."""
        return [self._family]


def _lines(family: core.Metric) -> bytes:
    """Its samples, without the two comments before them."""
    return prometheus_client.generate_latest(_One(family)).split(b"\n", 2)[2] if family.samples else b""


def _heads() -> list[bytes]:
    """The comments of each family."""
    return [prometheus_client.generate_latest(_One(family)) for family in families(())]
