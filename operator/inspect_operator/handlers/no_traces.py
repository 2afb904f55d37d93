"""What kopf would keep of handled changes: nothing. We only watch events, and decide from what there is.

kopf prepares for changes all the same: it copies and compares every object of every event, which was a third of the
operator's own work in an install. With these storages there is nothing to copy.
"""

from typing import Any

import kopf


class NoDiffBase(kopf.DiffBaseStorage):
    """No object has an essence that could differ."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Nothing."""


class NoProgress(kopf.ProgressStorage):
    """No handler has a state that outlives its event."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Nothing."""

    def purge(self, **_: Any) -> None:
        """Nothing."""

    def touch(self, **_: Any) -> None:
        """Nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence
