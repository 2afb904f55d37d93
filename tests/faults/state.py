"""What a namespace holds, without what is another in each run: names, uids, times, how often helm had to try."""

import json
import re
from typing import Any

from inspect_operator.cluster import client, resources
from inspect_operator.plan import observed
from inspect_operator.release import stored
from tests.faults import places, subjects, workloads

Object = dict[str, Any]
State = dict[str, Any]

KINDS = (*resources.RELEASED, resources.PODS, resources.SECRETS, subjects.ROLES)
#: Made by the cluster itself in every namespace, and the templates of a site.
_NOT_OURS = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default"), ("ConfigMap", workloads.SITE)}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MARKER = re.compile(r"/dev/tcp/[0-9.]+/[0-9]+")
_HEX = re.compile(r"\b[0-9a-f]{10,64}\b")
#: Of the status: how often something was tried, and what a run's clock or log said.
_UNSTEADY = {"revision", "resourceVersion", "managedFields", "generation", "creationTimestamp", "deletionTimestamp"}


async def read(cluster: client.Cluster, namespace: str, subject: resources.Resource) -> State:
    """By kind, each object in its steady form; pods are counted by what became of them."""
    found: State = {}
    for resource in (*KINDS, subject):
        items = await cluster.list(resource, namespace, full=True)
        for item in items:
            item.setdefault("kind", resource.kind)
        plain = [_steady(item) for item in items if (resource.kind, item["metadata"]["name"]) not in _NOT_OURS]
        if resource is resources.SECRETS:
            found["Release"] = _releases([item for item in items if item.get("type") == "helm.sh/release.v1"])
            plain = [_steady(item) for item in items if item.get("type") != "helm.sh/release.v1"]
        found[resource.kind] = sorted(plain, key=lambda one: json.dumps(one, sort_keys=True))
    text = json.dumps(found, sort_keys=True, ensure_ascii=False).replace(namespace, "NAMESPACE")
    text = _MARKER.sub("/dev/tcp/MARKER", text)
    text = _HEX.sub("HEX", places.ANYWHERE.sub("-HASH", _UID.sub("UID", _TIME.sub("TIME", text))))
    steady: State = json.loads(re.sub(r"-HASH-[a-z0-9]{5}(?=\")", "-HASH-POD", text))
    return steady


def left(state: State) -> list[str]:
    """What there is, by kind and name."""
    return [f"{kind} {one.get('name', one) if isinstance(one, dict) else one}" for kind in state for one in state[kind]]


def differences(expected: Any, seen: Any, where: str = "") -> list[str]:
    """In words, one for each leaf."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        said = []
        for name in sorted(expected.keys() | seen.keys()):
            said += differences(expected.get(name), seen.get(name), f"{where}.{name}")
        return said
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        return [
            word
            for number, (one, other) in enumerate(zip(expected, seen, strict=True))
            for word in differences(one, other, f"{where}[{number}]")
        ]
    if expected == seen:
        return []
    return [f"{where}: expected {json.dumps(expected)[:400]}, seen {json.dumps(seen)[:400]}"]


def _steady(item: Object) -> Object:
    metadata = item["metadata"]
    owners = [(one["kind"], one["name"]) for one in metadata.get("ownerReferences") or ()]
    kept: Object = {
        "kind": item["kind"],
        "name": metadata["name"],
        "labels": {name: value for name, value in (metadata.get("labels") or {}).items() if "digest" not in name},
        "owners": owners,
        "finalizers": metadata.get("finalizers") or [],
        "ends": "deletionTimestamp" in metadata,
    }
    match item["kind"]:
        case "Pod":
            return {**kept, "phase": item["status"].get("phase")}
        case "Job":
            status = item.get("status") or {}
            ended = sorted(one["type"] for one in status.get("conditions") or () if one["status"] == "True")
            return {**kept, "ended": ended, "succeeded": status.get("succeeded", 0), "spec": item["spec"]}
        case "ConfigMap" if "report" in metadata["name"]:
            return {**kept, "data": sorted(item.get("data") or {})}
        case "Inspect" | "Hpa":
            return {**kept, "spec": item["spec"], "status": _without(item.get("status") or {})}
        case "Secret":
            return {**kept, "data": sorted(item.get("data") or {})}
    return {**kept, **{name: item[name] for name in ("spec", "data", "roleRef", "subjects", "rules") if name in item}}


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(one) for name, one in value.items() if name not in _UNSTEADY}
    return [_without(one) for one in value] if isinstance(value, list) else value


def _releases(secrets: list[Object]) -> list[Object]:
    """Of each release its newest revision: how it ended, and what it holds."""
    by_name = {(one["metadata"]["labels"]["name"], int(one["metadata"]["labels"]["version"])): one for one in secrets}
    newest = dict(sorted(by_name))
    made = []
    for name, number in newest.items():
        payload = stored.payload(by_name[name, number])
        label = by_name[name, number]["metadata"]["labels"]["status"]
        deployed = [one for (of, _), one in by_name.items() if of == name and _status(one) == observed.Status.DEPLOYED]
        made.append({
            "name": name, "status": payload.status.value, "label": label, "deployed": len(deployed),
            "objects": sorted([kind, one] for kind, one in payload.objects),
        })  # fmt: skip
    return made


def _status(secret: Object) -> str:
    return str(secret["metadata"]["labels"]["status"])
