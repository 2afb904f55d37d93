"""The checks that knock at other machines: DNS, HTTP, TCP and TLS, against small servers in this process."""

import contextlib
import datetime
import http.server
import ipaddress
import pathlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.checks import machines

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    """Its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[index, misc]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = {
            "/": (200, {"X-Version": "v2.1"}, b"all is well"),
            "/old": (302, {"Location": "/"}, b"gone"),
            "/round": (302, {"Location": "/round"}, b""),
            "/broken": (503, {}, b"not now"),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def closed() -> str:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("path", "parameters", "result", "words"),
    [
        ("/", {}, "success", "status 200 and 11 bytes in"),
        ("/", {"content": "^all .* well$"}, "success", ""),
        ("/", {"content": "ill"}, "fail", "the content does not match 'ill'"),
        ("/", {"header": "x-version"}, "success", ""),
        ("/", {"header": r"X-Version: ^v2\."}, "success", ""),
        ("/", {"header": "X-Version: v3"}, "fail", "header X-Version is 'v2.1', expected 'v3'"),
        ("/", {"header": "X-Other"}, "fail", "there is no header X-Other"),
        ("/old", {}, "success", "status 200"),
        ("/old", {"redirects": "refuse"}, "fail", "status 302, expected 200"),
        ("/old", {"redirects": "refuse", "statuses": [301, 302]}, "success", "status 302"),
        ("/round", {}, "fail", "status 302"),
        ("/broken", {}, "fail", "status 503, expected 200"),
        ("/broken", {"statuses": [200, 503], "content": "now"}, "success", ""),
        ("/", {"content": "("}, "unknown", "no regular expression"),
        ("/", {"header": "a: ("}, "unknown", "no regular expression"),
    ],
)
def test_http(
    machine: machines.Machine, web: str, path: str, parameters: dict[str, Any], result: str, words: str
) -> None:
    found = machine.check("http", {"urls": [web + path], **parameters})
    assert [(case, one) for case, (one, _) in found.items()] == [
        ("http" if result == "unknown" else f"http:{web}{path}", result)
    ]
    assert words in next(iter(found.values()))[1]


def test_http_of_a_server_that_is_not_there_or_too_slow(machine: machines.Machine, web: str, closed: str) -> None:
    found = machine.check("http", {"urls": [f"http://{closed}/", f"{web}/"]})
    assert found[f"http:http://{closed}/"] == ("fail", "no answer: [Errno 111] Connection refused")
    assert found[f"http:{web}/"][0] == "success"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert machine.check("http", {"urls": [url], "timeoutSeconds": 1})[f"http:{url}"][1] == "no answer: timed out"


def test_tcp(machine: machines.Machine, web: str, closed: str) -> None:
    is_open = web.removeprefix("http://")
    found = machine.check("tcp", {"targets": [is_open, closed, "no-such-name.invalid:80"]})
    assert {case: result for case, (result, _) in found.items()} == {
        f"tcp:{is_open}": "success", f"tcp:{closed}": "fail", "tcp:no-such-name.invalid:80": "fail",
    }  # fmt: skip
    found = machine.check("tcp", {"targets": [is_open, closed, "no-such-name.invalid:80"], "expect": "unreachable"})
    assert {case: result for case, (result, _) in found.items()} == {
        f"tcp:{is_open}": "fail", f"tcp:{closed}": "success", "tcp:no-such-name.invalid:80": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("target", ["host", "host:", ":80", "host:0", "host:99999", "::1:80", "host:http", "[::1]"])
def test_what_is_no_target_is_said(machine: machines.Machine, target: str) -> None:
    found = machine.check("tcp", {"targets": [target.ljust(3)]})
    assert found["tcp"][0] == "unknown"
    assert "is not host:port" in found["tcp"][1]


class Names(socketserver.BaseRequestHandler):
    """A name server: good.test has addresses, long.test only over TCP, others don't exist."""

    def handle(self) -> None:
        over_tcp = isinstance(self.request, socket.socket)
        asked = self.request.recv(4096)[2:] if over_tcp else self.request[0]
        end = asked.index(b"\0", 12) + 5
        name, (kind,) = asked[12 : end - 5], struct.unpack(">H", asked[end - 4 : end - 2])
        records = {1: [socket.inet_aton("192.0.2.7")], 28: [socket.inet_pton(socket.AF_INET6, "2001:db8::7")]}[kind]
        flags = 0x8180
        if name == b"\x04long\x04test" and not over_tcp:
            flags, records = flags | 0x0200, []
        elif name not in (b"\x04good\x04test", b"\x04long\x04test"):
            flags, records = flags | 3, []
        alias = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, 2) + b"\xc0\x0c"
        rows = [alias, *(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(one)) + one for one in records)]
        answer = asked[:2] + struct.pack(">HHHHH", flags, 1, len(rows) if records else 0, 0, 0) + asked[12:end]
        answer += b"".join(rows) if records else b""
        if over_tcp:
            self.request.sendall(struct.pack(">H", len(answer)) + answer)
        else:
            self.request[1].sendto(answer, self.client_address)


