"""`images`: the operator's and the runner's, built from the repository's Dockerfile and imported into the cluster.

The tag follows from the content, so an unchanged checkout builds nothing, and a changed one never meets an old image.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from embedded import atomic, base_image, binaries, folders, lock, own_images, steps, store, transfer, wheels
from embedded.errors import ClusterError

TARGETS = ("runner", "operator")
_LOCK_FILE = "requirements.lock"
# The tags last used that are kept: other checkouts and running CronJobs may still name them.
_KEPT = 6
# Everything the Dockerfile may read. What is not named here changes no image.
_INPUTS = (
    "Dockerfile",
    ".dockerignore",
    "LICENSE",
    "README.md",
    _LOCK_FILE,
    "pyproject.toml",
    "watches.yaml",
    "operator",
    "templates",
    "checks",
    "charts",
    "crds",
)


def reference(target: str, tag: str) -> str:
    """The image's full name."""
    return f"docker.io/inspect-operator/{target}:{tag}"


def tag(checkout: Path) -> str:
    """VERSION-<12 hex over the content of everything that goes into the images>."""
    digest = hashlib.sha256(f"{base_image.reference()}\0{binaries.helm().folder().name}".encode())
    for path in inputs(checkout):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\0{path.relative_to(checkout)}\0{content}\0{path.stat().st_mode & 0o111}".encode())
    return f"{_version(checkout)}-{digest.hexdigest()[:12]}"


def inputs(checkout: Path) -> list[Path]:
    """The files that decide what the images hold, in a stable order."""
    found: list[Path] = []
    for name in _INPUTS:
        path = checkout / name
        found += [path] if path.is_file() else [entry for entry in path.rglob("*") if entry.is_file()]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def ensure(checkout: Path) -> str:
    """Builds and imports what is missing; returns the tag. Raises ClusterError."""
    if not (checkout / "Dockerfile").is_file():
        raise ClusterError(f"there is no Dockerfile in {checkout}")
    with lock.exclusive(folders.cache() / "containers.lock", "building images"):
        made = tag(checkout)
        present = own_images.listed(folders.state())
        for target in TARGETS:
            if reference(target, made) not in present:
                build(checkout, target, made)
                transfer.send(folders.state(), reference(target, made))
        old = outdated(folders.cache() / "images/tags", made)
        gone = [reference(target, name) for target in TARGETS for name in old]
        store.remove(gone)
        own_images.remove(folders.state(), sorted(present.intersection(gone)))
    return made


def outdated(journal: Path, latest: str) -> list[str]:
    """Notes `latest` as the last tag in use; returns the tags that are no longer worth their place on the disk."""
    known = journal.read_text().split() if journal.exists() else []
    if known[-1:] == [latest]:
        return []
    in_order = [*(tag for tag in known if tag != latest), latest]
    atomic.write(journal, "\n".join(in_order[-_KEPT:]) + "\n")
    return in_order[:-_KEPT]


def build(checkout: Path, target: str, made: str) -> None:
    """Builds one image into our store unless it is there. To be called under the store's lock."""
    if store.has(reference(target, made)):
        return
    binaries.ensure([binaries.helm()])
    contexts = {
        "helm": binaries.helm().folder(),
        "wheels": wheels.folder(checkout / _LOCK_FILE, checkout / "pyproject.toml"),
    }
    with steps.step(f"build {reference(target, made)}"):
        store.build(checkout, reference(target, made), target, contexts)


def _version(checkout: Path) -> str:
    module = checkout / "operator/inspect_operator/__init__.py"
    text = module.read_text() if module.exists() else ""
    found = re.search(r"^__version__\s*=\s*[\"']([^\"']+)", text, re.MULTILINE)
    if not found:
        raise ClusterError(f"{module} does not say __version__")
    return found.group(1)
