"""The operator's rights against what the API server saw it do, over the whole suite: every verb that was used is
granted, and every verb that is granted was used."""

import dataclasses
import datetime
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import yaml

from tests.e2e.harness import audit

#: API group, resource with its subresource, verb.
Right = tuple[str, str, str]

AGENTS = ("inspect-operator/", "helm/", "kopf/")
#: No request: what binding a role to an account takes besides.
UNSEEN = {"bind"}
#: By design: an operator without nodeTargets asks once, and then refuses tasks on nodes.
REFUSED = {("", "nodes", "list")}


#: Of an operator for all namespaces alone, which runs in tests/e2e_alone.
ALONE = "all"


def granted(root: pathlib.Path, *only: str) -> set[Right]:
    """What the chart gives the operator, wherever that holds; of some parts of files/rbac.yaml, or of all."""
    parts = yaml.safe_load((root / "charts/inspect-operator/files/rbac.yaml").read_text())
    return {
        (group, resource, verb)
        for part, rules in parts.items()
        if part in (only or parts)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb not in UNSEEN
    }


@dataclasses.dataclass
class Seen:
    """What operators and their helm did, and what an operator's account was denied. A helm of the tests' own says so by
    another name (see kube.helm)."""

    places: dict[str, set[Right]] = dataclasses.field(default_factory=dict)  # what was used, by namespace
    denied: set[Right] = dataclasses.field(default_factory=set)

    @property
    def used(self) -> set[Right]:
        """Anywhere."""
        return set().union(*self.places.values())


def seen(since: datetime.datetime) -> Seen:
    """Since a moment."""
    made = Seen()
    for entry in _entries(since):
        agent, what = entry.get("userAgent", "").lower(), entry.get("objectRef") or {}
        if not agent.startswith(AGENTS) or "impersonatedUser" in entry or "resource" not in what:
            continue
        resource = "/".join(part for part in (what["resource"], what.get("subresource")) if part)
        right = (what.get("apiGroup", ""), resource, entry["verb"])
        code = entry.get("responseStatus", {}).get("code", 0)
        if code == 403:
            if entry["user"]["username"].startswith("system:serviceaccount:"):
                made.denied.add(right)
            continue
        used = made.places.setdefault(what.get("namespace", ""), set())
        used.add(right)
        if entry["verb"] == "patch" and code == 201:  # an apply that makes the object takes the right to create it
            used.add((*right[:2], "create"))
    return made


def _entries(since: datetime.datetime) -> Iterator[dict[str, Any]]:
    """Of the log and of those that it was rotated to meanwhile. A watch is noted when it begins."""
    for path in audit.path().parent.glob("audit*.log"):
        if path.stat().st_mtime < since.timestamp():
            continue
        with path.open() as log:
            for line in log:
                entry = json.loads(line) if line.endswith("\n") else {}
                begun = entry.get("stage") == "ResponseComplete" or entry.get("verb") == "watch"
                if begun and datetime.datetime.fromisoformat(entry["requestReceivedTimestamp"]) >= since:
                    yield entry


def problems(root: pathlib.Path, since: datetime.datetime) -> list[str]:
    """In words. Some tests' operators serve kinds whose charts hold anything, and are administrators: where something
    was used that no Inspect needs, only what an installed operator was denied tells that a right is missing."""
    may, found = granted(root), seen(since)
    known = {right[:2] for right in may}
    plain = [used for used in found.places.values() if {right[:2] for right in used} <= known]
    said = [f"denied: {_words(right)}" for right in sorted(found.denied - may - REFUSED)]  # one that ends loses all
    said += [f"used, but not granted: {_words(right)}" for right in sorted(set().union(*plain) - may)]
    unused = may - found.used - granted(root, ALONE)
    return said + [f"granted, but never used: {_words(right)}" for right in sorted(unused)]


def _words(right: Right) -> str:
    group, resource, verb = right
    return f"{verb} {resource}{'.' if group else ''}{group}"
