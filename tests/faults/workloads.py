"""What users do, and what has to have run once it is done. A word names a content: `one.2` is the second script of task
one; it is said to the markers outside of Kubernetes by each run."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from tests.e2e.harness import marker
from tests.faults import injection as injections
from tests.faults import plan as plans
from tests.faults import subjects

NAME = subjects.NAME
SITE = "site-macros"
Object = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Scene:
    """Where a workload takes place. `cluster` leads to the API server past the proxy."""

    cluster: client.Cluster
    namespace: str
    markers: marker.Markers
    subject: subjects.Subject
    injection: Callable[[], injections.Injection]

    def script(self, word: str) -> str:
        """Says the word, in this namespace."""
        return self.markers.script(f"{self.namespace}.{word}")

    def tasks(self) -> list[Object]:
        """Five: a script, one after it, one on the node, a schedule, and a suspended one. The schedules never fire."""
        on_linux = {"nodes": {"selector": {"matchLabels": {"kubernetes.io/os": "linux"}}}}
        return [
            {"name": "one", "script": self.script("one.1")},
            {"name": "two", "script": self.script("two.1"), "dependsOn": ["one"]},
            {"name": "node", "script": self.script("node.1"), "target": on_linux},
            {"name": "cron", "script": "echo cron ok", "schedule": "0 3 1 1 *"},
            {"name": "idle", "script": "echo idle ok", "schedule": "0 4 1 1 *", "suspend": True},
        ]

    async def create(self) -> None:
        """The object: an Inspect of these tasks, or what the kind has in their place."""
        spec = {"tasks": self.tasks()} if self.subject is subjects.INSPECT else hpa("0 3 1 1 *")
        await self.cluster.create(self.subject.resource, self.namespace, self.subject.body(spec))

    async def put(self, tasks: list[Object]) -> None:
        """Another list of tasks."""
        await self.patch({"spec": {"tasks": tasks}})

    async def patch(self, body: Object) -> None:
        """A change of the object."""
        await self.cluster.merge(self.subject.resource, self.namespace, NAME, body)

    async def version(self) -> int:
        """Of the object by now; 0: it is gone."""
        try:
            found = await self.cluster.get(self.subject.resource, self.namespace, NAME)
        except client.NotFound:
            return 0
        return int(found["metadata"]["resourceVersion"])

    async def delete(self) -> None:
        """In the background."""
        await self.cluster.delete(self.subject.resource, self.namespace, NAME)


@dataclasses.dataclass(frozen=True)
class Workload:
    """`exists`: the Inspect was made, and its runs have ended, before the change that is watched. `ran`: the words that
    have to have been said at the end, each so often; `may_run`: those that may have been."""

    change: Callable[[Scene], Awaitable[None]]
    ran: tuple[str, ...] = ("one.1", "two.1", "node.1")
    may_run: tuple[str, ...] = ()
    exists: bool = True
    gone: bool = False
    #: Helm has to have written this before it can be over: no generation of the Inspect tells of the change.
    needs: str = ""
    subject: subjects.Subject = subjects.INSPECT


def hpa(schedule: str) -> Object:
    """Two that never fire."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
    jobs = [{"name": "up", "schedule": schedule, "size": 3}, {"name": "down", "schedule": "0 4 1 1 *", "size": 1}]
    return {"scaleTarget": target, "jobs": jobs}


async def _create(scene: Scene) -> None:
    await scene.create()


async def _edit(scene: Scene) -> None:
    tasks = scene.tasks()
    tasks[0]["script"] = scene.script("one.2")
    await scene.put(tasks)


async def _schedule(scene: Scene) -> None:
    tasks = scene.tasks()
    tasks[3]["schedule"] = "30 5 1 1 *"
    await scene.put(tasks)


async def _add_and_remove(scene: Scene) -> None:
    tasks = scene.tasks()
    tasks[2] = {"name": "more", "script": scene.script("more.1")}
    await scene.put(tasks)


async def _suspend(scene: Scene) -> None:
    tasks = scene.tasks()
    tasks[3]["suspend"] = True
    await scene.put(tasks)


async def _run_now(scene: Scene) -> None:
    await scene.patch({"metadata": {"annotations": {group.ANNOTATION_RUN_REQUEST: "again for one"}}})


async def _lost(scene: Scene) -> None:
    """Somebody deletes an object of a release behind Helm's back."""
    await scene.cluster.delete(resources.CRON_JOBS, scene.namespace, f"{NAME}--cron")


async def _template(scene: Scene) -> None:
    """The site's macro for what stands on every pod; what belongs to schedules is rendered anew."""
    text = "{% macro metadata() %}\nmetadata: {labels: {cost-centre: b-17}}\n{% endmacro %}\n"
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": SITE, "labels": {group.LABEL_TEMPLATES: "macros"}},
        "data": {"metadata.yaml": text},
    }
    await scene.cluster.create(resources.CONFIG_MAPS, scene.namespace, body)


async def _delete(scene: Scene) -> None:
    await scene.delete()


async def _kind_upgrade(scene: Scene) -> None:
    await scene.patch({"spec": hpa("30 5 1 1 *")})


async def _delete_during_create(scene: Scene) -> None:
    await scene.create()
    await scene.injection().until(plans.Kind.WRITES, lambda place: place.startswith("helm PATCH jobs"))
    await scene.delete()


WORKLOADS = {
    "create": Workload(_create, exists=False),
    "edit": Workload(_edit, ran=("one.1", "one.2", "two.1", "node.1")),
    "schedule": Workload(_schedule),
    "add-remove": Workload(_add_and_remove, ran=("one.1", "two.1", "node.1", "more.1")),
    "suspend": Workload(_suspend),
    "run-now": Workload(_run_now, ran=("one.1", "one.1", "two.1", "node.1"), needs="helm PATCH jobs"),
    "lost": Workload(_lost, needs="helm PATCH cronjobs i--cron"),
    "template": Workload(_template, needs="helm PATCH cronjobs i--idle"),
    "delete": Workload(_delete, gone=True),
    "delete-create": Workload(
        _delete_during_create, ran=(), may_run=("one.1", "two.1", "node.1"), exists=False, gone=True
    ),
    "kind-create": Workload(_create, ran=(), exists=False, subject=subjects.HPA),
    "kind-upgrade": Workload(_kind_upgrade, ran=(), subject=subjects.HPA),
    "kind-delete": Workload(_delete, ran=(), gone=True, subject=subjects.HPA),
}
