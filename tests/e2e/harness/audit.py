"""The API server's audit log of the embedded cluster: who wrote what, as the server saw it."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclasses.dataclass(frozen=True, order=True)
class Write:
    """One that was accepted. `who`: the pod whose account it was, else the user."""

    at: str  # when the server received it
    who: str
    verb: str
    resource: str
    name: str


class Log:
    """What concerns one namespace, from now on, done by an operator or its helm."""

    def __init__(self, namespace: str, log: pathlib.Path | None = None) -> None:
        """`log` is path(), where it is known already."""
        self._namespace = namespace
        self._path = log or path()
        self._offset = self._path.stat().st_size

    def writes(self) -> list[str]:
        """`verb uri` of every accepted write by inspect-operator, helm or kopf."""
        return [
            f"{entry['verb']} {entry['requestURI']}"
            for entry in self._entries()
            if entry.get("userAgent", "").lower().startswith(("inspect-operator", "helm", "kopf"))
        ]

    def made(self, plural: str) -> list[str]:
        """Names of the objects of a kind that helm made: a write that was answered "created"."""
        return [
            str(entry["objectRef"]["name"])
            for entry in self._entries()
            if entry["objectRef"].get("resource") == plural
            and entry.get("responseStatus", {}).get("code") == 201
            and entry.get("userAgent", "").lower().startswith("helm")
        ]

    def accepted(self) -> list[Write]:
        """Every accepted write by inspect-operator or helm, in the order in which the server received them."""
        return sorted(
            Write(
                entry["requestReceivedTimestamp"], _who(entry["user"]), entry["verb"],
                entry["objectRef"]["resource"], entry["objectRef"].get("name", ""),
            )
            for entry in self._entries()
            if entry.get("userAgent", "").lower().startswith(("inspect-operator", "helm"))
            and entry.get("responseStatus", {}).get("code", 500) < 300
            and "impersonatedUser" not in entry
        )  # fmt: skip

    def _entries(self) -> list[dict[str, Any]]:
        with self._path.open() as log:
            log.seek(self._offset)
            entries = [json.loads(line) for line in log if line.endswith("\n") and self._namespace in line]
        return [
            entry
            for entry in entries
            if entry["verb"] in WRITES
            and entry.get("objectRef", {}).get("namespace") == self._namespace
            and entry.get("stage") == "ResponseComplete"
        ]


def _who(user: dict[str, Any]) -> str:
    pods = user.get("extra", {}).get("authentication.kubernetes.io/pod-name")
    return str(pods[0] if pods else user["username"])


def path() -> pathlib.Path:
    """Where the embedded cluster's status says that the log is."""
    done = subprocess.run(
        [sys.executable, "dev/cluster", "status"], capture_output=True, text=True, check=False, timeout=30,
        cwd=pathlib.Path(__file__).resolve().parents[3], env=os.environ,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if "audit" in line.lower()]
    assert lines, f"no audit log in the cluster's status:\n{done.stdout}"
    return pathlib.Path(lines[0].split()[-1])
