"""Building images with buildah, in a store of our own below the cache."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from embedded import base_image, folders, mounts, packages, shell

_RUN = Path("/run/inspect-operator/containers")


def _buildah() -> list[str]:
    packages.ensure(packages.IMAGES)
    return ["buildah", "--root", str(_store()), "--runroot", str(_RUN), *_driver()]


def _driver() -> list[str]:
    filesystems = Path("/proc/filesystems").read_text().split()
    return ["--storage-driver", "overlay" if "overlay" in filesystems else "vfs"]


def has(reference: str) -> bool:
    """Whether the store has an image of that name."""
    return shell.succeeds([*_buildah(), "inspect", "--type", "image", reference])


def ensure_base(more: tuple[str, ...] = ()) -> str:
    """The reference of the Debian base image, with `more` packages, made and put into the store if need be."""
    archive, reference = base_image.ensure(more), base_image.reference(more)
    if not has(reference):
        shell.run([*_buildah(), "pull", "--quiet", f"oci-archive:{archive}"])
    return reference


def build(
    folder: Path,
    reference: str,
    target: str = "",
    contexts: Mapping[str, Path] | None = None,
) -> None:
    """Builds the Dockerfile in `folder`, with our Debian base as build argument BASE.

    `contexts` stand in for stages of that name. What RUN steps need comes by a context: they may reach no registry.
    Debian packages that a line of the folder's file `packages` names are in the base already.
    """
    command = [*_buildah(), "build", "--quiet", "--layers", "--force-rm", "--isolation", "chroot"]
    command += ["--pull=never", "--build-arg", f"BASE={ensure_base(wanted_packages(folder))}"]
    command += [f"--build-context={name}={path}" for name, path in (contexts or {}).items()]
    command += [f"--target={target}"] if target else []
    shell.run([*command, "--tag", reference, str(folder)])


def wanted_packages(folder: Path) -> tuple[str, ...]:
    """What an image's folder wants of Debian besides the base; none where it has no file `packages`."""
    listed = folder / "packages"
    return tuple(sorted(listed.read_text().split())) if listed.is_file() else ()


def identity(reference: str) -> str:
    """The image's id, 64 hex digits that follow from its content. Raises ClusterError if there is no such image."""
    inspect = ["inspect", "--type", "image", "--format", "{{.FromImageID}}", reference]
    return shell.run([*_holder(reference), *inspect]).strip()


def export(reference: str, folder: Path, form: str = "oci-archive") -> Path:
    """Writes an image into `folder` as an archive, `oci-archive` (small) or `docker-archive` (quick)."""
    archive = folder / "image.tar"
    target = f"{form}:{archive}:{reference}"
    shell.run([*_holder(reference), "push", "--quiet", reference, target])
    return archive


def _holder(reference: str) -> list[str]:
    """buildah with our store if that has the image, else with the user's own."""
    return _buildah() if has(reference) else ["buildah"]


def remove(references: list[str]) -> None:
    """Removes names of images, and what no other name holds."""
    for reference in references:
        shell.succeeds([*_buildah(), "rmi", reference])


def unmount() -> None:
    """Unmounts what buildah leaves mounted in our store; what is in use meanwhile stays."""
    for point in mounts.below(_store(), Path("/proc/self/mountinfo").read_text()):
        shell.succeeds(["umount", str(point)])
    shutil.rmtree(_RUN, ignore_errors=True)


def _store() -> Path:
    return folders.cache() / "containers"


class Workplace:
    """A temporary folder on the disk of the cache, since images may not fit into /tmp."""

    def __enter__(self) -> Path:
        """Makes it."""
        folders.cache().mkdir(parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix=".image-", dir=folders.cache()))
        return self.path

    def __exit__(self, *_: object) -> None:
        """Removes it."""
        shutil.rmtree(self.path, ignore_errors=True)
