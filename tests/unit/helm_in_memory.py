"""Helm's records in the cluster as Helm writes them, and a Helm that works on the cluster in memory.

What it does, and in which order, was seen on a real cluster: compare with the last deployed revision, never wait.
"""

import base64
import copy
import gzip
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.unit import builders, cluster_in_memory

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.plan import desired
from inspect_operator.release import helm, stored

Object = dict[str, Any]
MADE = 1767323045  # the second of builders.NOW


def secret(
    release: str,
    number: int = 1,
    status: str = "deployed",
    objects: Sequence[Object] = (),
    labels: Mapping[str, str] | None = None,
    *,
    compressed: bool = True,
    namespace: str = "default",
) -> Object:
    """The Secret of one revision; `data.release` is base64 of base64 of gzip of JSON."""
    manifest = "".join(f"---\n# Source: inspection/templates/manifests.yaml\n{json.dumps(item)}\n" for item in objects)
    record = {
        "name": release,
        "version": number,
        "info": {"status": status, "description": "Install complete"},
        "manifest": manifest,
        "chart": {"metadata": {"name": "inspection"}},
    }
    data = json.dumps(record).encode()
    inner = base64.b64encode(gzip.compress(data) if compressed else data)
    return {
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": stored.secret_name(release, number),
            "namespace": namespace,
            "labels": {
                "owner": "helm",
                "name": release,
                "version": str(number),
                "status": status,
                "modifiedAt": str(MADE),
                **(labels or {}),
            },
        },
        "data": {"release": base64.b64encode(inner).decode()},
    }


def labels(want: desired.Desired, owner_uid: str = "uid-1") -> dict[str, str]:
    """Ours, as they stand on the Secret."""
    made = {
        group.LABEL_OWNER_UID: owner_uid,
        group.LABEL_DIGEST: want.digest,
        group.LABEL_RUN_KEY: want.run_key,
    }
    return made | ({group.LABEL_TRIGGER: want.trigger} if want.trigger else {})


class Helm(helm.Helm):
    """`calls` holds (verb, release, description or None); `before` is called with the verb and may raise or change
    the cluster. `leaves` is the status that the next upgrade stores instead of deployed."""

    def __init__(self, cluster: cluster_in_memory.Cluster) -> None:
        super().__init__("no-such-helm", 4)
        self.cluster = cluster
        self.calls: list[tuple[str, str, str | None]] = []
        self.charts: list[list[Object]] = []
        self.leaves = "deployed"
        self.before: Callable[[str], None] = lambda _: None

    async def upgrade(
        self,
        release: str,
        namespace: str,
        chart: pathlib.Path,
        *,
        labels: Mapping[str, str],
        description: str,
        timeout_seconds: float,
        values: Mapping[str, Any] | None = None,
        skip_crds: bool = False,
    ) -> None:
        self.calls.append(("upgrade", release, description))
        self.charts.append([json.loads(path.read_text()) for path in sorted((chart / "manifests").iterdir())])
        self.before("upgrade")
        revisions = self._revisions(release, namespace)
        if revisions and stored.payload(revisions[-1]).status.pending:
            raise errors.ReleaseUnavailable("another operation (install/upgrade/rollback) is in progress")
        number = int(revisions[-1]["metadata"]["labels"]["version"]) + 1 if revisions else 1
        made = secret(release, number, self.leaves, self.charts[-1], labels, namespace=namespace)
        for item in self.charts[-1]:
            found = self.cluster.objects.get((item["kind"], namespace, item["metadata"]["name"]))
            if found is None:
                self.cluster.put(_in(namespace, item))
            elif item["kind"] != "Job":  # whose template may not change; a finished or running one is left alone
                self._change(found, item)
        deployed = [one for one in revisions if stored.payload(one).status == "deployed"]
        named = {(item["kind"], item["metadata"]["name"]) for item in self.charts[-1]}
        for old in deployed[-1:]:
            for kind, name in stored.payload(old).objects.keys() - named:
                self.cluster.objects.pop((kind, namespace, name), None)
            if self.leaves == "deployed":
                old["metadata"]["labels"]["status"] = "superseded"
        self.cluster.put(made)

    async def uninstall(self, release: str, namespace: str, *, timeout_seconds: float) -> None:
        self.calls.append(("uninstall", release, None))
        self.before("uninstall")
        revisions = self._revisions(release, namespace)
        deployed = [one for one in revisions if stored.payload(one).status == "deployed"] or revisions
        for newest in deployed[-1:]:
            for kind, name in stored.payload(newest).objects:
                self.cluster.objects.pop((kind, namespace, name), None)
        for revision in revisions:
            del self.cluster.objects[("Secret", namespace, revision["metadata"]["name"])]

    def _change(self, found: Object, item: Object) -> None:
        """Of what is there the fields that the chart names, which is written only where that changes something."""
        made = {**found, **item, "metadata": {**found["metadata"], **item["metadata"]}}
        if found["kind"] == "ConfigMap" and found.get("immutable") and made.get("data") != found.get("data"):
            raise errors.ReleaseRejected("data: Forbidden: field is immutable when `immutable` is set")
        if made != found:
            self.cluster.put(copy.deepcopy(made))

    def _revisions(self, release: str, namespace: str) -> list[Object]:
        found = [
            item
            for (kind, where, _), item in self.cluster.objects.items()
            if kind == "Secret" and where == namespace and item["metadata"]["labels"].get("name") == release
        ]
        return sorted(found, key=lambda item: int(item["metadata"]["labels"]["version"]))


def _in(namespace: str, item: Object) -> Object:
    made = copy.deepcopy(item)
    made["metadata"]["namespace"] = namespace
    return made


def released(
    cluster: cluster_in_memory.Cluster,
    *revisions: tuple[desired.Desired, str],
    objects: Callable[[desired.Desired], Sequence[Object]],
    owner_uid: str = "uid-1",
) -> None:
    """Stores revisions of one release, oldest first, as (what it held, status)."""
    for index, (want, status) in enumerate(revisions):
        cluster.put(secret(want.release, index + 1, status, objects(want), labels(want, owner_uid)))


def objects(want: desired.Desired) -> list[Object]:
    """What a script task's release held: its ConfigMap and its Job, marked as the old ones."""
    tag = {"taskType": "inspect", group.LABEL_INSTANCE: want.release}
    return [
        {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": tag}, "marked": "as stored"}
        for api, kind, name in (("v1", "ConfigMap", want.files), ("batch/v1", "Job", builders.job(want)))
    ]


assert builders.NOW.timestamp() == MADE
