"""Status and events of an object of a chart-backed kind: operator-sdk's conditions and `deployedRelease`, which people
script against, and beside them `Ready`, `dependents` and `observedGeneration`.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from inspect_operator.publish import dependents, events
from inspect_operator.publish import row as rows

Status = dict[str, Any]

MAX_MANIFEST_BYTES = 400 * 1024
MAX_DEPENDENTS = 200

INITIALIZED, DEPLOYED, RELEASE_FAILED = "Initialized", "Deployed", "ReleaseFailed"
IRRECONCILABLE, READY = "Irreconcilable", "Ready"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What there is to tell. `revision` is 0 while nothing is deployed; `failed` is what Helm said of the last try,
    `irreconcilable` what kept us from trying, as (reason, message)."""

    generation: int
    now: datetime.datetime
    release: str
    revision: int = 0
    up_to_date: bool = False
    manifest: str = ""
    notes: str = ""
    failed: tuple[str, str] | None = None
    irreconcilable: tuple[str, str] | None = None
    uninstalled: bool = False
    waiting: bool = False
    parts: tuple[dependents.Dependent, ...] = ()


def status(facts: Facts, before: Mapping[str, Any]) -> Status:
    """The whole status. Times change only where a condition's status does, so an unchanged state is an equal status."""
    conditions = [(INITIALIZED, "True", "", "")]
    if facts.uninstalled:
        words = "Waiting until all resources are deleted." if facts.waiting else ""
        conditions.append((DEPLOYED, "False", "UninstallSuccessful", words))
    elif facts.revision:
        reason = "InstallSuccessful" if facts.revision == 1 else "UpgradeSuccessful"
        conditions.append((DEPLOYED, "True", reason, rows.cut(facts.notes.strip())))
    if facts.failed:
        conditions.append((RELEASE_FAILED, "True", facts.failed[0], rows.cut(facts.failed[1])))
    if facts.irreconcilable:
        conditions.append((IRRECONCILABLE, "True", facts.irreconcilable[0], rows.cut(facts.irreconcilable[1])))
    conditions.append((READY, *_ready(facts)))
    known = {one.get("type"): one for one in before.get("conditions") or () if isinstance(one, Mapping)}
    made: Status = {
        "observedGeneration": facts.generation,
        "conditions": [_condition(facts, known.get(one[0], {}), *one) for one in conditions],
        "deployedRelease": None,
        "dependents": list(facts.parts[:MAX_DEPENDENTS]),
    }
    if facts.revision and (not facts.uninstalled or facts.waiting):
        short = len(facts.manifest.encode()) <= MAX_MANIFEST_BYTES
        manifest = facts.manifest if short else f"# too long to be shown here: helm get manifest {facts.release}\n"
        made["deployedRelease"] = {"name": facts.release, "manifest": manifest}
    return made


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[events.Event]:
    """One event for each condition that tells something new. A release that comes to the same is no news."""
    was, now = _conditions(before), _conditions(after)
    found = []
    for kind in (RELEASE_FAILED, IRRECONCILABLE):
        if kind in now and _words(now[kind]) != _words(was.get(kind, {})):
            found.append(events.Event(events.WARNING, now[kind]["reason"], now[kind]["message"]))
    ready = now.get(READY, {})
    if ready.get("status") == "True" and was.get(READY, {}).get("status") != "True":
        found.append(events.Event(events.NORMAL, READY, ready["message"]))
    return found


def overridden(shown: Mapping[str, str]) -> list[events.Event]:
    """For each value that the administrator set in place of the object's."""
    return [
        events.Event(
            events.WARNING,
            "OverrideValuesInUse",
            rows.cut(f'Chart value "{key}" overridden to "{value}" by operator\'s watches.yaml'),
        )
        for key, value in shown.items()
    ]


def _ready(facts: Facts) -> tuple[str, str, str]:
    if facts.uninstalled:
        return "False", "UninstallSuccessful", ""
    if problem := facts.failed or facts.irreconcilable:
        return "False", problem[0], rows.cut(problem[1])
    if not facts.up_to_date:
        return "Unknown", "Progressing", "the release is being written"
    waits = [one for one in facts.parts if not one["ready"]]
    if waits:
        words = ", ".join(f"{one['kind']} {one['name']}: {one.get('message', '')}" for one in waits)
        return "False", "DependentsNotReady", rows.cut(words)
    return "True", "AllReady", f"revision {facts.revision} is deployed, {len(facts.parts)} objects are ready"


def _condition(
    facts: Facts, known: Mapping[str, Any], kind: str, value: str, reason: str, message: str
) -> dict[str, Any]:
    moment = facts.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    since = known.get("lastTransitionTime") if known.get("status") == value else None
    made = {"type": kind, "status": value, "lastTransitionTime": since or moment}
    return made | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})


def _conditions(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {one["type"]: one for one in found.get("conditions") or () if isinstance(one, Mapping) and "type" in one}


def _words(condition: Mapping[str, Any]) -> tuple[Any, Any]:
    return condition.get("reason"), condition.get("message")
