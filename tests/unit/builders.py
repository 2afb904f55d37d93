"""Small makers of the values that the rooms hand to each other: a test names only what it is about."""

import datetime
import json
from collections.abc import Sequence
from typing import Any

from inspect_operator.api import canonical, check, group
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, nodes, observed, state

Object = dict[str, Any]

_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 100, "default": 80, "description": "Where a disk is full."}
_PATHS = {"type": "array", "items": {"type": "string"}, "default": [], "description": "Which disks."}
_WIDE = {"type": "boolean", "default": False, "description": "Look at the whole cluster."}
#: A script of each kind, a check with parameters, and one for each way of asking the Kubernetes API; sorted by name.
CHECKS = {
    one.name: one
    for one in (
        check.Check("cpu.sh", "echo cpu ok idle\n"),
        check.Check(
            "disk-usage", "df -P\n", "Is a disk full?", "bash",
            {"type": "object", "properties": {"limitPercent": _LIMIT, "paths": _PATHS}},
        ),
        check.Check("everywhere", "print()\n", "Are all nodes well?", "python3", {}, check.Access((_PODS,), True)),
        check.Check("memory.sh", "free\n"),
        check.Check(
            "pods-well", "print()\n", "Do pods crash?", "python3",
            {"type": "object", "properties": {"allNamespaces": _WIDE}}, check.Access((_PODS,), "allNamespaces"),
        ),
        check.Check("site.py", "print('site ok well')\n", interpreter="python3"),
        check.Check("test.sh", "echo a shipped script\n"),
    )
}  # fmt: skip
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
OWNER = tasks.Owner("default", "night", "uid-1")


def modern(name: str = "disk", **fields: Any) -> Object:
    """A task in the modern spelling; a script unless `fields` say what it runs."""
    kind = {} if {"script", "scriptFrom", "image", "check"} & set(fields) else {"script": "true"}
    return {"name": name, **kind, **fields}


def original(name: str = "disk", **fields: Any) -> Object:
    """A task in the original spelling; a script unless `fields` give a type."""
    kind = {} if "type" in fields else {"type": "script", "script": "true"}
    return {"task": {"task_name": name, **kind, **fields}}


def hosts(*addresses: str) -> Object:
    """A target of hosts, which share a password from a Secret."""
    password = {"secretKeyRef": {"name": "logins", "key": "password"}}
    return {"hosts": [{"address": address, "passwordFrom": password} for address in addresses]}


def body(
    *written: Object, generation: int = 1, name: str = "night", uid: str = "uid-1", request: str = "", **spec: Any
) -> Object:
    """An Inspect object as the API server serves it; `request` is the annotation that asks for a run now."""
    metadata: Object = {"name": name, "namespace": "default", "uid": uid, "generation": generation}
    if request:
        metadata["annotations"] = {group.ANNOTATION_RUN_REQUEST: request}
    return {
        "apiVersion": "api.practice.com/v1alpha1",
        "kind": "Inspect",
        "metadata": metadata,
        "spec": {"tasks": list(written), **spec},
    }


def inspection(
    *written: Object, generation: int = 1, name: str = "night", request: str = "", **spec: Any
) -> tasks.Inspection:
    """The canonical form of such an object."""
    return canonical.read(body(*written, generation=generation, name=name, request=request, **spec), CHECKS)


def task(written: Object | None = None, **spec: Any) -> tasks.Task:
    """The canonical form of one task."""
    (made,) = inspection(modern() if written is None else written, **spec).tasks
    return made


def want(
    written: Object | None = None,
    *,
    after: desired.Desired | None = None,
    facts: desired.Facts | None = None,
    **spec: Any,
) -> desired.Desired:
    """The release that a task wants, as plan decides it where nothing is there yet, or that of `after` is.

    `spec` is what body() takes; in `facts` every profile is allowed where none are given.
    """
    found = {} if after is None else {after.release: release(revision(after), name=after.release)}
    made = inspection(modern() if written is None else written, **spec)
    (wanted,) = desired.releases(made, found, facts or desired.Facts(profiles=frozenset({"node"})))
    return wanted


def job(wanted: desired.Desired) -> str:
    """Name of the only Job that is wanted."""
    (member,) = wanted.jobs
    return member.name


def node(
    name: str,
    *,
    ready: bool = True,
    cordoned: bool = False,
    labels: Object | None = None,
    taints: Sequence[Object] = (),
) -> Object:
    """A node as the API server serves it."""
    spec = {"taints": list(taints), **({"unschedulable": True} if cordoned else {})}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
        "status": {"conditions": conditions},
    }


def as_json(value: Any) -> bytes:
    """As it travels to the API server."""
    return json.dumps(value, ensure_ascii=False).encode()


def on_nodes(*names: str, **also: Any) -> desired.Facts:
    """What plan knows of a cluster with these nodes, all of them ready."""
    return desired.Facts(nodes=tuple(nodes.read(node(name)) for name in sorted(names)), **also)


def revision(
    wanted: desired.Desired | None = None,
    *,
    number: int = 1,
    status: str = "deployed",
    seconds_ago: float = 10,
    owner_uid: str = "uid-1",
    run_key: str | None = None,
    trigger: str | None = None,
    digest: str | None = None,
) -> observed.Revision:
    """A stored revision that holds what is wanted, but for what is said."""
    wanted = wanted or want()
    return observed.Revision(
        number,
        observed.Status(status),
        NOW - datetime.timedelta(seconds=seconds_ago),
        owner_uid,
        wanted.digest if digest is None else digest,
        wanted.run_key if run_key is None else run_key,
        wanted.trigger if trigger is None else trigger,
    )


def release(*revisions: observed.Revision, name: str = "night--disk") -> observed.Release:
    """A release with these revisions, newest first; one deployed where none is given."""
    return observed.Release(name, revisions or (revision(),))


def known(
    owner_uid: str = "uid-1",
    living: tuple[str, ...] = (),
    ended: tuple[tuple[str, int], ...] = (),
    lost: tuple[str, ...] = (),
    dead_after_seconds: float = 60,
) -> state.Known:
    """What else a decision knows: a helm that has written nothing for a minute is dead."""
    before = NOW - datetime.timedelta(seconds=dead_after_seconds)
    return state.Known(owner_uid, living, before, ended, lost)
