"""Which kubeconfig is read."""

import os
import pathlib

from inspect_operator import errors


def chosen(named: str) -> str | None:
    """The file or files (with colons between) to read; None for ~/.kube/config.

    :raises errors.ClusterUnavailable: none of them is there
    """
    given = named or os.environ.get("KUBECONFIG", "")
    files = [pathlib.Path(part).expanduser() for part in (given or "~/.kube/config").split(":") if part]
    if not any(file.is_file() for file in files):
        raise errors.ClusterUnavailable(
            f"no way to the API server: there is no {' or '.join(map(str, files))}; "
            "name a kubeconfig by --kubeconfig or KUBECONFIG"
        )
    return given or None
