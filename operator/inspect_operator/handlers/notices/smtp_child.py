"""Sends one e-mail; a program of its own, see child.py. Answers {} or {"error": words}, never with words of the server.

Reads {"email": the fields of message.Email, "content": Base64, "allow": the administrator's list, "seconds": …}.
"""

import base64
import json
import smtplib
import socket
import ssl
import sys
from typing import Any

from inspect_operator.handlers.notices import guard


class _Refused(Exception):
    """By the guard; the text is why."""


def main() -> None:
    """One e-mail."""
    request = json.load(sys.stdin)
    try:
        _send(request["email"], base64.b64decode(request["content"]), tuple(request["allow"]), request["seconds"])
        answer: dict[str, str] = {}
    except _Refused as error:
        answer = {"error": str(error)}
    except Exception as error:
        answer = {"error": _words(error)}
    json.dump(answer, sys.stdout)


def _send(email: dict[str, Any], content: bytes, allow: tuple[str, ...], seconds: float) -> None:
    allowed = guard.read(allow)
    host, port, tls = email["host"], int(email["port"]), email["tls"]
    target = guard.Target(host, port, tls != "none", mail=True)
    context = ssl.create_default_context(cadata=email["authority"] or None)

    def connect(timeout: float) -> socket.socket:
        """To the first address that answers; each is asked for before."""
        last: Exception | None = None
        for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if why := guard.refusal(allowed, target, str(place[0])):
                last = last or _Refused(why)
                continue
            made = socket.socket(family, kind, protocol)
            made.settimeout(timeout)
            try:
                made.connect(place)
            except OSError as error:
                made.close()
                last = error
            else:
                return made
        raise last or OSError("no address")

    class Guarded(smtplib.SMTP):
        """Connects by way of the guard."""

        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            made = connect(timeout)
            return context.wrap_socket(made, server_hostname=host) if tls == "tls" else made

    with Guarded(local_hostname=socket.gethostname(), timeout=seconds) as server:
        server._host = host  # type: ignore[attr-defined]  # what starttls() checks the certificate against
        server.connect(host, port)
        if tls == "starttls":
            server.starttls(context=context)
        if email["user"]:
            server.login(email["user"], email["password"])
        server.sendmail(email["sender"], list(email["recipients"]), content)


def _words(error: Exception) -> str:
    code = f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
    for kinds, words in _WORDS:
        if isinstance(error, kinds):
            return f"{words}{code}"
    return f"the mail could not be sent: {type(error).__name__}{code}"


_WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((smtplib.SMTPAuthenticationError,), "the mail server did not take user name and password"),
    ((smtplib.SMTPNotSupportedError,), "the mail server offers no STARTTLS, or no login; see the key tls"),
    ((smtplib.SMTPRecipientsRefused,), "the mail server took none of the recipients"),
    ((smtplib.SMTPSenderRefused,), "the mail server did not take the sender"),
    ((smtplib.SMTPDataError,), "the mail server did not take the mail"),
    ((smtplib.SMTPServerDisconnected,), "the mail server broke the connection off"),
    ((smtplib.SMTPException,), "the mail server answered an error"),
    ((ssl.SSLCertVerificationError,), "the mail server's certificate is not trusted; ca.crt may name its CA"),
    ((ssl.SSLError,), "the mail server speaks no TLS that we do; see the keys port and tls"),
    ((socket.gaierror,), "the mail server's host name is not resolved"),
    ((TimeoutError,), "the mail server did not answer in time"),
    ((OSError,), "the mail server can't be connected to"),
)

if __name__ == "__main__":
    main()
