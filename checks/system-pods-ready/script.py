"""Are the system's pods ready? One finding a pod."""

import inspect_check as ic

CHECK = "system-pods-ready"


def judge(pod: ic.Object, grace_minutes: int) -> tuple[str, str, str]:
    """Result, words, and what to do."""
    status = pod.get("status", {})
    ready: ic.Object = next((one for one in status.get("conditions", ()) if one["type"] == "Ready"), {})
    if status.get("phase") == "Succeeded":
        return "success", "ended well", ""
    if ready.get("status") == "True":
        return "success", "ready", ""
    if pod["metadata"].get("deletionTimestamp"):
        return "info", "is being deleted", ""
    waiting = [
        f"container {one['name']}: {one.get('state', {}).get('waiting', {}).get('reason', 'not ready')}"
        for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
        if not one.get("ready") and "terminated" not in one.get("state", {})
    ]
    why = ", ".join(waiting) or ready.get("message") or status.get("reason", "")
    words = f"{status.get('phase', 'Unknown')}, not ready: {why}"
    age = ic.minutes_since(pod["metadata"].get("creationTimestamp"))
    if age < grace_minutes:
        return "info", f"{words}; {age:.0f} minutes old", ""
    where = f"-n {pod['metadata']['namespace']}" if "namespace" in pod["metadata"] else ""
    name = pod["metadata"]["name"]
    return (
        "fail",
        words,
        f"kubectl {where} describe pod {name}; kubectl {where} logs {name} --all-containers --previous",
    )


def main() -> None:
    grace = ic.integer("graceMinutes", 5)
    rows: list[ic.Row] = []
    for namespace in ic.texts("namespaces", ["kube-system"]):
        pods = list(ic.items(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": ic.text("selector")}))
        rows += [(ic.name(pod), *judge(pod, grace)) for pod in pods]
        if not pods:
            rows.append((namespace, "unknown", "no pod is to be seen in this namespace"))
    ic.report(CHECK, rows)


ic.run(CHECK, main)
