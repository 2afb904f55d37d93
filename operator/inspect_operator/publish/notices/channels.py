"""By kind of channel, what makes requests of a message."""

import datetime
from collections.abc import Callable

from inspect_operator.api import notice
from inspect_operator.publish.notices import (
    alertmanager,
    apprise_url,
    dingtalk,
    feishu,
    mail,
    markdown,
    message,
    message_center,
    secrets,
    slack,
    webhook,
    wecom,
)

Maker = Callable[[message.Message, secrets.Secret, datetime.datetime], tuple[message.Parcel, ...]]

_MAKERS: dict[notice.Channel, Maker] = {
    notice.Channel.WEBHOOK: webhook.parcels,
    notice.Channel.EMAIL: mail.parcels,
    notice.Channel.FEISHU: feishu.parcels,
    notice.Channel.DINGTALK: dingtalk.parcels,
    notice.Channel.WECOM: wecom.parcels,
    notice.Channel.SLACK: slack.parcels,
    notice.Channel.ALERTMANAGER: alertmanager.parcels,
    notice.Channel.APPRISE: apprise_url.parcels,
}
#: Templates of these channels are markup: what a script printed must not become some of it.
_ESCAPES: dict[notice.Channel, Callable[[str], str]] = {
    notice.Channel.SLACK: slack.escape,
    notice.Channel.FEISHU: markdown.escape,
    notice.Channel.DINGTALK: markdown.escape,
    notice.Channel.WECOM: markdown.escape,
}


def parcels(
    channel: notice.Channel,
    said: message.Message,
    secret: secrets.Secret,
    now: datetime.datetime,
    titles: dict[str, str],
) -> tuple[message.Parcel, ...]:
    """The requests; `titles` are those of tasks in the original spelling, by name.

    :raises errors.NotifyFailed: the Secret, or what a template made, can't be used
    """
    if channel is notice.Channel.MESSAGE_CENTER:
        return message_center.parcels(said, secret, now, titles)
    return _MAKERS[channel](said, secret, now)


def template_data(channel: notice.Channel, value: object) -> object:
    """The same data with every text in it escaped for the channel's markup."""
    escape = _ESCAPES.get(channel)
    if escape is None:
        return value
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {key: template_data(channel, one) for key, one in value.items()}
    if isinstance(value, list):
        return [template_data(channel, one) for one in value]
    return value
