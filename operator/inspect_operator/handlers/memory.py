"""What was last seen in the cluster, kept small: objects without what nobody here reads."""

import dataclasses
import datetime
import math
from collections.abc import Iterable, Mapping
from typing import Any

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.handlers import queue
from inspect_operator.plan import desired, drift, nodes
from inspect_operator.run import outcome, timestamps

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


@dataclasses.dataclass(frozen=True)
class Cron:
    """Of a CronJob, since when its next run is due: when it was made, and which time it last began a run for."""

    created: datetime.datetime
    last: datetime.datetime | None


class Memory:
    """Everything by namespace; releases connect Jobs, pods and what else they hold with their Inspect."""

    def __init__(self) -> None:
        self.inspects: dict[queue.Key, Object] = {}
        self.converged: dict[queue.Key, Converged] = {}
        #: The status as last written by us, newer than what our watch has seen.
        self._written: dict[queue.Key, tuple[int, Object]] = {}
        #: The rows that this status was made of: it may have no room for some.
        self._rows: dict[queue.Key, list[Object]] = {}
        #: Inspects one of whose objects was deleted by somebody: their releases are to be read anew.
        self.suspect: set[queue.Key] = set()
        #: Inspects with something that waits for runs to end.
        self.waiting: dict[queue.Key, None] = {}
        #: Jobs that have not ended and are not a schedule's, by namespace and name.
        self.active: set[tuple[str, str]] = set()
        self.sees_nodes = True  # whether the operator may
        self.nodes: dict[str, nodes.Node] = {}
        self._jobs: _Groups = _Groups()  # by namespace and release
        self._named: _Groups = _Groups()  # the same, by namespace and name
        self._pods: _Groups = _Groups()  # by namespace and uid of the Job
        self._owners: dict[tuple[str, str], queue.Key] = {}  # by namespace and release
        self._wanted: dict[tuple[str, str, str], queue.Key] = {}  # by namespace, kind and name of what should exist
        self._lost: set[tuple[str, str, str]] = set()
        #: What else releases hold, as last seen: by namespace, kind and name.
        self._held: dict[tuple[str, str, str], drift.Essence] = {}
        self._crons: dict[tuple[str, str], set[str]] = {}  # names by namespace and release
        #: Names of wanted Jobs that somebody deleted, by namespace and release: they had their turn.
        self._gone: dict[tuple[str, str], set[str]] = {}
        self._cron_times: dict[tuple[str, str], Cron] = {}  # by namespace and name

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
            self.waiting.pop(key, None)
            self._gone = {release: names for release, names in self._gone.items() if self._owners.get(release) != key}
            self._rows.pop(key, None)
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

    def rows(self, key: queue.Key) -> dict[str, Object]:
        """Of the status, by task; also those that it has no room for, as far as we remember them."""
        told = self.status(key)
        rows = {one["task_name"]: one for one in told.get("results") or ()}
        left_out = self._rows.get(key, ()) if told.get("resultsCut") else ()
        return {one["task_name"]: one for one in left_out} | rows

    def wrote(self, key: queue.Key, status: Object, answer: Object, rows: list[Object]) -> None:
        """We wrote this status, which was made of these rows; `answer` is the object that the API server sent back."""
        self._rows[key] = rows if status.get("resultsCut") else []
        if _version(self.inspects[key]) < _version(answer):
            self._written[key] = (_version(answer), status)

    def notice_node(self, body: Object, deleted: bool) -> bool:
        """Keeps what decides whether it is inspected; returns whether that changed."""
        node = nodes.read(body)
        before = self.nodes.get(node.name)
        if deleted:
            return self.nodes.pop(node.name, None) is not None
        self.nodes[node.name] = node
        return node != before

    def notice_child(self, body: Object, deleted: bool) -> queue.Key | None:
        """Keeps a Job, a pod, or what else a release holds; returns the Inspect that it concerns, where known."""
        kind, metadata = body["kind"], body["metadata"]
        release = (metadata["namespace"], _release(body))
        place = (metadata["namespace"], kind, metadata["name"])
        if kind == "Pod":
            for owner in metadata.get("ownerReferences") or ():
                # The last that was seen of a pod tells how it ended: evicted, deleted. It goes with its Job.
                kept = any(job["metadata"]["uid"] == owner["uid"] for job in self._jobs.get(release))
                self._pods.put((metadata["namespace"], owner["uid"]), _small(body), deleted and not kept)
            changed = False
        elif kind == "Job":
            name, job = (metadata["namespace"], metadata["name"]), _small(body)
            self._jobs.put(release, job, deleted)
            self._named.put(name, job, deleted)
            self._notice_job(name)
            changed = deleted
            if deleted:
                self._pods.drop((metadata["namespace"], metadata["uid"]))
            if deleted and place in self._wanted:
                self._gone.setdefault(release, set()).add(metadata["name"])
        else:
            changed = self._notice_held(place, release, body, deleted)
        if changed and place in self._wanted:
            self.suspect.add(self._wanted[place])
        return self._owners.get(release)

    def _notice_held(self, place: tuple[str, str, str], release: tuple[str, str], body: Object, deleted: bool) -> bool:
        """Whether something that a release holds is gone or another than before."""
        if deleted:
            self._held.pop(place, None)
            self._crons.get(release, set()).discard(place[2])
            self._cron_times.pop((place[0], place[2]), None)
            if place in self._wanted:
                self._lost.add(place)
            return True
        essence = drift.essence(body)
        changed = self._held.get(place, essence) != essence
        self._held[place] = essence
        self._lost.discard(place)
        if place[1] == "CronJob":
            self._crons.setdefault(release, set()).add(place[2])
            self._notice_cron(body)
        return changed

    def _notice_cron(self, body: Object) -> None:
        created = timestamps.read(body["metadata"].get("creationTimestamp"))
        if created is not None:
            last = timestamps.read((body.get("status") or {}).get("lastScheduleTime"))
            self._cron_times[body["metadata"]["namespace"], body["metadata"]["name"]] = Cron(created, last)

    def _notice_job(self, name: tuple[str, str]) -> None:
        if any(not outcome.job_ended(job) and not cron_of(job) for job in self._named.get(name)):
            self.active.add(name)
        else:
            self.active.discard(name)

    def own(self, key: queue.Key, wanted: tuple[desired.Desired, ...]) -> None:
        """From now on what happens to these releases, and to no others, concerns that Inspect."""
        places = {(key[0], kind, name) for want in wanted for kind, name in want.objects}
        places |= {(key[0], "Job", member.name) for want in wanted for member in want.jobs}
        for place in [place for place, owner in self._wanted.items() if owner == key and place not in places]:
            del self._wanted[place]
            self._lost.discard(place)
        releases = {(key[0], want.release) for want in wanted}
        for release in [release for release, owner in self._owners.items() if owner == key and release not in releases]:
            del self._owners[release]
            self._gone.pop(release, None)
        for want in wanted:
            # What isn't wanted any more (its node left) may be wanted again, and is then made again.
            self._gone.get((key[0], want.release), set()).intersection_update(member.name for member in want.jobs)
        self._wanted.update(dict.fromkeys(places, key))
        self._owners.update(dict.fromkeys(releases, key))

    def jobs(self, namespace: str, release: str) -> list[Object]:
        """The Jobs of a release, the oldest first."""
        return sorted(self._jobs.get((namespace, release)), key=_created)

    def job(self, namespace: str, release: str, name: str) -> Object | None:
        """The Job of that name; the newest, should one of the same name be gone without our noticing."""
        named = self._named.get((namespace, name))
        return max((job for job in named if _release(job) == release), key=_created, default=None)

    def knows_job(self, namespace: str, name: str) -> bool:
        """Whether a Job of that name was seen and not seen to go."""
        return bool(self._named.get((namespace, name)))

    def pods(self, namespace: str, release: str, job_uid: str) -> list[Object]:
        """The pods of one Job: another Job of the same name may have left some."""
        return [pod for pod in self._pods.get((namespace, job_uid)) if _release(pod) == release]

    def crons(self, namespace: str, release: str) -> set[str]:
        """Names of the CronJobs of a release."""
        return self._crons.get((namespace, release), set())

    def cron(self, namespace: str, name: str) -> Cron | None:
        """One CronJob, where it is there."""
        return self._cron_times.get((namespace, name))

    def made(self, namespace: str, release: str) -> set[str]:
        """Names of the Jobs and CronJobs of a release."""
        return {job["metadata"]["name"] for job in self._jobs.get((namespace, release))} | self.crons(
            namespace, release
        )

    def gone(self, namespace: str, release: str) -> frozenset[str]:
        """Names of wanted Jobs that somebody deleted."""
        return frozenset(self._gone.get((namespace, release), ()))

    def lost(
        self, namespace: str, wanted: Iterable[desired.Desired], rendered: Mapping[str, drift.Essences]
    ) -> set[str]:
        """Releases with an object that was deleted behind our back, or changed: of a schedule, what was rendered."""
        found = set()
        for want in wanted:
            if any((namespace, kind, name) in self._lost for kind, name in want.objects):
                found.add(want.release)
            for (kind, name), essence in rendered.get(want.release, {}).items():
                place = (namespace, kind, name)
                if place not in self._held or drift.differs(self._held[place], essence):
                    found.add(want.release)
        return found

    def found(self, namespace: str, want: desired.Desired, rendered: drift.Essences) -> None:
        """All of it was written by us: an older notice no longer counts."""
        self._lost -= {(namespace, kind, name) for kind, name in want.objects}
        for (kind, name), essence in rendered.items():
            self._held[(namespace, kind, name)] = essence

    def expect(self, namespace: str, kind: str, name: str) -> None:
        """A release holds it. Where it wasn't seen by now, it is lost."""
        if (namespace, kind, name) not in self._held:
            self._lost.add((namespace, kind, name))


