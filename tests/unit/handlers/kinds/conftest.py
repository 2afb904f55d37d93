"""The operator of chart-backed kinds on a cluster and a Helm in memory, from watches.yaml on."""

import asyncio
import copy
import dataclasses
import datetime
import json
import pathlib
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from tests.unit import cluster_in_memory, helm_in_memory

from inspect_operator import settings
from inspect_operator.cluster import client, resources
from inspect_operator.handlers import queue
from inspect_operator.handlers.kinds import controller, served
from inspect_operator.publish import meters

Object = dict[str, Any]
Place = tuple[str, str, str]  # kind, namespace, name

WEB = resources.Resource("Web", "/apis/web.example.com/v1", "webs")
SERVED = {
    WEB,
    resources.CONFIG_MAPS,
    resources.SECRETS,
    resources.JOBS,
    resources.Resource("Service", "/api/v1", "services"),
    resources.Resource("Deployment", "/apis/apps/v1", "deployments"),
}
#: A chart, as Helm in memory renders it: RELEASE is the release's name, VALUES.x a value.
DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "RELEASE"},
    "spec": {"replicas": "VALUES.replicas"},
}
SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "RELEASE"},
    "spec": {"type": "ClusterIP"},
}
DEADLINE_SECONDS = 45.0


class _Objects(dict[Place, Object]):
    """Tells of every change, whoever makes it."""

    def __init__(self, objects: dict[Place, Object], changed: Callable[[Object, bool], None]) -> None:
        super().__init__(objects)
        self._changed = changed

    def __setitem__(self, place: Place, item: Object) -> None:
        super().__setitem__(place, item)
        self._changed(item, False)

    def __delitem__(self, place: Place) -> None:
        item = self[place]
        super().__delitem__(place)
        self._changed(item, True)

    def pop(self, place: Place, default: Any = None) -> Any:
        item = self.get(place, default)
        if place in self:
            del self[place]
        return item


