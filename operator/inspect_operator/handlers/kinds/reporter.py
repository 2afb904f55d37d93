"""The one writer of status and events of objects of chart-backed kinds."""

import datetime
from typing import Any

from inspect_operator import errors
from inspect_operator.cluster import client
from inspect_operator.handlers import posted, queue
from inspect_operator.handlers.kinds import holdings, seen
from inspect_operator.publish import events, kind_status


class Reporter:
    """Writes where something is to be told anew: compared is what was written last, since the API server leaves out
    what the CRD's schema has no place for."""

    def __init__(self, cluster: client.Cluster) -> None:
        self._cluster = cluster
        self._written: dict[queue.Key, tuple[str, kind_status.Status]] = {}  # with the object's uid

    def forget(self, key: queue.Key) -> None:
        """The object is gone, or what stands in it is to count again, should somebody else have written it."""
        self._written.pop(key, None)

    async def report(
        self,
        one: seen.Seen,
        holding: holdings.Holding,
        *,
        failed: tuple[str, str] | None = None,
        irreconcilable: tuple[str, str] | None = None,
        up_to_date: bool = False,
        uninstalled: bool = False,
    ) -> None:
        """Writes the status where it is another than before, then tells what changed. `failed` and `irreconcilable` are
        as in kind_status.Facts; `uninstalled`: what the release held is still going.

        :raises errors.InspectError: it can't be written
        """
        deployed = holding.deployed
        facts = kind_status.Facts(
            generation=one.generation,
            now=datetime.datetime.now(datetime.UTC),
            release=one.owner.name,
            revision=deployed.revision if deployed is not None else 0,
            up_to_date=up_to_date,
            manifest=deployed.manifest if deployed is not None else "",
            notes=deployed.notes if deployed is not None else "",
            failed=failed,
            irreconcilable=irreconcilable,
            uninstalled=uninstalled,
            waiting=uninstalled,
            parts=holding.dependents,
        )
        before = self._before(one)
        made = kind_status.status(facts, before)
        if _told(before) == _told(made):
            return
        patch = {"metadata": {"uid": one.owner.uid}, "status": made}
        try:
            await self._cluster.merge(one.resource, one.owner.namespace, one.owner.name, patch, "status")
        except (client.NotFound, errors.ClusterConflict):
            return  # another object by now, or none
        self._written[one.key] = (one.owner.uid, made)
        for event in kind_status.changes(before, made):
            await self.tell(one, event)

    async def tell(self, one: seen.Seen, event: events.Event) -> None:
        """One Kubernetes Event; one that can't be written is only logged."""
        await posted.post(self._cluster, one.resource, one.body, event)

    def _before(self, one: seen.Seen) -> dict[str, Any]:
        """The status as it is by our last write, else as it was seen."""
        known = self._written.get(one.key)
        if known is not None and known[0] == one.owner.uid:
            return known[1]
        return dict(one.body.get("status") or {})


def _told(status: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if value not in (None, [])}
