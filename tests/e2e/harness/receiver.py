"""Where notices arrive: a pod that prints every request it gets, and answers 200, 500 below /broken, and below /moved
sends people on to where clouds have their metadata."""

import base64
import dataclasses
import json
from typing import Any

from tests.e2e.harness import kube

_PROGRAM = r"""
import base64, http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {"path": self.path, "headers": dict(self.headers), "body": base64.b64encode(body).decode()}
        print(json.dumps(seen), flush=True)
        self.send_response(302 if self.path.startswith("/moved") else 500 if self.path.startswith("/broken") else 200)
        self.send_header("Location", "http://169.254.169.254/latest/meta-data")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


@dataclasses.dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Receiver:
    namespace: str
    address: str

    def url(self, path: str, port: int = 8080) -> str:
        """Of this path."""
        return f"http://{self.address}:{port}{path}"

    def got(self, path: str) -> list[Got]:
        """Requests whose path begins so, the oldest first."""
        lines = kube.run("logs", "receiver", "-n", self.namespace).splitlines()
        seen = [json.loads(line) for line in lines if line.startswith("{")]
        return [
            Got(one["path"], one["headers"], base64.b64decode(one["body"]))
            for one in seen
            if one["path"].startswith(path)
        ]


def start(namespace: str, image: str) -> Receiver:
    """In the runner's image, which has a Python."""
    container = {
        "name": "receiver",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", _PROGRAM],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "receiver"}, "spec": spec}, namespace)
    kube.run("wait", "pod/receiver", "-n", namespace, "--for=condition=Ready", "--timeout=60s")
    return Receiver(namespace, kube.there("pod", namespace, "receiver")["status"]["podIP"])
