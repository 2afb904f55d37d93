"""Which kinds the API server serves, and where: for kinds that are known only at run time."""

import time

from inspect_operator import errors
from inspect_operator.cluster import client, resources

#: So long a kind that isn't served is not asked for again.
ABSENT_SECONDS = 10.0


class NotServed(errors.InspectError):
    """The API server knows no such kind: its CRD is not installed."""

    reason = "NotServed"
    retry = True


class Discovery:
    """Asked once for each group and version; a kind that isn't there is asked for again now and then."""

    def __init__(self, cluster: client.Cluster) -> None:
        self._cluster = cluster
        self._known: dict[str, tuple[resources.Resource, ...]] = {}
        self._asked: dict[str, float] = {}

    async def resource(self, api_version: str, kind: str) -> resources.Resource:
        """Where the API serves a kind.

        :raises NotServed: it doesn't
        :raises errors.InspectError: the API server can't be asked
        """
        if (found := self._find(api_version, kind)) is not None:
            return found
        if time.monotonic() - self._asked.get(api_version, -ABSENT_SECONDS) >= ABSENT_SECONDS:
            self._known[api_version] = await self._cluster.served(api_version)
            self._asked[api_version] = time.monotonic()
            if (found := self._find(api_version, kind)) is not None:
                return found
        raise NotServed(f"the API server serves no {kind} of {api_version}; install its CustomResourceDefinition")

    def _find(self, api_version: str, kind: str) -> resources.Resource | None:
        return next((one for one in self._known.get(api_version, ()) if one.kind == kind), None)
