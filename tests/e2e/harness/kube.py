"""kubectl and helm as a user types them; reading, which tests do a lot of while they wait, without a process each."""

import functools
import json
import os
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any, TypeVar

import kubernetes.config
import kubernetes.dynamic
import kubernetes.dynamic.exceptions

Object = dict[str, Any]
T = TypeVar("T")

DEADLINE_SECONDS = 60.0


class Failed(AssertionError):
    """A command ended with another exit code than 0; the text is what it said."""


#: A helm of the tests' own does its work under another name: the audit log then tells it from the operator's.
AS_TESTS = {"HELM_KUBEASUSER": "tests", "HELM_KUBEASGROUPS": "system:masters"}


def run(*arguments: str, stdin: str | None = None, binary: str = "kubectl", seconds: float = 90.0) -> str:
    """:raises Failed: with everything it printed"""
    done = subprocess.run(
        [binary, *arguments],
        input=stdin, capture_output=True, text=True, timeout=seconds, check=False, env=os.environ | AS_TESTS,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"{binary} {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def helm(*arguments: str, seconds: float = 90.0) -> str:
    """:raises Failed: with everything it printed"""
    return run(*arguments, binary="helm", seconds=seconds)


def apply(body: Object, namespace: str) -> str:
    """kubectl apply of one object."""
    return run("apply", "-n", namespace, "-f", "-", stdin=json.dumps(body))


def apply_as_helm(objects: list[Object]) -> None:
    """Server-side apply in Helm's name: no conflict for a release that takes an object over, or has it already."""
    body = {"apiVersion": "v1", "kind": "List", "items": objects}
    run("apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-", stdin=json.dumps(body))


def inspect(name: str, *tasks: Object, **spec: Any) -> Object:
    """An Inspect object."""
    return {
        "apiVersion": "api.practice.com/v1alpha1",
        "kind": "Inspect",
        "metadata": {"name": name},
        "spec": {"tasks": list(tasks), **spec},
    }


def get(kind: str, namespace: str, name: str) -> Object | None:
    """The object, or None."""
    try:
        found: Object = _resource(kind).get(name=name, namespace=namespace).to_dict()
    except kubernetes.dynamic.exceptions.NotFoundError:
        return None
    return found


def items(kinds: str, namespace: str, *, labels: str = "") -> list[Object]:
    """All objects of a kind (or kinds, with commas) in a namespace, or of those under a label selector."""
    found: list[Object] = []
    for kind in kinds.split(","):
        resource = _resource(kind)
        listed = resource.get(namespace=namespace, label_selector=labels).to_dict()["items"]
        found += [{"apiVersion": resource.group_version, "kind": resource.kind, **one} for one in listed]
    return found


_FOLDER = tempfile.TemporaryDirectory(prefix="inspect-tests-")


@functools.cache
def _api() -> kubernetes.dynamic.DynamicClient:
    client = kubernetes.config.new_client_from_config()  # type: ignore[no-untyped-call]
    client.user_agent = "tests"
    # A file of its own: that of all processes is read by one while another writes it.
    cache = pathlib.Path(_FOLDER.name) / "discovery.json"
    return kubernetes.dynamic.DynamicClient(client, cache_file=str(cache))  # type: ignore[no-untyped-call]


@functools.cache
def _resource(word: str) -> Any:
    """A kind by what kubectl takes for it: plural or singular, with its group after a dot where one is meant."""
    name, _, group = word.partition(".")
    for field in ("name", "singular_name"):
        found = [
            one
            for one in _api().resources.search(**{field: name}, **({"group": group} if group else {}))
            if isinstance(one, kubernetes.dynamic.Resource) and "/" not in one.name and one.preferred
        ]
        if found:
            return min(found, key=lambda one: str(one.group))  # that of the core group, as kubectl has it
    raise Failed(f"the cluster has no {word}")


def put(kind: str, namespace: str, body: Object) -> str:
    """Creates or replaces an object, by kubectl's strict validation; returns why the API server refused it, if so."""
    resource, strict = _resource(kind), [("fieldValidation", "Strict")]
    while True:
        found = get(kind, namespace, body["metadata"]["name"])
        write = resource.create if found is None else resource.replace
        kept = {word: (found or {}).get("metadata", {}).get(word) for word in ("resourceVersion", "finalizers")}
        metadata = {**body["metadata"], **{word: value for word, value in kept.items() if value}}
        try:
            write(body={**body, "metadata": metadata}, namespace=namespace, query_params=strict)
        except kubernetes.dynamic.exceptions.ConflictError:
            continue  # somebody else has written it since
        except kubernetes.dynamic.exceptions.DynamicApiError as error:
            if error.status >= 500:
                raise
            return str(error.summary())  # type: ignore[no-untyped-call]
        return ""


def names(kinds: str, namespace: str, *, labels: str = "") -> set[str]:
    """Names of all objects of a kind or of several."""
    return {item["metadata"]["name"] for item in items(kinds, namespace, labels=labels)}


def merge(kind: str, namespace: str, name: str, patch: Object) -> None:
    """kubectl patch --type=merge; an object that is gone is fine."""
    try:
        run("patch", kind, name, "-n", namespace, "--type=merge", "-p", json.dumps(patch))
    except Failed as error:
        if "NotFound" not in str(error):
            raise


def releases(namespace: str) -> dict[str, Object]:
    """helm list, whatever their state, by name."""
    return {one["name"]: one for one in json.loads(helm("list", "-n", namespace, "-o", "json"))}


def history(namespace: str, release: str) -> list[Object]:
    """helm history, oldest revision first."""
    listed: list[Object] = json.loads(helm("history", release, "-n", namespace, "-o", "json"))
    return listed


def until(what: str, probe: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """What the probe returns as soon as that is true; fails with the last of it at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {seen!r}")
        time.sleep(0.2)


def there(kind: str, namespace: str, name: str) -> Object:
    """The object, once it is there."""
    found = until(f"{kind} {name}", lambda: get(kind, namespace, name))
    assert found is not None
    return found


def condition(found: Object | None, name: str) -> Object:
    """One condition of an object's status, empty where it isn't there or is about an older generation."""
    for one in (found or {}).get("status", {}).get("conditions", ()):
        if one["type"] == name and one["observedGeneration"] == (found or {})["metadata"]["generation"]:
            return dict(one)
    return {}


def finished(namespace: str, name: str, seconds: float = DEADLINE_SECONDS) -> Object:
    """The Inspect once every run of its present generation has ended."""
    seen: list[Object | None] = [None]

    def ended() -> bool:
        seen[0] = get("inspect", namespace, name)
        return condition(seen[0], "Finished").get("status") == "True"

    try:
        until(f"{name} finished", ended, seconds)
    except AssertionError as error:
        raise AssertionError(
            f"{error}\n{json.dumps((seen[0] or {}).get('status'), indent=1, ensure_ascii=False)}"
        ) from None
    assert seen[0] is not None
    return seen[0]


def row(found: Object, task: str) -> Object:
    """One task's row of the status."""
    rows = found.get("status", {}).get("results", ())
    return next((dict(one) for one in rows if one["task_name"] == task), {})
