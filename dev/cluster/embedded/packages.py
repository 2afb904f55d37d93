"""Debian packages the cluster needs, told apart by the program each brings, so other distributions can follow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from embedded import shell, steps
from embedded.errors import ClusterError

CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))

# Debian package: the program that tells whether it is there.
CLUSTER = {
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "bridge",
    "iptables": "iptables",
    "iproute2": "ip",
    "conntrack": "conntrack",
    "socat": "socat",
    "openssl": "openssl",
    "mount": "umount",
}
IMAGES = {"buildah": "buildah"}
BASE_IMAGE = {"mmdebstrap": "mmdebstrap"}


def find(program: str) -> str | None:
    """The path of a program, also in folders that PATH may lack."""
    if program == "bridge":
        # iproute2 has a program of the same name: the CNI plugin is the one in a CNI folder.
        return next((str(folder / program) for folder in CNI_FOLDERS if (folder / program).exists()), None)
    return shutil.which(program, path=shell.environment()["PATH"])


def cni_folder() -> Path:
    """Where the CNI plugins are."""
    plugin = find("bridge")
    if plugin is None:
        raise ClusterError("the CNI plugins are missing (Debian: containernetworking-plugins)")
    return Path(plugin).parent


def missing(wanted: dict[str, str]) -> list[str]:
    """The packages whose program is not there."""
    return sorted(package for package, program in wanted.items() if find(program) is None)


def ensure(wanted: dict[str, str]) -> None:
    """Installs what is missing, on Debian and as root; otherwise raises ClusterError that names it."""
    lacking = missing(wanted)
    if lacking:
        install(lacking)
    still = missing({package: wanted[package] for package in lacking})
    if still:
        raise ClusterError(f"installed, but their programs cannot be found: {' '.join(still)}")


def install(names: list[str]) -> None:
    """apt-get install. Raises ClusterError that names the packages where that cannot be done."""
    if not can_install():
        raise ClusterError(f"these Debian packages (or their like) must be installed first: {' '.join(names)}")
    with steps.step(f"apt-get install {' '.join(names)}"):
        quiet = shell.environment(DEBIAN_FRONTEND="noninteractive")
        shell.run(["apt-get", "update", "-qq"], env=quiet)
        shell.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names], env=quiet)


def can_install() -> bool:
    """Whether this program may and can install Debian packages."""
    return os.geteuid() == 0 and _is_debian(Path("/etc/os-release")) and find("apt-get") is not None


def _is_debian(release: Path) -> bool:
    lines: Iterable[str] = release.read_text().splitlines() if release.exists() else ()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    family = f"{values.get('ID', '')} {values.get('ID_LIKE', '')}".replace('"', "").split()
    return "debian" in family
