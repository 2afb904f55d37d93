"""Container images without a container tool: one layer, written as an OCI archive that any tool can load."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def single_program(archive: Path, reference: str, program: Path, user: str = "65532:65532") -> None:
    """An image that holds one static program, at /NAME, and runs it."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    layer = archive.with_name(f".{archive.name}.layer")
    with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo(program.name)
        entry.mode, entry.size = 0o755, program.stat().st_size
        with program.open("rb") as content:
            tar.addfile(entry, content)
    try:
        from_layer(archive, reference, layer, {"Entrypoint": [f"/{program.name}"], "User": user})
    finally:
        layer.unlink()


def from_layer(archive: Path, reference: str, layer: Path, settings: Mapping[str, Any]) -> None:
    """An image of one uncompressed layer. `settings` is the `config` of the OCI image specification."""
    machine = os.uname().machine
    layer_digest = _file_digest(layer)
    config = _encode(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": dict(settings),
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "inspect-operator dev/cluster"}],
        }
    )
    layer_size = layer.stat().st_size
    manifest = _encode(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": _digest(config), "size": len(config)},
            "layers": [{"mediaType": _LAYER, "digest": layer_digest, "size": layer_size}],
        }
    )
    names = {"org.opencontainers.image.ref.name": reference, "io.containerd.image.name": reference}
    entry = {"mediaType": _MANIFEST, "digest": _digest(manifest), "size": len(manifest), "annotations": names}
    index = _encode({"schemaVersion": 2, "manifests": [entry]})
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}")
    with tarfile.open(temporary, "w") as tar:
        for name, data in (
            ("oci-layout", _encode({"imageLayoutVersion": "1.0.0"})),
            ("index.json", index),
            (_blob(_digest(config)), config),
            (_blob(_digest(manifest)), manifest),
        ):
            header = tarfile.TarInfo(name)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
        tar.add(layer, _blob(layer_digest))
    shutil.move(temporary, archive)


def _encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return "sha256:" + digest.hexdigest()
