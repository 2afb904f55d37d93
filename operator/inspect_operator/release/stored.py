"""Helm's own records: Secrets of type helm.sh/release.v1, one a revision (helm.sh/helm/v4, pkg/storage/driver).

`data.release` is base64 of base64 of gzip of JSON; labels repeat name, version and status, and carry ours.
"""

import base64
import dataclasses
import datetime
import gzip
import json
from collections.abc import Iterable
from typing import Any

from inspect_operator.api import group
from inspect_operator.cluster import client
from inspect_operator.plan import observed

_GZIP = b"\x1f\x8b\x08"


@dataclasses.dataclass(frozen=True)
class Payload:
    """What a revision holds: Helm's status and the rendered objects by (kind, name)."""

    status: observed.Status
    description: str
    objects: dict[tuple[str, str], dict[str, Any]]
    manifest: str = ""
    notes: str = ""


def releases(secrets: Iterable[client.Object], owner_label: str = group.LABEL_OWNER_UID) -> dict[str, observed.Release]:
    """Releases of one namespace by name, from the metadata of Helm's Secrets."""
    revisions: dict[str, list[observed.Revision]] = {}
    for secret in secrets:
        labels = secret["metadata"].get("labels") or {}
        if labels.get("owner") == "helm" and labels.get("version", "").isdigit():
            revisions.setdefault(labels.get("name", ""), []).append(_revision(secret, owner_label))
    return {
        name: observed.Release(name, tuple(sorted(found, key=lambda revision: -revision.number)))
        for name, found in revisions.items()
    }


def secret_name(release: str, number: int) -> str:
    """The Secret of one revision."""
    return f"sh.helm.release.v1.{release}.v{number}"


def payload(secret: client.Object) -> Payload:
    """Decodes one revision."""
    record = _decode(secret)
    return Payload(
        observed.Status(record["info"]["status"]),
        str(record["info"].get("description", "")),
        _objects(record.get("manifest", "")),
        str(record.get("manifest", "")),
        str(record["info"].get("notes", "")),
    )


def marked_failed(secret: client.Object, why: str) -> client.Object:
    """The patch that ends a pending revision: status in payload and label, only if nobody wrote in between."""
    record = _decode(secret)
    record["info"].update(status=observed.Status.FAILED.value, description=why)
    data = gzip.compress(json.dumps(record).encode(), mtime=0)
    return {
        "metadata": {
            "resourceVersion": secret["metadata"]["resourceVersion"],
            "labels": {"status": observed.Status.FAILED.value},
        },
        "data": {"release": base64.b64encode(base64.b64encode(data)).decode()},
    }


def _decode(secret: client.Object) -> dict[str, Any]:
    raw = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    record: dict[str, Any] = json.loads(gzip.decompress(raw) if raw[:3] == _GZIP else raw)
    return record


def _objects(manifest: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Objects of a stored manifest: ours stand there as one line of JSON each, between Helm's comment lines."""
    found = {}
    for line in manifest.splitlines():
        if line.startswith("{"):
            item = json.loads(line)
            found[(item["kind"], item["metadata"]["name"])] = item
    return found


def _revision(secret: client.Object, owner_label: str) -> observed.Revision:
    metadata = secret["metadata"]
    labels = metadata["labels"]
    status = labels.get("status", "")
    written = labels.get("modifiedAt") or labels.get("createdAt") or "0"
    return observed.Revision(
        number=int(labels["version"]),
        status=observed.Status(status) if status in list(observed.Status) else observed.Status.UNKNOWN,
        modified=datetime.datetime.fromtimestamp(int(written), datetime.UTC),
        owner_uid=labels.get(owner_label, ""),
        digest=labels.get(group.LABEL_DIGEST, ""),
        run_key=labels.get(group.LABEL_RUN_KEY, ""),
        trigger=labels.get(group.LABEL_TRIGGER, ""),
        templates=labels.get(group.LABEL_USED, ""),
    )
