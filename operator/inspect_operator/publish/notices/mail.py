"""E-mail: plain text, to be sent by SMTP."""

import datetime
import email.message
import email.policy
import email.utils
import re

from inspect_operator.publish.notices import message, secrets, texts

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
MAX_RECIPIENTS = 20


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One e-mail to all recipients."""
    tls = secret.text("tls", "starttls")
    if tls not in _PORTS:
        raise secret.wrong("tls", "has to be starttls, tls or none")
    sender = _address(secret, "from", secret.text("from"))
    recipients = tuple(_address(secret, "to", one.strip()) for one in secret.text("to").split(",") if one.strip())
    if not 0 < len(recipients) <= MAX_RECIPIENTS:
        raise secret.wrong("to", f"has to name 1 to {MAX_RECIPIENTS} addresses, with commas between them")
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["Subject"] = said.title
    made["From"] = sender
    made["To"] = ", ".join(recipients)
    made["Date"] = email.utils.format_datetime(now)
    made["Message-ID"] = f"<{said.identity}.inspect@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content((said.custom or texts.plain(said.sections)) + "\n", charset="utf-8", cte="base64")
    carried = message.Email(
        host=secret.text("host"),
        port=secret.number("port", _PORTS[tls]),
        tls=tls,
        sender=sender,
        recipients=recipients,
        content=made.as_bytes(),
        user=secret.text("username", ""),
        password=secret.text("password", ""),
        authority=secret.pem("ca.crt"),
    )
    return (message.Parcel(carried, said.changes),)


def _address(secret: secrets.Secret, key: str, text: str) -> str:
    """Without a display name: it would have to be parsed, and nobody misses it."""
    if not (_ADDRESS.fullmatch(text) and text.isascii()):
        raise secret.wrong(key, "has to be an address such as ops@example.com")
    return text
