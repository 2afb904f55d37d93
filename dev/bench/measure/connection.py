"""The API server as the kubeconfig names it, without a client library's limits on requests a second."""

import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where the API server is, and how to be let in."""

    server: str
    tls: ssl.SSLContext


def current() -> Connection:
    """The context in force; a kubeconfig with a client certificate, as the embedded cluster's has."""
    done = subprocess.run(
        ["kubectl", "config", "view", "--raw", "--minify", "-o", "json"], capture_output=True, check=True, timeout=30
    )
    config = json.loads(done.stdout)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    tls = ssl.create_default_context(cadata=_pem(cluster, "certificate-authority"))
    with tempfile.TemporaryDirectory() as folder:  # Python loads certificates from files only
        file = pathlib.Path(folder) / "client.pem"
        file.touch(0o600)
        file.write_text(_pem(user, "client-certificate") + _pem(user, "client-key"))
        tls.load_cert_chain(file)
    return Connection(cluster["server"], tls)


def kubeconfig(server: str, path: pathlib.Path) -> pathlib.Path:
    """A kubeconfig for a server that lets everybody in."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "clusters": [{"name": "bench", "cluster": {"server": server}}],
        "users": [{"name": "bench", "user": {}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
    }
    path.write_text(json.dumps(config))
    return path


def kubectl(*arguments: str) -> str:
    """:raises subprocess.CalledProcessError: it failed; what it said went to stderr"""
    done = subprocess.run(["kubectl", *arguments], stdout=subprocess.PIPE, check=True, timeout=120, env=os.environ)
    return done.stdout.decode()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """An operator that is installed in the cluster would serve the same objects: it is scaled down meanwhile."""
    installed = ("-n", "inspect-system", "deployment/inspect-operator")
    replicas = kubectl("get", *installed, "-o", "jsonpath={.spec.replicas}", "--ignore-not-found")
    if replicas in ("", "0"):
        yield
        return
    kubectl("scale", *installed, "--replicas=0")
    label = "app.kubernetes.io/name=inspect-operator"
    kubectl("wait", "pod", "-n", "inspect-system", "-l", label, "--for=delete", "--timeout=60s")
    try:
        yield
    finally:
        kubectl("scale", *installed, f"--replicas={replicas}")


def _pem(part: Object, name: str) -> str:
    if inline := part.get(f"{name}-data"):
        return base64.b64decode(inline).decode()
    return pathlib.Path(part[name]).read_text()
