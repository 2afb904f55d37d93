"""What a Job says of itself. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspect_operator.run import timestamps


@dataclass(frozen=True, slots=True)
class End:
    """A Job's last word; `reason` and `message` are Kubernetes'."""

    complete: bool
    reason: str
    message: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    uid: str
    name: str
    created: datetime | None
    started: datetime | None
    suspended: bool
    attempts: int  # pods that were started, the last one included
    retries: int
    deadline_seconds: int | None
    end: End | None


def read(job: Mapping[str, Any]) -> Job:
    metadata, spec, status = job["metadata"], job.get("spec") or {}, job.get("status") or {}
    return Job(
        uid=metadata.get("uid", ""),
        name=metadata["name"],
        created=timestamps.read(metadata.get("creationTimestamp")),
        started=timestamps.read(status.get("startTime")),
        suspended=bool(spec.get("suspend")),
        attempts=sum(status.get(key) or 0 for key in ("active", "failed", "succeeded")),
        retries=spec.get("backoffLimit") or 0,
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        end=_end(status),
    )


def _end(status: Mapping[str, Any]) -> End | None:
    """Only `Complete` and `Failed` end a Job; `FailureTarget` and `SuccessCriteriaMet` come before its pods have."""
    for condition in status.get("conditions") or ():
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            complete = condition["type"] == "Complete"
            at = timestamps.read(complete and status.get("completionTime")) or timestamps.read(
                condition.get("lastTransitionTime")
            )
            return End(complete, condition.get("reason") or "", condition.get("message") or "", at)
    return None
