"""CLUSTER=current: the cluster of the person's own kubeconfig. Nothing is started, stopped or imported there by us."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from embedded import binaries, folders, images, lock, packages, shell, steps, store
from embedded.errors import ClusterError


def is_chosen() -> bool:
    """Whether the person asked for it by name."""
    return os.environ.get("CLUSTER") == "current"


def kubeconfig() -> str:
    """The kubeconfig in force, as kubectl would find it."""
    return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")


def describe() -> tuple[str, bool]:
    """Which cluster that is, and whether it answers. Raises ClusterError if no kubectl is installed."""
    if packages.find("kubectl") is None:
        raise ClusterError("CLUSTER=current needs a kubectl on PATH")
    context = shell.run(["kubectl", "config", "current-context"]).strip()
    answers = shell.succeeds(["kubectl", "--request-timeout=10s", "get", "--raw", "/version"])
    return (
        f"CLUSTER=current: context {context} of {kubeconfig()} {'answers' if answers else 'does not answer'}",
        answers,
    )


def up() -> None:
    """Makes sure of helm, and that the cluster answers. Raises ClusterError if not."""
    text, answers = describe()
    if not answers:
        raise ClusterError(text)
    binaries.ensure([binaries.helm()])
    steps.say(text)


def build_images(checkout: Path) -> str:
    """Builds the images without importing them: with docker if a daemon answers, else as archives. Returns the tag."""
    made = images.tag(checkout)
    with lock.exclusive(folders.cache() / "containers.lock", "building images"):
        if shell.succeeds(["docker", "version"]):
            _with_docker(checkout, made)
        else:
            _as_archives(checkout, made)
    return made


def _with_docker(checkout: Path, made: str) -> None:
    for target in images.TARGETS:
        reference = images.reference(target, made)
        if not shell.succeeds(["docker", "image", "inspect", reference]):
            with steps.step(f"docker build {reference}"):
                shell.run(["docker", "build", "--target", target, "--tag", reference, str(checkout)])
        steps.say(
            f"built {reference}: bring it to your cluster (kind load docker-image, minikube image load, docker push)"
        )


def _as_archives(checkout: Path, made: str) -> None:
    for target in images.TARGETS:
        images.build(checkout, target, made)
        archive = folders.cache() / "images" / f"{target}-{made}.oci.tar"
        if not archive.exists():
            with store.Workplace() as work:
                shutil.move(str(store.export(images.reference(target, made), work)), str(archive))
        steps.say(f"built {archive}: bring it to your cluster (kind load image-archive, minikube image load)")
