"""A generic webhook: JSON of ours, or whatever JSON the template makes; signed where the Secret says with what.

`X-Inspect-Signature: sha256=<hex>` is the HMAC-SHA256 of `<X-Inspect-Timestamp>.<body>`, keyed with `secret`.
`X-Inspect-Delivery` is the same where the same news is sent once more.
"""

import datetime
import hashlib
import hmac
import json

from inspect_operator import errors
from inspect_operator.publish.notices import message, secrets

JSON = ("Content-Type", "application/json")


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """:raises errors.NotifyFailed: the Secret or the template can't be used"""
    body = as_json(said.data)
    if said.custom:
        try:
            json.loads(said.custom)
        except (ValueError, RecursionError):
            raise errors.NotifyFailed("the template makes no JSON; a webhook's template makes its whole body") from None
        body = said.custom.encode()
    headers = [JSON, ("X-Inspect-Delivery", said.identity)]
    if authorization := secret.text("authorization", ""):
        headers.append(("Authorization", authorization))
    if key := secret.text("secret", ""):
        moment = str(int(now.timestamp()))
        signature = hmac.new(key.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        headers += [("X-Inspect-Timestamp", moment), ("X-Inspect-Signature", f"sha256={signature}")]
    request = message.HttpRequest(secret.url(), body, tuple(headers), authority=secret.pem("ca.crt"))
    return (message.Parcel(request, said.changes),)


def as_json(value: object) -> bytes:
    """Compact, as it goes over the wire; half of a surrogate pair can't be sent and becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
