"""Which nodes a task with target.nodes inspects: those that its selector fits and whose taints it tolerates."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from inspect_operator.api import task as tasks

MAX_NODES = 1000

#: Set by Kubernetes itself for states that have words of their own (not Ready, cordoned), or that are no reason not to
#: look at a node: DaemonSets tolerate them too (Kubernetes, DaemonSet: taints and tolerations).
_PASSING = frozenset(
    f"node.kubernetes.io/{word}"
    for word in (
        "not-ready", "unreachable", "unschedulable", "disk-pressure", "memory-pressure", "pid-pressure",
    )
)  # fmt: skip
#: What the pods on nodes tolerate besides what the task says.
PRESSURE = tuple(
    {"key": f"node.kubernetes.io/{word}-pressure", "operator": "Exists", "effect": "NoSchedule"}
    for word in ("disk", "memory", "pid")
)


@dataclasses.dataclass(frozen=True)
class Taint:
    """As on a node."""

    key: str
    value: str
    effect: str


@dataclasses.dataclass(frozen=True)
class Node:
    """Of a node, what decides whether it is inspected."""

    name: str
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    ready: bool = True
    cordoned: bool = False


@dataclasses.dataclass(frozen=True)
class Members:
    """Nodes to inspect, by name, and those that are left out because of a taint."""

    fitting: tuple[Node, ...]
    tainted: tuple[Node, ...]


def read(body: Mapping[str, Any]) -> Node:
    """From the object as the API server serves it."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or ()}
    taints = tuple(
        Taint(one.get("key", ""), one.get("value") or "", one.get("effect") or "") for one in spec.get("taints") or ()
    )
    metadata = body["metadata"]
    return Node(
        metadata["name"], metadata.get("labels") or {}, taints,
        conditions.get("Ready") == "True" and not metadata.get("deletionTimestamp"), bool(spec.get("unschedulable")),
    )  # fmt: skip


def members(nodes: Iterable[Node], wanted: tasks.Nodes) -> Members:
    """The nodes that a task is about, now."""
    chosen = sorted((node for node in nodes if selects(wanted.selector, node.labels)), key=lambda node: node.name)
    tainted = tuple(node for node in chosen if not all(_passes(taint, wanted.tolerations) for taint in node.taints))
    left = {node.name for node in tainted}
    return Members(tuple(node for node in chosen if node.name not in left), tainted)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A label selector as everywhere in Kubernetes (apimachinery, LabelSelectorRequirement)."""
    if any(labels.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or ())


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values") or ()
    return {
        "In": labels.get(key) in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[requirement["operator"]]


def _passes(taint: Taint, tolerations: tasks.Objects) -> bool:
    if taint.effect == "PreferNoSchedule" or taint.key in _PASSING:
        return True
    return any(_tolerates(one, taint) for one in tolerations)


def _tolerates(toleration: Mapping[str, Any], taint: Taint) -> bool:
    """Kubernetes' own rule (k8s.io/api/core/v1, Toleration.ToleratesTaint)."""
    if toleration.get("effect") not in (None, "", taint.effect):
        return False
    if toleration.get("key") not in (None, "", taint.key):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == taint.value
