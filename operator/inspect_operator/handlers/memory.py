"""What was last seen in the cluster, kept small: objects without what nobody here reads."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.handlers import queue
from inspect_operator.plan import desired

Object = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Converged:
    """How far the releases of an Inspect are: for which generation, what it wants, and what failed (by release)."""

    generation: int
    complete: bool
    inspection: Any = None  # api.task.Inspection; None where the spec is invalid
    wanted: tuple[desired.Desired, ...] = ()
    problems: dict[str, errors.InspectError] = dataclasses.field(default_factory=dict)
    invalid: errors.InspectError | None = None


class Memory:
    """Everything by namespace; releases connect Jobs, pods and ConfigMaps with their Inspect."""

    def __init__(self) -> None:
        self.inspects: dict[queue.Key, Object] = {}
        self.converged: dict[queue.Key, Converged] = {}
        self.written: dict[queue.Key, Object] = {}
        self._children: dict[str, dict[tuple[str, str], dict[str, Object]]] = {"Job": {}, "Pod": {}}
        self._owners: dict[tuple[str, str], queue.Key] = {}
        self._lost: set[tuple[str, str]] = set()

    def notice_inspect(self, body: Object, deleted: bool) -> queue.Key:
        """Keeps the object, or forgets everything about it."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        if deleted:
            self.inspects.pop(key, None)
            self.converged.pop(key, None)
            self.written.pop(key, None)
            for release in [release for release, owner in self._owners.items() if owner == key]:
                del self._owners[release]
        else:
            known = self.inspects.get(key)
            if known is not None and known["metadata"]["uid"] != body["metadata"]["uid"]:
                self.written.pop(key, None)
                self.converged.pop(key, None)
            body["metadata"].pop("managedFields", None)
            self.inspects[key] = body
        return key

    def notice_child(self, body: Object, deleted: bool) -> queue.Key | None:
        """Keeps a Job, pod or the loss of a ConfigMap; returns the Inspect that it concerns, where known."""
        kind, metadata = body["kind"], body["metadata"]
        release = (metadata["namespace"], (metadata.get("labels") or {}).get(group.LABEL_INSTANCE, ""))
        if kind in self._children:
            children = self._children[kind].setdefault(release, {})
            if deleted:
                children.pop(metadata["uid"], None)
                if not children:
                    del self._children[kind][release]
            else:
                children[metadata["uid"]] = _small(body)
        elif deleted:
            self._lost.add((metadata["namespace"], metadata["name"]))
        else:
            self._lost.discard((metadata["namespace"], metadata["name"]))
        return self._owners.get(release)

    def own(self, key: queue.Key, wanted: tuple[desired.Desired, ...]) -> None:
        """From now on what happens to these releases concerns that Inspect."""
        for want in wanted:
            self._owners[(key[0], want.release)] = key

    def job(self, namespace: str, want: desired.Desired) -> Object | None:
        """The Job of the wanted run."""
        jobs = self._children["Job"].get((namespace, want.release), {}).values()
        return next((job for job in jobs if job["metadata"]["name"] == want.job), None)

    def pods(self, namespace: str, want: desired.Desired, job_uid: str) -> list[Object]:
        """The pods of one Job."""
        return owned(self._children["Pod"].get((namespace, want.release), {}).values(), job_uid)

    def lost(self, namespace: str, wanted: tuple[desired.Desired, ...]) -> set[str]:
        """Releases whose ConfigMap was deleted behind our back; an image has none to lose."""
        scripts = [want for want in wanted if want.task.kind is tasks.Kind.SCRIPT]
        return {want.release for want in scripts if (namespace, want.job) in self._lost}

    def found(self, namespace: str, name: str) -> None:
        """A ConfigMap was written by us: an older notice of its deletion no longer counts."""
        self._lost.discard((namespace, name))

    def missing(self, namespace: str, name: str) -> None:
        """A ConfigMap wasn't there at start."""
        self._lost.add((namespace, name))


def _small(body: Object) -> Object:
    """Of a Job or pod, what tells its outcome."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    kept = ("name", "namespace", "uid", "labels", "creationTimestamp", "deletionTimestamp", "ownerReferences")
    return {
        "kind": body["kind"],
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {name: spec[name] for name in ("suspend", "backoffLimit", "activeDeadlineSeconds") if name in spec},
        "status": body.get("status") or {},
    }


def owned(pods: Iterable[Object], job_uid: str) -> list[Object]:
    """Those pods that the Job with this uid made: another Job of the same name may have left some."""
    return [
        pod
        for pod in pods
        if any(reference["uid"] == job_uid for reference in pod["metadata"].get("ownerReferences") or ())
    ]
