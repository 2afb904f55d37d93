"""`load`: an image into the cluster, from an archive, from buildah, or built from a folder on the spot."""

from __future__ import annotations

from pathlib import Path

from embedded import folders, lock, own_images, steps, store, transfer
from embedded.errors import ClusterError


def load(what: str, name: str) -> None:
    """Imports `what`: an archive's path, a folder with a Dockerfile (as `name`), or an image of buildah's.

    Raises ClusterError if no cluster is up, or if there is nothing of that name.
    """
    state = folders.state()
    if Path(what).is_file():
        with steps.step(f"import {what}"):
            own_images.load(state, Path(what))
        return
    reference = full_name(name or what)
    with lock.exclusive(folders.cache() / "containers.lock", f"loading {reference}"):
        if Path(what).is_dir():
            if not name:
                raise ClusterError("a folder needs a name for its image: load FOLDER --name NAME")
            with steps.step(f"build {reference}"):
                store.build(Path(what), reference)
        transfer.send(state, reference)


def full_name(reference: str) -> str:
    """An image's name as containerd keeps it: `try` is `docker.io/library/try:latest`."""
    first, _, rest = reference.partition("/")
    if not rest:
        reference = f"docker.io/library/{reference}"
    elif "." not in first and ":" not in first and first != "localhost":
        reference = f"docker.io/{reference}"
    if "@" not in reference and ":" not in reference.rpartition("/")[2]:
        reference += ":latest"
    return reference
