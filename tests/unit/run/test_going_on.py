"""A Job that has not ended: what people see while it waits or runs, and when waiting is over."""

from typing import Any

import pytest

from inspect_operator.run import outcome
from inspect_operator.run.outcome import Kind, Run, State
from inspect_operator.runner.verdict import Verdict

Objects = Any  # conftest.Objects
POD_SECURITY = (
    'Error creating: pods "my--disk-k1-x7k2p" is forbidden: violates PodSecurity "restricted:latest": '
    'allowPrivilegeEscalation != false (container "inspect" must set securityContext.allowPrivilegeEscalation=false)'
)
QUOTA = 'Error creating: pods "my--disk-k1-abc" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3'


def look(objects: Objects, seconds: float, *pods: dict[str, Any], job: Any = None, events: Any = ()) -> Run:
    job = job or objects.job(active=1)
    return outcome.observe(job, list(pods), list(events), None, objects.at(seconds), Kind.SCRIPT)


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_that_cannot_be_pulled_is_waited_for_and_then_an_error(objects: Objects, reason: str) -> None:
    pod = objects.waiting(reason, 'Back-off pulling image "no/such:1"')
    run = look(objects, 5, pod)
    assert (run.state, run.reason, run.verdict) == (State.WAITING, "ImagePull", None)
    assert 'Back-off pulling image "no/such:1"' in run.message
    assert "check the image's name" in run.message
    assert run.waiting_since == objects.at(1)
    assert run.next_look_seconds == 116
    assert look(objects, 120.5, pod).state is State.WAITING
    over = look(objects, 121, pod)
    assert (over.state, over.reason, over.verdict) == (State.FINISHED, "ImagePull", Verdict.ERROR)
    assert over.finished == objects.at(121)
    assert look(objects, 5000, pod) == over, "time alone must not change a final answer"


@pytest.mark.parametrize(
    ("reason", "words"),
    [("InvalidImageName", "name is not valid"), ("ErrImageNeverPull", "may not be pulled")],
)
def test_what_no_waiting_heals_is_an_error_at_once(objects: Objects, reason: str, words: str) -> None:
    run = look(objects, 3, objects.waiting(reason, "why"))
    assert (run.state, run.reason, run.verdict) == (State.FINISHED, "ImagePull", Verdict.ERROR)
    assert words in run.message
    assert not run.needs_log


def test_an_image_that_came_after_all_is_no_error(objects: Objects) -> None:
    pod = objects.pod({"running": {"startedAt": objects.stamp(300)}}, status={"phase": "Running"})
    run = look(objects, 301, pod)
    assert (run.state, run.reason, run.verdict) == (State.ACTIVE, "Running", None)
    assert run.started == objects.at(300)


@pytest.mark.parametrize("reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])
def test_a_container_that_cannot_be_made(objects: Objects, reason: str) -> None:
    pod = objects.waiting(reason, 'configmap "x" not found')
    run = look(objects, 5, pod)
    assert (run.state, run.reason) == (State.WAITING, "CreateContainerError")
    assert f'({reason}): configmap "x" not found' in run.message
    assert look(objects, 200, pod).verdict is Verdict.ERROR


def test_the_trouble_of_an_init_container_is_seen(objects: Objects) -> None:
    init = {"name": "prepare", "state": {"waiting": {"reason": "ErrImagePull", "message": "gone"}}}
    pod = objects.pod({"waiting": {"reason": "PodInitializing"}}, status={"initContainerStatuses": [init]})
    assert look(objects, 5, pod).reason == "ImagePull"


def test_an_unschedulable_pod_waits_and_says_why(objects: Objects) -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory.",
        "lastTransitionTime": objects.stamp(1),
    }
    run = look(objects, 4000, objects.pod(status={"conditions": [condition]}))
    assert (run.state, run.reason, run.verdict) == (State.WAITING, "Unschedulable", None)
    assert "1 Insufficient memory" in run.message


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_ordinary_preparation_is_pending(objects: Objects, reason: str) -> None:
    run = look(objects, 500, objects.waiting(reason))
    assert (run.state, run.reason, run.next_look_seconds) == (State.WAITING, "Pending", None)


