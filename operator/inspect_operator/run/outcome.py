"""The door of this room: from a Job, its pods, Events and log to one value, `Run`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from inspect_operator.run import completed, creation, ending, jobs, pods, reasons, tail, waiting
from inspect_operator.runner import stream
from inspect_operator.runner import targets as runner_targets
from inspect_operator.runner import verdict as verdicts
from inspect_operator.runner.findings import Finding

MAX_MESSAGE_BYTES = 1024
NO_POD_SECONDS = 2.0
"""How long a Job may be without a pod before its Events are worth a request."""
REFUSED_LOOK_SECONDS = 15.0
"""How often the Events of a Job whose pod is refused are read again: nothing else tells when the reason changes."""


class Kind(StrEnum):
    SCRIPT = "script"  # the runner is the entry point and leaves a summary
    IMAGE = "image"  # an image with its own entry point: its log is all there is
    TEMPLATE = "template"  # templates of the site: the runner, or something that only its log tells of
    SSH = "ssh"  # the runner inspects hosts: besides the summary, its log has a line for each


class State(StrEnum):
    WAITING = "waiting"
    ACTIVE = "active"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Run:
    """What one Job did.

    A run can be `finished` while its Job is still active, where nothing more is to be expected (ImagePull,
    CreateContainerError, PodSecurity); should it start after all, the next look says so.
    `verdict` is there exactly when the run is finished.
    """

    uid: str  # the Job's
    job: str
    state: State
    reason: str
    message: str
    verdict: verdicts.Verdict | None = None
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    cut: int = 0  # findings that were printed but are not listed
    targets: tuple[runner_targets.Target, ...] = ()  # what was found on each host
    output_tail: str = ""
    stderr_tail: str = ""  # at most 1 KiB, where it was kept apart: a script's or check's, in a pod
    output: str = ""  # more of it, for the report
    output_cut: int = 0  # bytes that are missing in front of `output`, at least
    exit_code: int | None = None
    started: datetime | None = None
    finished: datetime | None = None
    waiting_since: datetime | None = None
    pod: str = ""  # the last attempt's
    next_look_seconds: float | None = None  # when time alone changes the answer
    needs_log: bool = False  # the answer becomes better with the log of `pod`
    needs_events: bool = False  # the answer becomes better with the Events on the Job


def job_ended(job: Mapping[str, Any]) -> bool:
    """Whether the Job itself says that it is complete or failed."""
    return jobs.read(job).end is not None


def observe(
    job: Mapping[str, Any],
    pods_of_job: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    log: bytes | None,
    now: datetime,
    kind: Kind,
    form: stream.Format | None = stream.Format.AUTO,
) -> Run:
    """`job`, pods and Events (on the Job) as the API gives them; `log` is the last `tail.LOG_BYTES` of the last pod's
    (of a script's, of its last `tail.LOG_LINES` lines), which tells findings as `form` says (None: a file does), where
    no summary does.

    To be called without log and Events first: `needs_log` and `needs_events` say whether they are worth a request.
    Where the log cannot be had the first answer stands: it is already the truth about a run whose log is lost.
    """
    told = jobs.read(job)
    pod = pods.last(pods_of_job)
    if told.end is not None:
        return _finished(told, told.end, pod, tail.or_none(log), kind, form)
    if told.suspended:
        return Run(told.uid, told.name, State.WAITING, reasons.Reason.SUSPENDED, "the Job is suspended")
    if pod is None:
        return _without_pod(told, events, now)
    return _going_on(told, pod, now)


def _finished(
    told: jobs.Job, end: jobs.End, pod: pods.Pod | None, log: bytes | None, kind: Kind, form: stream.Format | None
) -> Run:
    if pod is None:
        ended = ending.without_pod(told, end)
    else:
        ended = ending.of_pod(pod, told, end, log, has_runner=kind is not Kind.IMAGE, form=form)
    container = pod.ended if pod else None
    printed = runner_targets.without(log or b"") if kind is Kind.SSH else log or b""
    output, output_cut = tail.output(printed, by_lines=kind is Kind.SCRIPT)
    report = completed.by_log(ended.report, log, form) if log and kind is Kind.SCRIPT else ended.report
    return Run(
        uid=told.uid,
        job=told.name,
        state=State.FINISHED,
        reason=ended.judgement.reason,
        message=_short(ended.judgement.message),
        verdict=ended.judgement.verdict,
        findings=report.findings,
        counts=asdict(report.counts),
        cut=report.cut,
        targets=runner_targets.parse(log or b"") if kind is Kind.SSH else (),
        output_tail=tail.tail(printed),
        output=output,
        output_cut=output_cut,
        stderr_tail=ended.stderr,
        exit_code=container.exit_code if container and container.started else None,
        started=(container.started if container else None) or told.started,
        finished=(container.finished if container else None) or end.at,
        pod=pod.name if pod else "",
        needs_log=log is None and pod is not None and pod.has_log,
    )


def _going_on(told: jobs.Job, pod: pods.Pod, now: datetime) -> Run:
    at = waiting.of_pod(pod, told, now)
    if at.failed_at is not None:
        return Run(
            told.uid,
            told.name,
            State.FINISHED,
            at.reason,
            _short(at.message),
            verdicts.Verdict.ERROR,
            started=told.started,
            finished=at.failed_at,
            waiting_since=pod.waiting_since,
            pod=pod.name,
        )
    return Run(
        told.uid,
        told.name,
        State.ACTIVE if at.running else State.WAITING,
        at.reason,
        _short(at.message),
        started=pod.running_since or (pod.ended.started if pod.ended else None),
        waiting_since=None if at.running else pod.waiting_since,
        pod=pod.name,
        next_look_seconds=at.next_look_seconds,
    )


def _without_pod(told: jobs.Job, events: Sequence[Mapping[str, Any]], now: datetime) -> Run:
    refusal = creation.refusal(events)
    if refusal is None:
        age_seconds = (now - told.created).total_seconds() if told.created else NO_POD_SECONDS
        return Run(
            told.uid,
            told.name,
            State.WAITING,
            reasons.Reason.STARTING,
            "the Job has no pod yet",
            waiting_since=told.created,
            next_look_seconds=min(max(NO_POD_SECONDS - age_seconds, age_seconds / 4, 1.0), REFUSED_LOOK_SECONDS),
            needs_events=age_seconds >= NO_POD_SECONDS,
        )
    since = refusal.since or told.created
    if refusal.final:
        return Run(
            told.uid,
            told.name,
            State.FINISHED,
            refusal.reason,
            _short(refusal.message),
            verdicts.Verdict.ERROR,
            started=told.started,
            finished=since,
            waiting_since=since,
        )
    return Run(
        told.uid,
        told.name,
        State.WAITING,
        refusal.reason,
        _short(refusal.message),
        waiting_since=since,
        next_look_seconds=REFUSED_LOOK_SECONDS,
    )


def _short(message: str) -> str:
    data = message.strip().encode("utf-8", "replace")
    if len(data) <= MAX_MESSAGE_BYTES:
        return data.decode()
    return data[: MAX_MESSAGE_BYTES - 3].decode("utf-8", "ignore") + "…"
