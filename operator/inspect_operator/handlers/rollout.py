"""After an update of the operator, of templates or of settings every schedule is rendered anew: some objects at a time,
so that what people write meanwhile waits behind none of them."""

from collections.abc import Callable, Sequence

from inspect_operator.handlers import queue
from inspect_operator.plan import steps


class Rollout:
    """Turns for `at_once` objects; the others wait here, without a pass of theirs, and are woken in turn."""

    def __init__(self, at_once: int, wake: Callable[[queue.Key], None]) -> None:
        self._at_once = at_once
        self._wake = wake
        self._turns: set[queue.Key] = set()
        self._waiting: dict[queue.Key, None] = {}  # in this order

    def enter(self, key: queue.Key) -> bool:
        """Whether it is the object's turn; otherwise it waits."""
        if key in self._turns or len(self._turns) < self._at_once:
            self._turns.add(key)
            self._waiting.pop(key, None)
            return True
        self._waiting.setdefault(key)
        return False

    def leave(self, key: queue.Key) -> None:
        """Its pass is over, whatever came of it: the turn that it had goes to the next."""
        self._turns.discard(key)
        while self._waiting and len(self._turns) < self._at_once:
            following = next(iter(self._waiting))
            del self._waiting[following]
            self._turns.add(following)
            self._wake(following)


def only_rendered_anew(due: Sequence[steps.Step]) -> bool:
    """Whether nothing else is to be done than that schedules follow what they are rendered from."""
    return bool(due) and all(
        step.action is steps.Action.UPGRADE
        and step.want is not None
        and step.found is not None
        and bool(step.want.task.schedule)
        and step.found.newest.run_key == step.want.run_key
        and step.found.newest.digest != step.want.digest  # else an object of it was lost, and is put back
        for step in due
    )
