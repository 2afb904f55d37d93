"""May the operators do what they have to, and may whoever asks use this program?

The API server is asked about each right (SubjectAccessReview); where that is not allowed, only about our own.
"""

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import ruamel.yaml

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import check as checks
from inspect_operator.api import group
from inspect_operator.cli.health import operators
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, named
from inspect_operator.cluster import client, resources
from inspect_operator.render import checks as checks_on_disk

FILE = "inspect-operator/files/rbac.yaml"
#: Of an operator that serves some namespaces, so many are looked at.
MAX_NAMESPACES = 10
AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Right:
    """One verb on one resource (with its subresource, as in RBAC); `namespace` is empty for all of them."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""

    def __str__(self) -> str:
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {full}{f'/{self.name}' if self.name else ''}{where}"


#: What this program needs, and which of its commands.
OWN = (
    ("get and describe", Right("", group.GROUP, group.PLURAL, "list")),
    ("get --watch and run", Right("", group.GROUP, group.PLURAL, "watch")),
    ("run", Right("", group.GROUP, group.PLURAL, "patch")),
    ("logs", Right("", "", "pods", "list")),
    ("logs", Right("", "", "pods/log", "get")),
    ("report", Right("", "", "configmaps", "list")),
    ("describe", Right("", "", "events", "list")),
)


async def look(place: places.Place) -> list[Finding]:
    """The rights of every operator, and ours."""
    found = []
    for one in place.operators:
        try:
            found += await _of_operator(place.cluster, one)
        except errors.ClusterForbidden as error:
            words = f"the rights of the operator {one.namespace}/{one.name} could not be looked at"
            account = f"system:serviceaccount:{one.namespace}:{one.account}"
            fix = f"kubectl auth can-i --list --as={account} # as an administrator"
            found.append(Finding(Level.UNKNOWN, words, str(error), fix))
    return [*found, *await _own(place)]


async def _of_operator(cluster: client.Cluster, one: places.Operator) -> list[Finding]:
    user = f"system:serviceaccount:{one.namespace}:{one.account}"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{one.namespace}", "system:authenticated"]
    name, parts = f"{one.namespace}/{one.name}", _parts()
    scopes = one.serves[:MAX_NAMESPACES] or ("",)
    needed = [right for scope in scopes for right in _rights(parts["served"], scope)]
    needed += _rights(parts["own"], one.namespace)
    needed += _rights(parts["all"], "") if not one.serves else ()
    of_nodes = list(_rights(parts["nodes"], ""))
    denied = await _denied(cluster, [*needed, *of_nodes], user, groups)
    found = []
    upgrade = operators.upgrade(one)
    if lacking := [str(right) for right in needed if right in denied]:
        words = f"the operator {name} lacks {len(lacking)} of {len(needed)} rights"
        found.append(Finding(Level.ERROR, words, named(lacking), upgrade))
    else:
        seen = f"looked at {len(scopes)} of {len(one.serves)} namespaces" if len(one.serves) > len(scopes) else ""
        found.append(Finding(Level.OK, f"the operator {name} has the {len(needed)} rights that it needs", seen))
    if any(right in denied for right in of_nodes):
        words = f"the operator {name} may not see nodes: tasks with target.nodes are refused"
        found.append(Finding(Level.INFO, words, named(list(map(str, of_nodes))), f"{upgrade} --set nodeTargets=true"))
    roles = {one["metadata"]["name"] for one in await cluster.list(resources.CLUSTER_ROLES, "")}
    if gone := [role for role in _check_roles() if role not in roles]:
        words = "checks that ask the Kubernetes API have no rights: their ClusterRoles are missing"
        found.append(Finding(Level.WARN, words, named(gone), f"{upgrade} --set checks.install=true"))
    return found


async def _own(place: places.Place) -> list[Finding]:
    needed = [(what, dataclasses.replace(right, namespace=place.namespace)) for what, right in OWN]
    denied = await _denied(place.cluster, [right for _, right in needed])
    if not denied:
        return [Finding(Level.OK, "you have the rights that this program needs")]
    commands = dict.fromkeys(what for what, right in needed if right in denied)
    where = f"-n {place.namespace}" if place.namespace else "-A"
    words = f"you lack rights that {', '.join(commands)} need{'s' if len(commands) == 1 else ''}"
    return [Finding(Level.WARN, words, named(list(map(str, denied))), f"kubectl auth can-i --list {where}")]


async def _denied(
    cluster: client.Cluster, rights: Iterable[Right], user: str = "", groups: Iterable[str] = ()
) -> list[Right]:
    """Those that the account doesn't have; ours where no user is named."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def allowed(right: Right) -> bool:
        resource, _, subresource = right.resource.partition("/")
        asked: dict[str, Any] = {"verb": right.verb, "group": right.group, "resource": resource}
        more = {"namespace": right.namespace, "subresource": subresource, "name": right.name}
        spec: dict[str, Any] = {"resourceAttributes": asked | {key: value for key, value in more.items() if value}}
        which = resources.OWN_ACCESS_REVIEWS
        if user:
            which, spec = resources.ACCESS_REVIEWS, spec | {"user": user, "groups": list(groups)}
        body = {"apiVersion": which.api_version, "kind": which.kind, "metadata": {}, "spec": spec}
        async with slots:
            answer = await cluster.create(which, "", body)
        return bool(answer["status"].get("allowed"))

    listed = list(rights)
    answers = await asyncio.gather(*map(allowed, listed))
    return [right for right, answer in zip(listed, answers, strict=True) if not answer]


def _parts() -> dict[str, list[dict[str, Any]]]:
    """The file that the chart's roles are made from."""
    path = settings_module.data_folder("charts") / FILE
    read: dict[str, list[dict[str, Any]]] = ruamel.yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return read


def _rights(rules: list[dict[str, Any]], namespace: str) -> Iterator[Right]:
    for rule in rules:
        names = _check_roles() if rule.get("checkRoles") else rule.get("resourceNames") or [""]
        for api_group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    yield from (Right(namespace, api_group, resource, verb, name) for name in names)


def _check_roles() -> list[str]:
    known = checks_on_disk.load(settings_module.data_folder("checks"))
    return [checks.cluster_role(one.name) for one in known.values() if one.access is not None]
