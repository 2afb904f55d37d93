"""What a helm of ours is started with, whichever way it is run."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """To be run in the child. A helm that outlived its operator could go on writing while the next one repairs."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def environment() -> dict[str, str]:
    """Ours, without what would make helm use another cluster, namespace or storage than we look at."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HELM_")}
    homes = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
    return kept | {name: os.environ[name] for name in homes if name in os.environ} | {"HELM_PLUGINS": os.devnull}
