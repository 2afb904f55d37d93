"""The whole operator on a cluster and a Helm in memory: what kopf's watches would tell is told by `sync()`."""

import asyncio
import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any

import kopf
import pytest
from tests.unit import builders, cluster_in_memory, helm_in_memory

from inspect_operator import settings
from inspect_operator.cluster import resources
from inspect_operator.handlers import operator as operators
from inspect_operator.handlers import report
from inspect_operator.release import helm as helms
from inspect_operator.runner import stream, summary, verdict

Key = tuple[str, str, str]


@dataclasses.dataclass
class House:
    """A cluster that stays, and an operator that may be started anew."""

    cluster: cluster_in_memory.Cluster
    helm: helm_in_memory.Helm
    events: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    operator: operators.Operator = dataclasses.field(init=False)
    _told: dict[Key, tuple[str, Any]] = dataclasses.field(default_factory=dict)

    async def start(self) -> None:
        """A new operator, as after a restart: it knows nothing but what is in the cluster."""
        self.operator = operators.Operator(
            settings.Settings(runner_image="runner:1"), self.cluster, datetime.datetime.now(datetime.UTC)
        )
        self._told.clear()
        await self.operator.prime()
        await self.sync()

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

    async def finish(self, task: str, output: str = "disk ok 45%\n", exit_code: int = 0) -> None:
        """Lets the Job of a task end, as the runner would end it."""
        job = self.cluster.objects[("Job", "default", self.row(task)["job"])]
        found = stream.parse(output.encode())
        note = summary.compose(
            summary.Summary(exit_code, verdict.judge(exit_code, found), found, builders.NOW, builders.NOW)
        )
        moment = "2026-01-02T03:04:05Z"
        ended = {"exitCode": exit_code, "message": note.decode(), "startedAt": moment, "finishedAt": moment}
        metadata = {**job["metadata"], "ownerReferences": [{"uid": job["metadata"]["uid"]}]}
        metadata |= {"name": job["metadata"]["name"] + "-pod", "uid": job["metadata"]["uid"] + "-pod"}
        state = {"phase": "Succeeded", "containerStatuses": [{"name": "inspect", "state": {"terminated": ended}}]}
        self.cluster.logs[metadata["name"]] = output.encode()
        self.cluster.put({"kind": "Pod", "metadata": metadata, "status": state})
        kind = "Failed" if exit_code else "Complete"
        condition = {"type": kind, "status": "True", "lastTransitionTime": moment, "reason": "BackoffLimitExceeded"}
        self.cluster.put({**job, "status": {"startTime": moment, "conditions": [condition]}})
        await self.sync()

    async def sync(self) -> None:
        """Tells the operator what changed, until it has nothing more to do at once."""
        while True:
            for queue in (self.operator._converges, self.operator._reports):
                while busy := [entry.task for entry in queue._entries.values() if entry.task]:
                    await asyncio.wait(busy)
            self._collect()
            if not (changes := list(self._changes())):
                return
            for kind, event in changes:
                handler = self.operator._on_inspect if kind == resources.INSPECTS.kind else self.operator._on_child
                await handler(event=event)

    async def wake(self, name: str = "night") -> None:
        """As if the time for a retry had come."""
        self.operator._converges.wake(("default", name))
        await self.sync()

    def _collect(self) -> None:
        for key, item in list(self.cluster.objects.items()):
            if item["metadata"].get("deletionTimestamp") and not item["metadata"].get("finalizers"):
                del self.cluster.objects[key]

    def _changes(self) -> Iterator[tuple[str, Any]]:
        watched = {"Inspect", "Job", "Pod", "ConfigMap"}
        now = {key: item for key, item in self.cluster.objects.items() if key[0] in watched}
        for key, (_, item) in list(self._told.items()):
            if key not in now or now[key]["metadata"]["uid"] != item["metadata"]["uid"]:
                del self._told[key]
                yield key[0], {"type": "DELETED", "object": item}
        for key, item in now.items():
            version = item["metadata"]["resourceVersion"]
            if self._told.get(key, ("", None))[0] != version:
                told = {**item, "kind": key[0], "metadata": dict(item["metadata"])}
                self._told[key] = (version, told)
                yield key[0], {"type": "MODIFIED", "object": told}

    def status(self, name: str = "night") -> Any:
        return self.cluster.objects[("Inspect", "default", name)].get("status") or {}

    def row(self, task: str, name: str = "night") -> Any:
        return next(row for row in self.status(name)["results"] if row["task_name"] == task)

    def condition(self, kind: str, name: str = "night") -> tuple[str, str]:
        found = next(one for one in self.status(name)["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]

    def uid(self, task: str) -> str:
        return str(self.cluster.objects[("Job", "default", self.row(task)["job"])]["metadata"]["uid"])

    def writes(self) -> list[tuple[str, str, str]]:
        """Requests that changed something."""
        return [request for request in self.cluster.requests if request[0] not in ("get", "list", "log")]


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> House:
    """An operator on an empty cluster."""
    cluster = cluster_in_memory.Cluster({"kind": "Namespace", "metadata": {"name": "default"}})
    made = House(cluster, helm_in_memory.Helm(cluster))
    monkeypatch.setattr(helms, "Helm", lambda executable, concurrency: made.helm)
    monkeypatch.setattr(report, "UNSEEN_SECONDS", 0.0)
    monkeypatch.setattr(operators, "REST_SECONDS", 0.0)  # a test waits for what it did, not for more
    monkeypatch.setattr(kopf, "event", lambda _, **said: made.events.append((said["reason"], said["message"])))
    await made.start()
    return made
