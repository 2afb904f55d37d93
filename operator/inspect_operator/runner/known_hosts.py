"""Which keys of a host are known: an OpenSSH known_hosts file (sshd(8)), looked up as ssh does it.

paramiko's own reader knows neither markers nor patterns and keeps one key of a type, so the file is read here.

- Names are compared in lower case. A port other than 22 is written `[host]:port`; where no line names the port, a
  line with the plain name counts if its key is the very one (the host may have another server on port 22).
- Names may be hashed (`|1|salt|hash`), hold `*` and `?`, and be excluded with `!`.
- `@revoked` keys are refused. `@cert-authority` lines are counted but trust nothing: host certificates are not read.

Pure: no I/O.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

DEFAULT_PORT = 22


@dataclass(frozen=True, slots=True)
class Entry:
    marker: str  # empty, `@revoked` or `@cert-authority`
    names: tuple[str, ...]
    key_type: str
    key: bytes  # the public key as SSH sends it


class Standing(Enum):
    KNOWN = "known"
    UNKNOWN = "unknown"  # nothing is known about this host
    DIFFERS = "differs"  # other keys are known for it
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Known:
    """What the file says about one host."""

    keys: tuple[Entry, ...] = ()
    keys_of_default_port: tuple[Entry, ...] = ()
    revoked: frozenset[bytes] = frozenset()
    has_authority: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The types of its known keys, in the order of the file: ask the server for one of these."""
        return tuple(dict.fromkeys(entry.key_type for entry in self.keys or self.keys_of_default_port))

    def standing(self, key: bytes) -> Standing:
        if key in self.revoked:
            return Standing.REVOKED
        if any(entry.key == key for entry in (*self.keys, *self.keys_of_default_port)):
            return Standing.KNOWN
        return Standing.DIFFERS if self.keys else Standing.UNKNOWN


def parse(text: str) -> tuple[Entry, ...]:
    """The entries of a file. What is no entry is passed over, as ssh does: it trusts nothing."""
    return tuple(entry for entry in map(_entry, text.splitlines()) if entry)


def lookup(entries: Iterable[Entry], address: str, port: int) -> Known:
    name, plain = written_name(address, port), address.lower()
    keys, plain_keys, revoked, authority = [], [], set(), False
    for entry in entries:
        named, named_plain = _matches(entry.names, name), port != DEFAULT_PORT and _matches(entry.names, plain)
        if not named and not named_plain:
            continue
        if entry.marker == "@revoked":
            revoked.add(entry.key)
        elif entry.marker == "@cert-authority":
            authority = True
        elif named:
            keys.append(entry)
        else:
            plain_keys.append(entry)
    return Known(tuple(keys), tuple(plain_keys), frozenset(revoked), authority)


def written_name(address: str, port: int) -> str:
    """The name under which a known_hosts line has this host."""
    return address.lower() if port == DEFAULT_PORT else f"[{address.lower()}]:{port}"


def fingerprint(key: bytes) -> str:
    """`SHA256:…` as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _entry(line: str) -> Entry | None:
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    marker = words.pop(0) if words[0].startswith("@") else ""
    if len(words) < 3 or marker not in ("", "@revoked", "@cert-authority"):
        return None
    names, key_type, key = words[:3]
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The key says its own type; a line that claims another one is not to be trusted.
    if decoded[: 4 + len(key_type)] != len(key_type).to_bytes(4, "big") + key_type.encode("utf-8", "replace"):
        return None
    return Entry(marker, tuple(names.split(",")), key_type, decoded)


def _matches(names: tuple[str, ...], name: str) -> bool:
    found = False
    for pattern in names:
        if pattern.startswith("|"):
            found = found or _is_hash_of(pattern, name)
        elif pattern.startswith("!"):
            if _glob(pattern[1:], name):
                return False
        else:
            found = found or _glob(pattern, name)
    return found


def _glob(pattern: str, name: str) -> bool:
    # `[` is no character class here: it begins `[host]:port`.
    parts = re.split(r"([*?])", re.sub(r"\*+", "*", pattern.lower()))
    wanted = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(wanted, name) is not None


def _is_hash_of(pattern: str, name: str) -> bool:
    parts = pattern.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, wanted = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), wanted)
