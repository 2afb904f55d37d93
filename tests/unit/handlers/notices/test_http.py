"""Requests to real endpoints: those that answer well, badly, late or not at all, and those that lead elsewhere."""

import asyncio
import datetime
import email.utils
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from tests.unit.handlers.notices import conftest

from inspect_operator import errors
from inspect_operator.handlers.notices import guard, http
from inspect_operator.publish.notices import message

pytestmark = pytest.mark.slow

HERE = guard.read(("127.0.0.0/8",))


@pytest.fixture
async def sender() -> AsyncIterator[http.Sender]:
    """May connect to this machine; gives up after a second."""
    made = http.Sender(HERE, timeout_seconds=1.0)
    yield made
    made.close()


def _request(url: str, **more: Any) -> message.HttpRequest:
    return message.HttpRequest(url, b'{"a":1}', (("Content-Type", "application/json"),), **more)


async def _refused(sender: http.Sender, request: message.HttpRequest) -> errors.NotifyFailed:
    with pytest.raises(errors.NotifyFailed) as raised:
        await sender.send(request)
    assert "CANARY" not in str(raised.value)
    assert raised.value.__cause__ is None
    return raised.value


async def test_it_arrives_as_it_was_made(endpoint: conftest.Endpoint, sender: http.Sender) -> None:
    await sender.send(_request(endpoint.url()))
    ((path, headers, body),) = endpoint.seen
    assert (path, body) == ("/hook?key=CANARY", b'{"a":1}')
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("inspect-operator/")
    assert "Cookie" not in headers


async def test_a_signature_in_the_address_is_not_quoted_once_more(
    endpoint: conftest.Endpoint, sender: http.Sender
) -> None:
    await sender.send(_request(endpoint.url(path="/x?sign=a%2Bb%2Fc%3D")))
    assert endpoint.seen[0][0] == "/x?sign=a%2Bb%2Fc%3D"


@pytest.mark.parametrize(
    ("status", "headers", "words", "seconds"),
    [
        (500, {}, "the endpoint answered 500", 0),
        (404, {}, "the endpoint answered 404", 0),
        (429, {"Retry-After": "17"}, "the endpoint answered 429", 17),
        (503, {"Retry-After": "999999999999"}, "the endpoint answered 503", 3600),
        (429, {"Retry-After": "soon"}, "the endpoint answered 429", 0),
        (302, {"Location": "http://169.254.169.254/latest"}, "answered 302; redirects are not followed", 0),
        (307, {"Location": "/again"}, "answered 307; redirects are not followed", 0),
    ],
)
async def test_what_is_no_success(
    endpoint: conftest.Endpoint, sender: http.Sender, status: int, headers: Any, words: str, seconds: float
) -> None:
    async def answer() -> web.StreamResponse:
        return web.Response(status=status, headers=headers, text="CANARY")

    endpoint.answer = answer
    error = await _refused(sender, _request(endpoint.url()))
    assert words in str(error)
    assert error.after_seconds == seconds
    assert len(endpoint.seen) == 1, "nobody went anywhere else"


def test_a_date_to_come_back_at() -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=100)
    assert 95 < http.after(email.utils.format_datetime(moment, usegmt=True)) <= 100
    assert http.after(email.utils.format_datetime(moment - datetime.timedelta(days=1), usegmt=True)) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"code":0}', ""),
        ("{}", ""),
        ('{"code":19021,"msg":"CANARY"}', "refused the notice with code 19021"),
        ('{"code":"CANARY"}', "refused the notice with code"),
        ("CANARY", "no JSON"),
        ("[" * 4000, "no JSON"),
    ],
)
async def test_some_say_no_with_a_success(
    endpoint: conftest.Endpoint, sender: http.Sender, text: str, words: str
) -> None:
    async def answer() -> web.StreamResponse:
        return web.Response(text=text)

    endpoint.answer = answer
    request = _request(endpoint.url(), error_field="code")
    if not words:
        await sender.send(request)
    else:
        assert words in str(await _refused(sender, request))


async def test_slow_and_silent_endpoints_take_no_longer_than_the_deadline(
    endpoint: conftest.Endpoint, silence: conftest.Endpoint, sender: http.Sender
) -> None:
    async def slow() -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    endpoint.answer = slow
    for url in (endpoint.url(), silence.url()):
        began = time.monotonic()
        assert "within 1 s" in str(await _refused(sender, _request(url)))
        assert time.monotonic() - began < 5


