"""One fault, done once, at the place that it is meant for."""

import asyncio
import collections
import time
from collections.abc import Callable

from tests.faults import plan as plans


class Injection:
    """`fired` is set when it happened; without a fault it only numbers what passes."""

    def __init__(self, fault: plans.Fault | None = None, place: str = "") -> None:
        self.fault = fault
        self.place = place
        self.fired = asyncio.Event()
        self.at_seconds = 0.0  # monotonic
        self.met: dict[plans.Kind, list[str]] = {kind: [] for kind in plans.Kind}
        self._closed = False
        self._another = asyncio.Event()
        self._times: collections.Counter[str] = collections.Counter()

    def close(self) -> None:
        """Nothing is numbered any more."""
        self._closed = True

    def meet(self, kind: plans.Kind, place: str) -> plans.Fault | None:
        """What is to go wrong at this write or event; numbers those of one name: `helm PUT secrets i--one.v1 #2`."""
        if not place or self._closed:
            return None
        self._times[place] += 1
        numbered = f"{place} #{self._times[place]}"
        self.met[kind].append(numbered)
        self._another.set()
        if self.fault is None or self.fired.is_set() or numbered != self.place or plans.kind(self.fault) is not kind:
            return None
        self.at_seconds = time.monotonic()
        self.fired.set()
        return self.fault

    async def until(self, kind: plans.Kind, probe: Callable[[str], bool]) -> None:
        """Returns once a place was met that the probe says yes to.

        :raises TimeoutError: there was none for a minute
        """
        async with asyncio.timeout(60):
            while not any(probe(place) for place in self.met[kind]):
                self._another.clear()
                await self._another.wait()

    @property
    def over_seconds(self) -> float:
        """Until when it lasts (monotonic); that of one which did not happen is over."""
        return self.at_seconds + plans.LASTS.get(self.fault, 0.0) if self.fault and self.fired.is_set() else 0.0
