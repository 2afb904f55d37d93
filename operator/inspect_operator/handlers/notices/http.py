"""Sends an HTTP request: no redirects, no proxy, no cookies, one deadline for all of it, and little read of the answer.

What goes wrong is told in fixed words: an exception of the HTTP library may hold the address, and an address of a
webhook is a secret.
"""

import asyncio
import concurrent.futures
import datetime
import email.utils
import functools
import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import aiohttp.abc
import yarl

from inspect_operator import __version__, errors
from inspect_operator.handlers.notices import guard
from inspect_operator.publish.notices import message

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 4096
MAX_AFTER_SECONDS = 3600.0


class Sender:
    """`allowed` is the administrator's list."""

    def __init__(self, allowed: guard.Allowed, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._allowed = allowed
        self._timeout_seconds = timeout_seconds
        # Names are asked for by threads of its own: those of the event loop render charts.
        self._threads = concurrent.futures.ThreadPoolExecutor(8, thread_name_prefix="notices-dns")
        self.getaddrinfo: Callable[..., list[Any]] = socket.getaddrinfo

    def close(self) -> None:
        """Waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, request: message.HttpRequest) -> None:
        """:raises errors.NotifyFailed: it was not taken"""
        try:
            # As it is: quoted once more, a signature would be another. Read once, by what connects: two readers could
            # see two hosts in it.
            url = yarl.URL(request.url, encoded=request.url.isascii())
            target = guard.Target(url.host or "", url.port or 0, url.scheme == "https", trusted=request.trusted)
        except ValueError:
            raise errors.NotifyFailed("the endpoint's address can't be read") from None
        refused: list[str] = []

        def connect(info: Any) -> socket.socket:
            """At the last moment, when it is clear which address a name stands for."""
            family, kind, protocol, _, place = info
            if why := guard.refusal(self._allowed, target, str(place[0])):
                refused.append(why)
                raise PermissionError(why)
            return socket.socket(family, kind, protocol)

        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._threads, self.getaddrinfo), use_dns_cache=False, force_close=True,
            ssl=_context(request.authority), socket_factory=connect,
        )  # fmt: skip
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                aiohttp.ClientSession(
                    connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
                ) as session,
                session.post(
                    url,
                    data=request.body,
                    headers={"User-Agent": f"inspect-operator/{__version__}", **dict(request.headers)},
                    allow_redirects=False,
                ) as response,
            ):
                _judge(response, request.error_field, await _beginning(response))
        except TimeoutError:
            raise errors.NotifyFailed(f"the endpoint did not answer within {self._timeout_seconds:g} s") from None
        except aiohttp.ClientConnectorCertificateError:
            raise errors.NotifyFailed("the endpoint's certificate is not trusted; ca.crt may name its CA") from None
        except aiohttp.ClientConnectorDNSError:
            raise errors.NotifyFailed("the endpoint's host name is not resolved") from None
        except aiohttp.ClientSSLError:
            raise errors.NotifyFailed("the endpoint speaks no TLS that we do") from None
        except aiohttp.ClientConnectorError:
            raise errors.NotifyFailed(refused[0] if refused else "the endpoint can't be connected to") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise errors.NotifyFailed("the endpoint broke the connection off, or answered what is no HTTP") from None


class _Resolver(aiohttp.abc.AbstractResolver):
    def __init__(self, threads: concurrent.futures.Executor, getaddrinfo: Callable[..., list[Any]]) -> None:
        self._threads = threads
        self._getaddrinfo = getaddrinfo

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, functools.partial(self._getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        )
        return [
            aiohttp.abc.ResolveResult(
                hostname=host, host=str(place[0]), port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for kind, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    data = b""
    while len(data) < MAX_ANSWER_BYTES and (part := await response.content.read(MAX_ANSWER_BYTES - len(data))):
        data += part
    return data


def _judge(response: aiohttp.ClientResponse, error_field: str, data: bytes) -> None:
    status = response.status
    if 300 <= status < 400:
        raise errors.NotifyFailed(f"the endpoint answered {status}; redirects are not followed")
    if not 200 <= status < 300:
        raise errors.NotifyFailed(f"the endpoint answered {status}", after(response.headers.get("Retry-After", "")))
    if not error_field:
        return
    try:
        answer = json.loads(data)
        code = answer.get(error_field, 0)
    except (ValueError, AttributeError, RecursionError):
        raise errors.NotifyFailed("the endpoint answered what is no JSON") from None
    if code not in (0, "0"):
        told = f" {code}" if isinstance(code, int) else ""
        raise errors.NotifyFailed(f"the endpoint refused the notice with code{told}")


def after(text: str) -> float:
    """Seconds of a Retry-After header, a number or a date; at most an hour."""
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            moment = email.utils.parsedate_to_datetime(text)
            seconds = (moment - datetime.datetime.now(datetime.UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), MAX_AFTER_SECONDS)


@functools.cache
def _system_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _context(authority: str) -> ssl.SSLContext:
    """With the CA of the Secret, where it has one."""
    if not authority:
        return _system_context()
    try:
        return ssl.create_default_context(cadata=authority)
    except (ssl.SSLError, ValueError):
        raise errors.NotifyFailed("key ca.crt in the Secret is no certificate in PEM") from None
