"""What stands in a channel's Secret. Errors name the key that is wrong, never what stands there."""

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping

from inspect_operator import errors

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclasses.dataclass(frozen=True)
class Secret:
    """`name` is empty for what the operator itself was set up with."""

    name: str
    data: Mapping[str, str] = dataclasses.field(repr=False)

    def text(self, key: str, default: str | None = None) -> str:
        """One line.

        :raises errors.NotifyFailed: it is missing and has no default, or is no line
        """
        value = self.data.get(key, "").strip()
        if not value:
            if default is None:
                raise errors.NotifyFailed(f"key {key} is missing in the Secret {self.name}")
            return default
        if _CONTROL.search(value):
            raise self.wrong(key, "has to be one line")
        return value

    def pem(self, key: str) -> str:
        """A certificate, or nothing."""
        return self.data.get(key, "")

    def url(self, key: str = "url") -> str:
        """An http or https address without user or fragment.

        :raises errors.NotifyFailed: it is none
        """
        value = self.text(key)
        try:
            parts = urllib.parse.urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or " " in value:
            raise self.wrong(key, "has to be an address such as https://example.com/path")
        if "@" in parts.netloc:
            raise self.wrong(key, "may hold no user and password; they have keys of their own")
        return value

    def number(self, key: str, default: int) -> int:
        """:raises errors.NotifyFailed: it is no port"""
        value = self.text(key, str(default))
        if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
            raise self.wrong(key, "has to be a port")
        return int(value)

    def wrong(self, key: str, why: str) -> errors.NotifyFailed:
        """The error for a value that can't be used."""
        where = f"key {key} in the Secret {self.name}" if self.name else "the operator's setting messageCenterUrl"
        return errors.NotifyFailed(f"{where} {why}")
