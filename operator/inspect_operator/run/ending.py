"""A Job that has ended: its verdict, from the runner's summary, the container's end, the log and the pod's own words.

What was done to a run from outside comes before what it said itself, unless it had already said all it had to say.
"""

import re
from dataclasses import dataclass, replace

from inspect_operator.run import completed, jobs, pods, reasons, tail
from inspect_operator.runner import findings, stream, summary, verdict

_CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]{1,61}")
_STOPPED = (143, 137)  # SIGTERM, then SIGKILL: what a container ends with when its pod is taken away


@dataclass(frozen=True, slots=True)
class Ending:
    judgement: verdict.Judgement
    report: findings.Report
    stderr: str = ""  # the last of it, where the runner kept it apart


def without_pod(job: jobs.Job, end: jobs.End) -> Ending:
    """The pod is gone, and what it found with it."""
    if end.reason == "DeadlineExceeded":
        limit = f" of {job.deadline_seconds} s" if job.deadline_seconds else ""
        message = f"the Job's deadline{limit} passed; Kubernetes removed the pod and its log"
        judgement = verdict.error(reasons.Reason.DEADLINE_EXCEEDED, message)
    elif end.complete:
        message = "the run ended with exit code 0, but its pod was removed before its findings were read"
        judgement = _unknown(reasons.Reason.LOG_LOST, message)
    else:
        message = "the pod was removed before its end was seen, so what the run would have found is not known"
        judgement = _unknown(reasons.Reason.POD_DELETED, message)
    return Ending(judgement, findings.Report())


def of_pod(
    pod: pods.Pod,
    job: jobs.Job,
    end: jobs.End,
    log: bytes | None,
    *,
    has_runner: bool,
    form: stream.Format | None = stream.Format.AUTO,
) -> Ending:
    """`log`: the end of the container's log, None where it was not or could not be read. `form`: how it tells findings;
    None where these are in a file, which the runner alone can read.

    `has_runner`: the container's entry point is the runner, whose summary is then worth more than the log.
    """
    note = summary.parse(pod.ended.termination_message) if has_runner and pod.ended else None
    if note and note.judgement.reason != verdict.Reason.TERMINATED:
        judgement, report = _as_noted(note, pod), note.report
    else:
        told = log if form is not None else None
        printed = tail.whole_lines(told or b"")
        report = note.report if note else stream.parse(printed, form or stream.Format.NONE, completed.MAX_FINDINGS)
        seen = verdict.tally(report) if note or told is not None else f"{_source(form)} could not be read"
        judgement = (
            _from_outside(pod, end, report, seen)
            or (note.judgement if note else None)
            or _never_ran(pod, end)
            or _by_itself(pod, report, told, form)
        )
    return Ending(_with_attempts(judgement, job), report, note.stderr if note else "")


def _as_noted(note: summary.Summary, pod: pods.Pod) -> verdict.Judgement:
    """The runner saw the script's end: nothing that happened to the pod later changes the result."""
    if note.judgement.reason == verdict.Reason.OOM_KILLED:
        return _with_limit(note.judgement, pod)
    return note.judgement


def _from_outside(pod: pods.Pod, end: jobs.End, report: findings.Report, seen: str) -> verdict.Judgement | None:
    """What Kubernetes did to the run. `seen`: the findings until then, in words."""
    if end.complete and pod.ended is not None and pod.ended.exit_code == 0:
        # It had ended by then: a kubelet that starts anew says of old pods that their deadline is over.
        return None
    if pod.ended and pod.ended.reason == "OOMKilled":
        message = f"killed for memory; raise the memory limit or make the task need less; {seen}"
        return _with_limit(verdict.error(reasons.Reason.OOM_KILLED, message), pod)
    if "DeadlineExceeded" in (pod.said.reason, end.reason):
        return verdict.error(reasons.Reason.DEADLINE_EXCEEDED, _out_of_time(pod, seen))
    if pod.said.reason == "Evicted":
        return verdict.error(reasons.Reason.EVICTED, f"the node evicted the pod: {pod.said.message}")
    if pod.disrupted:
        message = f"the pod was evicted ({pod.disrupted.reason}): {pod.disrupted.message}"
        return verdict.error(reasons.Reason.EVICTED, message)
    if pod.being_deleted and (pod.ended is None or pod.ended.exit_code in _STOPPED):
        return _deleted(report, seen)
    return None


def _out_of_time(pod: pods.Pod, seen: str) -> str:
    if pod.ended:
        return f"stopped after its timeout; {seen}"
    held = pod.waiting or pod.unscheduled
    return "its time was over before it could start" + (f": {held.message or held.reason}" if held else "")


def _deleted(report: findings.Report, seen: str) -> verdict.Judgement:
    """A failure that was seen stays one; otherwise nobody knows what the run would have found."""
    if report.counts.fail:
        return verdict.judge(0, report)
    message = f"the pod was deleted while it ran, so what the run would have found is not known; {seen}"
    return _unknown(reasons.Reason.POD_DELETED, message)


def _never_ran(pod: pods.Pod, end: jobs.End) -> verdict.Judgement | None:
    """The pod ended, the task's container never ran."""
    if pod.ended is None:
        if pod.failed_init:
            return verdict.error(reasons.Reason.INIT_CONTAINER_FAILED, pod.failed_init)
        said = pod.said if pod.said.reason or pod.said.message else pods.Said(end.reason, end.message)
        reason = said.reason if _CAMEL_CASE.fullmatch(said.reason) else reasons.Reason.POD_FAILED
        return verdict.Judgement(
            verdict.Verdict.ERROR, reason, said.message or "the pod failed before its container ran"
        )
    if pod.ended.reason in reasons.START_FAILED:
        message = f"the container's command could not be started: {pod.ended.termination_message}"
        return verdict.error(reasons.Reason.CREATE_CONTAINER_ERROR, message)
    if pod.ended.reason == "ContainerStatusUnknown":  # the exit code is then made up by the kubelet
        return _unknown(reasons.Reason.LOG_LOST, "the node lost the container, and how it ended with it")
    return None


def _by_itself(
    pod: pods.Pod, report: findings.Report, log: bytes | None, form: stream.Format | None
) -> verdict.Judgement:
    exit_code = pod.ended.exit_code if pod.ended else 0
    if form is stream.Format.NONE:
        return verdict.judge(exit_code, report)
    if log is not None:
        return verdict.judge(exit_code, report, output_cut=tail.is_cut(log))
    ending = f"{verdict.exit_in_words(exit_code)}; {_source(form)} could not be read, so what it found is not known"
    if exit_code == 0:
        return _unknown(reasons.Reason.LOG_LOST, ending)
    return replace(verdict.judge(exit_code, report), message=ending)


def _source(form: stream.Format | None) -> str:
    return "its results file" if form is None else "the log"


def _unknown(reason: reasons.Reason, message: str) -> verdict.Judgement:
    return verdict.Judgement(verdict.Verdict.UNKNOWN, reason, message)


def _with_limit(judgement: verdict.Judgement, pod: pods.Pod) -> verdict.Judgement:
    """Names the memory limit, where the pod tells it."""
    if not pod.memory_limit:
        return judgement
    return replace(judgement, message=f"memory limit {pod.memory_limit}: {judgement.message}")


def _with_attempts(judgement: verdict.Judgement, job: jobs.Job) -> verdict.Judgement:
    if job.attempts <= 1:
        return judgement
    return replace(judgement, message=f"{judgement.message} (attempt {job.attempts} of {job.retries + 1})")
