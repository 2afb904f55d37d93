"""Mistakes in what was rendered: of the form, of Pod Security, of what the operator needs to read a result."""

import re
from collections.abc import Iterator
from typing import Any

from inspect_operator import yaml_json
from inspect_operator.cluster import schema

#: The container whose end and log are the run's (run/pods.py).
CONTAINER = "inspect"
#: Helm keeps a release in a Secret, compressed; so much surely fits (Secrets take 1 MiB).
MAX_BYTES = 1024 * 1024
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")

Object = dict[str, Any]
#: The rule that it breaks, and in which words.
Complaint = tuple[str, str]


def complaints(items: list[Object], *, restricted: bool) -> Iterator[Complaint]:
    """About the objects of one release; `restricted`: its pods have to pass that level of Pod Security."""
    for item in items:
        what = f"{item['kind']} {item['metadata']['name']}"
        for rule, words in _of_one(item, restricted):
            yield rule, f"{what}: {words}"
    if (size := sum(len(yaml_json.dumps(item).encode()) for item in items)) > MAX_BYTES:
        yield "size", f"{size} bytes; a release of more than {MAX_BYTES} may not fit into Helm's Secret"


def _of_one(item: Object, restricted: bool) -> Iterator[Complaint]:
    found = [("schema", words) for words in schema.complaints(item)]
    yield from found
    metadata = item["metadata"]
    if not _NAME.fullmatch(metadata["name"]):
        yield "name", f"{metadata['name']!r} is no name: small letters, digits, dashes"
    for key, value in metadata["labels"].items():
        if not isinstance(value, str) or not _LABEL.fullmatch(value):
            yield "name", f"label {key}: {value!r} is no label value"
    if found:
        return  # the rest would stumble over it
    spec = item.get("spec") or {}
    pod = (spec.get("jobTemplate") or item).get("spec", {}).get("template", {}).get("spec")
    if pod is not None:
        yield from _of_pod(pod, restricted)


def _of_pod(pod: Object, restricted: bool) -> Iterator[Complaint]:
    if CONTAINER not in {one["name"] for one in pod["containers"]}:
        yield "container", f"no container is called {CONTAINER}, whose end and log are the result"
    if pod.get("restartPolicy") != "Never":
        yield "container", "restartPolicy has to be Never: retries are the Job's"
    if len(pod["containers"]) > 1:
        words = "another container keeps the Job from ending; make it one of initContainers with restartPolicy: Always"
        yield "container", words
    if restricted:
        yield from (("restricted", words) for words in _not_restricted(pod))


def _not_restricted(pod: Object) -> Iterator[str]:
    """Kubernetes, Pod Security Standards: baseline and restricted, as far as fields of Linux pods go. That a task's
    own image runs as root is not known here."""
    context = pod.get("securityContext") or {}
    yield from (f"{name} is true" for name in ("hostPID", "hostIPC", "hostNetwork") if pod.get(name))
    yield from (f"volume {one['name']} is a hostPath" for one in pod.get("volumes") or () if "hostPath" in one)
    for one in (*(pod.get("initContainers") or ()), *pod["containers"]):
        own, name = one.get("securityContext") or {}, one["name"]
        capabilities = own.get("capabilities") or {}
        profile = own.get("seccompProfile") or context.get("seccompProfile") or {}
        if own.get("privileged"):
            yield f"container {name} is privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"container {name}: say allowPrivilegeEscalation: false"
        if "ALL" not in (capabilities.get("drop") or ()):
            yield f"container {name}: say capabilities: {{drop: [ALL]}}"
        if set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
            yield f"container {name} adds capabilities"
        if profile.get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"container {name}: say seccompProfile: {{type: RuntimeDefault}}"
        if 0 in (own.get("runAsUser"), context.get("runAsUser")) or False in (
            own.get("runAsNonRoot"),
            context.get("runAsNonRoot"),
        ):
            yield f"container {name} runs as root"
        yield from (f"container {name} has a hostPort" for port in one.get("ports") or () if port.get("hostPort"))
