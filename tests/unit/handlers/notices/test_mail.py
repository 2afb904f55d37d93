"""E-mail to real mail servers: with STARTTLS and login, with TLS from the start, and servers that say no."""

import pathlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd import controller, smtp
from tests.unit import cluster_in_memory
from tests.unit.handlers.notices import conftest

from inspect_operator import errors, settings
from inspect_operator.handlers.notices import delivery
from inspect_operator.publish.notices import message

pytestmark = pytest.mark.slow

CONTENT = "Subject: 磁盘\r\n\r\nfull\r\n".encode()


class _Server:
    """Keeps what it gets; `refuse` is what it says to the mail instead."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.got: list[Any] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refuse = ""
        self.authority = conftest.certificate(folder)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self._running: controller.Controller | None = None

    def start(self, tls: str) -> int:
        """Returns the port."""
        options: dict[str, Any] = {"authenticator": self._authenticate}
        if tls == "starttls":
            options |= {"tls_context": self._context, "require_starttls": True, "auth_required": True}
        elif tls == "tls":
            options |= {"ssl_context": self._context, "auth_require_tls": False}
        self._running = controller.Controller(self, hostname="127.0.0.1", port=_free(), **options)
        self._running.start()
        return int(self._running.port)

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> smtp.AuthResult:
        self.logins.append((data.login, data.password))
        return smtp.AuthResult(success=data.password == b"CANARY", handled=False)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: N802
        if address.startswith("nobody"):
            return "550 CANARY is not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        self.got.append(envelope)
        return "250 OK"


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[_Server]:
    made = _Server(tmp_path)
    yield made
    made.stop()


def _mail(port: int, tls: str, authority: str = "", **more: Any) -> message.Email:
    words = {"user": "inspect", "password": "CANARY", "recipients": ("ops@example.com",), **more}
    return message.Email("127.0.0.1", port, tls, "inspect@example.com", content=CONTENT, authority=authority, **words)


async def _send(mail: message.Email, *allow: str) -> None:
    configured = settings.Settings(notify_allow=allow or ("127.0.0.0/8",))
    sender = delivery.Delivery(cluster_in_memory.Cluster(), configured)
    try:
        await sender.send(mail)
    finally:
        sender.http.close()


async def _refused(mail: message.Email, *allow: str) -> str:
    with pytest.raises(errors.NotifyFailed) as raised:
        await _send(mail, *allow)
    assert "CANARY" not in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_it_arrives_over_tls_with_a_login(server: _Server, tls: str) -> None:
    await _send(_mail(server.start(tls), tls, server.authority, recipients=("a@example.com", "b@example.com")))
    (got,) = server.got
    assert (got.mail_from, got.rcpt_tos) == ("inspect@example.com", ["a@example.com", "b@example.com"])
    assert got.content == CONTENT
    assert server.logins == [(b"inspect", b"CANARY")]


async def test_without_tls_and_login_where_the_address_is_listed(server: _Server) -> None:
    await _send(_mail(server.start("none"), "none", user="", password=""))
    assert server.got[0].content == CONTENT


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_certificates_are_checked(server: _Server, tls: str) -> None:
    assert "certificate is not trusted" in await _refused(_mail(server.start(tls), tls))
    assert server.logins == []


async def test_a_wrong_password_a_wrong_recipient_and_a_mail_that_is_not_taken(server: _Server) -> None:
    port = server.start("starttls")
    wrong = _mail(port, "starttls", server.authority, password="CANARY-2")
    assert "did not take user name and password (535)" in await _refused(wrong)
    nobody = _mail(port, "starttls", server.authority, recipients=("nobody@example.com",))
    assert "took none of the recipients" in await _refused(nobody)
    server.refuse = "554 CANARY is spam"
    assert "did not take the mail (554)" in await _refused(_mail(port, "starttls", server.authority))
    assert server.got == []


async def test_a_server_without_starttls_gets_no_password(server: _Server) -> None:
    assert "no STARTTLS" in await _refused(_mail(server.start("none"), "starttls", server.authority))
    assert server.logins == []


async def test_the_guard_stands_before_mail_too(server: _Server) -> None:
    port = server.start("none")
    assert "the operator's own machine" in await _refused(_mail(port, "none", user=""), "10.0.0.0/8")
    assert server.got == []


async def test_a_silent_server_takes_no_longer_than_the_deadline(
    silence: conftest.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MAIL_SECONDS", 2.0)
    assert "took longer than 2 s" in await _refused(_mail(silence.port, "none"))


async def test_nobody_listens() -> None:
    assert "can't be connected to" in await _refused(_mail(_free(), "none"))
