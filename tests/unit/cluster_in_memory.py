"""A cluster of dictionaries with the API server's rules that our decisions lean on: versions, conflicts, selectors."""

import asyncio
import copy
import datetime
import itertools
import re
from collections.abc import AsyncGenerator
from typing import Any

from inspect_operator import errors
from inspect_operator.cluster import client, resources

Object = dict[str, Any]
_BEGIN = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)


class Cluster(client.Cluster):
    """`requests` tells what was asked for, as (verb, kind, name); `failing` is raised once by the verbs it names."""

    def __init__(self, *objects: Object) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.failing: dict[tuple[str, str], errors.InspectError] = {}
        self.logs: dict[str, bytes] = {}
        self.kinds: set[resources.Resource] = set()  # of other projects
        self._versions = itertools.count(1)
        for item in objects:
            self.put(item)

    def put(self, item: Object) -> Object:
        """Stores an object as the API server would: with a version, and a uid and the time where it has none."""
        metadata = item["metadata"]
        metadata.setdefault("uid", f"uid-of-{metadata['name']}-{next(self._versions)}")
        version = next(self._versions)
        metadata["resourceVersion"] = str(version)
        metadata.setdefault("creationTimestamp", moment(version))
        self.objects[(item["kind"], metadata.get("namespace", ""), metadata["name"])] = item
        return copy.deepcopy(item)

    def names(self, kind: str) -> list[str]:
        """Names of all objects of a kind, sorted."""
        return sorted(name for found, _, name in self.objects if found == kind)

    async def pause(self, seconds: float = 0.0) -> None:
        """Lets others go on, as a request would."""
        for _ in range(20):
            await asyncio.sleep(seconds / 20)

    async def get(self, resource: resources.Resource, namespace: str, name: str) -> Object:
        self._note("get", resource, name)
        try:
            return copy.deepcopy(self.objects[(resource.kind, namespace if resource.namespaced else "", name)])
        except KeyError:
            raise client.NotFound(f"{resource.plural} {name!r} not found") from None

    async def list(
        self, resource: resources.Resource, namespace: str, *, selector: str = "", fields: str = "", full: bool = False
    ) -> list[Object]:
        self._note("list", resource, selector or fields)
        found = [
            copy.deepcopy(item)
            for (kind, where, _), item in sorted(self.objects.items())
            if kind == resource.kind and (not namespace or where == namespace)
            if selects(selector, item["metadata"].get("labels") or {}) and selects(fields, _fields(item))
        ]
        return found if full else [{"metadata": item["metadata"]} for item in found]

    async def page(self, resource: resources.Resource, namespace: str, selector: str) -> tuple[tuple[Object, ...], str]:
        return tuple(await self.list(resource, namespace, selector=selector, full=True)), str(next(self._versions))

    async def watch(
        self, resource: resources.Resource, namespace: str, *, fields: str = "", selector: str = "", version: str = ""
    ) -> AsyncGenerator[tuple[str, Object], None]:
        """Tells nothing: what happens here, tests tell themselves."""
        self._note("watch", resource, selector)
        await asyncio.get_running_loop().create_future()
        yield "", {}

    async def create(self, resource: resources.Resource, namespace: str, body: Object) -> Object:
        self._note("create", resource, body["metadata"]["name"])
        if (resource.kind, namespace, body["metadata"]["name"]) in self.objects:
            raise errors.ClusterConflict("already exists")
        return self.put(copy.deepcopy(body))

    async def replace(self, resource: resources.Resource, namespace: str, body: Object) -> Object:
        self._note("replace", resource, body["metadata"]["name"])
        self._guard(resource, namespace, body["metadata"]["name"], body["metadata"])
        return self.put(copy.deepcopy(body))

    async def merge(
        self, resource: resources.Resource, namespace: str, name: str, body: Object, subresource: str = ""
    ) -> Object:
        self._note("merge", resource, name)
        self._guard(resource, namespace, name, body.get("metadata", {}))
        return self.put(_merged(self.objects[(resource.kind, namespace, name)], copy.deepcopy(body)))

    async def apply(
        self, resource: resources.Resource, namespace: str, name: str, body: Object, manager: str
    ) -> Object:
        self._note("apply", resource, name)
        found = self.objects.get((resource.kind, namespace, name), {"metadata": {}})
        kept = {word: found["metadata"][word] for word in ("uid", "creationTimestamp") if word in found["metadata"]}
        return self.put({**copy.deepcopy(body), "metadata": {**body["metadata"], **kept, "name": name}})

    async def served(self, api_version: str) -> tuple[resources.Resource, ...]:
        self.requests.append(("served", "", api_version))
        return tuple(one for one in self.kinds if one.api_version == api_version)

    async def apply_status(
        self, resource: resources.Resource, namespace: str, name: str, body: Object, manager: str
    ) -> Object:
        self._note("apply_status", resource, name)
        self._guard(resource, namespace, name, {})
        return self.put({**self.objects[(resource.kind, namespace, name)], "status": copy.deepcopy(body["status"])})

    async def delete(self, resource: resources.Resource, namespace: str, name: str, uid: str = "") -> bool:
        self._note("delete", resource, name)
        found = self.objects.get((resource.kind, namespace, name))
        if found is None or uid not in ("", found["metadata"]["uid"]):
            return False
        del self.objects[(resource.kind, namespace, name)]
        return True

    async def log(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        tail_bytes: int,
        lines: int | None = None,
        seconds: float = 30.0,
    ) -> bytes:
        self._note("log", resources.PODS, pod)
        if pod not in self.logs:
            raise client.NotFound(f"pod {pod!r} has no log")
        return self.logs[pod][-tail_bytes:]

    def _note(self, verb: str, resource: resources.Resource, name: str) -> None:
        self.requests.append((verb, resource.kind, name))
        if error := self.failing.pop((verb, resource.kind), None):
            raise error

    def _guard(self, resource: resources.Resource, namespace: str, name: str, metadata: Object) -> None:
        found = self.objects.get((resource.kind, namespace, name))
        if found is None:
            raise client.NotFound(f"{resource.plural} {name!r} not found")
        if metadata.get("resourceVersion") not in (None, found["metadata"]["resourceVersion"]):
            raise errors.ClusterConflict("the object has been modified")


def moment(seconds: int) -> str:
    """A time by which objects can be told older from newer."""
    return (_BEGIN + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _merged(old: Object, patch: Object) -> Object:
    made = dict(old)
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name] = _merged(made[name], value)
        elif name != "resourceVersion":
            made[name] = value
    return made


def _fields(item: Object) -> dict[str, str]:
    return {
        "involvedObject.uid": item.get("involvedObject", {}).get("uid", ""),
        "metadata.name": item["metadata"]["name"],
    }


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether a selector takes these labels (or fields)."""
    for part in re.split(r",(?![^(]*\))", selector) if selector else ():
        if among := re.fullmatch(r"(\S+) in \((.*)\)", part):
            if labels.get(among[1]) not in among[2].split(","):
                return False
        elif "!=" in part:
            name, _, value = part.partition("!=")
            if labels.get(name) == value:
                return False
        elif "=" in part:
            name, _, value = part.partition("=")
            if labels.get(name) != value:
                return False
        elif part not in labels:
            return False
    return True
