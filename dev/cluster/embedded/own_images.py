"""The two images the cluster itself needs, each a single static program of ours; and importing into containerd."""

from __future__ import annotations

from pathlib import Path

from embedded import configs, dns, folders, health, oci_archive, packages, shell
from embedded.errors import ClusterError

_LABEL = "inspectoperatorid"


def ensure(state: Path, programs: Path) -> list[str]:
    """Imports what containerd lacks; returns the references it imported."""
    present = listed(state)
    imported = []
    for reference, program in ((configs.PAUSE_IMAGE, "pause"), (dns.IMAGE, "coredns")):
        if reference not in present:
            # Keyed by the folder of the program, whose name changes with its content.
            archive = folders.cache() / "images" / f"{program}-{programs.name}.oci.tar"
            if not archive.exists():
                oci_archive.single_program(archive, reference, programs / program)
            load(state, archive)
            imported.append(reference)
    return imported


def listed(state: Path) -> set[str]:
    """The references of every image in our containerd."""
    return set(shell.run([*_ctr(state), "images", "list", "--quiet"]).split())


def load(state: Path, archive: Path) -> None:
    """Imports an OCI or Docker archive under the names it holds."""
    shell.run([*_ctr(state), "images", "import", str(archive)])


def of_identity(state: Path, identity: str) -> set[str]:
    """The references of images that `mark` gave this identity."""
    return set(shell.run([*_ctr(state), "images", "list", "--quiet", f"labels.{_LABEL}=={identity}"]).split())


def name(state: Path, existing: str, reference: str) -> None:
    """Gives an image a further name, taking it from the image that had it."""
    shell.run([*_ctr(state), "images", "tag", "--force", existing, reference])


def mark(state: Path, reference: str, identity: str) -> None:
    """Notes on an image which of buildah's it is: containerd's own digest is of another form of it."""
    shell.run([*_ctr(state), "images", "label", reference, f"{_LABEL}={identity}"])


def remove(state: Path, references: list[str]) -> None:
    """Removes images. Containers that run from one go on."""
    if references:
        shell.run([*_ctr(state), "images", "remove", *references])


def _ctr(state: Path) -> list[str]:
    socket = state / "containerd/containerd.sock"
    if not health.socket_answers(socket):
        raise ClusterError("the cluster's containerd does not run: bring the cluster up first (make cluster-up)")
    return [packages.find("ctr") or "ctr", "--address", str(socket), "--namespace", "k8s.io"]
