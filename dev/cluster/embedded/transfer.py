"""From buildah's store into the cluster's containerd, at the least cost: the same content is never sent twice."""

from __future__ import annotations

from pathlib import Path

from embedded import own_images, steps, store


def send(state: Path, reference: str) -> None:
    """Makes an image of buildah's known to the cluster under its own name. To be called under the store's lock.

    Raises ClusterError if buildah has no such image or no cluster is up.
    """
    identity = store.identity(reference)
    same = own_images.of_identity(state, identity)
    if reference in same:
        return
    with steps.step(f"import {reference}") as remark, store.Workplace() as work:
        if same:
            remark("its content is there already")
            own_images.name(state, min(same), reference)
        else:
            own_images.load(state, store.export(reference, work, "docker-archive"))
        own_images.mark(state, reference, identity)
