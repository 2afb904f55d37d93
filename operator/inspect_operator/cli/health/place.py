"""What every look starts from: the cluster, where to look, what time it is there, and the operators that there are."""

import dataclasses
import datetime
from typing import Any

from inspect_operator import settings as settings_module
from inspect_operator.cluster import client

Object = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Operator:
    """An installed one. `serves` are its namespaces, empty: all; `version` is that of its Deployment's label."""

    namespace: str
    name: str
    account: str
    version: str
    serves: tuple[str, ...]
    wanted: int
    ready: int
    message: str  # why it isn't available
    instance: str  # the label that its pods have

    @property
    def selector(self) -> str:
        """Of its pods."""
        return f"app.kubernetes.io/name=inspect-operator,app.kubernetes.io/instance={self.instance}"

    def covers(self, namespace: str) -> bool:
        """Whether it serves a namespace."""
        return not self.serves or namespace in self.serves


@dataclasses.dataclass(frozen=True)
class Place:
    """`namespace` is where Inspects and what belongs to them are looked at, empty: everywhere. `now` is the time by the
    API server's clock. `leases` are those that operators hold; `seen` is whether these could be looked at."""

    cluster: client.Cluster
    namespace: str
    now: datetime.datetime
    operators: tuple[Operator, ...] = ()
    leases: tuple[Object, ...] = ()
    seen: bool = True

    def acts(self, lease: Object) -> bool:
        """Whether its holder renewed it lately."""
        spec = lease.get("spec") or {}
        renewed = moment(spec.get("renewTime"))
        seconds = float(spec.get("leaseDurationSeconds") or settings_module.Settings.lease_seconds)
        return bool(
            spec.get("holderIdentity")
            and renewed
            and (self.now - renewed).total_seconds() < 2 * seconds + CLOCK_SECONDS
        )

    def served(self, namespace: str) -> bool:
        """Whether an operator may be at work there: one that the chart didn't install serves any namespace."""
        known = {one.namespace: one for one in self.operators}
        homes = [str(one["metadata"]["namespace"]) for one in self.leases if self.acts(one)]
        return not self.seen or any(known[home].covers(namespace) if home in known else True for home in homes)


#: The API server tells its time to the second, and clocks differ a little.
CLOCK_SECONDS = 2.0


def operator(deployment: Object) -> Operator:
    """An operator by its Deployment."""
    metadata, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    labels = metadata.get("labels") or {}
    pod = spec["template"]["spec"]
    variables = {one["name"]: one.get("value", "") for one in pod["containers"][0].get("env") or ()}
    served = variables.get(f"{settings_module.PREFIX}NAMESPACES", "")
    unmet = [
        one.get("message", "")
        for one in status.get("conditions") or ()
        if (one.get("type"), one.get("status")) in (("Available", "False"), ("ReplicaFailure", "True"))
    ]
    return Operator(
        metadata["namespace"],
        metadata["name"],
        pod.get("serviceAccountName", "default"),
        labels.get("app.kubernetes.io/version", ""),
        tuple(one.strip() for one in served.split(",") if one.strip()),
        1 if spec.get("replicas") is None else spec["replicas"],
        status.get("readyReplicas") or 0,
        "; ".join(unmet),
        labels.get("app.kubernetes.io/instance", ""),
    )


def moment(text: Any) -> datetime.datetime | None:
    """A time as the API writes it."""
    return datetime.datetime.fromisoformat(text) if isinstance(text, str) and text else None
