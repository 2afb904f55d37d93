"""One object of a kind, as last seen."""

import dataclasses

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.api import watches
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import queue
from inspect_operator.plan import kind, overrides


@dataclasses.dataclass(frozen=True)
class Seen:
    """`resource` is where its kind is served."""

    resource: resources.Resource
    body: client.Object

    @property
    def owner(self) -> tasks.Owner:
        """Whom its release belongs to."""
        metadata = self.body["metadata"]
        return tasks.Owner(metadata["namespace"], metadata["name"], metadata["uid"])

    @property
    def key(self) -> queue.Key:
        """Its namespace and name, which is the name of its release too."""
        return self.body["metadata"]["namespace"], self.body["metadata"]["name"]

    @property
    def generation(self) -> int:
        """Of its spec."""
        return int(self.body["metadata"]["generation"])

    @property
    def deleting(self) -> bool:
        """Whether somebody wants it to go."""
        return bool(self.body["metadata"].get("deletionTimestamp"))

    @property
    def finalizers(self) -> list[str]:
        """Those of ours that stand on it: by today's name, and by the one of operator-sdk's first versions."""
        names = self.body["metadata"].get("finalizers") or ()
        return [name for name in (kind.FINALIZER, kind.LEGACY_FINALIZER) if name in names]

    def values(self) -> overrides.Values:
        """What its release is made from.

        :raises errors.SpecInvalid: the spec is no mapping
        """
        spec = self.body.get("spec")
        if spec is not None and not isinstance(spec, dict):
            raise errors.SpecInvalid("spec: the values of a chart are a mapping")
        return spec or {}

    def period_seconds(self, entry: watches.Entry) -> float:
        """Seconds between two looks at it: its own annotation wins over the entry."""
        said = (self.body["metadata"].get("annotations") or {}).get(kind.RECONCILE_PERIOD, "")
        return watches.period_seconds(said) or entry.period_seconds
