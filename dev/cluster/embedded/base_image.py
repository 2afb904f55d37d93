"""The Debian base of our images, made by mmdebstrap where no registry of images is in reach."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from embedded import folders, lock, oci_archive, packages, shell, steps

SUITE = "bookworm"
# Of this suite; wheels are chosen for it.
PYTHON = "3.11"

# What the runner promises to scripts, and what the operator runs on.
PACKAGES = (
    "bash",
    "bc",
    "ca-certificates",
    "coreutils",
    "openssh-client",
    "procps",
    "python3",
    "python3-venv",
    "util-linux",
)
_UNWANTED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
_CLEANING = (
    # Where packages came from, and how, is this machine's business and not the image's.
    'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*',
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/ldconfig "$1"/var/log/*',
    'rm -f "$1"/etc/hostname "$1"/etc/resolv.conf',
)
_SETTINGS = {"Cmd": ["bash"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}


def reference(more: tuple[str, ...] = ()) -> str:
    """The image's name; its tag changes with what is in it. `more`: Debian packages besides those of our images."""
    content = "\0".join((SUITE, *PACKAGES, *more, *_UNWANTED, *_CLEANING))
    return f"localhost/inspect-operator/base:{SUITE}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def archive(more: tuple[str, ...] = ()) -> Path:
    """Where the image is cached, as an OCI archive."""
    return folders.cache() / "images" / f"base-{reference(more).rpartition(':')[2]}.oci.tar"


def ensure(more: tuple[str, ...] = ()) -> Path:
    """Makes the image unless it is cached; returns the archive. Raises ClusterError."""
    made = archive(more)
    if made.exists():
        return made
    with lock.exclusive(folders.cache() / "images/.lock", "making the base image"):
        if not made.exists():
            packages.ensure(packages.BASE_IMAGE)
            _make(more)
    return made


def _make(more: tuple[str, ...]) -> None:
    besides = f" and {' '.join(more)}" if more else ""
    with steps.step(f"make the base image from Debian {SUITE}'s packages{besides}") as remark:
        work = Path(tempfile.mkdtemp(prefix=".base-", dir=archive().parent))
        try:
            layer = work / "layer.tar"
            shell.run(["mmdebstrap", *_options(more), SUITE, str(layer), *_sources()])
            remark(f"{layer.stat().st_size >> 20} MiB")
            oci_archive.from_layer(archive(more), reference(more), layer, _SETTINGS)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _options(more: tuple[str, ...]) -> list[str]:
    options = ["--quiet", "--variant=minbase", "--mode=root", f"--include={','.join((*PACKAGES, *more))}"]
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNWANTED]
    options += [f"--customize-hook={command}" for command in _CLEANING]
    # How this machine reaches its mirror: a proxy, an authority, a snapshot whose dates have passed.
    for line in shell.run(["apt-config", "dump"]).splitlines():
        name, _, value = line.partition(" ")
        if name.startswith("Acquire::") and value != '"";' and "::" not in name[-2:]:
            options.append(f"--aptopt={line.rstrip(';')}")
    return options


def _sources() -> list[str]:
    """This machine's own mirror, if it is of the same suite; else mmdebstrap's default."""
    release = Path("/etc/os-release").read_text().splitlines()
    if f"VERSION_CODENAME={SUITE}" in release and "ID=debian" in release:
        for name in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
            if Path(name).exists():
                return [name]
    return []