async def test_an_answer_without_end_is_not_read(endpoint: conftest.Endpoint, sender: http.Sender) -> None:
    """Neither is one that grows when it is unpacked."""
    sent = 0

    async def endless() -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(_ENDPOINT_REQUESTS[-1])
        block = gzip.compress(b"\0" * 10_000_000)
        while True:
            sent += len(block)
            await response.write(block)

    original = endpoint.handle

    async def handle(request: web.Request) -> web.StreamResponse:
        _ENDPOINT_REQUESTS.append(request)
        return await original(request)

    runner = web.AppRunner(_app(handle), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.answer = endless
    endpoint.port = runner.addresses[0][1]
    await sender.send(_request(endpoint.url()))
    assert 0 < sent < 50_000_000
    await runner.cleanup()


_ENDPOINT_REQUESTS: list[web.Request] = []


def _app(handle: Callable[[web.Request], Any]) -> web.Application:
    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    return app


async def test_nobody_listens(sender: http.Sender) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = await _refused(sender, _request(f"http://127.0.0.1:{port}/CANARY"))
    assert "can't be connected to" in str(error)


async def test_no_such_name(sender: http.Sender) -> None:
    error = await _refused(sender, _request("https://canary.invalid/CANARY"))
    assert "host name is not resolved" in str(error)


async def test_certificates_are_checked(secure: conftest.Endpoint, sender: http.Sender) -> None:
    assert "certificate is not trusted" in str(await _refused(sender, _request(secure.url())))
    await sender.send(_request(secure.url(), authority=secure.authority))
    assert len(secure.seen) == 1
    error = await _refused(sender, _request(secure.url(), authority="CANARY"))
    assert "ca.crt in the Secret is no certificate" in str(error)


async def test_what_speaks_no_tls(endpoint: conftest.Endpoint, sender: http.Sender) -> None:
    url = endpoint.url().replace("http:", "https:")
    assert "speaks no TLS" in str(await _refused(sender, _request(url)))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
async def test_this_machine_is_closed_however_it_is_written(endpoint: conftest.Endpoint, host: str) -> None:
    sender = http.Sender(guard.Allowed(), timeout_seconds=2.0)
    await _refused(sender, _request(endpoint.url(host)))
    trusted = message.HttpRequest(endpoint.url(host), b"", trusted=True)
    await _refused(sender, trusted)
    assert endpoint.seen == []
    sender.close()


async def test_a_name_that_changes_its_mind_gets_nobody_in(endpoint: conftest.Endpoint) -> None:
    """Rebinding: public for whoever looks first, this machine for whoever connects."""
    sender = http.Sender(guard.Allowed(), timeout_seconds=2.0)
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1", "127.0.0.1"])
    asked = []

    def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    sender.getaddrinfo = rebinding
    assert rebinding("rebind.example", 1)[0][4][0] == "93.184.216.34", "the first look, by somebody else"
    error = await _refused(sender, _request(endpoint.url("rebind.example")))
    assert "the operator's own machine" in str(error)
    assert endpoint.seen == []
    assert asked == ["rebind.example"] * 2, "asked once, and connected to just that"
    sender.close()


async def test_proxies_of_the_environment_are_not_asked(
    endpoint: conftest.Endpoint, sender: http.Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, endpoint.url("127.0.0.1", ""))
    error = await _refused(sender, _request("http://canary.invalid/"))
    assert "not resolved" in str(error)
    assert endpoint.seen == []


async def test_a_slow_name_server_takes_no_thread_from_others(sender: http.Sender) -> None:
    def slow(*_: Any, **__: Any) -> list[Any]:
        time.sleep(3)
        return []

    sender.getaddrinfo = slow
    sending = [asyncio.create_task(_refused(sender, _request("https://slow.example/"))) for _ in range(50)]
    await asyncio.sleep(0)
    began = time.monotonic()
    assert await asyncio.to_thread(lambda: 7) == 7
    assert time.monotonic() - began < 1
    assert all("within 1 s" in str(error) for error in await asyncio.gather(*sending))
