"""One operator acts: a Lease is taken before anything else and renewed until the end (coordination.k8s.io/v1).

Clocks of two machines are never compared: whoever finds the Lease held watches it for one whole duration by its own
clock, and takes it only if the holder did not renew it in that time (as client-go's leader election does). The holder
stops writing (Cluster.acts_until) before that time is over, also if it was frozen meanwhile and knows nothing of it.
"""

import asyncio
import contextlib
import dataclasses
import datetime
import logging
import os
import socket
import time
import uuid

from inspect_operator import errors
from inspect_operator.cluster import account, client, resources

logger = logging.getLogger(__name__)


def own_identity() -> str:
    """host_pid_random: says to people where the holder runs."""
    return f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"


@dataclasses.dataclass
class Lease:
    """The Lease `name` in `namespace`, valid for `seconds` after each renewal."""

    cluster: client.Cluster
    namespace: str
    name: str
    seconds: float
    identity: str = dataclasses.field(default_factory=own_identity)
    _body: client.Object = dataclasses.field(default_factory=dict)
    _told: str = ""
    _seen: tuple[str, str] = ("", "")  # holder and renewTime, as they were seen last
    _since: float = 0.0  # in monotonic seconds, when they were seen first

    async def stand_by(self) -> None:
        """Takes the Lease, waiting for as long as somebody else holds it."""
        while True:
            try:
                return await self.acquire()
            except errors.LeaseHeld:
                pass
            except (errors.ClusterUnavailable, errors.ClusterConflict) as error:
                logger.warning("lease was not read error=%s", error)
                await asyncio.sleep(min(1.0, self.seconds / 5))

    async def acquire(self) -> None:
        """Takes the Lease, waiting one duration where a holder may be dead.

        :raises errors.LeaseHeld: the holder is alive
        """
        first = found = await self._get()
        if (holder := _holder(found)) and holder != self._told:
            logger.info("lease was held, waited for its holder to renew it holder=%s seconds=%g", holder, self.seconds)
            self._told = holder
        while _holder(found) and not self._is_dead(found):
            if _record(found) != _record(first):
                raise errors.LeaseHeld(
                    f"another inspect-operator is at work: {_holder(found)} holds the Lease "
                    f"{self.namespace}/{self.name} and renewed it at {found['spec'].get('renewTime')}; stop it first"
                )
            await asyncio.sleep(min(1.0, self.seconds / 5))
            found = await self._get()
        try:
            await self._write(found)
        except errors.ClusterConflict:
            raise errors.LeaseHeld(
                f"another inspect-operator took the Lease {self.namespace}/{self.name} at the same moment"
            ) from None
        logger.info("lease was taken namespace=%s name=%s identity=%s", self.namespace, self.name, self.identity)

    async def hold(self) -> None:
        """Renews until it is lost; returns only then.

        A write that the API server accepted counts from the moment it was sent, so that we stop before another may
        start.
        """
        while True:
            await asyncio.sleep(self.seconds / 3)
            try:
                async with asyncio.timeout(self._left()):
                    await self._write(self._body)
            except errors.ClusterConflict:
                # A renewal that we took for failed may have arrived after all.
                with contextlib.suppress(errors.InspectError, TimeoutError):
                    async with asyncio.timeout(self._left()):
                        self._body = await self._get()
                if _holder(self._body) != self.identity:
                    logger.error("lease was lost: %s holds it name=%s", _holder(self._body) or "nobody", self.name)
                    return
            except (errors.InspectError, TimeoutError) as error:
                logger.warning("lease was not renewed error=%s", error)
            if time.monotonic() > self.cluster.acts_until:
                logger.error("lease was lost: not renewed in time name=%s", self.name)
                return

    async def release(self) -> None:
        """Gives the Lease back, so that the next operator need not wait."""
        self._body["spec"]["holderIdentity"] = ""
        self._body["spec"]["leaseDurationSeconds"] = 1
        try:
            await self.cluster.replace(resources.LEASES, self.namespace, self._body)
        except errors.InspectError as error:
            logger.warning("lease was not given back error=%s", error)

    def _left(self) -> float:
        """Seconds for one more request before it is lost."""
        return max(0.1, self.cluster.acts_until - time.monotonic())

    def _owned(self) -> client.Object:
        """Kubernetes removes it together with the account that an installed operator has, so that nothing is left."""
        own = account.own()
        if own.get("namespace") != self.namespace:
            return {}
        owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": own["name"], "uid": own["uid"]}
        return {"ownerReferences": [owner]}

    def _is_dead(self, found: client.Object) -> bool:
        """Whether the holder has not renewed it for one duration. What was seen of it before counts, also if the API
        server was away in between: each interruption would put the take-over off once more."""
        if _record(found) != self._seen:
            self._seen, self._since = _record(found), time.monotonic()
        return time.monotonic() >= self._since + float(found["spec"].get("leaseDurationSeconds") or self.seconds)

    async def _get(self) -> client.Object:
        try:
            async with asyncio.timeout(max(1.0, self.seconds / 3)):
                return await self.cluster.get(resources.LEASES, self.namespace, self.name)
        except client.NotFound:
            return {}
        except TimeoutError:
            raise errors.ClusterUnavailable("the API server did not answer in time") from None

    async def _write(self, found: client.Object) -> None:
        sent = time.monotonic()
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = found.get("spec", {})
        ours = before.get("holderIdentity") == self.identity
        body: client.Object = {
            "apiVersion": resources.LEASES.api_version,
            "kind": resources.LEASES.kind,
            "metadata": {"name": self.name, "namespace": self.namespace, **_version(found), **self._owned()},
            "spec": {
                "holderIdentity": self.identity,
                "leaseDurationSeconds": max(1, round(self.seconds)),
                "acquireTime": before.get("acquireTime", now) if ours else now,
                "renewTime": now,
                "leaseTransitions": int(before.get("leaseTransitions") or 0) + (0 if ours or not found else 1),
            },
        }
        if found:
            self._body = await self.cluster.replace(resources.LEASES, self.namespace, body)
        else:
            self._body = await self.cluster.create(resources.LEASES, self.namespace, body)
        self.cluster.acts_until = sent + self.seconds * 0.8


