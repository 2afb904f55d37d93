"""WeCom: markdown to a group bot."""

import datetime

from inspect_operator.publish.notices import markdown, message, secrets, texts, webhook

MAX_BYTES = 4096  # of UTF-8, by WeCom's own limit


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One request."""
    content = texts.cut(markdown.of(said), MAX_BYTES)
    body = webhook.as_json({"msgtype": "markdown", "markdown": {"content": content}})
    request = message.HttpRequest(
        secret.url(), body, (webhook.JSON,), error_field="errcode", authority=secret.pem("ca.crt")
    )
    return (message.Parcel(request, said.changes),)
