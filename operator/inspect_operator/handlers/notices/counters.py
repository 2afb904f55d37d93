"""How many notices were sent, and how many attempts failed, by kind of channel."""

from collections import Counter
from collections.abc import Iterator

from inspect_operator.api import notice

SENT, FAILED = "sent", "failed"


class Counters:
    """Since the start of the operator."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, channel: notice.Channel, outcome: str) -> None:
        """`outcome` is sent or failed."""
        self._counts[channel.value, outcome] += 1

    def items(self) -> Iterator[tuple[str, str, int]]:
        """Kind of channel, outcome, and how often; all pairs, also those that never happened."""
        for channel in notice.Channel:
            for outcome in (SENT, FAILED):
                yield channel.value, outcome, self._counts[channel.value, outcome]
