"""What one pod says. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus

A pod may hold containers that are not ours (a mesh's sidecar): the task's own is called `inspect`, or is the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspect_operator.run import timestamps

CONTAINER = "inspect"


@dataclass(frozen=True, slots=True)
class Said:
    """A reason and a message in Kubernetes' own words."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How the task's container ended."""

    exit_code: int
    reason: str
    termination_message: str
    started: datetime | None
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    created: datetime | None
    waiting_since: datetime | None  # since it is on a node; before that, since it exists
    phase: str
    said: Said  # status.reason and status.message: Evicted, DeadlineExceeded and the like
    being_deleted: bool
    unscheduled: Said | None
    disrupted: Said | None
    waiting: Said | None  # what keeps one of its containers from starting, where that is worth a word
    running_since: datetime | None
    ended: Ended | None
    failed_init: str  # an init container that failed, in words
    memory_limit: str

    @property
    def has_log(self) -> bool:
        return self.ended is not None and self.ended.started is not None


def last(pods: Sequence[Mapping[str, Any]]) -> Pod | None:
    """The pod of the last attempt."""
    latest = max(
        pods, key=lambda pod: (pod["metadata"].get("creationTimestamp") or "", pod["metadata"]["name"]), default=None
    )
    return None if latest is None else read(latest)


def read(pod: Mapping[str, Any]) -> Pod:
    metadata, status = pod["metadata"], pod.get("status") or {}
    conditions = {condition.get("type"): condition for condition in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    created = timestamps.read(metadata.get("creationTimestamp"))
    own = _own(status.get("containerStatuses") or ())
    inits = status.get("initContainerStatuses") or ()
    state = own.get("state") or {}
    return Pod(
        name=metadata["name"],
        created=created,
        waiting_since=timestamps.read(scheduled.get("lastTransitionTime"))
        or timestamps.read(status.get("startTime"))
        or created,
        phase=status.get("phase") or "Pending",
        said=_said(status),
        being_deleted=bool(metadata.get("deletionTimestamp")),
        unscheduled=_said(scheduled) if scheduled.get("status") == "False" else None,
        disrupted=_disrupted(conditions.get("DisruptionTarget") or {}),
        waiting=_waiting((*inits, own)),
        running_since=timestamps.read((state.get("running") or {}).get("startedAt")),
        ended=_ended(state.get("terminated")),
        failed_init=_failed_init(inits),
        memory_limit=(((own.get("resources") or {}).get("limits")) or {}).get("memory") or "",
    )


def _own(statuses: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((status for status in statuses if status.get("name") == CONTAINER), statuses[0] if statuses else {})


def _said(holder: Mapping[str, Any]) -> Said:
    return Said(holder.get("reason") or "", holder.get("message") or "")


def _disrupted(condition: Mapping[str, Any]) -> Said | None:
    return _said(condition) if condition.get("status") == "True" else None


def _waiting(statuses: Sequence[Mapping[str, Any]]) -> Said | None:
    for status in statuses:
        waiting = _said((status.get("state") or {}).get("waiting") or {})
        if waiting.reason not in ("", "ContainerCreating", "PodInitializing"):
            return waiting
    return None


def _ended(terminated: Mapping[str, Any] | None) -> Ended | None:
    if terminated is None:
        return None
    return Ended(
        exit_code=int(terminated.get("exitCode") or 0),
        reason=terminated.get("reason") or "",
        termination_message=terminated.get("message") or "",
        started=_not_epoch(timestamps.read(terminated.get("startedAt"))),
        finished=timestamps.read(terminated.get("finishedAt")),
    )


def _not_epoch(moment: datetime | None) -> datetime | None:
    """The kubelet writes 1970 where a container never started."""
    return None if moment is None or moment.year <= 1970 else moment


def _failed_init(statuses: Sequence[Mapping[str, Any]]) -> str:
    for status in statuses:
        terminated = (status.get("state") or {}).get("terminated") or {}
        if terminated.get("exitCode"):
            return f"init container {status.get('name', '')} ended with exit code {terminated['exitCode']}"
    return ""
