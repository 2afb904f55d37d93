"""Is the CRD there, served, and the one that this program knows?"""

from collections.abc import Iterator
from typing import Any

from inspect_operator import __version__
from inspect_operator.api import crd, group
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, named
from inspect_operator.cluster import client, resources

NAME = f"{group.PLURAL}.{group.GROUP}"
APPLY = "kubectl apply --server-side --force-conflicts -f crds/ # from the operator's release"
INSTALL = "helm upgrade --install inspect-operator charts/inspect-operator -n inspect-system --create-namespace"
#: Keys of a schema that are no fields of an object.
_STRUCTURE = ("properties", "items", "additionalProperties")


async def look(place: places.Place) -> list[Finding]:
    """Everything about the CRD."""
    try:
        found = await place.cluster.get(resources.DEFINITIONS, "", NAME)
    except client.NotFound:
        return [Finding(Level.ERROR, f"there is no CRD {NAME}", "the cluster knows no Inspects", INSTALL)]
    if found["metadata"].get("deletionTimestamp"):
        words = "the CRD is being deleted, and with it every Inspect"
        fix = f"kubectl describe crd {NAME}"
        return [Finding(Level.ERROR, words, f"since {found['metadata']['deletionTimestamp']}", fix)]
    conditions = {one["type"]: one for one in found.get("status", {}).get("conditions") or ()}
    unmet = [
        conditions[name]
        for name in ("Established", "NamesAccepted")
        if conditions.get(name, {}).get("status") == "False"
    ]
    if unmet:
        fix = f"kubectl describe crd {NAME}"
        return [Finding(Level.ERROR, "the CRD is not served", str(unmet[0].get("message", "")), fix)]
    served = [one["name"] for one in found["spec"]["versions"] if one.get("served")]
    if group.VERSION not in served:
        return [Finding(Level.ERROR, f"the CRD doesn't serve {group.VERSION}", f"it serves {named(served)}", APPLY)]
    live = next(one for one in found["spec"]["versions"] if one["name"] == group.VERSION)
    return _compared(
        live["schema"]["openAPIV3Schema"], crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    )


def _compared(live: Any, ours: Any) -> list[Finding]:
    found: dict[str, list[str]] = {"missing": [], "unknown": [], "other": []}
    for place, kind in differences(live, ours):
        found[kind].append(place or "the whole")
    missing, unknown, other = found.values()
    if not (missing or unknown or other):
        return [Finding(Level.OK, f"the CRD is served, as this program ({__version__}) knows it")]
    parts = [f"{words}: {named(places)}" for words, places in (
        ("the cluster doesn't know", missing), ("this program doesn't know", unknown), ("described otherwise", other),
    ) if places]  # fmt: skip
    if unknown and not missing:
        words, fix = "the CRD is newer than this program", "pip install . # in the operator's release"
    else:
        words, fix = "the CRD is not the one that this program knows", APPLY
    # Words alone are no reason to do anything.
    return [Finding(Level.WARN if missing or unknown else Level.INFO, words, "; ".join(parts), fix)]


def differences(live: Any, ours: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Fields, such as spec.tasks.check, and whether the cluster is `missing` them, they are `unknown` here, or both
    know an `other` rule for them."""
    if not isinstance(live, dict) or not isinstance(ours, dict):
        if live != ours:
            yield place, "other"
        return
    told = False
    for key in sorted(live.keys() | ours.keys()):
        if key == "properties":
            mine, theirs = ours.get(key) or {}, live.get(key) or {}
            for name in sorted(mine.keys() | theirs.keys()):
                inner = f"{place}.{name}".lstrip(".")
                if name not in theirs:
                    yield inner, "missing"
                elif name not in mine:
                    yield inner, "unknown"
                else:
                    yield from differences(theirs[name], mine[name], inner)
        elif key in _STRUCTURE and isinstance(live.get(key), dict) and isinstance(ours.get(key), dict):
            yield from differences(live[key], ours[key], place)
        elif live.get(key) != ours.get(key) and not told:
            told = True
            yield place, "other"
