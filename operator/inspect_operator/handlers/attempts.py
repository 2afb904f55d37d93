"""Carries out the steps of one pass over an Inspect, and remembers which failed: when, why and until when to wait."""

import asyncio
import dataclasses
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence

from inspect_operator import errors
from inspect_operator.handlers import queue
from inspect_operator.plan import steps

logger = logging.getLogger(__name__)

#: What a pass is about: the uid of the object, the generation of its spec (or "deletion" in its place), which run was
#: asked for, and the templates that there are.
Subject = tuple[str, int | str, str, str]
DELETION = "deletion"


@dataclasses.dataclass(frozen=True)
class Failure:
    """Not to be tried again before `until` (monotonic seconds) while `subject` stands."""

    error: errors.InspectError
    subject: Subject
    times: int
    until: float

    @property
    def pause_seconds(self) -> float:
        """How long to wait yet."""
        return max(0.1, self.until - time.monotonic())


class Attempts:
    """`at_once` limits the steps of one object, so that a large one leaves room for others."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._failures: dict[queue.Key, dict[str, Failure]] = {}  # by release

    def failures(self, key: queue.Key, open_steps: Sequence[steps.Step]) -> list[Failure]:
        """What stands in the way of these steps."""
        known = self._failures.get(key, {})
        return [known[step.release] for step in open_steps if step.release in known]

    def by_release(self, key: queue.Key) -> dict[str, errors.InspectError]:
        """The same of all steps of the object, by release."""
        return {release: failure.error for release, failure in self._failures.get(key, {}).items()}

    def keep_only(self, key: queue.Key, open_steps: Sequence[steps.Step]) -> None:
        """A failure of a release that is as desired by now is forgotten."""
        releases = {step.release for step in open_steps}
        kept = {release: one for release, one in self._failures.pop(key, {}).items() if release in releases}
        if kept:
            self._failures[key] = kept

    def due(self, key: queue.Key, subject: Subject, open_steps: Sequence[steps.Step]) -> list[steps.Step]:
        """The steps to take now: one that failed waits for its time, or for another subject."""
        known, now = self._failures.get(key, {}), time.monotonic()

        def waits(failure: Failure | None) -> bool:
            return failure is not None and failure.subject == subject and now < failure.until

        return [step for step in open_steps if not waits(known.get(step.release))]

    async def carry_out(
        self,
        key: queue.Key,
        subject: Subject,
        todo: Sequence[steps.Step],
        act: Callable[[steps.Step], Awaitable[None]],
        wanted: Callable[[], bool],
    ) -> None:
        """Some steps at a time, until `wanted` says no; all have ended when this returns, so that no two passes work on
        one release. A failure stands by itself and is remembered."""
        slots = asyncio.Semaphore(self._at_once)

        async def one(step: steps.Step) -> None:
            async with slots:
                if step.action is not steps.Action.WAIT and wanted():
                    await self._attempt(key, subject, step, act)

        for ended in await asyncio.gather(*(one(step) for step in todo), return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    async def _attempt(
        self, key: queue.Key, subject: Subject, step: steps.Step, act: Callable[[steps.Step], Awaitable[None]]
    ) -> None:
        known = self._failures.setdefault(key, {})
        try:
            await act(step)
        except Exception as error:
            if not isinstance(error, errors.InspectError):
                # A fault of ours in one step is told like any other, and stops neither the others nor itself for ever.
                logger.exception("step failed unexpectedly namespace=%s release=%s", key[0], step.release)
                error = errors.ReleaseUnavailable(f"release {step.release}: {type(error).__name__}: {error}")
            before = known.get(step.release)
            times = before.times + 1 if before and before.subject == subject else 1
            known[step.release] = Failure(error, subject, times, time.monotonic() + _pause(error, subject, times))
            logger.warning(
                "step failed namespace=%s release=%s action=%s reason=%s times=%d error=%s",
                key[0], step.release, step.action, error.reason, times, error,
            )  # fmt: skip
        else:
            known.pop(step.release, None)


def _pause(error: errors.InspectError, subject: Subject, times: int) -> float:
    """Seconds until the next try: back-off, or not before the object changes. Nobody tells us when a release of
    somebody else goes away, so that is looked at now and then; a deletion changes no more, and must end."""
    if error.retry or subject[1] == DELETION or isinstance(error, errors.NotAllowed):
        return queue.backoff_seconds(times - 1)
    return queue.MAX_BACKOFF_SECONDS if isinstance(error, errors.ReleaseNotOwned) else math.inf
