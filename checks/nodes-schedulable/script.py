"""Do the nodes take pods? One finding a node: cordoned, or tainted with what is not allowed."""

import inspect_check as ic

CHECK = "nodes-schedulable"
#: Kubernetes sets it where a node is cordoned, which is told already.
CORDON = "node.kubernetes.io/unschedulable"


def forms(taint: ic.Object) -> set[str]:
    """All the ways in which a taint may be written as allowed."""
    key, value, effect = taint["key"], taint.get("value", ""), taint["effect"]
    return {key, f"{key}={value}", f"{key}={value}:{effect}", f"{key}:{effect}"}


def judge(node: ic.Object, allowed: set[str], blocked: str) -> tuple[str, str, str]:
    """Result, words, and what to do."""
    spec, name = node.get("spec", {}), node["metadata"]["name"]
    reasons = ["cordoned"] if spec.get("unschedulable") else []
    soft: list[str] = []
    for taint in spec.get("taints", ()):
        if taint["key"] == CORDON or forms(taint) & allowed:
            continue
        value = f"={taint['value']}" if taint.get("value") else ""
        kept = soft if taint["effect"] == "PreferNoSchedule" else reasons
        kept.append(f"taint {taint['key']}{value}:{taint['effect']}")
    if reasons:
        uncordon = spec.get("unschedulable")
        advice = (
            f"kubectl uncordon {name}" if uncordon else "remove the taint (kubectl taint), or name it in allowedTaints"
        )
        return blocked, ", ".join(reasons + soft), advice
    if soft:
        return "info", f"takes pods, if need be: {', '.join(soft)}", ""
    return "success", "takes pods", ""


def main() -> None:
    allowed, blocked = set(ic.texts("allowedTaints")), ic.text("result", "fail")
    nodes = ic.items("/api/v1/nodes", {"labelSelector": ic.text("selector")})
    rows = [(node["metadata"]["name"], *judge(node, allowed, blocked)) for node in nodes]
    if not rows:
        raise ic.Trouble(f"there is no node with the labels {ic.text('selector')!r}")
    ic.report(CHECK, rows)


ic.run(CHECK, main)
