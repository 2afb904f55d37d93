"""Do Inspects wait to be gone, for an operator that is?"""

import datetime

from inspect_operator.api import group
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, age, named
from inspect_operator.cluster import resources

#: Uninstalling a hundred releases takes a minute.
HANGS_AFTER = datetime.timedelta(minutes=5)
LET_GO = """kubectl patch in {} --type=merge -p '{{"metadata":{{"finalizers":null}}}}'"""


async def look(place: places.Place) -> list[Finding]:
    """By finalizers and times of deletion."""
    inspects = await place.cluster.list(resources.INSPECTS, place.namespace)
    found, held = [], []
    for one in inspects:
        metadata = one["metadata"]
        where, name = metadata["namespace"], f"{metadata['namespace']}/{metadata['name']}"
        since = places.moment(metadata.get("deletionTimestamp"))
        ours = group.FINALIZER in (metadata.get("finalizers") or ())
        if since is None:
            held += [name] if ours and not place.served(where) else []
            continue
        served = place.served(where)
        if place.now - since < HANGS_AFTER and served:
            continue
        words = f"Inspect {name} waits to be gone for {age(since, place.now)}"
        seen = f"finalizers: {named(metadata.get('finalizers') or [])}"
        fix = f"kubectl describe in {metadata['name']} -n {where}"
        if not ours:
            fix += " # whoever put the finalizers there has to take them away"
        elif not served:
            fix = LET_GO.format(f"{metadata['name']} -n {where}")
        found.append(Finding(Level.ERROR, words, seen, fix))
    if held:
        words = f"no operator is at work that would let {len(held)} Inspects be deleted"
        namespace, _, name = held[0].partition("/")
        fix = LET_GO.format(f"{name} -n {namespace}") + " # and so on; or start an operator"
        found.append(Finding(Level.WARN, words, named(held), fix))
    return found or [Finding(Level.OK, f"none of {len(inspects)} Inspects waits to be gone")]
