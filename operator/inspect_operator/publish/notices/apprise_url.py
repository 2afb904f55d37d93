"""Everything else, by way of apprise: its URL says to whom."""

import datetime

from inspect_operator.publish.notices import message, secrets, texts


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One call."""
    text = said.custom or texts.plain(said.sections)
    return (message.Parcel(message.AppriseCall(secret.text("url"), said.title, text, said.bad), said.changes),)
