"""How many runs may be active at once: in each namespace, and in all. Runs of schedules don't count."""

import time
from collections.abc import Collection

from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import queue

Job = tuple[str, str]  # namespace and name

#: So long a Job that was written may be unknown to our watch; after that it is taken for gone.
UNSEEN_SECONDS = 60.0


class Slots:
    """A Job takes a slot from the moment it is decided on until it has ended: first reserved, for the length of a pass
    over its Inspect; then written, until our watch tells of it; then seen in the cluster."""

    def __init__(self, memory: memories.Memory, in_all: int, in_namespace: int) -> None:
        self._memory = memory
        self._in_all = in_all
        self._in_namespace = in_namespace
        self._reserved: dict[Job, queue.Key] = {}
        self._written: dict[Job, tuple[str, float]] = {}  # release, and when

    def free(self, key: queue.Key) -> int:
        """How many more Jobs the Inspect may have active."""
        self._forget_seen()
        taken = self._memory.active | set(self._written)
        taken |= {job for job, owner in self._reserved.items() if owner != key}
        here = sum(namespace == key[0] for namespace, _ in taken)
        return max(0, min(self._in_all - len(taken), self._in_namespace - here))

    def reserve(self, key: queue.Key, names: Collection[str]) -> None:
        """These Jobs, and no others, are about to be made for the Inspect."""
        self.give_back(key)
        self._reserved.update({(key[0], name): key for name in names})

    def give_back(self, key: queue.Key, names: Collection[str] | None = None) -> bool:
        """These Jobs (all, where none are named) are not going to be made now; whether that makes room."""
        kept = {
            job: owner
            for job, owner in self._reserved.items()
            if owner != key or (names is not None and job[1] not in names)
        }
        given, self._reserved = len(self._reserved) - len(kept), kept
        return given > 0

    def wrote(self, key: queue.Key, release: str, holds: Collection[str], names: Collection[str]) -> None:
        """The release holds these Jobs now, of which those in `names` were just made."""
        self._written = {
            job: written
            for job, written in self._written.items()
            if (job[0], written[0]) != (key[0], release) or job[1] in holds
        }
        for name in names:
            self._reserved.pop((key[0], name), None)
            self._written[key[0], name] = (release, time.monotonic())

    def unseen(self, namespace: str, release: str) -> set[str]:
        """Names of the release's Jobs that were made and that our watch hasn't told of yet."""
        self._forget_seen()
        return {name for (where, name), (owner, _) in self._written.items() if (where, owner) == (namespace, release)}

    def _forget_seen(self) -> None:
        """What was seen in the cluster counts there, until it has ended."""
        old = time.monotonic() - UNSEEN_SECONDS
        self._written = {
            job: written
            for job, written in self._written.items()
            if written[1] > old and not self._memory.knows_job(*job)
        }
