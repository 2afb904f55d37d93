"""What was last seen in the cluster, kept small: objects without what nobody here reads."""

import dataclasses
import math
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
    inspection: tasks.Inspection | None = None
    wanted: tuple[desired.Desired, ...] = ()
    problems: dict[str, errors.InspectError] = dataclasses.field(default_factory=dict)
    invalid: errors.InspectError | None = None  # then inspection and wanted are those of the last valid spec


class Memory:
    """Everything by namespace; releases connect Jobs, pods and ConfigMaps with their Inspect."""

    def __init__(self) -> None:
        self.inspects: dict[queue.Key, Object] = {}
        self.converged: dict[queue.Key, Converged] = {}
        #: The status as last written by us, newer than what our watch has seen.
        self._written: dict[queue.Key, tuple[int, Object]] = {}
        #: Inspects one of whose objects was deleted by somebody: their releases are to be read anew.
        self.suspect: set[queue.Key] = set()
        self._children: dict[str, dict[tuple[str, str], dict[str, Object]]] = {"Job": {}, "Pod": {}}
        self._owners: dict[tuple[str, str], queue.Key] = {}  # by namespace and release
        self._runs: dict[tuple[str, str], queue.Key] = {}  # by namespace and name of the wanted Job
        self._lost: set[tuple[str, str]] = set()

    def notice_inspect(self, body: Object, deleted: bool) -> queue.Key:
        """Keeps the object, or forgets everything about it."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        known = self.inspects.get(key)
        another = known is not None and known["metadata"]["uid"] != body["metadata"]["uid"]
        if deleted and another:
            return key  # the end of an object that another has taken the place of already
        if deleted or another or _version(body) >= self._written.get(key, (math.inf, {}))[0]:
            self._written.pop(key, None)
        if deleted or another:
            self.converged.pop(key, None)
        if deleted:
            self.inspects.pop(key, None)
            self.suspect.discard(key)
            self.own(key, ())
        else:
            body["metadata"].pop("managedFields", None)
            self.inspects[key] = body
        return key

    def status(self, key: queue.Key) -> Object:
        """The status as it is now, as far as we know: ours until the watch has brought it, then what the watch brings,
        should somebody else have written it."""
        if key in self._written:
            return self._written[key][1]
        return self.inspects.get(key, {}).get("status") or {}

    def wrote(self, key: queue.Key, status: Object, answer: Object) -> None:
        """We wrote this status; `answer` is the object that the API server sent back."""
        if _version(self.inspects[key]) < _version(answer):
            self._written[key] = (_version(answer), status)

    def notice_child(self, body: Object, deleted: bool) -> queue.Key | None:
        """Keeps a Job, pod or the loss of a ConfigMap; returns the Inspect that it concerns, where known."""
        kind, metadata = body["kind"], body["metadata"]
        release = (metadata["namespace"], (metadata.get("labels") or {}).get(group.LABEL_INSTANCE, ""))
        run = (metadata["namespace"], metadata["name"])
        if kind in self._children:
            children = self._children[kind].setdefault(release, {})
            if deleted:
                children.pop(metadata["uid"], None)
                if not children:
                    del self._children[kind][release]
            else:
                children[metadata["uid"]] = _small(body)
        elif not deleted:
            self._lost.discard(run)
        elif run in self._runs:
            self._lost.add(run)
        if deleted and kind != "Pod" and run in self._runs:
            self.suspect.add(self._runs[run])
        return self._owners.get(release)

    def own(self, key: queue.Key, wanted: tuple[desired.Desired, ...]) -> None:
        """From now on what happens to these releases, and to no others, concerns that Inspect."""
        runs = {(key[0], want.job) for want in wanted}
        for run in [run for run, owner in self._runs.items() if owner == key and run not in runs]:
            del self._runs[run]
            self._lost.discard(run)
        releases = {(key[0], want.release) for want in wanted}
        for release in [release for release, owner in self._owners.items() if owner == key and release not in releases]:
            del self._owners[release]
        self._runs.update(dict.fromkeys(runs, key))
        self._owners.update(dict.fromkeys(releases, key))

    def job(self, namespace: str, want: desired.Desired) -> Object | None:
        """The Job of the wanted run; the newest, should one of the same name be gone without our noticing."""
        jobs = self._children["Job"].get((namespace, want.release), {}).values()
        named = [job for job in jobs if job["metadata"]["name"] == want.job]
        return max(named, key=lambda job: str(job["metadata"].get("creationTimestamp", "")), default=None)

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


def _version(body: Object) -> int:
    """A resourceVersion as a number, by which the API server's own caches order objects too."""
    text = str(body["metadata"].get("resourceVersion", "0"))
    return int(text) if text.isdigit() else 0


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
