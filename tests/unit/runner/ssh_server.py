"""An SSH server on loopback that really runs what it is asked to, each session in a process group of its own.

paramiko's server half, since sshd is not on every machine; the end-to-end tests meet the real one.
"""

import contextlib
import io
import os
import secrets
import socket
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

OK, NO, PARTLY = paramiko.AUTH_SUCCESSFUL, paramiko.AUTH_FAILED, paramiko.AUTH_PARTIALLY_SUCCESSFUL
_LOCK = threading.Lock()


@dataclass
class Behaviour:
    """What the server knows and does; tests change it before they connect."""

    password: str = ""
    authorized: list[paramiko.PKey] = field(default_factory=list)
    interactive_only: bool = False
    prompts: tuple[tuple[str, bool], ...] = (("Password: ", False),)
    both: bool = False  # the key, and then the password
    shell: str = "/bin/sh"
    forwards: bool = True
    path: str = os.environ["PATH"]
    hang_ups: int = 0  # connections that are closed before a word is said, as by MaxStartups
    greeting: str = ""  # what a login shell's rc file prints


class Server:
    """Closes with the test; `folder` is the host's /tmp."""

    def __init__(self, folder: Path, key: paramiko.PKey, behaviour: Behaviour) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = key
        self.more_keys: list[paramiko.PKey] = []
        self.behaviour = behaviour
        self.logins: list[str] = []
        self.commands: list[str] = []
        self.at_once = self.most_at_once = 0
        self.children: list[subprocess.Popen[bytes]] = []
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def known(self) -> str:
        """Its line of a known_hosts file."""
        return f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"

    def cut(self) -> None:
        """All connections break, without a word."""
        for transport in self._transports:
            transport.sock.close()
            transport.close()

    def close(self) -> None:
        self._listener.close()
        self.cut()
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, 9)
            child.wait()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self.behaviour.hang_ups:
                self.behaviour.hang_ups -= 1
                connection.close()
                continue
            transport = paramiko.Transport(connection)
            for key in (self.key, *self.more_keys):
                transport.add_server_key(key)
            self._transports.append(transport)
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(event=threading.Event(), server=_Session(self, transport))


class _Session(paramiko.ServerInterface):  # type: ignore[misc]
    def __init__(self, server: Server, transport: paramiko.Transport) -> None:
        self._server = server
        self.transport = transport
        self._behaviour = server.behaviour
        self._key_accepted = False

    def get_allowed_auths(self, username: str) -> str:
        if self._behaviour.interactive_only:
            return "keyboard-interactive"
        return "password" if self._behaviour.both and self._key_accepted else "publickey,password"

    def check_auth_password(self, username: str, password: str) -> int:
        self._server.logins.append(f"password {username}")
        if self._behaviour.interactive_only or (self._behaviour.both and not self._key_accepted):
            return int(NO)
        return int(OK if self._behaviour.password and password == self._behaviour.password else NO)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._server.logins.append(f"publickey {username}")
        self._key_accepted = key in self._behaviour.authorized
        return int((PARTLY if self._behaviour.both else OK) if self._key_accepted else NO)

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        self._server.logins.append(f"keyboard-interactive {username}")
        return paramiko.InteractiveQuery("", "", *self._behaviour.prompts)

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return int(OK if responses[0] == self._behaviour.password else NO)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_direct_tcpip_request(self, chanid: int, origin: Any, destination: tuple[str, int]) -> int:
        if not self._behaviour.forwards:
            return int(paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED)
        try:
            onward = socket.create_connection(destination, timeout=5)
        except OSError:
            return int(paramiko.OPEN_FAILED_CONNECT_FAILED)
        threading.Thread(target=self._forward, args=(self.transport, onward), daemon=True).start()
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._server.commands.append(command.decode())
        threading.Thread(target=self._run, args=(channel, command.decode()), daemon=True).start()
        return True

    def _forward(self, transport: paramiko.Transport, onward: socket.socket) -> None:
        channel = transport.accept(5)
        onward.settimeout(None)

        def back() -> None:
            with contextlib.suppress(OSError, EOFError):
                while data := onward.recv(32768):
                    channel.sendall(data)
            channel.close()

        threading.Thread(target=back, daemon=True).start()
        with contextlib.suppress(OSError, EOFError):
            while data := channel.recv(32768):
                onward.sendall(data)
        onward.close()

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        server = self._server
        with _LOCK:
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        if self._behaviour.greeting:
            channel.sendall(self._behaviour.greeting.encode())
        child = subprocess.Popen(
            [self._behaviour.shell, "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": self._behaviour.path, "TMPDIR": str(server.folder), "LANG": "C.UTF-8"},
            cwd=server.folder,
            start_new_session=True,
        )
        server.children.append(child)
        threading.Thread(target=self._pump_input, args=(channel, child), daemon=True).start()
        pumps = [
            threading.Thread(target=self._pump_output, args=(child.stdout, channel.sendall), daemon=True),
            threading.Thread(target=self._pump_output, args=(child.stderr, channel.sendall_stderr), daemon=True),
        ]
        for pump in pumps:
            pump.start()
        code = child.wait()
        with _LOCK:
            server.at_once -= 1
        for pump in pumps:
            pump.join(5)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            if code >= 0:
                channel.send_exit_status(code)
            channel.close()

    @staticmethod
    def _pump_input(channel: paramiko.Channel, child: "subprocess.Popen[bytes]") -> None:
        assert child.stdin is not None
        with contextlib.suppress(OSError, EOFError):
            while data := channel.recv(32768):
                child.stdin.write(data)
                child.stdin.flush()
        with contextlib.suppress(OSError):
            child.stdin.close()

    @staticmethod
    def _pump_output(source: Any, send: Any) -> None:
        with contextlib.suppress(OSError, EOFError):
            while data := source.read1(32768):
                send(data)
        source.close()


def new_key() -> paramiko.PKey:
    """An Ed25519 key: quick to make."""
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return paramiko.Ed25519Key.from_private_key(io.StringIO(pem.decode()))


def canary() -> str:
    """A secret that cannot be anywhere by chance."""
    return f"canary-{secrets.token_hex(12)}"
