"""Logging in, with nothing but the key and the password that the hosts file names."""

import time
from dataclasses import dataclass, field

import paramiko  # type: ignore[import-untyped]

from inspect_operator.runner import credentials, failure, hosts, known_hosts, verdict


@dataclass(frozen=True, slots=True)
class Secrets:
    key: paramiko.PKey | None = field(repr=False)
    password: bytes | None = field(repr=False)


def secrets(who: hosts.Login) -> Secrets:
    """Raises failure.Failed where a file is missing or no key can be read from it, or none is named."""
    if who.key_file is None and who.password_file is None:
        message = f"no password and no key is given for {who.user}"
        raise failure.Failed(verdict.Reason.SECRET_MISSING, message)
    return Secrets(
        key=credentials.key(who.key_file, who.passphrase_file) if who.key_file else None,
        password=credentials.password(who.password_file) if who.password_file else None,
    )


def log_in(transport: paramiko.Transport, who: hosts.Login, given: Secrets, deadline: float) -> None:
    """The key first, then the password where the server wants both (or where there is no key). Raises failure.Failed.

    A password is no second try for a refused key: which of them is wrong has to show.
    """
    where = f"{who.user} at {known_hosts.written_name(who.address, who.port)}"
    tried = "the key" if given.key is not None else "the password"
    transport.auth_timeout = max(0.1, deadline - time.monotonic())
    try:
        if given.key is None:
            rest = _password(transport, who.user, given.password or b"")
        else:
            rest = transport.auth_publickey(who.user, given.key)
            if rest and given.password is not None:
                tried = "the password after the key"
                transport.auth_timeout = max(0.1, deadline - time.monotonic())
                rest = _password(transport, who.user, given.password)
    except paramiko.BadAuthenticationType as refused:
        offered = ", ".join(refused.allowed_types)[:100]
        message = f"{where}: the server does not take {tried} (it offers: {offered})"
        raise failure.Failed(verdict.Reason.AUTHENTICATION_FAILED, message) from None
    except (paramiko.SSHException, OSError, EOFError):
        if time.monotonic() >= deadline:
            message = f"{where}: the server did not answer the login in time"
            raise failure.Failed(verdict.Reason.CONNECT_TIMEOUT, message) from None
        lost = not transport.is_active()
        why = "closed the connection at the login (too many tries, or users limited?)" if lost else f"refused {tried}"
        raise failure.Failed(verdict.Reason.AUTHENTICATION_FAILED, f"{where}: the server {why}") from None
    if rest or not transport.is_authenticated():
        message = f"{where}: the server took {tried} and wants more: {', '.join(rest)[:100]}"
        raise failure.Failed(verdict.Reason.AUTHENTICATION_FAILED, message)


def _password(transport: paramiko.Transport, user: str, password: bytes) -> list[str]:
    """What the server still wants; keyboard-interactive where it takes passwords only so."""
    try:
        return list(transport.auth_password(user, password, fallback=False))
    except paramiko.BadAuthenticationType as refused:
        if "keyboard-interactive" not in refused.allowed_types:
            raise
    answered = False

    def answer(_title: str, _instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        """The password to the first single question whose answer is not shown; nothing to any other."""
        nonlocal answered
        hidden = [number for number, (_, shown) in enumerate(prompts) if not shown]
        if answered or len(hidden) != 1:
            return [""] * len(prompts)
        answered = True
        return [password.decode("utf-8", "surrogateescape") if n in hidden else "" for n in range(len(prompts))]

    return list(transport.auth_interactive(user, answer))
