"""The kinds of objects that workloads are about: an Inspect, and one of a kind that a chart serves."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

from inspect_operator.cluster import client, resources
from inspect_operator.plan import naming

NAME = "i"
HPA_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "kinds" / "hpa"
HPAS = resources.Resource("Hpa", "/apis/autoscal.aiops.org/v1", "hpas")
ROLES = resources.Resource("Role", "/apis/rbac.authorization.k8s.io/v1", "roles")


@dataclasses.dataclass(frozen=True)
class Subject:
    """`true` are the conditions that stand at the end. `wanted` tells of a body which releases it is to have, and which
    of them may be absent while they wait for others."""

    resource: resources.Resource
    true: frozenset[str]
    wanted: Callable[[client.Object], dict[str, bool]]
    crd: pathlib.Path | None = None
    environment: tuple[tuple[str, str], ...] = ()  # of the operator

    def conditions(self, body: client.Object | None) -> set[str]:
        """Those that are true for the present generation; none of an object that is being deleted."""
        if body is None or body["metadata"].get("deletionTimestamp"):
            return set()
        generation, status = body["metadata"]["generation"], body.get("status") or {}
        return {
            one["type"]
            for one in status.get("conditions") or ()
            if one["status"] == "True" and one.get("observedGeneration", status.get("observedGeneration")) == generation
        }

    def ready(self, body: client.Object | None) -> bool:
        """Whether the status claims it for the present generation."""
        return "Ready" in self.conditions(body)

    def finished(self, body: client.Object | None) -> bool:
        """Whether all is done for the present generation."""
        return self.true <= self.conditions(body)

    def body(self, spec: dict[str, Any]) -> client.Object:
        """A new object."""
        metadata = {"name": NAME}
        return {
            "apiVersion": self.resource.api_version, "kind": self.resource.kind, "metadata": metadata, "spec": spec,
        }  # fmt: skip


def _of_tasks(body: client.Object) -> dict[str, bool]:
    tasks = body["spec"]["tasks"]
    return {naming.release_name(body["metadata"]["name"], one["name"]): bool(one.get("dependsOn")) for one in tasks}


INSPECT = Subject(resources.INSPECTS, frozenset({"Ready", "Finished"}), _of_tasks)
#: Its chart makes ConfigMap, CronJob, Role, RoleBinding and ServiceAccount.
HPA = Subject(
    HPAS,
    frozenset({"Initialized", "Deployed", "Ready"}),
    lambda body: {body["metadata"]["name"]: False},
    HPA_FOLDER / "crd.yaml",
    (("INSPECT_OPERATOR_WATCHES", str(HPA_FOLDER / "watches.yaml")), ("HPA_IMAGE", "registry.invalid/none:1")),
)
