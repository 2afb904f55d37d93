"""A work queue as controllers have it: one run at a time for each key; a wake-up during a run causes one more."""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable

from inspect_operator import errors
from inspect_operator.publish import meters

logger = logging.getLogger(__name__)

Key = tuple[str, str]  # namespace and name of an Inspect
#: Does the work; returns after how many seconds to look again, None for not before the next wake-up.
Work = Callable[[Key], Awaitable[float | None]]

FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 300.0


@dataclasses.dataclass
class _Entry:
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    resting: asyncio.TimerHandle | None = None
    again: bool = False
    failures: int = 0
    since: float = 0.0  # when it came to wait


class Queue:
    """`name` stands in log lines and metrics. Between two runs for a key at least `rest_seconds` pass, so that what
    happens close together is worked on together."""

    def __init__(self, name: str, work: Work, rest_seconds: float = 0.0, counted: meters.Meters | None = None) -> None:
        self._name = name
        self._meter = (counted or meters.Meters()).controller(name)
        self._work = work
        self._rest_seconds = rest_seconds
        self._entries: dict[Key, _Entry] = {}
        self._closed = False

    def wake(self, key: Key, within_seconds: float = 0.0) -> None:
        """Has the key worked on now, or once more after the present run. What can wait for more to come names the
        seconds after which it is worked on at the latest."""
        if self._closed:
            return
        entry = self._entries.setdefault(key, _Entry())
        if within_seconds and entry.task is None and entry.resting is None:
            loop = asyncio.get_running_loop()
            if entry.timer is None or entry.timer.when() > loop.time() + within_seconds:
                self._later(key, entry, within_seconds)
            return
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None
        if not entry.again:
            entry.since = self._meter.added()
        if entry.task is not None or entry.resting is not None:
            entry.again = True
        else:
            entry.again = False
            entry.task = asyncio.create_task(self._run(key, entry), name=f"{self._name} {key[0]}/{key[1]}")

    async def close(self) -> None:
        """Cancels what runs and waits for it to end."""
        self._closed = True
        tasks = []
        for entry in self._entries.values():
            for timer in (entry.timer, entry.resting):
                if timer is not None:
                    timer.cancel()
            if entry.task is not None:
                entry.task.cancel()
                tasks.append(entry.task)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: Key, entry: _Entry) -> None:
        delay: float | None = None
        failures, began = entry.failures, self._meter.began(entry.since)
        try:
            delay = await self._work(key)
            entry.failures = 0
        except errors.InspectError as error:
            if error.retry:
                delay = backoff_seconds(entry.failures)
            entry.failures += 1
            logger.warning("%s failed object=%s/%s reason=%s error=%s", self._name, *key, error.reason, error)
        except Exception:
            # A bug of ours must stop neither the other objects nor this one for ever.
            delay = backoff_seconds(entry.failures)
            entry.failures += 1
            logger.exception("%s failed unexpectedly object=%s/%s", self._name, *key)
        finally:
            entry.task = None
            self._meter.ended(began, failed=entry.failures > failures, again=delay is not None)
        if self._rest_seconds and not self._closed:
            loop = asyncio.get_running_loop()
            entry.resting = loop.call_later(self._rest_seconds, self._go_on, key, entry, delay)
        else:
            self._go_on(key, entry, delay)

    def _go_on(self, key: Key, entry: _Entry, delay: float | None) -> None:
        entry.resting = None
        if entry.again:
            self.wake(key)
        elif delay is not None and not self._closed:
            self._later(key, entry, delay)
        elif entry.failures == 0:
            self._entries.pop(key, None)

    def _later(self, key: Key, entry: _Entry, seconds: float) -> None:
        if entry.timer is not None:
            entry.timer.cancel()
        entry.timer = asyncio.get_running_loop().call_later(seconds, self.wake, key)


def backoff_seconds(failures: int) -> float:
    """1, 2, 4 … up to five minutes."""
    return float(min(FIRST_BACKOFF_SECONDS * 2 ** min(failures, 20), MAX_BACKOFF_SECONDS))
