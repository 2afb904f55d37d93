"""`env`: the lines a shell evaluates to talk to the cluster."""

from __future__ import annotations

import os
import shlex

from embedded import binaries, cluster, current, folders, kubeconfig
from embedded.errors import ClusterError


def lines() -> list[str]:
    """`export …` lines. Raises ClusterError if there is no cluster to talk to, or if it is not this user's."""
    if current.is_chosen():
        return [_export("KUBECONFIG", current.kubeconfig()), _path([str(binaries.helm().folder())])]
    config_file = kubeconfig.path(folders.state(), "admin")
    if not os.access(config_file, os.R_OK):
        whose = f"; {cluster.MARKER} names one of another user" if cluster.MARKER.exists() else ""
        raise ClusterError(f"no cluster of yours was brought up: {config_file} cannot be read{whose}")
    return [
        _export("KUBECONFIG", str(config_file)),
        _path([str(binaries.kubernetes().folder()), str(binaries.helm().folder())]),
    ]


def _path(first: list[str]) -> str:
    others = [folder for folder in os.environ.get("PATH", "").split(":") if folder and folder not in first]
    return _export("PATH", ":".join([*first, *others]))


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"
