"""Counts runs outside Kubernetes: each script that a test starts calls a small server on the node.

A Job that was made, run and deleted leaves no trace in the cluster; here it does.
"""

import http.server
import json
import threading
from collections import Counter

from tests.e2e.harness import kube


class Markers:
    """Use as a context manager. `counts` maps a word to how often a script said it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> "Markers":
        nodes = json.loads(kube.run("get", "nodes", "-o", "json"))["items"]
        # Tests may have put nodes there that have none.
        addresses = [one for node in nodes for one in node["status"].get("addresses", ())]
        self._address = next(one["address"] for one in addresses if one["type"] == "InternalIP")
        counts = self.counts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                counts[self.path.removeprefix("/")] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Tests print what matters themselves."""

        self._server = http.server.ThreadingHTTPServer((self._address, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def script(self, word: str) -> str:
        """A bash script that says the word once and passes."""
        port = self._server.server_address[1]
        return (
            f"exec 3<>/dev/tcp/{self._address}/{port} || exit 9\n"
            f"printf 'GET /{word} HTTP/1.0\\r\\n\\r\\n' >&3\n"
            f"head -1 <&3 | grep -q 204 && echo 'marker ok {word}'\n"
        )
