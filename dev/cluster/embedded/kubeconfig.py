"""kubeconfig files: who connects to the API server, and as whom."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from embedded import atomic, topology

USERS = ("admin", "kubelet", "controller-manager", "scheduler", "kube-proxy")


def render(keys: Path, user: str) -> str:
    """The kubeconfig of `user`, with keys and certificates inside, as JSON (which is YAML)."""

    def data(name: str) -> str:
        return base64.b64encode((keys / name).read_bytes()).decode()

    cluster = {"server": topology.API_URL, "certificate-authority-data": data("ca.crt")}
    credentials = {"client-certificate-data": data(f"{user}.crt"), "client-key-data": data(f"{user}.key")}
    context = {"cluster": topology.NAME, "user": user}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": topology.NAME, "cluster": cluster}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": topology.NAME, "context": context}],
            "current-context": topology.NAME,
        },
        indent=1,
    )


def path(state: Path, user: str) -> Path:
    """Where the kubeconfig of `user` is kept."""
    return state / "kubeconfig" / f"{user}.yaml"


def ensure(state: Path) -> None:
    """Writes every user's kubeconfig, readable by root alone."""
    for user in USERS:
        content = render(state / "pki", user)
        target = path(state, user)
        # Left alone where it is already right: a program that watches the file need not read it again.
        if not target.exists() or target.read_text() != content:
            atomic.write(target, content, 0o600)
