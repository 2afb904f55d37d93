"""One message on its way: reads the channel's Secret, has a template rendered, and sends the requests."""

import base64
import binascii
import dataclasses
import datetime
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import notice
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.handlers.notices import child, guard, http
from inspect_operator.publish.notices import channels, due, message, message_center, secrets, texts

logger = logging.getLogger(__name__)

TEMPLATE_SECONDS = 10.0
MAIL_SECONDS = 30.0
APPRISE_SECONDS = 30.0


class Delivery:
    """Everything that leaves as a notice leaves here.

    :raises errors.SettingsInvalid: the administrator's list can't be read
    """

    def __init__(self, cluster: client.Cluster, settings: settings_module.Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        try:
            allowed = guard.read(settings.notify_allow)
        except ValueError as error:
            raise errors.SettingsInvalid(f"{settings_module.PREFIX}NOTIFY_ALLOW: {error}") from None
        self.http = http.Sender(allowed)

    async def prepare(
        self, policy: notice.Policy, inspection: tasks.Inspection, changes: Sequence[due.Change]
    ) -> tuple[str, tuple[message.Parcel, ...]]:
        """The title, and what to send for these changes.

        :raises errors.NotifyFailed: the Secret or the template can't be used
        """
        owner = inspection.owner
        said = texts.compose(policy, owner, changes)
        if policy.template:
            said = dataclasses.replace(said, custom=await self._rendered(policy, said))
        secret = await self._secret(policy, owner.namespace)
        titles = {one.name: message_center.title(one) for one in inspection.tasks if one.original}
        now = datetime.datetime.now(datetime.UTC)
        return said.title, channels.parcels(policy.channel, said, secret, now, titles)

    async def send(self, request: message.Request) -> None:
        """:raises errors.NotifyFailed: it was not taken, or is for another operator to send"""
        try:
            self._cluster.refuse_late()
        except errors.ClusterUnavailable as error:
            raise errors.NotifyFailed(str(error)) from None
        match request:
            case message.HttpRequest():
                await self.http.send(request)
            case message.Email():
                await self._mail(request)
            case message.AppriseCall():
                await self._apprise(request)

    async def _secret(self, policy: notice.Policy, namespace: str) -> secrets.Secret:
        if not policy.secret:
            if not self._settings.message_center_url:
                raise errors.NotifyFailed("the operator has no message center; name a Secret with the key url")
            return secrets.Secret("", {"url": self._settings.message_center_url})
        try:
            body = await self._cluster.get(resources.SECRETS, namespace, policy.secret)
        except client.NotFound:
            raise errors.NotifyFailed(f"there is no Secret {policy.secret}") from None
        except errors.InspectError as error:
            raise errors.NotifyFailed(f"the Secret {policy.secret} could not be read: {error.reason}") from None
        return secrets.Secret(policy.secret, _decoded(policy.secret, body.get("data") or {}))

    async def _rendered(self, policy: notice.Policy, said: message.Message) -> str:
        """What the template makes."""
        as_json = policy.channel is notice.Channel.WEBHOOK
        data = channels.template_data(policy.channel, said.data)
        request = {"template": policy.template, "data": data, "json": as_json}
        try:
            answer = await child.run("inspect_operator.render.message", request, TEMPLATE_SECONDS)
        except errors.NotifyFailed as error:
            raise errors.NotifyFailed(f"the template was not rendered: {error}") from None
        if "text" not in answer:
            raise errors.NotifyFailed(f"the template was not rendered: {texts.line(str(answer.get('error')), 300)}")
        return str(answer["text"]).encode("utf-8", "replace").decode()

    async def _mail(self, mail: message.Email) -> None:
        request: dict[str, Any] = {
            "email": {**dataclasses.asdict(mail), "content": ""},
            "content": base64.b64encode(mail.content).decode(),
            "allow": list(self._settings.notify_allow),
            "seconds": http.TIMEOUT_SECONDS,
        }
        answer = await child.run("inspect_operator.handlers.notices.smtp_child", request, MAIL_SECONDS)
        if answer:
            raise errors.NotifyFailed(str(answer.get("error")))

    async def _apprise(self, call: message.AppriseCall) -> None:
        """Apprise connects by itself, past our guard: only what an administrator named is let through."""
        scheme, found, rest = call.url.partition("://")
        host = rest.partition("/")[0].rpartition("@")[2].lower()
        for entry in self._settings.apprise_allow:
            name, _, only = entry.lower().partition("://")
            if found and scheme.lower() == name and (not only or host == only):
                break
        else:
            raise errors.NotifyFailed("apprise may not be used for this url; an administrator can allow its scheme")
        answer = await child.run(
            "inspect_operator.handlers.notices.apprise_child", dataclasses.asdict(call), APPRISE_SECONDS
        )
        if answer:
            raise errors.NotifyFailed(str(answer.get("error")))


def _decoded(name: str, data: Mapping[str, str]) -> dict[str, str]:
    made = {}
    for key, value in data.items():
        try:
            made[key] = base64.b64decode(value).decode()
        except (UnicodeDecodeError, binascii.Error):
            raise errors.NotifyFailed(f"key {key} in the Secret {name} is no text") from None
    return made
