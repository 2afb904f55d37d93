"""How many runs may be active at once: in each namespace, and in all. Runs of schedules don't count."""

from collections.abc import Collection

from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import queue


class Slots:
    """A Job takes a slot from the moment it is decided on until it has ended."""

    def __init__(self, memory: memories.Memory, in_all: int, in_namespace: int) -> None:
        self._memory = memory
        self._in_all = in_all
        self._in_namespace = in_namespace
        #: Jobs that are about to be made, by namespace and name: for which Inspect.
        self._reserved: dict[tuple[str, str], queue.Key] = {}

    def free(self, key: queue.Key) -> int:
        """How many more Jobs the Inspect may have active; those that are reserved for it are free for it."""
        self._forget_seen()
        taken = self._memory.active | {job for job, owner in self._reserved.items() if owner != key}
        here = sum(namespace == key[0] for namespace, _ in taken)
        return max(0, min(self._in_all - len(taken), self._in_namespace - here))

    def reserve(self, key: queue.Key, names: Collection[str]) -> None:
        """These Jobs, and no others, are about to be made for the Inspect."""
        self.give_back(key)
        self._reserved.update({(key[0], name): key for name in names})

    def give_back(self, key: queue.Key, names: Collection[str] | None = None) -> None:
        """These Jobs (all, where none are named) are not going to be made now."""
        self._reserved = {
            job: owner
            for job, owner in self._reserved.items()
            if owner != key or (names is not None and job[1] not in names)
        }

    def _forget_seen(self) -> None:
        """What was seen in the cluster counts there, until it has ended."""
        self._reserved = {job: owner for job, owner in self._reserved.items() if not self._memory.knows_job(*job)}