def test_a_suspended_job_waits(objects: Objects) -> None:
    run = look(objects, 5, job=objects.job(spec={"suspend": True}))
    assert (run.state, run.reason, run.needs_events) == (State.WAITING, "Suspended", False)


def test_events_are_asked_for_only_when_a_pod_is_overdue(objects: Objects) -> None:
    young, late, old = (look(objects, seconds) for seconds in (0.5, 2, 3600))
    assert [run.state for run in (young, late, old)] == [State.WAITING] * 3
    assert [run.needs_events for run in (young, late, old)] == [False, True, True]
    assert young.next_look_seconds == 1.5
    assert late.next_look_seconds == 1
    assert old.next_look_seconds == outcome.REFUSED_LOOK_SECONDS
    assert not look(objects, 60, objects.waiting("ContainerCreating")).needs_events


def test_a_pod_that_pod_security_refuses_is_an_error_in_words(objects: Objects) -> None:
    run = look(objects, 3, events=[{"reason": "Other"}, objects.failed_create(POD_SECURITY)])
    assert (run.state, run.reason, run.verdict) == (State.FINISHED, "PodSecurity", Verdict.ERROR)
    assert run.message.startswith(
        "the namespace's Pod Security profile restricted:latest refuses the pod: allowPrivilegeEscalation != false"
    )
    assert run.finished == objects.at(1)
    combined = objects.failed_create(f"(combined from similar events): {POD_SECURITY}")
    assert look(objects, 3, events=[combined]).message == run.message


def test_another_refusal_waits_and_is_looked_at_again(objects: Objects) -> None:
    run = look(objects, 3, events=[objects.failed_create(QUOTA)])
    assert (run.state, run.reason, run.verdict) == (State.WAITING, "FailedCreate", None)
    assert "exceeded quota: small" in run.message
    assert run.next_look_seconds == outcome.REFUSED_LOOK_SECONDS


def test_the_latest_refusal_counts(objects: Objects) -> None:
    events = [objects.failed_create(QUOTA, 9), objects.failed_create(POD_SECURITY, 1)]
    assert look(objects, 10, events=events).reason == "FailedCreate"
    assert look(objects, 10, events=events[::-1]).reason == "FailedCreate"


def test_a_pod_outweighs_an_old_refusal(objects: Objects) -> None:
    pod = objects.waiting("ContainerCreating")
    assert look(objects, 10, pod, events=[objects.failed_create(POD_SECURITY)]).reason == "Pending"


def test_an_ended_pod_of_an_active_job_has_no_verdict_yet(objects: Objects) -> None:
    run = look(objects, 61, objects.ended(3), job=objects.job(failed=1))
    assert (run.state, run.reason, run.verdict, run.needs_log) == (State.ACTIVE, "Ending", None, False)


def test_a_failed_attempt_says_that_another_is_due(objects: Objects) -> None:
    run = look(objects, 61, objects.ended(3), job=objects.job(spec={"backoffLimit": 2}, failed=1))
    assert (run.state, run.reason) == (State.ACTIVE, "Retrying")
    assert run.message == "attempt 1 of 3 ended with exit code 3; the next one is due"


def test_the_youngest_pod_decides(objects: Objects) -> None:
    old = objects.ended(3, name="pod-z")
    new = objects.pod(
        {"running": {"startedAt": objects.stamp(80)}},
        name="pod-a",
        metadata={"creationTimestamp": objects.stamp(79)},
        status={"phase": "Running"},
    )
    for pods in ((old, new), (new, old)):
        run = look(objects, 81, *pods, job=objects.job(spec={"backoffLimit": 2}, failed=1, active=1))
        assert (run.state, run.reason, run.pod) == (State.ACTIVE, "Running", "pod-a")


def test_a_failure_target_is_not_the_end(objects: Objects) -> None:
    job = objects.job({"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"}, active=1)
    assert not outcome.job_ended(job)
    assert outcome.job_ended(objects.failed())
    assert look(objects, 5, objects.ended(1), job=job).state is State.ACTIVE
