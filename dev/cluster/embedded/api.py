"""The few questions this program asks the API server itself; everything else goes through kubectl."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from embedded import topology
from embedded.errors import ClusterError


def get(state: Path, path: str) -> Any:
    """GETs `path` as the administrator: parsed JSON, or text. Raises OSError or ClusterError (status not 200)."""
    keys = state / "pki"
    context = ssl.create_default_context(cafile=str(keys / "ca.crt"))
    context.load_cert_chain(str(keys / "admin.crt"), str(keys / "admin.key"))
    connection = http.client.HTTPSConnection(topology.LOOPBACK, topology.API_PORT, timeout=5, context=context)
    try:
        connection.request("GET", path, headers={"User-Agent": "inspect-operator-dev-cluster"})
        response = connection.getresponse()
        body = response.read().decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"the API server broke off: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise ClusterError(f"GET {path}: {response.status} {body[:300]}")
    if response.getheader("Content-Type", "").startswith("application/json"):
        return json.loads(body)
    return body


def is_ready(state: Path) -> bool:
    """Whether the API server says it can serve."""
    try:
        return bool(get(state, "/readyz") == "ok")
    except (OSError, ClusterError):
        return False


def condition(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """The condition of that type in an object's status; empty if there is none."""
    found = [entry for entry in document.get("status", {}).get("conditions", []) if entry["type"] == kind]
    return found[0] if found else {}
