"""The status of an Inspect as people read it: the models that the CRD's status schema is generated from.

Only its shape: what stands in it is decided in publish/. Written as a whole by one writer.
"""

from typing import Annotated

import pydantic

from inspect_operator.api import fields

MAX_MESSAGE = 1024
Message = Annotated[str, pydantic.Field(max_length=MAX_MESSAGE)]
Word = Annotated[str, pydantic.Field(max_length=63)]


class Condition(fields.Strict):
    """A standard Kubernetes condition."""

    type: Word = pydantic.Field(description="Ready, Finished or Succeeded.")
    status: Word = pydantic.Field(description="True, False or Unknown.")
    reason: Word = pydantic.Field(description="Why, in one CamelCase word.")
    message: Message = pydantic.Field(description="Why, in words.")
    observedGeneration: int = pydantic.Field(description="The generation of the spec this was decided for.")  # noqa: N815
    lastTransitionTime: str = pydantic.Field(  # noqa: N815
        description="When the status last changed.", json_schema_extra={"format": "date-time"}
    )


class Finding(fields.Strict):
    """One line that the task reported about one thing it looked at."""

    name: Message = pydantic.Field(description="What was looked at.")
    result: Word = pydantic.Field(description="fail, unknown, warn, success or info.")
    description: Message | None = pydantic.Field(None, description="What is being checked (caseDesc).")
    message: Message | None = pydantic.Field(None, description="What was seen.")
    target: Message | None = pydantic.Field(None, description="The node or host that it was seen on.")
    severity: Word | None = pydantic.Field(
        None,
        description="critical, high, medium, low or info, where it isn't the usual one: high of fail, medium of "
        "unknown, low of warn, info of the others.",
    )
    remediation: Message | None = pydantic.Field(None, description="What to do about it.")


class Counts(fields.Strict):
    """How many findings there were of each result, also of those that are not listed."""

    fail: int | None = pydantic.Field(None, description="Findings that failed.")
    unknown: int | None = pydantic.Field(None, description="Findings whose result is no word we know.")
    warn: int | None = pydantic.Field(None, description="Warnings; they never fail a task.")
    success: int | None = pydantic.Field(None, description="Findings that passed.")
    info: int | None = pydantic.Field(None, description="Findings that only tell something.")


class TargetResult(fields.Strict):
    """What is known of one node or host."""

    target: Annotated[str, pydantic.Field(max_length=253)] = pydantic.Field(description="The node or host.")
    state: Word | None = pydantic.Field(None, description="waiting, active or finished.")
    verdict: Word | None = pydantic.Field(None, description="success, fail, error, skipped or unknown.")
    reason: Word | None = pydantic.Field(None, description="Why, in one CamelCase word.")
    message: Message | None = pydantic.Field(None, description="Why, in words.")
    job: Word | None = pydantic.Field(None, description="The Job of the run on this node.")
    runUid: Word | None = pydantic.Field(None, description="UID of that Job; tells runs apart.")  # noqa: N815
    exitCode: int | None = pydantic.Field(None, description="Exit code of the script or image there.")  # noqa: N815
    started: str | None = pydantic.Field(
        None, description="When the run began.", json_schema_extra={"format": "date-time"}
    )
    finished: str | None = pydantic.Field(
        None, description="When the run ended.", json_schema_extra={"format": "date-time"}
    )
    counts: Counts | None = pydantic.Field(None, description="Findings counted by result.")
    missed: str | None = pydantic.Field(
        None, description="When a run of the schedule should have begun and did not.",
        json_schema_extra={"format": "date-time"},
    )  # fmt: skip


class PastRun(fields.Strict):
    """A run before the one that the result is from."""

    job: Word | None = pydantic.Field(None, description="Its Job.")
    runUid: Word | None = pydantic.Field(None, description="UID of that Job.")  # noqa: N815
    verdict: Word | None = pydantic.Field(None, description="success, fail, error, skipped or unknown.")
    reason: Word | None = pydantic.Field(None, description="Why, in one CamelCase word.")
    started: str | None = pydantic.Field(None, description="When it began.", json_schema_extra={"format": "date-time"})
    finished: str | None = pydantic.Field(None, description="When it ended.", json_schema_extra={"format": "date-time"})


