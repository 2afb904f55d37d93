"""The Inspect resource as people write it: the models that the CRD is generated from and objects are read by.

Limits stand here once: they end up in the CRD's schema, where the API server enforces them, and are checked again
when an object is read (an older CRD may have let something through). The cost budget of the CEL rules was tried on
a real API server: every list has maxItems, every string maxLength. No defaults below `spec.tasks`, so that common
settings on `spec` can apply.
"""

import enum
from typing import Annotated, Any

import pydantic

MAX_TASKS = 100
MAX_SCRIPT_BYTES = 200 * 1024
MAX_SCRIPTS_BYTES = 1024 * 1024

#: Go-like durations without fractions: 90s, 10m, 1h30m.
DURATION = r"^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$"
#: Kubernetes' own pattern of quantities (apimachinery, resource.Quantity in CRDs).
QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)

Name = Annotated[str, pydantic.Field(min_length=1, max_length=253)]
Duration = Annotated[str, pydantic.Field(min_length=2, max_length=20, pattern=DURATION)]
Quantity = Annotated[
    int | str, pydantic.Field(json_schema_extra={"x-kubernetes-int-or-string": True, "pattern": QUANTITY})
]
Quantities = Annotated[dict[str, Quantity], pydantic.Field(max_length=8)]
Retries = Annotated[int, pydantic.Field(ge=0, le=10)]


class Interpreter(enum.StrEnum):
    """What runs a script."""

    BASH = "bash"
    SH = "sh"
    PYTHON3 = "python3"


class Strict(pydantic.BaseModel):
    """Unknown fields are refused, as kubectl's strict validation refuses them."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Loose(pydantic.BaseModel):
    """Unknown fields survive: only inside the original spelling of a task."""

    model_config = pydantic.ConfigDict(
        extra="ignore", frozen=True, json_schema_extra={"x-kubernetes-preserve-unknown-fields": True}
    )


class RemoteIp(Loose):
    """A remote host in the original spelling."""

    ip: str | None = pydantic.Field(None, max_length=253, description="Address of the host.")
    user: str | None = pydantic.Field(None, max_length=253, description="User to log in as.")
    password: str | None = pydantic.Field(None, max_length=1024, description="Password of the user.")


class OriginalTask(Loose):
    """A task in the spelling of the original inspect-operator, frozen; checked for type and length only."""

    task_name: Name = pydantic.Field(description="Name of the task: free text, unique within the Inspect.")
    type: str | None = pydantic.Field(None, max_length=63, description="What the task is: script or image.")
    source: str | None = pydantic.Field(
        None,
        max_length=1024,
        description="Of a script task: the name of a shipped script, such as test.sh. Of an image task: the image.",
    )
    script: str | None = pydantic.Field(
        None, max_length=MAX_SCRIPT_BYTES, description="Content of a bash script; wins over source."
    )
    script_location: str | None = pydantic.Field(
        None, max_length=63, description="Where a script runs: local (in a pod, the default), remote or all (nodes)."
    )
    remote_ips: list[RemoteIp] | None = pydantic.Field(
        None, max_length=256, description="The hosts of script_location: remote."
    )
    restart: bool | None = pydantic.Field(
        None, description="Run the task again whenever the Inspect's spec changes, not only when this task does."
    )


class EnvVar(Strict):
    """One environment variable with a literal value."""

    name: str = pydantic.Field(
        min_length=1, max_length=253, pattern=r"^[A-Za-z_.-][A-Za-z0-9_.-]*$", description="Name of the variable."
    )
    value: str = pydantic.Field(max_length=32768, description="Value, taken literally: nothing is expanded.")


class Resources(Strict):
    """Requests and limits of the container, as in a pod."""

    requests: Quantities | None = pydantic.Field(None, description="What the container is guaranteed.")
    limits: Quantities | None = pydantic.Field(None, description="What the container may use at most.")


class Common(Strict):
    """Settings that may stand on a task and, for all tasks, on the spec."""

    timeout: Duration | None = pydantic.Field(
        None, description="How long one run may take, such as 90s, 10m or 1h30m. Default 10m."
    )
    retries: Retries | None = pydantic.Field(
        None, description="How often a failed run is tried again. Default 0: a finding is a result, not an accident."
    )
    resources: Resources | None = pydantic.Field(None, description="CPU and memory of the task's container.")


class TaskItem(Common):
    """One task, in one of two spellings: the fields beside `name`, or all of them inside `task`."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "has(self.task) != has(self.name)",
                    "message": "a task has a name, or is in the original spelling with all its fields inside task:",
                },
                {
                    "rule": "has(self.task) || [has(self.script), has(self.image)].filter(x, x).size() == 1",
                    "message": "a task needs exactly one of script, image",
                },
                {
                    "rule": "!has(self.task) || ![has(self.script), has(self.image), has(self.interpreter), "
                    "has(self.args), has(self.env), has(self.timeout), has(self.retries), has(self.resources), "
                    "has(self.restart)].exists(x, x)",
                    "message": "the original spelling takes all its fields inside task:",
                },
                {
                    "rule": "!has(self.image) || !has(self.interpreter)",
                    "message": "interpreter belongs to script, not to image",
                },
            ]
        },
    )

    name: Name | None = pydantic.Field(None, description="Name of the task: free text, unique within the Inspect.")
    script: str | None = pydantic.Field(
        None, min_length=1, max_length=MAX_SCRIPT_BYTES, description="Content of the script to run in a pod."
    )
    image: str | None = pydantic.Field(
        None, min_length=1, max_length=1024, description="Image to run in a pod with its own entry point."
    )
    interpreter: Interpreter | None = pydantic.Field(
        None, description="What runs the script: bash (the default), sh or python3."
    )
    args: list[Annotated[str, pydantic.Field(max_length=4096)]] | None = pydantic.Field(
        None, max_length=64, description="Arguments of the script or the image's entry point, taken literally."
    )
    env: list[EnvVar] | None = pydantic.Field(
        None, max_length=64, description="Environment variables of the script or image."
    )
    restart: bool | None = pydantic.Field(
        None, description="Run the task again whenever the Inspect's spec changes, not only when this task does."
    )
    task: OriginalTask | None = pydantic.Field(
        None, description="The task in the spelling of the original inspect-operator."
    )


class InspectSpec(Common):
    """What to inspect."""

    tasks: list[TaskItem] = pydantic.Field(
        min_length=1,
        max_length=MAX_TASKS,
        description="The tasks of this inspection; each becomes one Helm release.",
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    # has() guards keep a task with neither name from ending the evaluation with "no such key".
                    "rule": "self.all(t, self.exists_one(u, "
                    "(has(u.name) ? u.name : (has(u.task) ? u.task.task_name : '')) == "
                    "(has(t.name) ? t.name : (has(t.task) ? t.task.task_name : ''))))",
                    "message": "task names must be unique",
                }
            ]
        },
    )


class ObjectMeta(pydantic.BaseModel):
    """What we read of an object's metadata."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True)
    name: str
    namespace: str
    uid: str
    generation: int = 1


class Inspect(pydantic.BaseModel):
    """An Inspect object as the API server serves it."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True)
    metadata: ObjectMeta
    spec: InspectSpec


def parse(body: dict[str, Any]) -> Inspect:
    """Reads an object of the API server.

    :raises pydantic.ValidationError: it does not fit the models
    """
    return Inspect.model_validate(body)
