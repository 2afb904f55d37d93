"""Tells channels what changed: a worker for each channel that has something to tell, beside everything else.

What is due is found anew in every pass over the status, so a worker always sends the last word. What was told is kept
here and goes into the status with the next write; after a restart it is read from there.
"""

import asyncio
import collections
import contextlib
import dataclasses
import datetime
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator.api import notice
from inspect_operator.api import task as tasks
from inspect_operator.handlers import queue
from inspect_operator.handlers.notices import counters, delivery
from inspect_operator.publish import row as rows
from inspect_operator.publish.notices import alertmanager, due, record
from inspect_operator.runner import findings

logger = logging.getLogger(__name__)

#: What happens close together is told together.
GATHER_SECONDS = 2.0
#: Between two messages of an Inspect to one channel; what happens meanwhile is told by the next, if it still holds.
PAUSE_SECONDS = 30.0
FIRST_BACKOFF_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 300.0
#: Sent at the same time for one namespace, so that slow endpoints of one don't hold up those of another.
AT_ONCE = 4


@dataclasses.dataclass
class _Channel:
    policy: notice.Policy
    outcome: record.Outcome
    told: dict[str, due.Told]
    found: tuple[due.Change, ...] = ()  # by the pass that goes on
    pending: tuple[due.Change, ...] = ()
    firing: dict[str, due.Change] = dataclasses.field(default_factory=dict)  # alerts, to be sent again and again
    refresh_at: float = 0.0  # monotonic seconds, as the next
    not_before: float = 0.0
    failures: int = 0
    woken: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    worker: asyncio.Task[None] | None = None

    def wait_seconds(self) -> float | None:
        """Until there is something to send; None where there is nothing."""
        now = time.monotonic()
        if self.pending:
            return max(0.0, self.not_before - now)
        return max(0.0, self.refresh_at - now, self.not_before - now) if self.firing else None


@dataclasses.dataclass
class _Object:
    uid: str
    inspection: tasks.Inspection
    channels: dict[str, _Channel] = dataclasses.field(default_factory=dict)


