"""Do webhooks stand in the way of what is written here, with nobody to answer for them?"""

from collections.abc import Iterator

from inspect_operator.api import group
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, named
from inspect_operator.cluster import client, resources
from inspect_operator.plan import nodes

#: What the operator, its Helm and the Job controller write: API group and resource.
WRITTEN = (
    (group.GROUP, group.PLURAL), (group.GROUP, f"{group.PLURAL}/status"), ("", "secrets"), ("", "configmaps"),
    ("", "serviceaccounts"), ("rbac.authorization.k8s.io", "rolebindings"), ("batch", "jobs"), ("batch", "cronjobs"),
    ("", "pods"), ("", "events"),
)  # fmt: skip


async def look(place: places.Place) -> list[Finding]:
    """Those that are asked about our objects, in the namespaces where Inspects are."""
    inspects = await place.cluster.list(resources.INSPECTS, place.namespace)
    wanted = {one["metadata"]["namespace"] for one in inspects} | ({place.namespace} - {""})
    wanted |= {one for each in place.operators for one in (each.namespace, *each.serves)}
    labels = {
        one["metadata"]["name"]: one["metadata"].get("labels") or {}
        for one in await place.cluster.list(resources.NAMESPACES, "")
        if one["metadata"]["name"] in wanted
    }
    found, number = [], 0
    for resource in resources.WEBHOOKS:
        for configuration in await place.cluster.list(resource, "", full=True):
            for webhook in configuration.get("webhooks") or ():
                caught = list(intercepted(webhook))
                where = [
                    name for name, each in labels.items() if nodes.selects(webhook.get("namespaceSelector") or {}, each)
                ]
                if caught and where:
                    number += 1
                    found += await _of(place, resource, configuration["metadata"]["name"], webhook, caught, where)
    return found or [Finding(Level.OK, f"of {number} webhooks that are asked about our objects, all can answer")]


def intercepted(webhook: places.Object) -> Iterator[str]:
    """Which of what is written here it is asked about."""
    for api_group, resource in WRITTEN:
        for rule in webhook.get("rules") or ():
            groups, listed = rule.get("apiGroups") or (), rule.get("resources") or ()
            plain, _, subresource = resource.partition("/")
            fits = {resource, "*/*", f"{plain}/*"} | ({f"*/{subresource}"} if subresource else {"*"})
            if ({api_group, "*"} & set(groups)) and fits & set(listed) and rule.get("scope") != "Cluster":
                yield resource
                break


async def _of(
    place: places.Place,
    resource: resources.Resource,
    name: str,
    webhook: places.Object,
    caught: list[str],
    where: list[str],
) -> list[Finding]:
    service = (webhook.get("clientConfig") or {}).get("service")
    if not service:
        return []  # an address outside of the cluster: the API server alone can try it
    answering = await _endpoints(place.cluster, service["namespace"], service["name"])
    if answering:
        return []
    strict = webhook.get("failurePolicy", "Fail") == "Fail"
    label = f"{service['namespace']}/{service['name']}"
    what = f"webhook {webhook['name']} is asked about {named(caught)}, and nobody answers for it"
    policy = f"failurePolicy {webhook.get('failurePolicy', 'Fail')}, in {named(where)}"
    seen = f"{resource.kind} {name}, {policy}: the service {label} has no endpoints"
    fix = f"kubectl get pods,endpointslices -n {service['namespace']}"
    if not await _exists(place.cluster, service["namespace"]):
        fix = f"kubectl delete {resource.plural} {name} # what it belonged to is gone"
    return [Finding(Level.ERROR if strict else Level.WARN, what, seen, fix)]


async def _exists(cluster: client.Cluster, namespace: str) -> bool:
    try:
        await cluster.get(resources.NAMESPACES, "", namespace)
    except client.NotFound:
        return False
    return True


async def _endpoints(cluster: client.Cluster, namespace: str, service: str) -> int:
    """How many are ready, or may be."""
    selector = f"kubernetes.io/service-name={service}"
    slices = await cluster.list(resources.ENDPOINT_SLICES, namespace, selector=selector, full=True)
    return sum(
        (one.get("conditions") or {}).get("ready") is not False
        for each in slices
        for one in each.get("endpoints") or ()
    )