class Cluster(cluster_in_memory.Cluster):
    """Its watches tell what happens. Notes who set which field where Helm applies something, and lets objects go that
    nothing keeps."""

    def __init__(self, *objects: Object) -> None:
        super().__init__(*objects)
        self.objects = _Objects(self.objects, self._changed)
        self._happened: list[tuple[int, Object, bool]] = []  # version, the object as it was then, whether it is gone
        self._happens = asyncio.Event()
        self._watches: list[list[int]] = []  # how far each has come

    async def watch(
        self, resource: resources.Resource, namespace: str, *, fields: str = "", selector: str = "", version: str = ""
    ) -> AsyncGenerator[tuple[str, Object], None]:
        known, at = set[str](), [0]
        self._watches.append(at)
        try:
            while True:
                while at[0] < len(self._happened):
                    number, item, gone = self._happened[at[0]]
                    at[0] += 1
                    metadata = item["metadata"]
                    if item["kind"] != resource.kind or (namespace and metadata.get("namespace") != namespace):
                        continue
                    selected = cluster_in_memory.selects(selector, metadata.get("labels") or {})
                    there, before = selected and not gone, metadata["uid"] in known
                    (known.add if there else known.discard)(metadata["uid"])
                    if number > int(version) and (selected or before):
                        yield "DELETED" if not there else "MODIFIED" if before else "ADDED", copy.deepcopy(item)
                self._happens.clear()
                await self._happens.wait()
        finally:
            self._watches.remove(at)

    def watched(self, number: int) -> bool:
        """Whether at least so many watches are open, and have told everything."""
        return len(self._watches) >= number and all(at[0] == len(self._happened) for at in self._watches)

    def _changed(self, item: Object, gone: bool) -> None:
        version = next(self._versions) if gone else int(item["metadata"]["resourceVersion"])
        self._happened.append((version, copy.deepcopy(item), gone))
        self._happens.set()

    async def apply(
        self, resource: resources.Resource, namespace: str, name: str, body: client.Object, manager: str
    ) -> client.Object:
        return await super().apply(resource, namespace, name, managed(copy.deepcopy(body)), manager)

    async def merge(
        self, resource: resources.Resource, namespace: str, name: str, body: client.Object, subresource: str = ""
    ) -> client.Object:
        made = await super().merge(resource, namespace, name, body, subresource)
        metadata = made["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            del self.objects[(resource.kind, namespace, name)]
        return made


class Helm(helm_in_memory.Helm):
    """Renders a chart's templates/*.json by its values. `values` are those of each upgrade; `active` tells how many
    calls were under way at the same time at most; `slow` is waited for in each."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.values: list[Mapping[str, Any]] = []
        self.slow: Callable[[], Awaitable[object]] | None = None
        self.active, self._now = 0, 0

    async def upgrade(
        self,
        release: str,
        namespace: str,
        chart: pathlib.Path,
        *,
        labels: Mapping[str, str],
        description: str,
        timeout_seconds: float,
        values: Mapping[str, Any] | None = None,
        skip_crds: bool = False,
    ) -> None:
        self._now += 1
        self.active = max(self.active, self._now)
        if self.slow is not None:
            await self.slow()
        self._now -= 1
        made = _rendered(chart, release, values or {})
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "manifests"
            folder.mkdir()
            for number, item in enumerate(made):
                (folder / f"{number:03d}.json").write_text(json.dumps(item))
            await super().upgrade(
                release, namespace, folder.parent, labels=labels, description=description,
                timeout_seconds=timeout_seconds,
            )  # fmt: skip
        self.values.append(values or {})
        for item in made:
            live = self.cluster.objects[(item["kind"], namespace, item["metadata"]["name"])]
            annotations = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
            live = {**live, "metadata": {**live["metadata"], "annotations": annotations}}
            live["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
            self.cluster.put(managed(live, by=item))

    async def rendered(
        self, release: str, namespace: str, chart: pathlib.Path, *, values: Mapping[str, Any], timeout_seconds: float
    ) -> dict[str, Any]:
        self.calls.append(("dry-run", release, None))
        return {"manifest": "".join(f"---\n{json.dumps(item)}\n" for item in _rendered(chart, release, values))}


@dataclasses.dataclass
class Land:
    """One kind, and what people do with its objects."""

    folder: pathlib.Path
    cluster: Cluster
    helm: Helm
    kinds: served.Kinds | None = None
    #: What stands in watches.yaml beside group, version, kind and chart.
    entry: Object = dataclasses.field(default_factory=dict)

    async def start(self) -> None:
        """A new operator, which knows nothing but what is in the cluster and on disk."""
        entry = {"group": "web.example.com", "version": "v1", "kind": "Web", "chart": "chart"} | self.entry
        (self.folder / "watches.yaml").write_text(json.dumps([entry]))
        await self.stop()
        began = datetime.datetime.now(datetime.UTC)
        self.kinds = served.Kinds(settings.Settings(), self.cluster, self.helm, began, meters.Meters())
        await self.kinds.prime()
        self.kinds.start()
        if WEB in self.cluster.kinds:
            await until("served", lambda: self.cluster.watched(1))
            await self.settled()

    async def stop(self) -> None:
        """The operator ends, where there is one."""
        if self.kinds is not None:
            await self.kinds.close()
            self.kinds = None

    @property
    def controller(self) -> controller.Controller:
        """Of the only kind."""
        assert self.kinds is not None
        return self.kinds._controllers[0]

    def chart(self, *templates: Object, version: str = "1.0.0") -> None:
        """Writes the chart, in place of the one before."""
        folder = self.folder / "chart" / "templates"
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": "web", "version": version}))
        for path in folder.iterdir():
            path.unlink()
        for number, item in enumerate(templates):
            (folder / f"{number}.json").write_text(json.dumps(item))

    async def look(self) -> None:
        """What the operator does every few seconds."""
        await self.controller.look_at_chart()
        await self.settled()

    async def apply(
        self, name: str = "shop", labels: Object | None = None, annotations: Object | None = None, **spec: Any
    ) -> None:
        """kubectl apply: a new generation where the spec changed."""
        before = self.cluster.objects.get(("Web", "default", name))
        metadata: Object = {"name": name, "namespace": "default", "uid": f"uid-of-{name}", "generation": 1}
        if before is not None:
            metadata = {**before["metadata"], "generation": before["metadata"]["generation"] + (before["spec"] != spec)}
        metadata |= {"labels": labels or {}, "annotations": annotations or {}}
        made = {"apiVersion": WEB.api_version, "kind": "Web", "metadata": metadata, "spec": spec}
        self.cluster.put(made | ({"status": before["status"]} if before and "status" in before else {}))
        await self.settled()

    async def delete(self, name: str = "shop") -> None:
        """kubectl delete: finalizers keep the object until they are gone."""
        found = self.cluster.objects[("Web", "default", name)]
        self.cluster.put({**found, "metadata": {**found["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
        await self.settled()

    async def edit(self, kind: str, name: str = "shop", **spec: Any) -> None:
        """Somebody sets fields of an object's spec, and owns them from then on."""
        found = copy.deepcopy(self.cluster.objects[(kind, "default", name)])
        found["spec"] |= spec
        for entry in found["metadata"]["managedFields"]:
            owned = entry["fieldsV1"].pop("f:spec", {})
            if kept := {field: one for field, one in owned.items() if field.removeprefix("f:") not in spec}:
                entry["fieldsV1"]["f:spec"] = kept
        self.cluster.put(found)
        await self.settled()

    async def remove(self, kind: str, name: str = "shop") -> None:
        """kubectl delete of something that a release holds."""
        del self.cluster.objects[(kind, "default", name)]
        await self.settled()

    async def wake(self, name: str = "shop") -> None:
        """As if its time had come."""
        self.controller.wake(("default", name))
        await self.settled()

    async def settled(self) -> None:
        """Once everything that happened has been seen, and nothing is left to be done at once."""

        def quiet() -> bool:
            entries = self.controller._queue._entries.values()
            return self.cluster.watched(1) and not any(one.task or one.resting for one in entries)

        for _ in range(2):  # what the last pass wrote is seen by a watch, and may wake another
            await until("settled", quiet)
            await self.cluster.pause()

    def there(self, kind: str, name: str = "shop") -> Object | None:
        return self.cluster.objects.get((kind, "default", name))

    def status(self, name: str = "shop") -> Object:
        found = self.there("Web", name) or {}
        return dict(found.get("status") or {})

    def conditions(self, name: str = "shop") -> dict[str, tuple[str, str]]:
        """Status and reason by type."""
        found = self.status(name).get("conditions", ())
        return {one["type"]: (one["status"], one.get("reason", "")) for one in found}

    def message(self, condition: str, name: str = "shop") -> str:
        found = self.status(name).get("conditions", ())
        return next((str(one.get("message", "")) for one in found if one["type"] == condition), "")

    def events(self) -> list[tuple[str, str]]:
        """Reason and message of each, in the order in which they were written."""
        found = [item for (kind, _, _), item in self.cluster.objects.items() if kind == "Event"]
        ordered = sorted(found, key=lambda one: int(one["metadata"]["resourceVersion"]))
        return [(one["reason"], one["message"]) for one in ordered]

    def called(self) -> list[tuple[str, str]]:
        """What Helm was called for since the last question."""
        found = [(verb, release) for verb, release, _ in self.helm.calls]
        self.helm.calls.clear()
        return found


async def until(what: str, probe: Callable[[], object]) -> None:
    """Lets others go on until it is so."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not probe():
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS:g} s: {what}"
        await asyncio.sleep(0.001)


def managed(live: Object, by: Object | None = None) -> Object:
    """The object, with Helm as the owner of what it wrote."""
    fields = _fields({key: value for key, value in (by or live).items() if key not in ("apiVersion", "kind")})
    live["metadata"] = {**live["metadata"], "managedFields": [{"manager": "helm", "fieldsV1": fields}]}
    return live


def _fields(node: Any) -> Any:
    if isinstance(node, dict):
        return {f"f:{key}": _fields(value) for key, value in node.items() if key != "managedFields"}
    return {}


def _rendered(chart: pathlib.Path, release: str, values: Mapping[str, Any]) -> list[Object]:
    folders = [chart / "templates", chart / "manifests"]  # of templates in Jinja there are manifests only
    files = sorted(path for folder in folders if folder.is_dir() for path in folder.glob("*.json"))
    return [_filled(json.loads(path.read_text()), release, values) for path in files]


def _filled(node: Any, release: str, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, release, values) for key, value in node.items()}
    if isinstance(node, str) and node.startswith("VALUES."):
        return values.get(node.removeprefix("VALUES."))
    return node.replace("RELEASE", release) if isinstance(node, str) else node


@pytest.fixture
async def land(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Land]:
    """An empty cluster with the kind; the operator isn't started yet."""
    cluster = Cluster({"kind": "Namespace", "metadata": {"name": "default"}})
    cluster.kinds = set(SERVED)
    made = Land(tmp_path, cluster, Helm(cluster))
    made.chart(DEPLOYMENT, SERVICE)
    monkeypatch.setenv(f"{settings.PREFIX}WATCHES", str(tmp_path / "watches.yaml"))
    monkeypatch.setattr(controller, "REST_SECONDS", 0.0)  # a test waits for what it did, not for more
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 0.2)
    yield made
    await made.stop()
