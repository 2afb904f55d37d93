"""A registry that holds one chart: what `helm pull` asks of one (OCI distribution, "pull"), over TLS."""

import datetime
import hashlib
import http.server
import ipaddress
import json
import pathlib
import ssl
import tarfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.1"


class Registry:
    """Use as a context manager. `certificate` is the file that clients are to trust (SSL_CERT_FILE)."""

    def __init__(self, chart: pathlib.Path, folder: pathlib.Path) -> None:
        """`chart` is a packaged chart."""
        self.certificate = folder / "ca.pem"
        self.asked: list[str] = []
        self._blobs: dict[str, tuple[str, bytes]] = {}
        with tarfile.open(chart) as archive:
            name = next(one for one in archive.getnames() if one.endswith("/Chart.yaml")).partition("/")[0]
        config = {"name": name, "version": "0.1.0", "apiVersion": "v2"}
        manifest = {
            "schemaVersion": 2,
            "config": self._add("application/vnd.cncf.helm.config.v1+json", json.dumps(config).encode()),
            "layers": [self._add("application/vnd.cncf.helm.chart.content.v1.tar+gzip", chart.read_bytes())],
        }
        made = self._add("application/vnd.oci.image.manifest.v1+json", json.dumps(manifest).encode())
        self._reference = f"charts/{name}@{made['digest']}"
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*_certificate(folder, self.certificate))

    def __enter__(self) -> "Registry":
        blobs, asked = self._blobs, self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked.append(self.path)
                kind, data = blobs.get(self.path.rpartition("/")[2], ("", b""))
                self.send_response(200 if data or self.path == "/v2/" else 404)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Content-Type", kind or "application/json")
                if data:
                    self.send_header("Docker-Content-Digest", self.path.rpartition("/")[2])
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Tests print what matters themselves."""

        self._server = http.server.ThreadingHTTPServer((ADDRESS, 0), Handler)
        self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def reference(self) -> str:
        """The chart, as watches.yaml names it."""
        return f"oci://{ADDRESS}:{self._server.server_address[1]}/{self._reference}"

    def _add(self, kind: str, data: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._blobs[digest] = (kind, data)
        return {"mediaType": kind, "digest": digest, "size": len(data)}


def _certificate(folder: pathlib.Path, path: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path, folder / "key.pem"