@pytest.fixture(scope="module")
def name_server() -> Iterator[str]:
    with (
        serving(socketserver.ThreadingUDPServer(("127.0.0.1", 0), Names)) as port,
        serving(socketserver.ThreadingTCPServer(("127.0.0.1", port), Names)),
    ):
        yield f"127.0.0.1:{port}"


def test_dns_of_a_name_server(machine: machines.Machine, name_server: str) -> None:
    found = machine.check("dns", {"names": ["good.test", "long.test", "bad.test"], "server": name_server})
    assert found["dns:good.test"][0] == found["dns:long.test"][0] == "success"
    assert found["dns:good.test"][1].startswith("192.0.2.7, 2001:db8::7 in ")
    assert found["dns:long.test"][1].startswith("192.0.2.7, 2001:db8::7 in "), "asked again over TCP"
    assert found["dns:bad.test"] == ("fail", "not resolved: NXDOMAIN (no such name)")


def test_dns_with_expected_addresses(machine: machines.Machine, name_server: str) -> None:
    asked = {"names": ["good.test"], "server": name_server}
    found = machine.check("dns", {**asked, "addresses": ["192.0.2.8", "2001:db8::7"]})
    assert found["dns:good.test"][0] == "success"
    found = machine.check("dns", {**asked, "addresses": ["192.0.2.8"]})
    assert found["dns:good.test"][0] == "fail"
    assert "expected one of 192.0.2.8" in found["dns:good.test"][1]


def test_dns_of_the_machine(machine: machines.Machine) -> None:
    found = machine.check("dns", {"names": ["localhost", "no-such-name.invalid"], "addresses": ["127.0.0.1", "::1"]})
    assert (found["dns:localhost"][0], found["dns:no-such-name.invalid"][0]) == ("success", "fail")


def test_a_name_server_that_keeps_silent(machine: machines.Machine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        found = machine.check("dns", {"names": ["good.test"], "server": server, "timeoutSeconds": 1})
    assert found == {"dns:good.test": ("fail", "no answer within 1 s")}


def test_a_name_server_that_is_none(machine: machines.Machine) -> None:
    assert machine.check("dns", {"server": "no-such-name.invalid"})["dns"][0] == "unknown"


def certificate(folder: pathlib.Path, begins: datetime.timedelta, ends: datetime.timedelta) -> pathlib.Path:
    """Self-signed, for 127.0.0.1; with its key in one file."""
    now, key = datetime.datetime.now(datetime.UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now + begins).not_valid_after(now + ends).add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "both.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextlib.contextmanager
def tls(file: pathlib.Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    class Server(socketserver.ThreadingTCPServer):
        def get_request(self) -> tuple[ssl.SSLSocket, Any]:
            accepted, address = super().get_request()
            return context.wrap_socket(accepted, server_side=True), address

        def handle_error(self, *_: Any) -> None:
            pass

    with serving(Server(("127.0.0.1", 0), socketserver.BaseRequestHandler)) as port:
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("begins", "ends", "parameters", "result", "words"),
    [
        (-1, 90.5, {}, "success", "runs out in 90 days"),
        (-1, 20.5, {}, "warn", "runs out in 20 days"),
        (-1, 6.5, {}, "fail", "runs out in 6 days"),
        (-1, 6.5, {"failDays": 6}, "warn", "warns below 30, fails below 6"),
        (-9, -2.1, {}, "fail", "ran out 2 days ago"),
        (2, 90, {}, "fail", "not valid before"),
        (-1, 90, {"verifyChain": True}, "fail", "is not valid for 127.0.0.1: self"),
        (-1, 365 * 40, {}, "success", "runs out in 1460"),  # beyond 2049: a GeneralizedTime
    ],
)
def test_tls_expiry(
    machine: machines.Machine, begins: float, ends: float, parameters: dict[str, Any], result: str, words: str
) -> None:
    days = datetime.timedelta(days=1)
    with tls(certificate(machine.folder, begins * days, ends * days)) as target:
        found = machine.check("tls-expiry", {"targets": [target], **parameters})[f"tls-expiry:{target}"]
    assert found[0] == result, found
    assert words in found[1]


def test_tls_chain_that_is_known(machine: machines.Machine) -> None:
    day = datetime.timedelta(days=1)
    file = certificate(machine.folder, -day, 90 * day)
    with tls(file) as target:
        asked = {"targets": [target], "verifyChain": True}
        assert machine.check("tls-expiry", asked, SSL_CERT_FILE=str(file))[f"tls-expiry:{target}"][0] == "success"
        asked["serverName"] = "other.test"
        found = machine.check("tls-expiry", asked, SSL_CERT_FILE=str(file))[f"tls-expiry:{target}"]
    assert found[0] == "fail"
    assert "is not valid for other.test" in found[1]


def test_servers_without_tls_or_without_anything(machine: machines.Machine, web: str, closed: str) -> None:
    plain = web.removeprefix("http://")
    found = machine.check("tls-expiry", {"targets": [plain, closed]})
    assert {result for result, _ in found.values()} == {"fail"}
    assert found[f"tls-expiry:{closed}"][1] == "no certificate to be had: Connection refused"
