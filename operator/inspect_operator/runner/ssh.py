"""From a hosts-file entry to a logged-in SSH connection, through the jump host where there is one.

Only what the entry names is used: no agent, no ~/.ssh, no other key or password. The server's key is checked before
anything is sent that a false server could use.
"""

import base64
import contextlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paramiko  # type: ignore[import-untyped]

from inspect_operator.runner import credentials, failure, hosts, known_hosts, login, tcp, verdict

# Without a handler of its own paramiko's complaints would be printed between the hosts' lines.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False

_WINDOW_BYTES = 256 * 1024
"""How much output of one host waits in memory while it cannot be passed on."""

_KEEPALIVE_SECONDS = 15
_LONGEST_LINE_SHOWN = 200
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # key type: what it is called when it signs, if not so


_TRIES = 4
_Opening = Callable[[str, int, float], tcp.Stream]  # address, port, seconds


class _HungUp(failure.Failed):
    """The server closed the connection before its greeting; another try may do better."""


@dataclass(frozen=True, slots=True)
class Trust:
    entries: tuple[known_hosts.Entry, ...]
    on_first_use: bool


@dataclass(slots=True)
class Connection:
    transport: paramiko.Transport
    note: str  # about keys that were trusted on first use; mostly empty
    jump: paramiko.Transport | None = None

    def close(self) -> None:
        for transport in (self.transport, self.jump):
            if transport is not None:
                with contextlib.suppress(Exception):
                    transport.close()


def trust(known_hosts_file: Path | None, *, on_first_use: bool) -> Trust:
    """Raises failure.Failed where a file is named that cannot be read."""
    if known_hosts_file is None:
        return Trust((), on_first_use)
    try:
        text = known_hosts_file.read_text("utf-8", "replace")
    except OSError as problem:
        message = f"the known hosts, {credentials.in_words(known_hosts_file)}, cannot be read: {problem.strerror}"
        raise failure.Failed(verdict.Reason.KNOWN_HOSTS_MISSING, message) from None
    return Trust(known_hosts.parse(text), on_first_use)


def connect(host: hosts.Host, trusted: Trust, timeout_seconds: float) -> Connection:
    """A connection, logged in. `timeout_seconds` holds for each of jump host and host. Raises failure.Failed."""
    # Read first: no server has to be asked to find out that a secret is missing.
    own = login.secrets(host.login)
    if host.jump is None:
        return Connection(*_reach(host.login, own, trusted, timeout_seconds, tcp.connect))
    through = host.jump
    try:
        jump, jump_note = _reach(through, login.secrets(through), trusted, timeout_seconds, tcp.connect)
    except failure.Failed as failed:
        raise _of_jump(through, failed) from None
    try:
        transport, note = _reach(
            host.login, own, trusted, timeout_seconds, lambda *where_and_time: _forwarded(jump, *where_and_time)
        )
    except BaseException:
        jump.close()
        raise
    return Connection(transport, "; ".join(filter(None, (jump_note and f"jump host: {jump_note}", note))), jump)


def _reach(
    who: hosts.Login, secrets: login.Secrets, trusted: Trust, timeout_seconds: float, open_stream: _Opening
) -> tuple[paramiko.Transport, str]:
    """A session on a new stream; tried again where the server hangs up before it greets. Raises failure.Failed.

    sshd does that at random while many connections to it are being set up (MaxStartups), and those behind one jump
    host all are at the same time.
    """
    deadline = time.monotonic() + timeout_seconds
    for number in range(_TRIES):
        try:
            stream = open_stream(who.address, who.port, max(0.1, deadline - time.monotonic()))
            return _session(stream, who, secrets, trusted, deadline, timeout_seconds)
        except _HungUp:
            if number + 1 == _TRIES or time.monotonic() + 2 > deadline:
                raise
        time.sleep(random.uniform(0.2, 0.8) * (number + 1))  # noqa: S311  (so that not all come again at once)
    raise AssertionError("unreachable")


def _of_jump(jump: hosts.Login, failed: failure.Failed) -> failure.Failed:
    inner = failed.judgement
    message = f"jump host {known_hosts.written_name(jump.address, jump.port)}: {inner.message}"
    if inner.reason == verdict.Reason.SECRET_MISSING:
        return failure.Failed(verdict.Reason.SECRET_MISSING, message)
    return failure.Failed(verdict.Reason.JUMP_HOST_FAILED, f"{message} ({inner.reason})")


def _forwarded(jump: paramiko.Transport, address: str, port: int, timeout_seconds: float) -> paramiko.Channel:
    where = known_hosts.written_name(address, port)
    try:
        return jump.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=timeout_seconds)
    except paramiko.ChannelException as refused:
        if refused.code == 1:
            message = f"the jump host does not forward connections to {where} (see AllowTcpForwarding, PermitOpen)"
            raise failure.Failed(verdict.Reason.JUMP_HOST_FAILED, message) from None
        message = f"the jump host cannot reach {where}: {refused.text}"
        raise failure.Failed(verdict.Reason.HOST_UNREACHABLE, message) from None
    except (paramiko.SSHException, OSError, EOFError) as problem:
        if jump.is_active():
            message = f"the jump host did not reach {where} in time"
            raise failure.Failed(verdict.Reason.CONNECT_TIMEOUT, message) from None
        message = f"the connection to the jump host broke: {_words(problem)}"
        raise failure.Failed(verdict.Reason.JUMP_HOST_FAILED, message) from None


