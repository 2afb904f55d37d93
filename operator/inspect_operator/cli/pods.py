"""The pods of an Inspect's runs, and what they print."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Collection

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.cli import command, inspects
from inspect_operator.cluster import client, resources
from inspect_operator.plan import naming
from inspect_operator.runner import lines as log_lines

CONTAINER = "inspect"
LOOK_SECONDS = 0.5
_OVER = ("Succeeded", "Failed")


@dataclasses.dataclass(frozen=True)
class Pod:
    """`target` is the node, where the task has a pod on each."""

    name: str
    job: str
    task: str
    target: str
    created: str
    phase: str
    started: bool
    why: str  # it has not started


async def of(context: command.Context, inspect: inspects.Object, tasks: Collection[str], target: str) -> list[Pod]:
    """The newest pod of each task and target; of all tasks and targets where none is named."""
    metadata = inspect["metadata"]
    selector = f"taskType=inspect,{group.LABEL_INSPECT}={naming.label_value(metadata['name'])}"
    found = await context.api.list(resources.PODS, metadata["namespace"], selector=selector, full=True)
    newest: dict[tuple[str, str], Pod] = {}
    for one in sorted(map(_pod, found), key=lambda each: each.created):
        if (not tasks or one.task in tasks) and (not target or one.target in (target, "")):
            newest[(one.task, one.target)] = one
    return [newest[key] for key in sorted(newest)]


async def lines(
    context: command.Context, namespace: str, pod: Pod, write: Callable[[str], None], *, follow: bool, tail: int | None
) -> None:
    """Hands over what the pod prints, a clean line at a time; with `follow` until its container ends.

    :raises errors.InspectError: its log can't be read
    """
    if follow:
        pod = await _begun(context, namespace, pod)
    if not pod.started:
        context.terminal.note(f"{pod.name} has not started yet{': ' + pod.why if pod.why else ''}")
        return
    if not follow:
        log = await context.api.log(namespace, pod.name, CONTAINER, tail_bytes=16 << 20, lines=tail)
        for line in log.splitlines():
            write(log_lines.clean(line))
        return
    splitter = log_lines.Splitter()
    async with contextlib.aclosing(context.api.follow_log(namespace, pod.name, CONTAINER, lines=tail)) as pieces:
        async for piece in pieces:
            if block := splitter.feed(piece):
                for line in log_lines.split(block):
                    write(log_lines.clean(line))
    if rest := splitter.close():
        write(log_lines.clean(rest))


async def _begun(context: command.Context, namespace: str, pod: Pod) -> Pod:
    """The pod once its container has started, or the pod is over."""
    told = ""
    while not pod.started and pod.phase not in _OVER:
        if pod.why and pod.why != told:
            context.terminal.note(f"{pod.name} waits: {pod.why}")
            told = pod.why
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(errors.ClusterUnavailable):
            try:
                pod = _pod(await context.api.get(resources.PODS, namespace, pod.name))
            except client.NotFound:
                return dataclasses.replace(pod, phase="Failed", why="the pod is gone")
    return pod


def _pod(body: inspects.Object) -> Pod:
    metadata, status = body["metadata"], body.get("status", {})
    annotations = metadata.get("annotations", {})
    state: inspects.Object = next((one.get("state", {}) for one in status.get("containerStatuses") or ()), {})
    waiting = state.get("waiting") or {}
    words = ": ".join(part for part in (waiting.get("reason"), waiting.get("message")) if part)
    if not words:
        unmet = [one for one in status.get("conditions") or () if one.get("status") == "False" and one.get("message")]
        words = unmet[0]["message"] if unmet and not state else ""
    return Pod(
        name=metadata["name"],
        job=metadata.get("labels", {}).get("job-name", ""),
        task=annotations.get(group.ANNOTATION_TASK, ""),
        target=annotations.get(group.ANNOTATION_TARGET, ""),
        created=metadata.get("creationTimestamp", ""),
        phase=status.get("phase", ""),
        started="running" in state or "terminated" in state,
        why="" if words == "ContainerCreating" else words,
    )
