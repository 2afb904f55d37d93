"""Why a Job has no pod: only Events on the Job tell, the Job itself says nothing.

https://kubernetes.io/docs/concepts/security/pod-security-admission/: a pod that is refused leaves no other trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspect_operator.run import reasons, timestamps


@dataclass(frozen=True, slots=True)
class Refusal:
    """`final`: nothing changes until a person changes the namespace or the task."""

    reason: reasons.Reason
    message: str
    final: bool
    since: datetime | None


def refusal(events: Sequence[Mapping[str, Any]]) -> Refusal | None:
    """The latest refusal among the Events on a Job."""
    refused = [event for event in events if event.get("reason") == "FailedCreate"]
    if not refused:
        return None
    latest = max(refused, key=lambda event: _last_seen(event) or "")
    message = latest.get("message") or ""
    since = timestamps.read(latest.get("firstTimestamp") or latest.get("eventTime"))
    if "violates PodSecurity" in message:
        return Refusal(reasons.Reason.POD_SECURITY, _pod_security(message), True, since)
    return Refusal(
        reasons.Reason.FAILED_CREATE, f"Kubernetes refuses the pod and keeps trying: {message}", False, since
    )


def _last_seen(event: Mapping[str, Any]) -> str | None:
    series = event.get("series") or {}
    return series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")


def _pod_security(message: str) -> str:
    """Profile and faults, out of `… pods "x" is forbidden: violates PodSecurity "restricted:latest": a, b`."""
    profile, _, faults = message.partition('PodSecurity "')[2].partition('": ')
    return (
        f"the namespace's Pod Security profile {profile} refuses the pod: {faults or message}; "
        "change the task, or run it in a namespace that allows this"
    )
