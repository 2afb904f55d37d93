"""Are operators installed, ready and at work; which versions are they, and which helm do they have?"""

import asyncio
import contextlib
import re
from collections.abc import Sequence

from inspect_operator import __version__, errors
from inspect_operator import settings as settings_module
from inspect_operator.cli.health import definition
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, age
from inspect_operator.cluster import client, resources

SELECTOR = "app.kubernetes.io/name=inspect-operator"
#: Where the README installs it: looked at where the whole cluster may not be.
USUAL = "inspect-system"
PORT = 8080
_BUILD = re.compile(r"^inspect_operator_build_info\{(.*)\} 1", re.MULTILINE)


async def find(cluster: client.Cluster, namespace: str) -> tuple[places.Operator, ...]:
    """Those that are installed by the chart. `namespace` is looked at where the whole cluster may not be."""
    found = await _everywhere(cluster, resources.DEPLOYMENTS, namespace, selector=SELECTOR)
    return tuple(places.operator(one) for one in found)


async def leases(cluster: client.Cluster, namespace: str) -> tuple[places.Object, ...]:
    """Those that operators hold, or held."""
    fields = f"metadata.name={settings_module.Settings.lease_name}"
    return tuple(await _everywhere(cluster, resources.LEASES, namespace, fields=fields))


async def look(place: places.Place) -> list[Finding]:
    """All of them, and whether anybody serves what is looked at."""
    if not place.seen:
        return []
    found = [finding for one in place.operators for finding in await _of(place, one)]
    homes = {one.namespace for one in place.operators}
    outside = [one for one in place.leases if one["metadata"]["namespace"] not in homes and place.acts(one)]
    for one in outside:
        words = f"an operator is at work that was not installed by the chart: {one['spec']['holderIdentity']}"
        found.append(Finding(Level.INFO, words, f"it holds the Lease {_name(one)}"))
    everywhere = [one for one in place.operators if not one.serves and one.wanted]
    if len(everywhere) > 1:
        words = "several operators serve all namespaces, and act against each other"
        names = ", ".join(f"{one.namespace}/{one.name}" for one in everywhere)
        found.append(
            Finding(
                Level.ERROR, words, names, f"helm uninstall {everywhere[-1].instance} -n {everywhere[-1].namespace}"
            )
        )
    if not place.operators and not outside:
        words = "no operator is installed, and none is at work"
        seen = "no Deployment has the label " + SELECTOR + ", and nobody holds the Lease"
        found.append(Finding(Level.ERROR, words, seen, definition.INSTALL))
    elif place.namespace and not outside and not any(one.covers(place.namespace) for one in place.operators):
        words = f"no operator serves the namespace {place.namespace}"
        seen = "; ".join(f"{one.namespace}/{one.name} serves {', '.join(one.serves)}" for one in place.operators)
        first = place.operators[0]
        chosen = "{" + ",".join([*first.serves, place.namespace]) + "}"
        fix = f"{upgrade(first)} --set 'watchNamespaces={chosen}'"
        found.append(Finding(Level.ERROR, words, seen, fix))
    return found


def upgrade(one: places.Operator) -> str:
    """The command that installs it anew, as it is but for what is added."""
    return f"helm upgrade {one.instance} charts/inspect-operator -n {one.namespace} --reset-then-reuse-values"


async def _of(place: places.Place, one: places.Operator) -> list[Finding]:
    where, name = f"-n {one.namespace}", f"{one.namespace}/{one.name}"
    if not one.wanted:
        fix = f"kubectl scale {where} deployment/{one.name} --replicas=1"
        return [Finding(Level.ERROR, f"the operator {name} is scaled down to nothing", "spec.replicas is 0", fix)]
    found = []
    if one.ready < one.wanted:
        level = Level.WARN if one.ready else Level.ERROR
        words = f"{one.ready} of {one.wanted} pods of the operator {name} are ready"
        found.append(Finding(level, words, one.message, f"kubectl describe pods {where} -l {one.selector}"))
    found.append(_lease(place, one))
    version, helm = await _versions(place.cluster, one)
    version = version or one.version
    if version and version != __version__:
        words = f"the operator {name} is version {version}, this program {__version__}"
        seen = "what one of them knows may be unknown to the other"
        found.append(Finding(Level.WARN, words, seen, f"{upgrade(one)} # from release {__version__}"))
    elif version:
        found.append(Finding(Level.OK, f"the operator {name} has the version of this program, {version}"))
    fix = f"kubectl exec {where} deployment/{one.name} -- helm version --short"
    if not helm:
        found.append(
            Finding(
                Level.UNKNOWN,
                f"which helm the operator {name} has could not be seen",
                "its metrics could not be read through the API server",
                fix,
            )
        )
    elif not helm.startswith("v4."):
        found.append(Finding(Level.ERROR, f"the operator {name} has helm {helm}", "it needs helm v4", fix))
    else:
        found.append(Finding(Level.OK, f"the operator {name} has helm {helm}"))
    return found


def _lease(place: places.Place, one: places.Operator) -> Finding:
    name = f"{one.namespace}/{one.name}"
    lease = next((each for each in place.leases if each["metadata"]["namespace"] == one.namespace), None)
    logs = f"kubectl logs -n {one.namespace} deployment/{one.name} --tail=50"
    if lease is None or not (lease.get("spec") or {}).get("holderIdentity"):
        return Finding(Level.ERROR, f"the operator {name} is not at work", "nobody holds its Lease", logs)
    holder, renewed = lease["spec"]["holderIdentity"], places.moment(lease["spec"].get("renewTime"))
    if not place.acts(lease):
        last = f"{holder} renewed its Lease {age(renewed, place.now)} ago" if renewed else f"{holder} never renewed it"
        return Finding(Level.ERROR, f"the operator {name} is not at work", last, logs)
    return Finding(Level.OK, f"the operator {name} is at work", f"{holder} holds the Lease {_name(lease)}")


async def _versions(cluster: client.Cluster, one: places.Operator) -> tuple[str, str]:
    """The operator's own and helm's, out of its metrics; empty where they can't be had."""
    with contextlib.suppress(errors.InspectError, UnicodeDecodeError):
        for pod in await cluster.list(resources.PODS, one.namespace, selector=one.selector):
            path = resources.PODS.path(one.namespace, f"{pod['metadata']['name']}:{PORT}", "proxy")
            with contextlib.suppress(errors.InspectError):
                body, _ = await cluster.ask(f"{path}/metrics")
                if found := _BUILD.search(body.decode()):
                    labels = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
                    return labels.get("version", ""), labels.get("helm_version", "")
    return "", ""


async def _everywhere(
    cluster: client.Cluster, resource: resources.Resource, namespace: str, *, selector: str = "", fields: str = ""
) -> Sequence[places.Object]:
    try:
        return await cluster.list(resource, "", selector=selector, fields=fields, full=True)
    except errors.ClusterForbidden:
        wanted = dict.fromkeys((namespace or cluster.namespace, USUAL))
    answers = await asyncio.gather(
        *(cluster.list(resource, one, selector=selector, fields=fields, full=True) for one in wanted),
        return_exceptions=True,
    )
    lists = [one for one in answers if isinstance(one, list)]
    failed = [one for one in answers if isinstance(one, errors.InspectError)]
    if not lists and failed:
        raise failed[0]
    return [item for one in lists for item in one]


def _name(lease: places.Object) -> str:
    return f"{lease['metadata']['namespace']}/{lease['metadata']['name']}"