class Notifier:
    """`report` has the status of an Inspect looked at again: what was told has changed."""

    def __init__(self, sender: delivery.Delivery, report: Callable[[queue.Key], None], *, message_center: bool) -> None:
        self._delivery = sender
        self._report = report
        self._message_center = message_center
        self._objects: dict[queue.Key, _Object] = {}
        self._slots: dict[str, asyncio.Semaphore] = collections.defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self.counters = counters.Counters()

    def note(
        self, key: queue.Key, inspection: tasks.Inspection, found: Sequence[rows.Row], before: Sequence[record.Entry]
    ) -> list[record.Entry]:
        """Finds what is due; returns status.notifications. Nothing is sent before dispatch()."""
        known = self._objects.get(key)
        if known is None or known.uid != inspection.owner.uid:
            self.forget(key)
            known = self._objects[key] = _Object(inspection.owner.uid, inspection)
        known.inspection = inspection
        written = {str(entry.get("name")): entry for entry in before}
        policies = due.policies(inspection, message_center=self._message_center)
        for name in set(known.channels) - {policy.name for policy in policies}:
            _end(known.channels.pop(name))
        noted = []
        for policy in policies:
            channel = known.channels.get(policy.name)
            if channel is None:
                outcome, told = record.read(written.get(policy.name, {}), [one.name for one in inspection.tasks])
                channel = known.channels[policy.name] = _Channel(policy, outcome, told)
            elif channel.policy != policy:
                channel.policy, channel.not_before, channel.failures = policy, 0.0, 0
            channel.told, channel.found = due.changes(policy, channel.told, found)
            if policy.channel is notice.Channel.ALERTMANAGER:
                channel.firing = _firing(channel, found)
            noted.append((policy, channel.outcome, channel.told))
        self._objects[key].channels = {policy.name: known.channels[policy.name] for policy in policies}
        return record.entries(noted)

    def dispatch(self, key: queue.Key) -> None:
        """Has everything sent that note() found; to be called once the status tells it too."""
        known = self._objects.get(key)
        for channel in known.channels.values() if known else ():
            if channel.found and not channel.pending:
                channel.not_before = max(channel.not_before, time.monotonic() + GATHER_SECONDS)
            channel.pending = channel.found
            channel.woken.set()
            if channel.worker is None and channel.wait_seconds() is not None:
                words = f"notices {key[0]}/{key[1]} {channel.policy.name}"
                channel.worker = asyncio.create_task(self._work(key, channel), name=words)

    def forget(self, key: queue.Key) -> None:
        """The object is gone, or another."""
        known = self._objects.pop(key, None)
        for channel in known.channels.values() if known else ():
            _end(channel)

    async def close(self) -> None:
        """What is under way is told once more by the next operator."""
        workers = [
            channel.worker
            for known in self._objects.values()
            for channel in known.channels.values()
            if channel.worker is not None
        ]
        for key in tuple(self._objects):
            self.forget(key)
        await asyncio.gather(*workers, return_exceptions=True)
        self._delivery.http.close()

    async def _work(self, key: queue.Key, channel: _Channel) -> None:
        try:
            while (seconds := channel.wait_seconds()) is not None:
                if seconds > 0:
                    channel.woken.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await channel.woken.wait()
                    continue
                async with self._slots[key[0]]:
                    await self._tell(key, channel)
        finally:
            channel.worker = None

    async def _tell(self, key: queue.Key, channel: _Channel) -> None:
        """One message with everything that is due, or the alerts that go on firing."""
        before = channel.outcome
        changes, refreshing = channel.pending or tuple(channel.firing.values()), not channel.pending
        told: list[due.Change] = []
        try:
            title = await self._send(key, channel.policy, changes, told)
        except errors.NotifyFailed as error:
            channel.failures += 1
            pause = min(FIRST_BACKOFF_SECONDS * 2 ** min(channel.failures - 1, 16), MAX_BACKOFF_SECONDS)
            channel.not_before = time.monotonic() + max(pause, error.after_seconds)
            channel.outcome = dataclasses.replace(before, words=rows.cut(f"not sent: {error}", 512), failing=True)
            self.counters.count(channel.policy.channel, counters.FAILED)
            logger.warning(
                "notice was not sent namespace=%s inspect=%s channel=%s type=%s times=%d error=%s",
                *key, channel.policy.name, channel.policy.channel, channel.failures, error,
            )  # fmt: skip
        else:
            channel.failures = 0
            channel.not_before = time.monotonic() + PAUSE_SECONDS
            channel.refresh_at = time.monotonic() + alertmanager.REFRESH_SECONDS
            if not refreshing:
                moment = rows.timestamp(datetime.datetime.now(datetime.UTC)) or ""
                channel.outcome = record.Outcome(record.SENT, False, moment, title)
            elif before.failing:
                channel.outcome = dataclasses.replace(before, words=record.SENT, failing=False)
            self.counters.count(channel.policy.channel, counters.SENT)
            logger.info(
                "notice was sent namespace=%s inspect=%s channel=%s type=%s tasks=%d",
                *key, channel.policy.name, channel.policy.channel, len(told),
            )  # fmt: skip
        if not refreshing:
            channel.told = channel.told | {change.task: change.told for change in told}
            channel.pending = tuple(
                one for one in channel.pending if all(one.told != was.told for was in told if was.task == one.task)
            )
        if channel.outcome != before or (told and not refreshing):
            self._report(key)

    async def _send(
        self, key: queue.Key, policy: notice.Policy, changes: tuple[due.Change, ...], told: list[due.Change]
    ) -> str:
        """The title; `told` gets what was told, also where the rest then fails."""
        try:
            title, parcels = await self._delivery.prepare(policy, self._objects[key].inspection, changes)
            for parcel in parcels:
                await self._delivery.send(parcel.request)
                told += parcel.changes
        except errors.NotifyFailed:
            raise
        except Exception as error:
            # A fault of ours; its text is not logged, it might hold an address.
            place = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("notice failed unexpectedly error=%s at=%s:%s", type(error).__name__, place.name, place.lineno)
            raise errors.NotifyFailed(f"a fault of the operator: {type(error).__name__}") from None
        return title


def _firing(channel: _Channel, found: Sequence[rows.Row]) -> dict[str, due.Change]:
    """Alerts that were told and hold still, as they would be told now."""
    made = {}
    for row in found:
        told = channel.told.get(str(row["task_name"]))
        if told is not None and told.verdict != due.PASSED and row.get("verdict") == told.verdict:
            severity: Any = told.severity or due.severity(row)
            how_bad = findings.Severity(severity)
            made[str(row["task_name"])] = due.Change(
                str(row["task_name"]), due.Kind.FAILING, row, told, told, how_bad
            )  # fmt: skip
    return made


def _end(channel: _Channel) -> None:
    if channel.worker is not None:
        channel.worker.cancel()
