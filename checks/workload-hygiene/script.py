"""Are workloads written with care? One finding for each that breaks a rule."""

import inspect_check as ic

CHECK = "workload-hygiene"
KINDS = ("deployments", "statefulsets", "daemonsets")


def given(container: ic.Object, kind: str, resource: str) -> bool:
    """A limit without a request is its own request."""
    resources = container.get("resources", {})
    return bool((resources.get(kind) or {}).get(resource)) or (
        kind == "requests" and bool((resources.get("limits") or {}).get(resource))
    )


def tagged(image: str) -> bool:
    """Whether the image stays the same: a digest, or a tag other than latest."""
    if "@" in image:
        return True
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return bool(colon) and tag != "latest"


RULES = {
    "readiness-probe": lambda container: bool(container.get("readinessProbe")),
    "liveness-probe": lambda container: bool(container.get("livenessProbe")),
    "cpu-request": lambda container: given(container, "requests", "cpu"),
    "memory-request": lambda container: given(container, "requests", "memory"),
    "cpu-limit": lambda container: given(container, "limits", "cpu"),
    "memory-limit": lambda container: given(container, "limits", "memory"),
    "image-tag": lambda container: tagged(container.get("image", "")),
}


def broken(workload: ic.Object, rules: list[str]) -> str:
    """Which containers miss what; init containers come and go, so only their images count."""
    spec = workload["spec"]["template"]["spec"]
    parts = []
    for container in spec.get("containers", ()):
        if missing := [rule for rule in rules if not RULES[rule](container)]:
            parts.append(f"container {container['name']} has no {', '.join(missing)}")
    for container in spec.get("initContainers", ()):
        if "image-tag" in rules and not tagged(container.get("image", "")):
            parts.append(f"init container {container['name']} has no image-tag")
    return "; ".join(parts)


def main() -> None:
    everywhere, ignored = ic.flag("allNamespaces"), set(ic.texts("ignoreNamespaces"))
    rules, result = ic.texts("rules", RULES), ic.text("result", "warn")
    rows, count = [], 0
    for kind in KINDS:
        for workload in ic.items(ic.scope(kind, everywhere, "apps/v1"), {"labelSelector": ic.text("selector")}):
            if everywhere and workload["metadata"].get("namespace") in ignored:
                continue
            count += 1
            if words := broken(workload, rules):
                rows.append(
                    (f"{kind.removesuffix('s')}/{ic.name(workload)}", result, words, "add them to the pod template")
                )
    if not rows:
        ic.finding(CHECK, "success", f"of {count} workloads none breaks a rule ({', '.join(rules)})")
    ic.report(CHECK, rows)


ic.run(CHECK, main)
