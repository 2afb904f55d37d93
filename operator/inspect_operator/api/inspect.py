"""The Inspect resource as people write it: the models that the CRD is generated from and objects are read by.

Limits stand here once: they end up in the CRD's schema, where the API server enforces them, and are checked again
when an object is read (an older CRD may have let something through). No defaults below `spec.tasks`, so that common
settings on `spec` can apply.
"""

from typing import Annotated, Any

import pydantic

from inspect_operator.api import fields, original
from inspect_operator.api import notifications as notices
from inspect_operator.api import target as targets


class Common(fields.Strict):
    """Settings that may stand on a task and, for all tasks, on the spec."""

    schedule: Annotated[str, pydantic.Field(max_length=128, pattern=fields.SCHEDULE)] | None = pydantic.Field(
        None, description="When to run, again and again, as in a CronJob: five fields of cron, or @hourly and the like."
    )
    timeZone: Annotated[str, pydantic.Field(min_length=1, max_length=63)] | None = pydantic.Field(  # noqa: N815
        None, description="Time zone of the schedule, such as Asia/Shanghai. Default: that of the control plane."
    )
    suspend: bool | None = pydantic.Field(
        None,
        description="Start no runs, by schedule or at first; a run that was asked for is done all the same. "
        "On the spec it holds for all tasks.",
    )
    timeout: fields.Duration | None = pydantic.Field(
        None, description="How long one run may take, such as 90s, 10m or 1h30m. Default 10m."
    )
    retries: fields.Retries | None = pydantic.Field(
        None, description="How often a failed run is tried again. Default 0: a finding is a result, not an accident."
    )
    resources: fields.Resources | None = pydantic.Field(None, description="CPU and memory of the task's container.")
    nodeSelector: fields.Labels | None = pydantic.Field(  # noqa: N815
        None, description="Labels of the nodes that the pod may run on; of target.nodes say selector there."
    )
    tolerations: fields.Tolerations | None = pydantic.Field(
        None, description="Taints that don't keep the pod off a node; of target.nodes say tolerations there."
    )
    imagePullSecrets: list[fields.ObjectRef] | None = pydantic.Field(  # noqa: N815
        None, max_length=8, description="Secrets with which the task's image is pulled."
    )
    profile: Annotated[str, pydantic.Field(max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")] | None = (
        pydantic.Field(
            None,
            description="More access than a pod normally has, where the administrator allows it in this namespace. "
            "node: the node's files (read-only below /host), processes and network, as root.",
        )
    )
    ssh: targets.Ssh | None = pydantic.Field(None, description="How the hosts of target.hosts are reached.")


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
                    "rule": "has(self.task) || [has(self.script), has(self.scriptFrom), has(self.image), "
                    "has(self.check)].filter(x, x).size() == 1 || (has(self.template) && ![has(self.script), "
                    "has(self.scriptFrom), has(self.image), has(self.check)].exists(x, x))",
                    "message": "a task needs exactly one of script, scriptFrom, image, check, or template alone",
                },
                {
                    "rule": "!has(self.task) || ![has(self.script), has(self.scriptFrom), has(self.image), "
                    "has(self.check), has(self.template), has(self.parameters), has(self.interpreter), has(self.args), "
                    "has(self.env), has(self.envFrom), has(self.serviceAccountName), has(self.dependsOn), "
                    "has(self.target), "
                    "has(self.restart), has(self.schedule), has(self.timeZone), has(self.suspend), "
                    "has(self.timeout), has(self.retries), has(self.resources), has(self.nodeSelector), "
                    "has(self.tolerations), has(self.imagePullSecrets), has(self.profile), has(self.ssh), "
                    "has(self.results)].exists(x, x)",
                    "message": "the original spelling takes all its fields inside task:",
                },
                {
                    "rule": "!has(self.interpreter) || has(self.script) || has(self.scriptFrom)",
                    "message": "interpreter belongs to script and scriptFrom",
                },
                {
                    "rule": "!has(self.parameters) || has(self.check) || has(self.template)",
                    "message": "parameters belong to check and template",
                },
                {
                    "rule": "!has(self.results) || !has(self.results.file) || "
                    "(!has(self.image) && (!has(self.target) || !has(self.target.hosts)))",
                    "message": "a results file is read in a script's own pod; an image or a host prints its findings",
                },
            ]
        },
    )

    name: fields.Name | None = pydantic.Field(
        None, description="Name of the task: free text, unique within the Inspect."
    )
    script: str | None = pydantic.Field(
        None, min_length=1, max_length=fields.MAX_SCRIPT_BYTES, description="Content of the script to run."
    )
    scriptFrom: fields.ConfigMapValue | None = pydantic.Field(  # noqa: N815
        None, description="A script in a ConfigMap, read when the run begins; for large ones."
    )
    image: str | None = pydantic.Field(
        None, min_length=1, max_length=1024, description="Image to run in a pod with its own entry point."
    )
    check: str | None = pydantic.Field(
        None,
        min_length=1,
        max_length=253,
        description="Name of a built-in check, such as disk-usage, or of the site's.",
    )
    template: Annotated[str, pydantic.Field(max_length=40, pattern=fields.FOLDER)] | None = pydantic.Field(
        None,
        description="Folder of the site's templates that makes the pod: alone, or beside script, scriptFrom, image "
        "or check.",
    )
    parameters: dict[str, Any] | None = pydantic.Field(
        None, max_length=64, description="Parameters of the check or template; each has its own."
    )
    interpreter: fields.Interpreter | None = pydantic.Field(
        None, description="What runs the script: bash, sh or python3. Default: what its first line says, else bash."
    )
    args: list[Annotated[str, pydantic.Field(max_length=4096)]] | None = pydantic.Field(
        None, max_length=64, description="Arguments of the script or the image's entry point, taken literally."
    )
    env: list[fields.EnvVar] | None = pydantic.Field(
        None, max_length=64, description="Environment variables of the script or image."
    )
    envFrom: list[fields.EnvFrom] | None = pydantic.Field(  # noqa: N815
        None, max_length=16, description="ConfigMaps and Secrets whose keys become environment variables."
    )
    serviceAccountName: fields.ObjectName | None = pydantic.Field(  # noqa: N815
        None,
        description="Account of the pod, whose token is then mounted; one that carries the label "
        "api.practice.com/inspect-tasks: allowed. Default: no token.",
    )
    target: targets.Target | None = pydantic.Field(None, description="Where to run. Default: in one pod.")
    dependsOn: list[fields.Name] | None = pydantic.Field(  # noqa: N815
        None, max_length=fields.MAX_DEPENDS_ON, description="Tasks that must have succeeded before this one starts."
    )
    results: fields.Results | None = pydantic.Field(
        None, description="How the task tells what it found. Default: found out from what it prints."
    )
    restart: bool | None = pydantic.Field(
        None, description="Run the task again whenever the Inspect's spec changes, not only when this task does."
    )
    task: original.OriginalTask | None = pydantic.Field(
        None, description="The task in the spelling of the original inspect-operator."
    )


class InspectSpec(Common):
    """What to inspect."""

    tasks: list[TaskItem] = pydantic.Field(
        min_length=1,
        max_length=fields.MAX_TASKS,
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
    notifications: notices.Notifications | None = pydantic.Field(
        None, description="Who is told of what. Without it only the operator's message center, if it has one."
    )


class ObjectMeta(pydantic.BaseModel):
    """What we read of an object's metadata."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True)
    name: str
    namespace: str
    uid: str
    generation: int = 1
    annotations: dict[str, str] = pydantic.Field(default_factory=dict)


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
