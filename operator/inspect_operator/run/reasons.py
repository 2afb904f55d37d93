"""Why a run waits or how it ended, in one word, as far as Kubernetes tells; few words, and they stay the same.

What the script's own end and output tell is in `runner/verdict.py`.
"""

from enum import StrEnum


class Reason(StrEnum):
    # Nothing is wrong.
    STARTING = "Starting"  # the Job has no pod yet
    PENDING = "Pending"  # the pod is being prepared
    RUNNING = "Running"
    ENDING = "Ending"  # the container has ended, the Job has not said so yet
    RETRYING = "Retrying"  # an attempt failed, the next one is due
    SUSPENDED = "Suspended"
    # It waits, and may wait for ever.
    UNSCHEDULABLE = "Unschedulable"
    FAILED_CREATE = "FailedCreate"  # the pod is refused for another reason than Pod Security, such as a quota
    # It waits at first; an error once waiting no longer helps.
    IMAGE_PULL = "ImagePull"
    CREATE_CONTAINER_ERROR = "CreateContainerError"
    # It ended.
    POD_SECURITY = "PodSecurity"
    OOM_KILLED = "OOMKilled"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    EVICTED = "Evicted"
    POD_DELETED = "PodDeleted"
    LOG_LOST = "LogLost"
    INIT_CONTAINER_FAILED = "InitContainerFailed"
    POD_FAILED = "PodFailed"  # the pod failed before its container ran, and gave no better word


IMAGE_PULL = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""What the kubelet gives as a container's waiting reason while it has no image (pkg/kubelet/images/types.go)."""

IMAGE_HOPELESS = frozenset({"ErrImageNeverPull", "InvalidImageName"})
"""Of these, what no waiting heals: nothing is going to be pulled."""

CREATE_CONTAINER = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
"""Likewise, where there is an image and no container can be made from it (pkg/kubelet/container/sync_result.go)."""

START_FAILED = frozenset({"StartError", "ContainerCannotRun"})
"""A container's *terminated* reasons where its entry point could not be started at all; it has no log."""
