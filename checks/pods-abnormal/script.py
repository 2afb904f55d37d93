"""Which pods are not as they should be? One finding for each such pod; pods of inspections have rows of their own."""

import inspect_check as ic

CHECK = "pods-abnormal"
IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
BROKEN = ("CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError")
PULL = "check the image's name and tag, the pull Secret, and whether its node reaches the registry"
START = "mend what the message names: a ConfigMap, Secret, key, volume or command that is not there"
CRASH = "kubectl logs --previous shows its last words; exit code 137 is most often memory"


def judge(pod: ic.Object, restarts: int, restart_minutes: int, late_minutes: int) -> tuple[str, str, str] | None:
    """Result, words, and what to do; None where all is well."""
    meta, status = pod["metadata"], pod.get("status", {})
    if meta.get("deletionTimestamp"):
        return stuck(meta, late_minutes)
    phase = status.get("phase", "Unknown")
    if phase == "Succeeded":
        return None
    if phase == "Failed":
        words = f"failed: {status.get('reason', '')} {status.get('message', '')}"
        return "warn", words, "once its cause is known, delete it: nothing starts it again"
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    for one in containers:
        waiting = one.get("state", {}).get("waiting", {})
        reason = waiting.get("reason", "")
        if reason in IMAGE + BROKEN:
            last = one.get("lastState", {}).get("terminated", {})
            ended = f", last ended {last.get('reason', '')} ({last.get('exitCode')})" if last else ""
            said = "" if last else f": {waiting.get('message', '')}"
            words = f"container {one['name']}: {reason}{ended}, {one.get('restartCount', 0)} restarts{said}"
            return "fail", words, PULL if reason in IMAGE else START if not last else CRASH
    conditions = {one["type"]: one for one in status.get("conditions", ())}
    since = conditions.get("Ready", {}).get("lastTransitionTime") or meta.get("creationTimestamp")
    late = ic.minutes_since(since)
    if conditions.get("Ready", {}).get("status") != "True" and late >= late_minutes:
        unscheduled = conditions.get("PodScheduled", {})
        blocked = unscheduled.get("status") == "False"
        why = unscheduled.get("message", "") if blocked else conditions.get("Ready", {}).get("message", "")
        advice = "make room, or mend what the scheduler names" if blocked else "see its events and its readiness probe"
        return "fail", f"{'pending' if phase == 'Pending' else 'not ready'} for {late:.0f} minutes: {why}", advice
    for one in containers:
        ended = one.get("lastState", {}).get("terminated", {}).get("finishedAt")
        if one.get("restartCount", 0) > restarts and ended and ic.minutes_since(ended) <= restart_minutes:
            ago = ic.minutes_since(ended)
            words = f"container {one['name']}: {one['restartCount']} restarts, the last {ago:.0f} minutes ago"
            return "warn", words, CRASH
    return None


def stuck(meta: ic.Object, late_minutes: int) -> tuple[str, str, str] | None:
    """deletionTimestamp is when the grace period ends."""
    late = ic.minutes_since(meta["deletionTimestamp"])
    if late < max(late_minutes, 1):
        return None
    held = meta.get("finalizers")
    advice = (
        f"see who removes its finalizers ({', '.join(held)})" if held else "see whether its node's kubelet is alive"
    )
    return "fail", f"should be deleted since {late:.0f} minutes", advice


def main() -> None:
    everywhere, only = ic.flag("allNamespaces"), ic.texts("namespaces")
    if only and not everywhere:
        raise ic.Trouble("parameter namespaces: other namespaces than the Inspect's need allNamespaces: true")
    limits = (ic.integer("restarts", 5), ic.integer("restartMinutes", 1440), ic.integer("notReadyMinutes", 10))
    paths = [f"/api/v1/namespaces/{one}/pods" for one in only] or [ic.scope("pods", everywhere)]
    rows, count = [], 0
    for path in paths:
        for pod in ic.items(path, {"labelSelector": ic.text("selector")}):
            if pod["metadata"].get("labels", {}).get("taskType") == "inspect":
                continue
            count += 1
            if found := judge(pod, *limits):
                rows.append((ic.name(pod), *found))
    if not any(result == "fail" for _, result, *_ in rows):
        ic.finding(CHECK, "success", f"of {count} pods none has failed to run" + (", but see below" if rows else ""))
    ic.report(CHECK, rows)


ic.run(CHECK, main)
