"""A message, and the values that carry one to a channel. What stands in a Secret is never shown by repr()."""

import dataclasses
import hashlib
import json
from typing import Any

from inspect_operator.api import notice
from inspect_operator.publish.notices import due


@dataclasses.dataclass(frozen=True)
class Section:
    """What is said of one task: `head` is one line, `lines` follow it."""

    head: str
    lines: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Message:
    """What one channel is told at once. `custom` is what a template of the user made of it, in the channel's own
    markup, and takes the place of title and sections where it isn't empty."""

    namespace: str
    inspect: str
    channel: str  # its name
    title: str
    sections: tuple[Section, ...]
    changes: tuple[due.Change, ...]
    data: dict[str, Any]  # what templates and webhooks are given
    language: notice.Language = notice.Language.EN
    custom: str = ""

    @property
    def identity(self) -> str:
        """The same of the same news, so that a receiver knows a repetition."""
        news = [[one.task, one.told.verdict, one.told.run] for one in self.changes]
        text = json.dumps([self.namespace, self.inspect, self.channel, news])
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def bad(self) -> bool:
        """Whether anything in it doesn't pass."""
        return any(change.kind is due.Kind.FAILING for change in self.changes)


@dataclasses.dataclass(frozen=True)
class HttpRequest:
    """A POST. `error_field` of the answer, where it has one, is 0 if all went well. `authority` is PEM, or empty."""

    url: str = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)
    headers: tuple[tuple[str, str], ...] = dataclasses.field(repr=False, default=())
    error_field: str = ""
    authority: str = dataclasses.field(repr=False, default="")
    trusted: bool = False  # the administrator named this address


@dataclasses.dataclass(frozen=True)
class Email:
    """`content` is a whole message with its headers (RFC 5322); `tls` is starttls, tls or none."""

    host: str = dataclasses.field(repr=False)
    port: int
    tls: str
    sender: str = dataclasses.field(repr=False)
    recipients: tuple[str, ...] = dataclasses.field(repr=False)
    content: bytes = dataclasses.field(repr=False)
    user: str = dataclasses.field(repr=False, default="")
    password: str = dataclasses.field(repr=False, default="")
    authority: str = dataclasses.field(repr=False, default="")


@dataclasses.dataclass(frozen=True)
class AppriseCall:
    """A notice through apprise; `url` says to whom."""

    url: str = dataclasses.field(repr=False)
    title: str
    text: str
    bad: bool


Request = HttpRequest | Email | AppriseCall


@dataclasses.dataclass(frozen=True)
class Parcel:
    """A request, and the changes that are told once it was taken."""

    request: Request
    changes: tuple[due.Change, ...]
