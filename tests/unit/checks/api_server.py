"""A Kubernetes API for checks to ask: a small HTTP server that answers what a test prepared."""

import base64
import contextlib
import dataclasses
import http.server
import json
import pathlib
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
Answer = tuple[int, Object]
TOKEN = "head." + base64.urlsafe_b64encode(
    json.dumps({"kubernetes.io": {"pod": {"name": "me", "uid": "u-1"}}}).encode()
).decode().rstrip("=")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    accept: str
    body: Object


@dataclasses.dataclass
class Server:
    """`answers` maps a path to what is answered: an object, a status and an object, or a function of the request."""

    environment: dict[str, str]
    answers: dict[str, Object | Answer | Callable[[Request], Answer]] = dataclasses.field(default_factory=dict)
    requests: list[Request] = dataclasses.field(default_factory=list)

    def list(self, path: str, *items: Object) -> None:
        """Answers a list, in pages of two."""

        def page(request: Request) -> Answer:
            begin = int(request.query.get("continue", "0"))
            following = str(begin + 2) if begin + 2 < len(items) else ""
            return 200, {"metadata": {"continue": following}, "items": items[begin : begin + 2]}

        self.answers[path] = page

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        found = self.answers.get(request.path)
        if found is None:
            found = 403, {"kind": "Status", "message": f"{request.path} is forbidden: no such right"}
        if callable(found):
            found = found(request)
        return found if isinstance(found, tuple) else (200, found)


@contextlib.contextmanager
def serving(folder: pathlib.Path) -> Iterator[Server]:
    """The server and a ServiceAccount in `folder`, told to scripts by `environment`."""
    account = folder / "account"
    account.mkdir()
    (account / "token").write_text(TOKEN + "\n")
    (account / "namespace").write_text("here")

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            path, _, query = self.path.partition("?")
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = server.answer(
                Request(
                    self.command,
                    path,
                    dict(urllib.parse.parse_qsl(query)),
                    self.headers["Accept"],
                    json.loads(sent or b"{}"),
                )
            )
            data = json.dumps(body).encode()
            with contextlib.suppress(BrokenPipeError):  # a check that was stopped doesn't wait
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{http_server.server_port}"
    server = Server({"INSPECT_API_SERVER": address, "INSPECT_SERVICE_ACCOUNT": str(account)})
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http_server.shutdown()
        http_server.server_close()
        thread.join()
