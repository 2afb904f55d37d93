"""Small makers of the values that the rooms hand to each other: a test names only what it is about."""

import datetime
from typing import Any

from inspect_operator.api import canonical
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, observed, runkey, state

Object = dict[str, Any]

CHECKS = ("cpu.sh", "memory.sh", "site.py", "test.sh")
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
OWNER = tasks.Owner("default", "night", "uid-1")


def modern(name: str = "disk", **fields: Any) -> Object:
    """A task in the modern spelling; a script unless `fields` say what it runs."""
    kind = {} if {"script", "image"} & set(fields) else {"script": "true"}
    return {"name": name, **kind, **fields}


def original(name: str = "disk", **fields: Any) -> Object:
    """A task in the original spelling; a script unless `fields` give a type."""
    kind = {} if "type" in fields else {"type": "script", "script": "true"}
    return {"task": {"task_name": name, **kind, **fields}}


def body(*written: Object, generation: int = 1, name: str = "night", uid: str = "uid-1", **spec: Any) -> Object:
    """An Inspect object as the API server serves it."""
    return {
        "apiVersion": "api.practice.com/v1alpha1",
        "kind": "Inspect",
        "metadata": {"name": name, "namespace": "default", "uid": uid, "generation": generation},
        "spec": {"tasks": list(written), **spec},
    }


def inspection(*written: Object, generation: int = 1, name: str = "night", **spec: Any) -> tasks.Inspection:
    """The canonical form of such an object."""
    return canonical.read(body(*written, generation=generation, name=name, **spec), CHECKS)


def task(written: Object | None = None, **spec: Any) -> tasks.Task:
    """The canonical form of one task."""
    (made,) = inspection(modern() if written is None else written, **spec).tasks
    return made


def want(written: Object | None = None, *, release: str = "night--disk", trigger: str = "") -> desired.Desired:
    """The release that a task wants."""
    made = task(written)
    key = runkey.run_key(made, trigger)
    return desired.Desired(made, release, key, trigger, runkey.digest(key))


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
