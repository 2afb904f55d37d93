"""The hosts file: which hosts to inspect, how to reach them, and where their secrets are mounted.

JSON, written by the operator; secrets themselves are never in it, only the paths of mounted files.
Every field but a host's name, address and user may be missing or null; fields that nobody knows are passed over, so
that an operator may be newer than the runner.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_HOSTS = 1000
MAX_PARALLELISM = 100
MAX_NAME = 253

_ENV_NAME = re.compile(r"[A-Za-z_.][A-Za-z0-9_.-]*")  # what Kubernetes takes, but for a leading `-`: env(1) reads it
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class HostsInvalid(Exception):
    """The hosts file cannot be used; the text says which field, and why."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where one SSH server is, and who we are there."""

    address: str
    user: str
    port: int = 22
    password_file: Path | None = None
    key_file: Path | None = None
    passphrase_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Host:
    name: str
    login: Login
    jump: Login | None = None


@dataclass(frozen=True, slots=True)
class Hosts:
    hosts: tuple[Host, ...]
    parallelism: int = 10
    connect_timeout_seconds: float = 10.0
    run_timeout_seconds: float | None = None  # None: only the whole run's timeout bounds a host
    trust_on_first_use: bool = False
    known_hosts: Path | None = None
    env: tuple[tuple[str, str], ...] = ()


def read(path: Path) -> Hosts:
    """Raises HostsInvalid."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as failure:
        raise HostsInvalid(f"the hosts file {path}: {failure.strerror}") from None
    except (ValueError, RecursionError):
        raise HostsInvalid(f"the hosts file {path} is no JSON") from None
    return parse(data)


def parse(data: Any) -> Hosts:
    """Raises HostsInvalid."""
    fields = _object(data, "the hosts file")
    listed = _list(fields.get("hosts"), "hosts")
    if not 0 < len(listed) <= MAX_HOSTS:
        raise HostsInvalid(f"hosts: {len(listed)} of them; there must be 1 to {MAX_HOSTS}")
    hosts = tuple(_host(item, f"hosts[{number}]") for number, item in enumerate(listed))
    names = [host.name for host in hosts]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        raise HostsInvalid(f"hosts: the name {repeated} stands there twice")
    run_timeout = fields.get("runTimeoutSeconds")
    return Hosts(
        hosts=hosts,
        parallelism=_integer(fields.get("parallelism", 10), "parallelism", 10, MAX_PARALLELISM),
        connect_timeout_seconds=_seconds(fields.get("connectTimeoutSeconds"), "connectTimeoutSeconds", 10.0),
        run_timeout_seconds=None if run_timeout is None else _seconds(run_timeout, "runTimeoutSeconds", 0.0),
        trust_on_first_use=_boolean(fields.get("trustOnFirstUse"), "trustOnFirstUse"),
        known_hosts=_path(fields.get("knownHosts"), "knownHosts"),
        env=tuple(_variable(item, f"env[{number}]") for number, item in enumerate(_list(fields.get("env"), "env"))),
    )


def _host(data: Any, where: str) -> Host:
    fields = _object(data, where)
    name = _text(fields.get("name"), f"{where}.name")
    jump = fields.get("jump")
    return Host(name, _login(fields, where), None if jump is None else _login(_object(jump, where), f"{where}.jump"))


def _login(fields: dict[str, Any], where: str) -> Login:
    return Login(
        address=_text(fields.get("address"), f"{where}.address"),
        user=_text(fields.get("user"), f"{where}.user"),
        port=_integer(fields.get("port"), f"{where}.port", 22, 65535),
        password_file=_path(fields.get("passwordFile"), f"{where}.passwordFile"),
        key_file=_path(fields.get("keyFile"), f"{where}.keyFile"),
        passphrase_file=_path(fields.get("passphraseFile"), f"{where}.passphraseFile"),
    )


def _variable(data: Any, where: str) -> tuple[str, str]:
    match data:
        case [str(name), str(value)]:
            pass
        case _:
            raise HostsInvalid(f"{where} must be a pair of a name and a value")
    if not _ENV_NAME.fullmatch(name):
        raise HostsInvalid(f"{where}: {name[:MAX_NAME]!r} cannot be the name of a variable on a host")
    if "\0" in value or _has_surrogates(value):
        raise HostsInvalid(f"{where}: the value of {name[:MAX_NAME]} is no text that a variable can hold")
    return name, value


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise HostsInvalid(f"{where} must be an object")
    return data


def _list(data: Any, where: str) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise HostsInvalid(f"{where} must be a list")
    return data


def _text(data: Any, where: str) -> str:
    """A name of something: it stands in front of each line of output, so it may hold nothing that ends a line."""
    if not isinstance(data, str) or not data or len(data) > MAX_NAME or _CONTROL.search(data) or _has_surrogates(data):
        raise HostsInvalid(f"{where} must be a text of 1 to {MAX_NAME} characters without control characters")
    return data


def _path(data: Any, where: str) -> Path | None:
    if data is None:
        return None
    if not isinstance(data, str) or not data.startswith("/") or "\0" in data or _has_surrogates(data):
        raise HostsInvalid(f"{where} must be an absolute path")
    return Path(data)


def _integer(data: Any, where: str, default: int, most: int) -> int:
    if data is None:
        return default
    if not isinstance(data, int) or isinstance(data, bool) or not 0 < data <= most:
        raise HostsInvalid(f"{where} must be a whole number from 1 to {most}")
    return data


def _seconds(data: Any, where: str, default: float) -> float:
    if data is None:
        return default
    if not isinstance(data, int | float) or isinstance(data, bool) or not 0 < data <= 10**8:
        raise HostsInvalid(f"{where} must be a number of seconds above 0")
    return float(data)


def _boolean(data: Any, where: str) -> bool:
    if data is not None and not isinstance(data, bool):
        raise HostsInvalid(f"{where} must be true or false")
    return bool(data)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
