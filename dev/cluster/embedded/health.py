"""Is it up? Each component's own health address, asked over loopback."""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path


def http_ok(address: str, port: int, path: str, secure: bool = False) -> bool:
    """Whether GET answers 200. `secure`: over TLS without checking whose (health of a process we started)."""
    connection: http.client.HTTPConnection
    if secure:
        context = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection(address, port, timeout=3, context=context)
    else:
        connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def socket_answers(path: Path) -> bool:
    """Whether something listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(3)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True
