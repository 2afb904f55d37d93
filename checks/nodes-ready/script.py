"""Are the nodes ready? One finding a node, from its conditions."""

import inspect_check as ic

CHECK = "nodes-ready"
PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "process ids"}


def judge(node: ic.Object, pressure: str) -> tuple[str, str]:
    conditions = {one["type"]: one for one in node.get("status", {}).get("conditions", ())}
    ready = conditions.get("Ready", {})
    if ready.get("status") != "True":
        since = ic.minutes_since(ready.get("lastTransitionTime"))
        lasting = f" for {since:.0f} minutes" if since != float("inf") else ""
        return (
            "fail",
            f"not ready{lasting}: {ready.get('reason', 'it has no Ready condition')}: {ready.get('message', '')}",
        )
    if conditions.get("NetworkUnavailable", {}).get("status") == "True":
        return "fail", f"its network is not configured: {conditions['NetworkUnavailable'].get('message', '')}"
    short = [word for kind, word in PRESSURES.items() if conditions.get(kind, {}).get("status") == "True"]
    if short and pressure != "ignore":
        return pressure, f"ready, but short of {' and '.join(short)}"
    return "success", f"ready for {ic.minutes_since(ready.get('lastTransitionTime')):.0f} minutes"


def main() -> None:
    pressure, minimum = ic.text("pressure", "warn"), ic.integer("minimumReady", 1)
    rows, ready = [], 0
    for node in ic.items("/api/v1/nodes", {"labelSelector": ic.text("selector")}):
        result, words = judge(node, pressure)
        ready += words.startswith("ready")
        rows.append((node["metadata"]["name"], result, words))
    ic.finding(
        CHECK, "success" if ready >= minimum else "fail", f"{ready} of {len(rows)} nodes ready, at least {minimum}"
    )
    ic.report(CHECK, rows)


ic.run(CHECK, main)