def _session(
    stream: tcp.Stream,
    who: hosts.Login,
    secrets: login.Secrets,
    trusted: Trust,
    deadline: float,
    timeout_seconds: float,
) -> tuple[paramiko.Transport, str]:
    """Handshake, key check and login on a stream; closes it where one of them fails. Raises failure.Failed."""
    known = known_hosts.lookup(trusted.entries, who.address, who.port)
    transport = paramiko.Transport(stream, default_window_size=_WINDOW_BYTES)
    try:
        _handshake(transport, known, who, deadline, timeout_seconds)
        note = _check_key(transport.get_remote_server_key(), known, who, trusted)
        login.log_in(transport, who, secrets, deadline)
    except BaseException:
        transport.close()
        stream.close()
        raise
    transport.set_keepalive(_KEEPALIVE_SECONDS)
    return transport, note


def _handshake(
    transport: paramiko.Transport, known: known_hosts.Known, who: hosts.Login, deadline: float, timeout_seconds: float
) -> None:
    options = transport.get_security_options()
    wanted = [name for kind in known.types for name in _SIGNATURES.get(kind, (kind,)) if name in options.key_types]
    # The types that are known first. The others stay: a server that has none of the known is told apart by its key.
    options.key_types = (*wanted, *(name for name in options.key_types if name not in wanted))
    where = known_hosts.written_name(who.address, who.port)
    seconds = max(0.1, deadline - time.monotonic())
    transport.banner_timeout = transport.handshake_timeout = seconds
    try:
        transport.start_client(timeout=seconds)
    except paramiko.IncompatiblePeer as problem:
        raise failure.Failed(verdict.Reason.NO_COMMON_ALGORITHM, f"{where}: {_words(problem)}") from None
    except (paramiko.SSHException, OSError, EOFError) as problem:
        if time.monotonic() < deadline - 0.2:
            if "protocol banner" in str(problem) or isinstance(problem, EOFError):
                message = (
                    f"{where} hung up before it said that it is an SSH server: "
                    "does it limit connections (MaxStartups), or keep us out?"
                )
                raise _HungUp(verdict.Reason.HOST_UNREACHABLE, message) from None
            message = f"{where} answers, but not as an SSH server: {_words(problem)}"
            raise failure.Failed(verdict.Reason.HOST_UNREACHABLE, message) from None
    if not transport.is_active() or not transport.initial_kex_done:
        message = f"{where} accepted the connection, but there was no SSH handshake within {timeout_seconds:g} s"
        raise failure.Failed(verdict.Reason.CONNECT_TIMEOUT, message)


def _check_key(key: paramiko.PKey, known: known_hosts.Known, who: hosts.Login, trusted: Trust) -> str:
    """A note about a key that was trusted on first use, or an empty text. Raises failure.Failed."""
    where = known_hosts.written_name(who.address, who.port)
    kind, raw = key.get_name(), key.asbytes()
    shown = f"{kind} {known_hosts.fingerprint(raw)}"
    standing = known.standing(raw)
    if standing is known_hosts.Standing.KNOWN:
        return ""
    if standing is known_hosts.Standing.REVOKED:
        message = f"the key of {where} is marked @revoked in known_hosts: {shown}"
        raise failure.Failed(verdict.Reason.HOST_KEY_REVOKED, message)
    if standing is known_hosts.Standing.DIFFERS:
        expected = ", ".join(f"{entry.key_type} {known_hosts.fingerprint(entry.key)}" for entry in known.keys[:3])
        message = (
            f"the key of {where} is {shown}, but known_hosts has {expected}: "
            "somebody may be listening in, or the host was set up anew; correct known_hosts only if you know which"
        )
        raise failure.Failed(verdict.Reason.HOST_KEY_MISMATCH, message)
    line = f"{where} {kind} {base64.b64encode(raw).decode()}"
    if len(line) > _LONGEST_LINE_SHOWN:
        line = f"what `ssh-keyscan -t {kind.removeprefix('ssh-')} -p {who.port} {who.address}` prints"
    if trusted.on_first_use:
        return f"trusted on first use: the key of {where}, {shown}; to pin it, add to known_hosts: {line}"
    authority = (
        "; its @cert-authority line does not help, host certificates are not read" if known.has_authority else ""
    )
    message = f"the key of {where} is not in known_hosts: {shown}; if that is its fingerprint, add: {line}{authority}"
    raise failure.Failed(verdict.Reason.HOST_KEY_UNKNOWN, message)


def _words(problem: BaseException) -> str:
    """What happened, in a bounded single line. These errors come before any secret is sent."""
    if isinstance(problem, EOFError) or not str(problem):
        return "it closed the connection"
    return " ".join(str(problem).split())[:200]