class Result(fields.Strict):
    """What is known of one task: `task_name` and `res` are the original's fields, the others stand beside them."""

    task_name: Annotated[str, pydantic.Field(max_length=253)] = pydantic.Field(description="Name of the task.")
    res: Message | None = pydantic.Field(None, description="The result in one line.")
    state: Word | None = pydantic.Field(None, description="waiting, active or finished.")
    verdict: Word | None = pydantic.Field(None, description="success, fail, error, skipped or unknown.")
    reason: Word | None = pydantic.Field(None, description="Why, in one CamelCase word.")
    message: Message | None = pydantic.Field(None, description="Why, in words.")
    release: Word | None = pydantic.Field(None, description="The Helm release that holds the task.")
    revision: int | None = pydantic.Field(None, description="The revision of that release.")
    schedule: Message | None = pydantic.Field(None, description="When the task runs again.")
    suspended: bool | None = pydantic.Field(None, description="Whether its schedule is suspended.")
    runKey: Word | None = pydantic.Field(  # noqa: N815
        None, description="Hash of what runs and of what asked for it; another key is another run."
    )
    requested: Word | None = pydantic.Field(
        None, description="Hash of the request for a run that is waited for: see the annotation run-requested-at."
    )
    job: Word | None = pydantic.Field(None, description="The Job of the run that this result is from.")
    runUid: Word | None = pydantic.Field(None, description="UID of that Job; tells runs apart.")  # noqa: N815
    exitCode: int | None = pydantic.Field(None, description="Exit code of the script or image.")  # noqa: N815
    started: str | None = pydantic.Field(
        None, description="When the run began.", json_schema_extra={"format": "date-time"}
    )
    finished: str | None = pydantic.Field(
        None, description="When the run ended.", json_schema_extra={"format": "date-time"}
    )
    lastSuccess: str | None = pydantic.Field(  # noqa: N815
        None, description="When a run last ended in success.", json_schema_extra={"format": "date-time"}
    )
    counts: Counts | None = pydantic.Field(None, description="Findings counted by result.")
    findings: list[Finding] | None = pydantic.Field(None, max_length=100, description="Findings, failing ones first.")
    cut: int | None = pydantic.Field(None, description="Findings that are counted but not listed for want of space.")
    targets: list[TargetResult] | None = pydantic.Field(
        None,
        max_length=1024,
        description="One row a node or host.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["target"]},
    )
    targetsCut: int | None = pydantic.Field(  # noqa: N815
        None, description="Nodes or hosts that are counted but not listed for want of space."
    )
    outputTail: Annotated[str, pydantic.Field(max_length=4096)] | None = pydantic.Field(  # noqa: N815
        None, description="The end of what the task printed."
    )
    history: list[PastRun] | None = pydantic.Field(None, max_length=16, description="Runs before, the latest first.")
    passRate: Word | None = pydantic.Field(  # noqa: N815
        None, description="How many of the last runs known passed, this one included, such as 9/10."
    )
    flapping: bool | None = pydantic.Field(
        None, description="Whether the last runs went from passed to not passed, or back, three times or more."
    )
    newFindings: list[Message] | None = pydantic.Field(  # noqa: N815
        None, max_length=10, description="Failing findings that the run before did not have."
    )
    fixedFindings: list[Message] | None = pydantic.Field(  # noqa: N815
        None, max_length=10, description="Failing findings of the run before that this one does not have."
    )
    report: Word | None = pydantic.Field(
        None, description="The ConfigMap with the full report: all findings, and more of what was printed."
    )
    missed: str | None = pydantic.Field(
        None, description="When a run of the schedule should have begun and did not.",
        json_schema_extra={"format": "date-time"},
    )  # fmt: skip
    advice: Message | None = pydantic.Field(None, description="What could be done better in the task itself.")


class Notified(fields.Strict):
    """What one channel was told; read back after a restart, so that nothing is forgotten and little told twice."""

    name: Word = pydantic.Field(description="Name of the channel; message-center is the operator's own.")
    type: Word | None = pydantic.Field(None, description="What kind of channel.")
    outcome: Message | None = pydantic.Field(None, description="sent, or why the last notice could not be sent.")
    failing: bool | None = pydantic.Field(None, description="Whether a notice waits for being sent again.")
    lastSent: str | None = pydantic.Field(  # noqa: N815
        None, description="When a notice was last sent.", json_schema_extra={"format": "date-time"}
    )
    lastTitle: Message | None = pydantic.Field(None, description="Title of that notice.")  # noqa: N815
    told: dict[str, Word] | None = pydantic.Field(
        None,
        max_length=fields.MAX_TASKS,
        description="By task what the channel believes: verdict, hash of the run, how many runs failed in a row, and "
        "how severely. Tasks that pass are left out where that says all.",
    )


class InspectStatus(fields.Strict):
    """What the operator saw; for people and for `kubectl wait`."""

    observedGeneration: int | None = pydantic.Field(  # noqa: N815
        None, description="The generation of the spec that this status is about."
    )
    conditions: list[Condition] | None = pydantic.Field(
        None,
        max_length=8,
        description="Ready: every release is as desired. Finished: every wanted run has ended. "
        "Succeeded: and they passed.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    ready: Word | None = pydantic.Field(None, description="Status of the condition Ready.")
    succeeded: Word | None = pydantic.Field(None, description="Status of the condition Succeeded.")
    tasks: int | None = pydantic.Field(None, description="How many tasks there are.")
    runRequest: Word | None = pydantic.Field(  # noqa: N815
        None, description="Hash of the request for a run that was noted last: see the annotation run-requested-at."
    )
    failed: int | None = pydantic.Field(None, description="How many tasks ended in fail or error.")
    reasons: Word | None = pydantic.Field(None, description="Why tasks did not pass, or can't begin: their reasons.")
    schedule: Message | None = pydantic.Field(None, description="When tasks run again; how many ways, if several.")
    lastRun: str | None = pydantic.Field(  # noqa: N815
        None, description="When the latest run began.", json_schema_extra={"format": "date-time"}
    )
    resultsCut: int | None = pydantic.Field(  # noqa: N815
        None, description="Tasks that are counted but have no row, for want of space."
    )
    results: list[Result] | None = pydantic.Field(
        None,
        max_length=fields.MAX_TASKS,
        description="One row a task.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["task_name"]},
    )
    notifications: list[Notified] | None = pydantic.Field(
        None,
        max_length=16,
        description="What was sent, one row a channel.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
