"""Jobs, pods and Events as the API gives them, cut down to what matters. Times are seconds after NOON."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stamp(seconds: float) -> str:
    return at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


class Objects:
    """Makers of API objects; keywords name what differs from a quiet one."""

    at = staticmethod(at)
    stamp = staticmethod(stamp)

    def job(self, *conditions: dict[str, Any], spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
        return {
            "metadata": {"uid": "u1", "name": "my--disk-k1", "creationTimestamp": stamp(0)},
            "spec": {"backoffLimit": 0} | (spec or {}),
            "status": {"startTime": stamp(0), "conditions": list(conditions)} | status,
        }

    def failed(self, reason: str = "BackoffLimitExceeded", *, attempts: int = 1, retries: int = 0) -> dict[str, Any]:
        condition = {"type": "Failed", "status": "True", "reason": reason, "message": "the Job failed"}
        spec = {"backoffLimit": retries, "activeDeadlineSeconds": 900}
        return self.job(condition | {"lastTransitionTime": stamp(60)}, spec=spec, failed=attempts)

    def complete(self) -> dict[str, Any]:
        condition = {"type": "Complete", "status": "True", "lastTransitionTime": stamp(61)}
        return self.job(condition, succeeded=1, completionTime=stamp(60))

    def pod(self, state: dict[str, Any] | None = None, *, name: str = "pod-1", **more: Any) -> dict[str, Any]:
        """`state` is that of the container; `metadata` and `status` are merged in."""
        own = {"name": "inspect", "state": state} | more.pop("container", {})
        status = {
            "phase": "Pending",
            "startTime": stamp(1),
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(1)}],
            "containerStatuses": [own] if state is not None else [],
        }
        metadata = {"name": name, "creationTimestamp": stamp(0)}
        return {"metadata": metadata | more.pop("metadata", {}), "status": status | more.pop("status", {})}

    def waiting(self, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
        return self.pod({"waiting": {"reason": reason, "message": message}}, **more)

    def ended(self, exit_code: int = 0, reason: str = "", message: str = "", **more: Any) -> dict[str, Any]:
        terminated = {
            "exitCode": exit_code,
            "reason": reason or ("Error" if exit_code else "Completed"),
            "message": message,
            "startedAt": stamp(2),
            "finishedAt": stamp(59),
        }
        phase = {"phase": "Failed" if exit_code else "Succeeded"}
        return self.pod({"terminated": terminated}, **more | {"status": phase | more.get("status", {})})

    def failed_create(self, message: str, seconds: float = 1) -> dict[str, Any]:
        return {
            "type": "Warning",
            "reason": "FailedCreate",
            "message": message,
            "firstTimestamp": stamp(seconds),
            "lastTimestamp": stamp(seconds),
        }

    def copy(self, value: dict[str, Any]) -> dict[str, Any]:
        return copy.deepcopy(value)


@pytest.fixture
def objects() -> Objects:
    return Objects()
