"""Slack: an incoming webhook, with blocks and a text for where blocks aren't shown."""

import datetime

from inspect_operator.publish.notices import message, secrets, texts, webhook

#: Slack's limits: characters of a header, of a section's text, and how many blocks.
MAX_HEADER, MAX_TEXT, MAX_BLOCKS = 150, 3000, 50


def escape(text: str) -> str:
    """What Slack would take for a link, a mention or an entity is shown as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One request."""
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": texts.line(said.title, MAX_HEADER)}}
    ]
    if said.custom:
        blocks = [_section(said.custom)]
    else:
        for section in said.sections[: MAX_BLOCKS - 1]:
            lines = [f"*{escape(section.head)}*", *(f"• {escape(line)}" for line in section.lines)]
            blocks.append(_section("\n".join(lines)))
    text = texts.line(said.custom, MAX_TEXT) if said.custom else escape(said.title)
    body = webhook.as_json({"text": text, "blocks": blocks})
    request = message.HttpRequest(secret.url(), body, (webhook.JSON,), authority=secret.pem("ca.crt"))
    return (message.Parcel(request, said.changes),)


def _section(text: str) -> dict[str, object]:
    cut = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut}}