async def home(cluster: client.Cluster, name: str) -> str:
    """Where an operator outside of a cluster looks for the Lease: where somebody holds it, else where an installed
    operator would, else `default`."""
    try:
        found = await cluster.list(resources.LEASES, "", fields=f"metadata.name={name}", full=True)
    except errors.ClusterForbidden:
        return "default"
    best = min(found, key=lambda one: (not _holder(one), one["metadata"]["namespace"] == "default"), default=None)
    return str(best["metadata"]["namespace"]) if best else "default"


async def refuse_others(cluster: client.Cluster, held: Lease) -> None:
    """An operator for all namespaces also looks for Leases of the same name in other namespaces: installed twice, or
    run by hand beside an installed one, each would hold its own.

    :raises errors.LeaseHeld: one of them was renewed while we looked
    """
    before = await _others(cluster, held)
    if not before:
        return
    seconds = max(float(one["spec"].get("leaseDurationSeconds") or held.seconds) for one in before.values())
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        await asyncio.sleep(min(1.0, held.seconds / 5))
        for namespace, one in (await _others(cluster, held)).items():
            known = before.get(namespace)
            if known is None or known["spec"].get("renewTime") != one["spec"].get("renewTime"):
                raise errors.LeaseHeld(
                    f"another inspect-operator is at work: {_holder(one)} holds the Lease {namespace}/{held.name}; "
                    "stop it first, or give each operator namespaces of its own"
                )


async def _others(cluster: client.Cluster, held: Lease) -> dict[str, client.Object]:
    """Leases that somebody else holds and renewed lately, by namespace."""
    try:
        found = await cluster.list(resources.LEASES, "", fields=f"metadata.name={held.name}", full=True)
    except errors.ClusterForbidden:
        return {}
    # Far more than clocks differ: it only spares the wait for holders that have long been gone.
    old = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=10)).isoformat()
    return {
        one["metadata"]["namespace"]: one
        for one in found
        if _holder(one) not in ("", held.identity) and str(one["spec"].get("renewTime") or "") > old
    }


def _holder(found: client.Object) -> str:
    return str(found.get("spec", {}).get("holderIdentity") or "")


def _record(found: client.Object) -> tuple[str, str]:
    """What changes with every renewal."""
    return _holder(found), str(found.get("spec", {}).get("renewTime") or "")


def _version(found: client.Object) -> client.Object:
    version = found.get("metadata", {}).get("resourceVersion")
    return {"resourceVersion": version} if version else {}
