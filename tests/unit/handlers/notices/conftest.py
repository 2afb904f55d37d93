"""Real endpoints on this machine: an HTTP server that answers as told, with TLS or without, and its own CA."""

import asyncio
import dataclasses
import datetime
import ipaddress
import pathlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclasses.dataclass
class Endpoint:
    """`answer` makes the response; `seen` are the requests with their bodies."""

    port: int = 0
    tls: bool = False
    seen: list[tuple[str, dict[str, str], bytes]] = dataclasses.field(default_factory=list)
    answer: Callable[[], Awaitable[web.StreamResponse]] | None = None
    authority: str = ""

    def url(self, host: str = "127.0.0.1", path: str = "/hook?key=CANARY") -> str:
        """Its address."""
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Notes the request, and answers."""
        self.seen.append((request.raw_path, dict(request.headers), await request.read()))
        return await self.answer() if self.answer else web.Response()


async def _serve(made: Endpoint, context: ssl.SSLContext | None) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    made.port = runner.addresses[0][1]
    return runner


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """By http."""
    made = Endpoint()
    runner = await _serve(made, None)
    yield made
    await runner.cleanup()


@pytest.fixture
async def secure(tmp_path: pathlib.Path) -> AsyncIterator[Endpoint]:
    """By https, with a certificate for 127.0.0.1 and localhost that only its own CA has signed."""
    made = Endpoint(tls=True, authority=certificate(tmp_path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    runner = await _serve(made, context)
    yield made
    await runner.cleanup()


@pytest.fixture
async def silence() -> AsyncIterator[Endpoint]:
    """Takes connections and never says a word."""
    ended = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield Endpoint(port=server.sockets[0].getsockname()[1])
    ended.set()
    server.close()
    await server.wait_closed()


def certificate(folder: pathlib.Path) -> str:
    """Writes tls.crt and tls.key; returns the certificate, which is its own CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM)
    (folder / "tls.crt").write_bytes(text)
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return text.decode()
