"""The API server as the kubeconfig names it, and a kubeconfig that leads somewhere else."""

import base64
import dataclasses
import json
import pathlib
import ssl
import tempfile
from typing import Any

from tests.e2e.harness import kube


@dataclasses.dataclass(frozen=True)
class Upstream:
    """Where the API server is, and how to be let in."""

    server: str
    tls: ssl.SSLContext


def current() -> Upstream:
    """Of the context in force; with a client certificate, as the embedded cluster's kubeconfig has."""
    config = json.loads(kube.run("config", "view", "--raw", "--minify", "-o", "json"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    tls = ssl.create_default_context(cadata=_pem(cluster, "certificate-authority"))
    with tempfile.TemporaryDirectory() as folder:  # Python loads certificates from files only
        certificate = pathlib.Path(folder) / "client.pem"
        certificate.touch(0o600)
        certificate.write_text(_pem(user, "client-certificate") + _pem(user, "client-key"))
        tls.load_cert_chain(certificate)
    return Upstream(cluster["server"], tls)


def kubeconfig(server: str) -> str:
    """Of a server that lets everybody in."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": server}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        }
    )


def _pem(part: dict[str, Any], name: str) -> str:
    """A certificate or key of a kubeconfig, inline or in a file."""
    if inline := part.get(f"{name}-data"):
        return base64.b64decode(inline).decode()
    return pathlib.Path(part[name]).read_text()
