"""Do releases hang in the middle of an install, upgrade or uninstall; and are there any whose Inspect is gone?"""

import datetime
from collections.abc import Iterable, Mapping

from inspect_operator.api import group
from inspect_operator.cli.health import definition
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, age
from inspect_operator.cluster import resources
from inspect_operator.plan import observed
from inspect_operator.release import stored

#: So long Helm may take; an operator unlocks what its own helm left behind long before.
HANGS_AFTER = datetime.timedelta(minutes=15)
#: An Inspect that was just deleted still has releases.
GONE_AFTER = datetime.timedelta(minutes=5)
LABELS = (group.LABEL_OWNER_UID, group.LABEL_OBJECT_UID)


async def look(place: places.Place) -> list[Finding]:
    """By the labels of Helm's Secrets alone."""
    owners = {
        one["metadata"]["uid"]: one["metadata"]["name"]
        for one in await place.cluster.list(resources.INSPECTS, place.namespace)
    }
    found: list[Finding] = []
    number = 0
    for label in LABELS:
        secrets = await place.cluster.list(resources.SECRETS, place.namespace, selector=f"owner=helm,{label}")
        for namespace, releases in _by_namespace(secrets, label).items():
            number += len(releases)
            for release in releases:
                known = owners if label == group.LABEL_OWNER_UID else None
                found += _of(place, namespace, release, known)
    return found or [Finding(Level.OK, f"none of {number} releases hangs")]


def _by_namespace(secrets: Iterable[places.Object], label: str) -> dict[str, list[observed.Release]]:
    groups: dict[str, list[places.Object]] = {}
    for one in secrets:
        groups.setdefault(one["metadata"]["namespace"], []).append(one)
    return {namespace: list(stored.releases(some, label).values()) for namespace, some in sorted(groups.items())}


def _of(
    place: places.Place, namespace: str, release: observed.Release, owners: Mapping[str, str] | None
) -> list[Finding]:
    """`owners`: the Inspects there are, by uid; None where the release is of another kind."""
    newest, where = release.newest, f"{namespace}/{release.name}"
    owner = (owners or {}).get(newest.owner_uid, "")
    whose = f"of Inspect {owner}" if owner else "of another kind" if owners is None else "whose Inspect is gone"
    since = f"revision {newest.number}, {newest.status.value} since {newest.modified:%Y-%m-%d %H:%M:%S} UTC"
    if newest.status.under_way:
        lasting = place.now - newest.modified
        words = f"release {where}, {whose}, is {newest.status.value} for {age(newest.modified, place.now)}"
        if lasting < HANGS_AFTER:
            return [Finding(Level.INFO, words, since)]
        return [
            Finding(Level.ERROR, words, since, _fix(place, namespace, release, gone=owners is not None and not owner))
        ]
    if owners is not None and not owner and place.now - newest.modified > GONE_AFTER:
        words = f"release {where} stays although its Inspect is gone"
        return [Finding(Level.WARN, words, since, f"helm uninstall {release.name} -n {namespace}")]
    return []


def _fix(place: places.Place, namespace: str, release: observed.Release, *, gone: bool) -> str:
    """An operator at work does it by itself, at the latest when it is started anew."""
    if gone or release.newest.status is observed.Status.UNINSTALLING:
        return f"helm uninstall {release.name} -n {namespace} --ignore-not-found"
    serving = [one for one in place.operators if one.wanted and one.covers(namespace)]
    if serving:
        return f"kubectl rollout restart deployment/{serving[0].name} -n {serving[0].namespace}"
    return f"{definition.INSTALL} # an operator unlocks it"
