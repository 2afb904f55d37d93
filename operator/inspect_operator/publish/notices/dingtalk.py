"""DingTalk: markdown to a custom bot, signed where the bot has a signing secret.

The signature goes into the address: Base64 of the HMAC-SHA256 of `<timestamp>\\n<secret>`, keyed with the secret.
"""

import base64
import datetime
import hashlib
import hmac
import urllib.parse

from inspect_operator.publish.notices import markdown, message, secrets, texts, webhook

MAX_BYTES = 18_000  # of 20,000


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One request."""
    url = secret.url()
    if key := secret.text("secret", ""):
        moment = str(int(now.timestamp() * 1000))
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode({"timestamp": moment, "sign": sign(moment, key)})
    text = texts.cut(markdown.of(said), MAX_BYTES)
    body = webhook.as_json({"msgtype": "markdown", "markdown": {"title": said.title, "text": text}})
    request = message.HttpRequest(url, body, (webhook.JSON,), error_field="errcode", authority=secret.pem("ca.crt"))
    return (message.Parcel(request, said.changes),)


def sign(moment: str, key: str) -> str:
    """`moment` in milliseconds."""
    return base64.b64encode(hmac.new(key.encode(), f"{moment}\n{key}".encode(), hashlib.sha256).digest()).decode()
