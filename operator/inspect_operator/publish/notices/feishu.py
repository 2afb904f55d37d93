"""Feishu and Lark: a card to a custom bot, signed where the bot has a signing secret.

The signature is the Base64 of the HMAC-SHA256 of nothing, keyed with `<timestamp>\\n<secret>`.
"""

import base64
import datetime
import hashlib
import hmac
from typing import Any

from inspect_operator.publish.notices import message, secrets, texts, webhook

MAX_BYTES = 15 * 1024  # the whole request may have 20 KiB


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One request. Our own words are plain text, which no name of a script can turn into a mention of all; those of a
    template are Lark's markdown."""
    if said.custom:
        elements: list[dict[str, Any]] = [{"tag": "markdown", "content": texts.cut(said.custom, MAX_BYTES)}]
    else:
        text = texts.cut(texts.plain(said.sections), MAX_BYTES)
        elements = [{"tag": "div", "text": {"tag": "plain_text", "content": text}}]
    card = {
        "config": {"wide_screen_mode": True},
        "header": {
            "title": {"tag": "plain_text", "content": said.title},
            "template": "red" if said.bad else "green",
        },
        "elements": elements,
    }
    body: dict[str, Any] = {"msg_type": "interactive", "card": card}
    if key := secret.text("secret", ""):
        moment = str(int(now.timestamp()))
        body = {"timestamp": moment, "sign": sign(moment, key), **body}
    request = message.HttpRequest(
        secret.url(), webhook.as_json(body), (webhook.JSON,), error_field="code", authority=secret.pem("ca.crt")
    )
    return (message.Parcel(request, said.changes),)


def sign(moment: str, key: str) -> str:
    """`moment` in seconds."""
    return base64.b64encode(hmac.new(f"{moment}\n{key}".encode(), b"", hashlib.sha256).digest()).decode()
