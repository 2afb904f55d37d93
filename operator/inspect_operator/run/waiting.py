"""A Job that has not ended: what it waits for, and when waiting is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inspect_operator.run import jobs, pods, reasons
from inspect_operator.runner import verdict

PATIENCE_SECONDS = 120.0
"""How long an image that cannot be pulled, or a container that cannot be made, is waited for before it is an error."""


@dataclass(frozen=True, slots=True)
class Now:
    """What a Job is at. `failed_at`: no more is expected of it, although Kubernetes would go on trying."""

    reason: str
    message: str
    running: bool = False
    failed_at: datetime | None = None
    next_look_seconds: float | None = None


def of_pod(pod: pods.Pod, job: jobs.Job, now: datetime) -> Now:
    if pod.ended is not None or pod.phase in ("Succeeded", "Failed"):
        return _after_attempt(pod, job)
    if pod.waiting is not None:
        return _blocked(pod, pod.waiting, now)
    if pod.running_since is not None:
        words = "the pod is being deleted" if pod.being_deleted else f"pod {pod.name} runs"
        return Now(reasons.Reason.RUNNING, words, running=True)
    if pod.unscheduled is not None and pod.unscheduled.reason == "Unschedulable":
        message = f"no node takes the pod: {pod.unscheduled.message}"
        return Now(reasons.Reason.UNSCHEDULABLE, message)
    if pod.unscheduled is not None and pod.unscheduled.reason:
        return Now(pod.unscheduled.reason, pod.unscheduled.message)
    return Now(reasons.Reason.PENDING, f"pod {pod.name} is being prepared")


def _after_attempt(pod: pods.Pod, job: jobs.Job) -> Now:
    if pod.ended is not None and pod.ended.exit_code and job.attempts <= job.retries:
        words = verdict.exit_in_words(pod.ended.exit_code)
        message = f"attempt {job.attempts} of {job.retries + 1} ended with {words}; the next one is due"
        return Now(reasons.Reason.RETRYING, message, running=True)
    return Now(reasons.Reason.ENDING, f"pod {pod.name} has ended", running=True)


def _blocked(pod: pods.Pod, waiting: pods.Said, now: datetime) -> Now:
    """A container that does not start. Kubernetes would try for ever; the task has failed once patience is over."""
    if waiting.reason in reasons.IMAGE_PULL:
        reason = reasons.Reason.IMAGE_PULL
        message = f"{_image_problem(waiting)}; check the image's name, and that the node may pull it"
    elif waiting.reason in reasons.CREATE_CONTAINER:
        reason = reasons.Reason.CREATE_CONTAINER_ERROR
        message = f"the container cannot be made ({waiting.reason}): {waiting.message}"
    else:
        return Now(waiting.reason, waiting.message)
    since = pod.waiting_since or now
    if waiting.reason in reasons.IMAGE_HOPELESS:
        return Now(reason, message, failed_at=since)
    left = PATIENCE_SECONDS - (now - since).total_seconds()
    if left <= 0:
        return Now(reason, message, failed_at=since + timedelta(seconds=PATIENCE_SECONDS))
    return Now(reason, message, next_look_seconds=left)


def _image_problem(waiting: pods.Said) -> str:
    if waiting.reason == "InvalidImageName":
        return f"the image's name is not valid: {waiting.message}"
    if waiting.reason == "ErrImageNeverPull":
        return f"the image is not on the node and may not be pulled: {waiting.message}"
    return f"the image cannot be pulled: {waiting.message or waiting.reason}"
