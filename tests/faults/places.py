"""Names for what passes: the same write or event has the same name in each run of a workload, whatever its hashes."""

import json
import re
from typing import Any

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(
    r"/(?:api/v1|apis/[^/]+/[^/]+)/(?:namespaces/(?P<namespace>[^/]+)/)?"
    r"(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>[a-z]+))?)?$"
)
_RECORD = re.compile(rb"sh\.helm\.release\.v1\.([a-z0-9.-]+\.v[0-9]+)")
_HASH = re.compile(r"-[0-9a-f]{8,12}(?=$|[-.])")
#: The same inside of longer texts.
ANYWHERE = re.compile(r"-[0-9a-f]{8,12}(?![0-9a-zA-Z])")
_POD = re.compile(r"-HASH(-[a-z0-9]{5})$")


def who(agent: str) -> str:
    """Who asks: helm, or the operator itself (kopf is a part of it)."""
    return "helm" if agent.lower().startswith("helm") else "operator"


def plural(path: str) -> str:
    """`jobs`; empty where the path is about no resource (discovery, version)."""
    found = _PATH.match(path)
    return str(found["plural"]) if found else ""


def is_list(path: str) -> bool:
    """Whether a GET of it lists objects."""
    found = _PATH.match(path)
    return found is not None and not found["name"] and found["plural"] != "namespaces"


def of_write(agent: str, method: str, path: str, body: bytes) -> str:
    """`helm PUT secrets i--one.v1`; empty for the Lease, which is written by the clock and not for the workload."""
    found = _PATH.match(path)
    if not found or found["plural"] == "leases":
        return ""
    name = str(found["name"] or "") or _name(found["plural"], body)
    what = f"{found['plural']}/{found['sub']}" if found["sub"] else found["plural"]
    return f"{who(agent)} {method} {what} {plain(name)}"


def of_event(resource: str, event: dict[str, Any]) -> str:
    """`jobs MODIFIED i--one-HASH`; empty for bookmarks and errors, and for nodes, which are written by the clock."""
    if event["type"] not in ("ADDED", "MODIFIED", "DELETED") or resource == "nodes":
        return ""
    name = event["object"]["metadata"]["name"]
    return f"{resource} {event['type']} {plain(name)}"


def plain(name: str) -> str:
    """Without what is another in each run."""
    text = _HASH.sub("-HASH", name.removeprefix("sh.helm.release.v1."))
    return _POD.sub("-HASH-POD", text)


def _name(resource: str, body: bytes) -> str:
    """Of the object that a POST makes; of an Event, what it tells of. Helm writes its records as protobuf."""
    if found := _RECORD.search(body):
        return found[1].decode()
    try:
        made = json.loads(body)
    except ValueError:
        return ""
    return str(made.get("reason") if resource == "events" else made.get("metadata", {}).get("name", ""))
