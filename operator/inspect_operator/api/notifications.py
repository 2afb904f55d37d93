"""Notices as people ask for them: spec.notifications[]."""

from typing import Annotated

import pydantic

from inspect_operator import errors
from inspect_operator.api import fields, notice
from inspect_operator.runner import findings

MAX_NOTIFICATIONS = 8
MAX_TEMPLATE = 4096

_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"


class Notification(fields.Strict):
    """One channel, and what it is told of."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "has(self.secretRef) || (has(self.type) && self.type == 'messageCenter')",
                    "message": "name the Secret with the channel's address in secretRef",
                }
            ]
        },
    )
    name: Annotated[str, pydantic.Field(min_length=1, max_length=40, pattern=_NAME)] = pydantic.Field(
        description="Name of the channel, unique within the Inspect; the status tells by it what was sent."
    )
    type: notice.Channel = pydantic.Field(
        description="What kind of channel: messageCenter, webhook, email, feishu (or Lark), dingtalk, wecom, slack, "
        "alertmanager, or apprise for everything else."
    )
    secretRef: fields.ObjectRef | None = pydantic.Field(  # noqa: N815
        None,
        description="Secret in the Inspect's namespace with the channel's address and what it asks for, such as url "
        "and secret. A messageCenter without it is the operator's own.",
    )
    when: notice.When | None = pydantic.Field(
        None,
        description="onChange (the default): when a task stops passing, fails in another way, or passes again. "
        "always: after every run. onFailure: after every run that did not pass. onRecovery: when it passes again.",
    )
    failureThreshold: Annotated[int, pydantic.Field(ge=1, le=100)] | None = pydantic.Field(  # noqa: N815
        None, description="How many runs in a row have to fail before it is told. Default 1."
    )
    minSeverity: findings.Severity | None = pydantic.Field(  # noqa: N815
        None, description="A run whose failures are all less severe counts as passed here. Default info: all count."
    )
    template: Annotated[str, pydantic.Field(min_length=1, max_length=MAX_TEMPLATE)] | None = pydantic.Field(
        None, description="Jinja template of the message, or of a webhook's whole JSON body, in place of our own."
    )
    language: notice.Language | None = pydantic.Field(
        None, description="Language of our own messages: en (the default) or zh."
    )
    tasks: list[fields.Name] | None = pydantic.Field(
        None, max_length=fields.MAX_TASKS, description="Names of the tasks that this channel is about. Default: all."
    )


Notifications = Annotated[
    list[Notification],
    pydantic.Field(
        max_length=MAX_NOTIFICATIONS,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    ),
]


def policies(written: list[Notification] | None, known: set[str]) -> tuple[notice.Policy, ...] | None:
    """The canonical form; `known` are the names of the Inspect's tasks.

    :raises errors.SpecInvalid: names the field and what to do
    """
    if written is None:
        return None
    for index, one in enumerate(written):
        field = f"spec.notifications[{index}]"
        if one.name in {other.name for other in written[:index]}:
            raise errors.SpecInvalid(f"{field}.name: {one.name} stands there more than once; names are unique")
        if one.secretRef is None and one.type is not notice.Channel.MESSAGE_CENTER:
            raise errors.SpecInvalid(f"{field}.secretRef is missing: name the Secret with the channel's address")
        if unknown := sorted(set(one.tasks or ()) - known):
            raise errors.SpecInvalid(f"{field}.tasks: there is no task named {unknown[0]!r}")
    return tuple(_policy(one) for one in written)


def _policy(written: Notification) -> notice.Policy:
    return notice.Policy(
        name=written.name,
        channel=written.type,
        secret=written.secretRef.name if written.secretRef else "",
        when=written.when or notice.When.ON_CHANGE,
        failure_threshold=written.failureThreshold or 1,
        min_severity=written.minSeverity or findings.Severity.INFO,
        template=written.template or "",
        language=written.language or notice.Language.EN,
        tasks=tuple(written.tasks or ()),
    )