class _Groups:
    """Objects by something that they have in common, each once."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, Object]] = {}

    def put(self, place: tuple[str, str], body: Object, deleted: bool) -> None:
        """Keeps the object, or forgets it."""
        uid = body["metadata"]["uid"]
        if not deleted:
            self._held.setdefault(place, {})[uid] = body
        elif place in self._held:
            self._held[place].pop(uid, None)
            if not self._held[place]:
                del self._held[place]

    def drop(self, place: tuple[str, str]) -> None:
        """Forgets all that share the place."""
        self._held.pop(place, None)

    def get(self, place: tuple[str, str]) -> Iterable[Object]:
        """All that share the place."""
        return self._held.get(place, {}).values()


def _release(body: Object) -> str:
    """The release that the object says it belongs to."""
    return str((body["metadata"].get("labels") or {}).get(group.LABEL_INSTANCE, ""))


def _version(body: Object) -> int:
    """A resourceVersion as a number, by which the API server's own caches order objects too."""
    text = str(body["metadata"].get("resourceVersion", "0"))
    return int(text) if text.isdigit() else 0


def _created(body: Object) -> str:
    """When it was made, in a form that sorts."""
    return str(body["metadata"].get("creationTimestamp", ""))


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


def cron_of(job: Object) -> str:
    """Name of the CronJob that made a Job; empty where none did."""
    references = job["metadata"].get("ownerReferences") or ()
    return next((str(one["name"]) for one in references if one.get("kind") == "CronJob"), "")


def owned(pods: Iterable[Object], job_uid: str) -> list[Object]:
    """Those pods that the Job with this uid made: another Job of the same name may have left some."""
    return [
        pod
        for pod in pods
        if any(reference["uid"] == job_uid for reference in pod["metadata"].get("ownerReferences") or ())
    ]
