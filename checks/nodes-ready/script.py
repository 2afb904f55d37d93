"""Are the nodes ready? One finding a node, from its conditions."""

import inspect_check as ic

CHECK = "nodes-ready"
PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "process ids"}


def judge(node: ic.Object, pressure: str) -> tuple[str, str, str]:
    """Result, words, and what to do."""
    name = node["metadata"]["name"]
    conditions = {one["type"]: one for one in node.get("status", {}).get("conditions", ())}
    ready = conditions.get("Ready", {})
    if ready.get("status") != "True":
        since = ic.minutes_since(ready.get("lastTransitionTime"))
        lasting = f" for {since:.0f} minutes" if since != float("inf") else ""
        return (
            "fail",
            f"not ready{lasting}: {ready.get('reason', 'it has no Ready condition')}: {ready.get('message', '')}",
            f"kubectl describe node {name}; on it: systemctl status kubelet containerd, journalctl -u kubelet",
        )
    if conditions.get("NetworkUnavailable", {}).get("status") == "True":
        words = f"its network is not configured: {conditions['NetworkUnavailable'].get('message', '')}"
        return (
            "fail",
            words,
            f"look at the network's pod there: kubectl get pods -A --field-selector spec.nodeName={name}",
        )
    short = [word for kind, word in PRESSURES.items() if conditions.get(kind, {}).get("status") == "True"]
    if short and pressure != "ignore":
        words = f"ready, but short of {' and '.join(short)}"
        return pressure, words, f"see what uses it (kubectl describe node {name}) and move that, or add what is short"
    return "success", f"ready for {ic.minutes_since(ready.get('lastTransitionTime')):.0f} minutes", ""


def main() -> None:
    pressure, minimum = ic.text("pressure", "warn"), ic.integer("minimumReady", 1)
    rows, ready = [], 0
    for node in ic.items("/api/v1/nodes", {"labelSelector": ic.text("selector")}):
        result, words, advice = judge(node, pressure)
        ready += words.startswith("ready")
        rows.append((node["metadata"]["name"], result, words, advice))
    enough = ready >= minimum
    ic.finding(
        CHECK,
        "success" if enough else "fail",
        f"{ready} of {len(rows)} nodes ready, at least {minimum}",
        remediation="" if enough else "mend those that are not ready, or add nodes",
    )
    ic.report(CHECK, rows)


ic.run(CHECK, main)
