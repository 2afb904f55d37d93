"""Where things are kept: caches that outlive a cluster, and the state of the one cluster of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from embedded.errors import ClusterError

_PRODUCT = "inspect-operator"
# A Unix socket's path has at most 107 bytes, and the kubelet's longest below its root takes about 40.
_LONGEST_STATE = 66


def cache() -> Path:
    """Binaries, images and wheels: everything here can be made again, at the cost of time."""
    return _xdg("XDG_CACHE_HOME", ".cache") / _PRODUCT


def state() -> Path:
    """Keys, databases, containers and logs of this user's cluster.

    Raises ClusterError if the path is too long for the sockets that must live below it.
    """
    path = _xdg("XDG_STATE_HOME", ".local/state") / _PRODUCT / "cluster"
    if len(os.fsencode(path)) > _LONGEST_STATE:
        raise ClusterError(
            f"the state folder's path is too long for Unix sockets ({_LONGEST_STATE} bytes at most): {path}; "
            "set XDG_STATE_HOME to a shorter folder"
        )
    return path


def checkout() -> Path:
    """The repository this file belongs to."""
    return Path(__file__).resolve().parents[3]


def _xdg(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    # The XDG specification: a relative path is invalid and to be ignored.
    return Path(value) if value.startswith("/") else Path.home() / fallback
