"""What the API server really stored, in its order: does the status ever claim more than the releases bear out?"""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Sequence

from inspect_operator import errors
from inspect_operator.cluster import client, resources
from inspect_operator.plan import observed
from tests.faults import subjects

#: A change that no generation tells of (a run that was asked for, a repair) may take so long before it is told.
GRACE_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a watch told."""

    version: int
    seconds: float  # monotonic, when the watch told of it
    type: str
    body: client.Object


class Truth:
    """Watches objects of a kind and Helm's records of a namespace past the proxy; use as an async context manager."""

    def __init__(self, cluster: client.Cluster, namespace: str, subject: subjects.Subject) -> None:
        self._cluster = cluster
        self._subject = subject
        self._namespace = namespace
        self._seen: list[Seen] = []

    async def __aenter__(self) -> "Truth":
        kinds = (self._subject.resource, resources.SECRETS)
        self._watches = [asyncio.create_task(self._watch(one), name=f"truth {one.plural}") for one in kinds]
        return self

    async def __aexit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    def now(self) -> client.Object | None:
        """The newest that was seen of the only object; None: it is gone, or never was."""
        for one in reversed(self._seen):
            if one.body["kind"] == self._subject.resource.kind:
                return None if one.type == "DELETED" else one.body
        return None

    @property
    def version(self) -> int:
        """How far the watch of the object is."""
        kind = self._subject.resource.kind
        return max((one.version for one in self._seen if one.body["kind"] == kind), default=0)

    def lies(self) -> list[str]:
        """Until now."""
        return lies(self._subject, self._seen, time.monotonic())

    async def _watch(self, resource: resources.Resource) -> None:
        while True:
            with contextlib.suppress(errors.ClusterUnavailable):
                async for kind, body in self._cluster.watch(resource, self._namespace):
                    version = int(body["metadata"]["resourceVersion"])
                    body.pop("data", None)
                    self._seen.append(Seen(version, time.monotonic(), kind, {**body, "kind": resource.kind}))


def lies(subject: subjects.Subject, seen: Sequence[Seen], now_seconds: float) -> list[str]:
    """Moments at which `Ready=True` stood for the present generation while a release was not as it says."""
    said: list[str] = []
    releases: dict[str, dict[int, str]] = {}
    body: client.Object | None = None
    since: float | None = None
    for one in sorted(seen, key=lambda event: event.version):
        if one.body.get("kind") == "Inspect":
            claimed = subject.ready(body)
            body = None if one.type == "DELETED" else one.body
            wrong = not_deployed(subject, body, releases) if subject.ready(body) and not claimed else []
            if wrong:
                said.append(f"Ready=True was written at version {one.version} while {', '.join(wrong)}")
        else:
            _keep(releases, one)
        standing = bool(subject.ready(body) and not_deployed(subject, body, releases))
        if not standing:
            since = None
        elif since is None:
            since = one.seconds
        elif one.seconds - since > GRACE_SECONDS:
            said.append(f"Ready=True stood for {one.seconds - since:.0f} s: {not_deployed(subject, body, releases)}")
            since = one.seconds
    if since is not None and now_seconds - since > GRACE_SECONDS:
        said.append(f"Ready=True stands to the end: {not_deployed(subject, body, releases)}")
    return said


def not_deployed(
    subject: subjects.Subject, body: client.Object | None, releases: dict[str, dict[int, str]]
) -> list[str]:
    """Releases that are not there or whose newest revision is not deployed; one that waits for others may be absent."""
    wrong = []
    wanted = subject.wanted(body) if body else {}
    for name, may_be_absent in wanted.items():
        revisions = releases.get(name, {})
        status = revisions[max(revisions)] if revisions else "absent"
        if status != observed.Status.DEPLOYED and not (status == "absent" and may_be_absent):
            wrong.append(f"{name} is {status}")
    return wrong + [f"{name} is there" for name in releases if name not in wanted]


def _keep(releases: dict[str, dict[int, str]], one: Seen) -> None:
    labels = one.body["metadata"].get("labels") or {}
    if labels.get("owner") != "helm":
        return
    revisions = releases.setdefault(labels["name"], {})
    if one.type == "DELETED":
        revisions.pop(int(labels["version"]), None)
    else:
        revisions[int(labels["version"])] = labels["status"]
    if not revisions:
        del releases[labels["name"]]
