"""How an object that a release holds is, in a word or two: from its own status, as `kubectl get` would tell."""

from collections.abc import Mapping
from typing import Any

Dependent = dict[str, Any]

#: Status conditions that say whether an object of any other kind is as it should be.
_READY = ("Ready", "Available", "Established")


def dependent(item: Mapping[str, Any], live: Mapping[str, Any] | None) -> Dependent:
    """One entry of `status.dependents`: what it is, whether it is ready, and why not or what else is to be told."""
    ready, message = (False, "not there") if live is None else _state(live)
    made = {
        "apiVersion": str(item.get("apiVersion")),
        "kind": str(item.get("kind")),
        "name": str(item["metadata"]["name"]),
        "ready": ready,
    }
    return made | ({"message": message} if message else {})


def _state(live: Mapping[str, Any]) -> tuple[bool, str]:
    kind, spec, status = live.get("kind"), live.get("spec") or {}, live.get("status") or {}
    if kind in ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"):
        return _workload(live, spec, status)
    if kind == "Job":
        return _job(spec, status)
    if kind == "CronJob":
        last = status.get("lastScheduleTime")
        return True, f"{spec.get('schedule', '')}{', last at ' + last if last else ''}"
    if kind == "Service":
        ports = ",".join(str(one.get("port")) for one in spec.get("ports") or ())
        waits = spec.get("type") == "LoadBalancer" and not (status.get("loadBalancer") or {}).get("ingress")
        return not waits, f"{spec.get('type', 'ClusterIP')} {spec.get('clusterIP', '')}:{ports}".replace(" :", " ")
    if kind == "Ingress":
        hosts = [str(one["host"]) for one in spec.get("rules") or () if one.get("host")]
        return True, ",".join(hosts)
    if kind == "PersistentVolumeClaim":
        return status.get("phase") == "Bound", str(status.get("phase", "Pending"))
    if kind == "Pod":
        return status.get("phase") in ("Running", "Succeeded"), str(status.get("phase", "Pending"))
    for one in status.get("conditions") or ():
        if one.get("type") in _READY and one.get("status") != "True":
            return False, str(one.get("message") or one.get("reason") or one["type"])[:256]
    return True, ""


def _workload(live: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[bool, str]:
    if live.get("kind") == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        updated = status.get("updatedNumberScheduled", 0)
    else:
        wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
        updated = status.get("updatedReplicas", wanted if live.get("kind") == "ReplicaSet" else 0)
    seen = status.get("observedGeneration", 0) >= live["metadata"].get("generation", 0)
    done = seen and ready >= wanted and updated >= wanted
    rolling = "" if not seen or updated >= wanted else f", {updated} updated"
    return done, f"{ready}/{wanted}{rolling}"


def _job(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[bool, str]:
    for one in status.get("conditions") or ():
        if one.get("status") == "True" and one.get("type") in ("Complete", "Failed"):
            return one["type"] == "Complete", "complete" if one["type"] == "Complete" else str(one.get("message", ""))
    return bool(spec.get("suspend")), "suspended" if spec.get("suspend") else "not complete yet"
