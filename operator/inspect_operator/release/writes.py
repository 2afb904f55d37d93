"""What every write of Helm's is followed by: the stored release decides whether it worked, not what helm said."""

import logging

from inspect_operator import errors
from inspect_operator.cluster import client, resources
from inspect_operator.plan import observed
from inspect_operator.release import helm as helms
from inspect_operator.release import store as stores
from inspect_operator.release import stored

logger = logging.getLogger(__name__)


class Writes:
    """`ended` are revisions (namespace, release, number) left pending by a helm of ours that has ended."""

    def __init__(self, cluster: client.Cluster, helm: helms.Helm, store: stores.Store) -> None:
        self._cluster = cluster
        self._helm = helm
        self._store = store
        self.ended: set[tuple[str, str, int]] = set()

    async def check_stored(
        self,
        namespace: str,
        release: str,
        before: int,
        failure: errors.InspectError | None,
        known: list[client.Object] | None = None,
    ) -> observed.Release:
        """After an upgrade: the release as it is stored. `before` is the newest revision's number before it, 0 where
        there was none; `failure` is what helm said; `known` are the Secrets that it returned.

        :raises errors.InspectError: no newer revision is deployed
        """
        left = await self._left(namespace, release, known)
        ours = left is not None and left.newest.number > before and "another operation" not in str(failure)
        if left is not None and ours and left.newest.status.pending:
            self.ended.add((namespace, release, left.newest.number))
        if left is None or not ours or left.newest.status is not observed.Status.DEPLOYED:
            if failure is not None:
                raise failure
            said = "is not stored" if left is None else f"revision {left.newest.number} is {left.newest.status}"
            raise errors.ReleaseUnavailable(f"release {release}: helm ended well, but {said}")
        return left

    async def uninstall(self, release: str, namespace: str, timeout_seconds: float) -> None:
        """:raises errors.InspectError: something of it is left"""
        known: list[client.Object] | None = None
        try:
            known = await self._helm.uninstall(release, namespace, timeout_seconds=timeout_seconds)
        finally:
            left = await self._left(namespace, release, known)
            if left is not None:
                self.ended.add((namespace, release, left.newest.number))
        if left is not None:
            raise errors.ReleaseUnavailable(f"release {release}: helm ended well, but {left.newest.status} is stored")
        self.ended -= {entry for entry in self.ended if entry[:2] == (namespace, release)}

    async def _left(self, namespace: str, release: str, known: list[client.Object] | None) -> observed.Release | None:
        """What is stored of the release: asked for, unless the API server has just told it."""
        if known is not None:
            return self._store.take(namespace, release, known)
        return await self._store.reread(namespace, release)

    async def unlock(self, namespace: str, found: observed.Release, why: str) -> None:
        """Marks the stored revision failed; helm then lets the next upgrade through. Never rolled back: a rollback
        would delete the running Job or start the old one again."""
        name = stored.secret_name(found.name, found.newest.number)
        secret = await self._cluster.get(resources.SECRETS, namespace, name)
        if stored.payload(secret).status.pending:
            await self._cluster.merge(resources.SECRETS, namespace, name, stored.marked_failed(secret, why))
            logger.warning("release was unlocked namespace=%s release=%s why=%r", namespace, found.name, why)
        self.ended.discard((namespace, found.name, found.newest.number))
