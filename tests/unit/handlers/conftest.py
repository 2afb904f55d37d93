"""The whole operator on a cluster and a Helm in memory: what kopf's watches would tell is told by `sync()`."""

import asyncio
import copy
import dataclasses
import datetime
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory, helm_in_memory

from inspect_operator import settings
from inspect_operator.api import check, group
from inspect_operator.handlers import converge, runs
from inspect_operator.handlers import operator as operators
from inspect_operator.plan import naming
from inspect_operator.release import helm as helms
from inspect_operator.runner import stream, summary, verdict

Key = tuple[str, str, str]


@dataclasses.dataclass(repr=False)
class House:
    """A cluster that stays, and an operator that may be started anew."""

    cluster: cluster_in_memory.Cluster
    helm: helm_in_memory.Helm
    configured: settings.Settings = dataclasses.field(
        # CronJobs here were made long ago, and nobody runs them in time.
        default_factory=lambda: settings.Settings(runner_image="runner:1", missed_schedule_seconds=1e12)
    )
    #: Checks beside the shipped ones.
    checks: dict[str, check.Check] = dataclasses.field(default_factory=dict)
    operator: operators.Operator = dataclasses.field(init=False)
    ticks: int = 0
    _told: dict[Key, tuple[str, Any]] = dataclasses.field(default_factory=dict)

    async def start(self) -> None:
        """A new operator, as after a restart: it knows nothing but what is in the cluster."""
        await self.stop()
        self.operator = operators.Operator(self.configured, self.cluster, datetime.datetime.now(datetime.UTC))
        self._told.clear()
        await self.operator.prime()
        self.operator._renderer.checks = self.operator._renderer.checks | self.checks
        await self.sync()

    async def stop(self) -> None:
        """The operator ends, where there is one."""
        if hasattr(self, "operator"):
            await self.operator.close()

    async def apply(self, *written: Any, name: str = "night", **spec: Any) -> None:
        """kubectl apply: a new generation where the spec changed."""
        before = self.cluster.objects.get(("Inspect", "default", name))
        made = builders.body(*written, name=name, uid=f"uid-of-{name}", **spec)
        if before is not None:
            metadata = dict(before["metadata"])
            metadata["generation"] += made["spec"] != before["spec"]
            made |= {"metadata": metadata, "status": before.get("status") or {}}
        self.cluster.put(made)
        await self.sync()

    async def delete(self, name: str = "night") -> None:
        """kubectl delete: the finalizer keeps the object until the operator lets it go."""
        found = self.cluster.objects[("Inspect", "default", name)]
        self.cluster.put({**found, "metadata": {**found["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
        await self.sync()

    async def ask(self, text: str, name: str = "night") -> None:
        """kubectl annotate: a run now, of all tasks or of those that the text names."""
        found = self.cluster.objects[("Inspect", "default", name)]
        annotations = {**found["metadata"].get("annotations", {}), group.ANNOTATION_RUN_REQUEST: text}
        self.cluster.put({**found, "metadata": {**found["metadata"], "annotations": annotations}})
        await self.sync()

    async def nodes(self, *bodies: builders.Object) -> None:
        """These nodes and no others are in the cluster, and the time is over in which more would be waited for."""
        for name in self.cluster.names("Node"):
            if name not in {body["metadata"]["name"] for body in bodies}:
                del self.cluster.objects[("Node", "", name)]
        for body in bodies:
            self.cluster.put(copy.deepcopy(body))
        await self.sync()
        if self.operator._nodes_timer is not None:
            self.operator._nodes_timer.cancel()
            self.operator._nodes_changed()
        await self.sync()

    async def tick(self, task: str, node: str = "") -> str:
        """The time of a schedule has come: its CronJob makes a Job, whose name is the answer; none while suspended."""
        cron = self.cluster.objects[("CronJob", "default", self._cron(task, node))]
        if cron["spec"]["suspend"]:
            return ""
        self.ticks += 1
        metadata = copy.deepcopy(cron["spec"]["jobTemplate"]["metadata"])
        owner = {"kind": "CronJob", "name": cron["metadata"]["name"], "uid": cron["metadata"]["uid"]}
        metadata |= {
            "name": f"{owner['name']}-{29_000_000 + self.ticks}",
            "namespace": "default",
            "ownerReferences": [owner],
        }
        spec = copy.deepcopy(cron["spec"]["jobTemplate"]["spec"])
        self.cluster.put({"kind": "Job", "metadata": metadata, "spec": spec})
        await self.sync()
        return str(metadata["name"])

    def open_jobs(self, task: str = "", node: str = "", name: str = "night") -> list[str]:
        """Names of the Jobs that have not ended: of all tasks, of one, of one on one node."""
        release = naming.release_name(name, task)
        return [
            job["metadata"]["name"]
            for (kind, _, _), job in sorted(self.cluster.objects.items())
            if kind == "Job" and not (job.get("status") or {}).get("conditions")
            if not task or job["metadata"]["labels"][group.LABEL_INSTANCE] == release
            if not node or job["metadata"]["annotations"].get(group.ANNOTATION_TARGET) == node
        ]

    async def finish(self, task: str, output: str = "disk ok 45%\n", exit_code: int = 0, node: str = "") -> None:
        """Lets the only open Job of a task (on a node) end."""
        (job,) = self.open_jobs(task, node)
        await self.end(job, output, exit_code)

    async def end(
        self, name: str, output: str = "disk ok 45%\n", exit_code: int = 0, at: str = "2026-01-02T03:04:05Z"
    ) -> None:
        """Lets a Job end, as the runner would end it."""
        self._end(name, output, exit_code, at)
        await self.sync()

    async def end_all(self, names: Sequence[str], output: Callable[[int], str]) -> None:
        """Lets Jobs end together; `output` is asked for what each printed, by its number."""
        for number, name in enumerate(names):
            self._end(name, output(number), 0)
        await self.sync()

    def _end(self, name: str, output: str, exit_code: int, moment: str = "2026-01-02T03:04:05Z") -> None:
        job = self.cluster.objects[("Job", "default", name)]
        found = stream.parse(output.encode())
        note = summary.compose(
            summary.Summary(exit_code, verdict.judge(exit_code, found), found, builders.NOW, builders.NOW)
        )
        ended = {"exitCode": exit_code, "message": note.decode(), "startedAt": moment, "finishedAt": moment}
        owners = [{"kind": "Job", "name": name, "uid": job["metadata"]["uid"]}]
        metadata = {"name": f"{name}-pod", "namespace": "default", "ownerReferences": owners}
        metadata |= {"labels": job["metadata"]["labels"], "uid": job["metadata"]["uid"] + "-pod"}
        state = {"phase": "Succeeded", "containerStatuses": [{"name": "inspect", "state": {"terminated": ended}}]}
        self.cluster.logs[f"{name}-pod"] = output.encode()
        self.cluster.put({"kind": "Pod", "metadata": metadata, "status": state})
        kind = "Failed" if exit_code else "Complete"
        condition = {"type": kind, "status": "True", "lastTransitionTime": moment, "reason": "BackoffLimitExceeded"}
        self.cluster.put({**job, "status": {"startTime": moment, "conditions": [condition]}})

    async def sync(self) -> None:
        """Tells the operator what changed, until it has nothing more to do at once."""
        while True:
            for queue in (self.operator._converges, self.operator._reports):
                while busy := [entry.task for entry in queue._entries.values() if entry.task]:
                    await asyncio.wait(busy)
            self._collect()
            if not (changes := list(self._changes())):
                return
            for kind, item, deleted in changes:
                if kind == "Inspect":
                    event = {"type": "DELETED" if deleted else "MODIFIED", "object": item}
                    await self.operator._on_inspect(event=event)
                elif kind == "Node":
                    self.operator._on_node(item, deleted)
                else:
                    self.operator._on_child(item, deleted)

    async def report(self) -> None:
        """As if something had happened that the status might tell."""
        for key in tuple(self.operator._memory.inspects):
            self.operator._reports.wake(key)
        await self.sync()

    async def wake(self, name: str = "night") -> None:
        """As if the time for a retry had come."""
        self.operator._converges.wake(("default", name))
        await self.sync()

    def _cron(self, task: str, node: str) -> str:
        return naming.member_name(naming.release_name("night", task), node)

    def _collect(self) -> None:
        """What Kubernetes clears away: objects that are being deleted, and what belongs to none that is there."""
        for key, item in list(self.cluster.objects.items()):
            if item["metadata"].get("deletionTimestamp") and not item["metadata"].get("finalizers"):
                del self.cluster.objects[key]
        uids = {item["metadata"]["uid"] for item in self.cluster.objects.values()}
        for key, item in list(self.cluster.objects.items()):
            owners = [owner["uid"] for owner in item["metadata"].get("ownerReferences") or ()]
            if owners and not uids & set(owners):
                del self.cluster.objects[key]

    def _changes(self) -> Iterator[tuple[str, Any, bool]]:
        watched = {"Inspect", "Node", *(resource.kind for resource in operators.CHILDREN)}
        now = {
            key: item
            for key, item in self.cluster.objects.items()
            if key[0] in watched
            if key[0] in ("Inspect", "Node") or _is_ours(item)
        }
        for key, (_, item) in list(self._told.items()):
            if key not in now or now[key]["metadata"]["uid"] != item["metadata"]["uid"]:
                del self._told[key]
                yield key[0], item, True
        for key, item in now.items():
            version = item["metadata"]["resourceVersion"]
            if self._told.get(key, ("", None))[0] != version:
                told = {**item, "kind": key[0], "metadata": dict(item["metadata"])}
                self._told[key] = (version, told)
                yield key[0], told, False

    def status(self, name: str = "night") -> Any:
        return self.cluster.objects[("Inspect", "default", name)].get("status") or {}

    def row(self, task: str, name: str = "night") -> Any:
        return next(row for row in self.status(name)["results"] if row["task_name"] == task)

    def on(self, task: str, target: str, name: str = "night") -> Any:
        """Of a task's row, what it tells of one node or host."""
        return next(one for one in self.row(task, name)["targets"] if one["target"] == target)

    def condition(self, kind: str, name: str = "night") -> tuple[str, str]:
        found = next(one for one in self.status(name)["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]

    def uid(self, task: str) -> str:
        return str(self.cluster.objects[("Job", "default", self.row(task)["job"])]["metadata"]["uid"])

    @property
    def events(self) -> list[tuple[str, str]]:
        """Reason and message of each, in the order in which they were posted."""
        found = [item for (kind, _, _), item in self.cluster.objects.items() if kind == "Event"]
        return [(one["reason"], one["message"]) for one in found]

    def forget_events(self) -> None:
        """As if they had been seen."""
        for key in [key for key in self.cluster.objects if key[0] == "Event"]:
            del self.cluster.objects[key]

    def writes(self) -> list[tuple[str, str, str]]:
        """Requests that changed something."""
        return [
            request for request in self.cluster.requests if request[0] not in ("get", "list", "watch", "log", "served")
        ]


def _is_ours(item: builders.Object) -> bool:
    """As the watches select."""
    return bool((item["metadata"].get("labels") or {}).get("taskType") == "inspect")


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """An operator on an empty cluster."""
    cluster = cluster_in_memory.Cluster({"kind": "Namespace", "metadata": {"name": "default"}})
    made = House(cluster, helm_in_memory.Helm(cluster))
    monkeypatch.setattr(helms, "Helm", lambda *_: made.helm)
    monkeypatch.setattr(runs, "UNSEEN_SECONDS", 0.0)
    for place, name in ((operators, "REST_SECONDS"), (operators, "CHILD_SECONDS"), (converge, "BEGUN_SECONDS")):
        monkeypatch.setattr(place, name, 0.0)  # a test waits for what it did, not for more
    await made.start()
    yield made
    await made.stop()
