"""What does Kubernetes warn of? One finding for each reason and kind of object.

Kubernetes counts how often an event occurred since it first did, so that is what is told. Events about Inspects don't
count: this check would see its own result of the last time.
"""

import dataclasses

import inspect_check as ic

CHECK = "events-warning"


@dataclasses.dataclass
class Group:
    occurrences: int = 0
    objects: set[str] = dataclasses.field(default_factory=set)
    latest: float = float("inf")  # minutes ago
    message: str = ""


def last_minutes(event: ic.Object) -> float:
    """How long ago it last occurred; a series says more than the rest."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return ic.minutes_since(next((time for time in times if time), event["metadata"].get("creationTimestamp")))


def main() -> None:
    minutes, ignored = ic.integer("minutes", 60), set(ic.texts("ignoreReasons"))
    warn, fail = ic.integer("warnCount", 1), ic.integer("failCount", 0)
    where = " -A" if ic.flag("allNamespaces") else ""
    groups: dict[tuple[str, str], Group] = {}
    for event in ic.items(ic.scope("events", ic.flag("allNamespaces")), {"fieldSelector": "type=Warning"}):
        about, ago = event.get("involvedObject") or {}, last_minutes(event)
        if ago > minutes or event.get("reason") in ignored or about.get("kind") == "Inspect":
            continue
        group = groups.setdefault((event.get("reason") or "no reason", about.get("kind", "")), Group())
        group.occurrences += max(1, (event.get("series") or {}).get("count") or event.get("count") or 1)
        group.objects.add("/".join(about[key] for key in ("namespace", "name") if about.get(key)))
        if ago <= group.latest:
            group.latest, group.message = ago, event.get("message") or ""
    rows = []
    for (reason, kind), group in sorted(groups.items(), key=lambda one: -one[1].occurrences):
        count = group.occurrences
        result = "fail" if fail and count >= fail else "warn" if warn and count >= warn else "info"
        named = ", ".join(sorted(group.objects)[:3]) + (" …" if len(group.objects) > 3 else "")
        words = f"{count} times about {len(group.objects)} objects ({named}), {group.latest:.0f} minutes ago: "
        advice = "" if result == "info" else f"kubectl events{where} --types=Warning | grep {reason} shows each of them"
        rows.append((f"{reason}:{kind}", result, words + group.message[:300], advice))
    if not rows:
        ic.finding(CHECK, "success", f"no Warning events in the last {minutes} minutes")
    ic.report(CHECK, rows)


ic.run(CHECK, main)
