"""A task in the spelling of the original inspect-operator: frozen, checked for type and length only."""

import pydantic

from inspect_operator.api import fields


class Loose(pydantic.BaseModel):
    """Unknown fields survive: only inside the original spelling of a task."""

    model_config = pydantic.ConfigDict(
        extra="ignore", frozen=True, json_schema_extra={"x-kubernetes-preserve-unknown-fields": True}
    )


class RemoteIp(Loose):
    """A remote host in the original spelling."""

    ip: str | None = pydantic.Field(None, max_length=253, description="Address of the host.")
    user: str | None = pydantic.Field(None, max_length=253, description="User to log in as.")
    password: pydantic.SecretStr | None = pydantic.Field(None, max_length=1024, description="Password of the user.")


class OriginalTask(Loose):
    """A task in the spelling of the original inspect-operator, frozen; checked for type and length only."""

    task_name: fields.Name = pydantic.Field(description="Name of the task: free text, unique within the Inspect.")
    type: str | None = pydantic.Field(None, max_length=63, description="What the task is: script or image.")
    source: str | None = pydantic.Field(
        None,
        max_length=1024,
        description="Of a script task: the name of a shipped script, such as test.sh. Of an image task: the image.",
    )
    script: str | None = pydantic.Field(
        None, max_length=fields.MAX_SCRIPT_BYTES, description="Content of a bash script; wins over source."
    )
    script_location: str | None = pydantic.Field(
        None, max_length=63, description="Where a script runs: local (in a pod, the default), remote or all (nodes)."
    )
    remote_ips: list[RemoteIp] | None = pydantic.Field(
        None, max_length=fields.MAX_HOSTS, description="The hosts of script_location: remote."
    )
    restart: bool | None = pydantic.Field(
        None, description="Run the task again whenever the Inspect's spec changes, not only when this task does."
    )
