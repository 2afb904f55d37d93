"""The checks that ask the Kubernetes API what there is, against recorded shapes of its answers."""

import datetime
from typing import Any

import pytest
from tests.unit.checks import api_server, machines

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

Object = dict[str, Any]
PODS, NODES = "/api/v1/namespaces/here/pods", "/api/v1/nodes"


def ago(minutes: float) -> str:
    return f"{datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def tell(machine: machines.Machine, api: api_server.Server) -> Any:
    """Runs a check against the API: result and message by case."""

    def run(check: str, **parameters: Any) -> dict[str, tuple[str, str]]:
        return machine.check(check, parameters, **api.environment)

    return run


ASKING = sorted(name for name, one in machines.SHIPPED.items() if one.access is not None)


@pytest.mark.parametrize("check", ASKING)
def test_what_the_account_may_not_do_is_unknown_and_said(tell: Any, check: str, api: api_server.Server) -> None:
    api.environment["INSPECT_RUNNER_IMAGE"] = "runner:1"
    found = tell(check)
    assert {result for result, _ in found.values()} == {"unknown"}
    assert all("is forbidden: no such right" in message for _, message in found.values())


@pytest.mark.parametrize("check", ASKING)
def test_without_an_account_nothing_can_be_told(machine: machines.Machine, check: str) -> None:
    found = machine.check(check, INSPECT_SERVICE_ACCOUNT=str(machine.folder), INSPECT_RUNNER_IMAGE="runner:1")
    assert [result for result, _ in found.values()] == ["unknown"]
    assert "no ServiceAccount is mounted" in next(iter(found.values()))[1]


def node(name: str, ready: str = "True", *, spec: Object | None = None, **more: str) -> Object:
    conditions = [{"type": kind, "status": status, "message": f"{kind} it is"} for kind, status in more.items()]
    if ready:
        about = {"reason": "KubeletReady", "message": "posting", "lastTransitionTime": ago(30)}
        conditions.append({"type": "Ready", "status": ready, **about})
    return {"metadata": {"name": name}, "spec": spec or {}, "status": {"conditions": conditions}}


def test_nodes_ready(tell: Any, api: api_server.Server) -> None:
    api.list(
        NODES,
        *(node("a"), node("b", "False"), node("c", "Unknown"), node("d", MemoryPressure="True", DiskPressure="False")),
        *(node("e", NetworkUnavailable="True"), node("f", "")),
    )
    found = tell("nodes-ready")
    assert {case: result for case, (result, _) in found.items()} == {
        "nodes-ready": "success", "nodes-ready:a": "success", "nodes-ready:b": "fail", "nodes-ready:c": "fail",
        "nodes-ready:d": "warn", "nodes-ready:e": "fail", "nodes-ready:f": "fail",
    }  # fmt: skip
    assert found["nodes-ready"][1] == "2 of 6 nodes ready, at least 1"
    assert found["nodes-ready:b"][1] == "not ready for 30 minutes: KubeletReady: posting"
    assert found["nodes-ready:d"][1] == "ready, but short of memory"
    assert list(found)[1:5] == ["nodes-ready:b", "nodes-ready:c", "nodes-ready:e", "nodes-ready:f"], "worst first"
    assert [request.query.get("continue") for request in api.requests] == [None, "2", "4"], "page by page"


def test_nodes_ready_as_asked_for(tell: Any, api: api_server.Server) -> None:
    api.list(NODES, node("a"), node("d", PIDPressure="True"))
    found = tell("nodes-ready", pressure="fail", minimumReady=3, selector="pool=web")
    assert (found["nodes-ready"][0], found["nodes-ready:d"][0]) == ("fail", "fail")
    assert api.requests[0].query["labelSelector"] == "pool=web"
    assert tell("nodes-ready", pressure="ignore")["nodes-ready:d"][0] == "success"


def test_nodes_schedulable(tell: Any, api: api_server.Server) -> None:
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    master = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    api.list(
        NODES,
        *(node("a"), node("b", spec={"unschedulable": True, "taints": [cordon]}), node("c", spec={"taints": [taint]})),
        *(node("d", spec={"taints": [master]}), node("e", spec={"taints": [{**taint, "effect": "PreferNoSchedule"}]})),
    )
    assert tell("nodes-schedulable") == {
        "nodes-schedulable:b": ("fail", "cordoned"),
        "nodes-schedulable:c": ("fail", "taint gpu=yes:NoSchedule"),
        "nodes-schedulable:a": ("success", "takes pods"),
        "nodes-schedulable:d": ("success", "takes pods"),
        "nodes-schedulable:e": ("info", "takes pods, if need be: taint gpu=yes:PreferNoSchedule"),
    }
    for form in ("gpu", "gpu=yes", "gpu=yes:NoSchedule"):
        found = tell("nodes-schedulable", allowedTaints=[form], result="warn")
        assert (found["nodes-schedulable:c"][0], found["nodes-schedulable:d"][0]) == ("success", "warn")
    assert tell("nodes-schedulable", allowedTaints=["gpu=no"])["nodes-schedulable:c"][0] == "fail"


def pod(
    name: str, phase: str = "Running", *containers: Object, ready: str = "True", since: float = 60, **meta: Any
) -> Object:
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": ago(since), "message": "not yet"}]
    return {
        "metadata": {"name": name, "namespace": "here", "creationTimestamp": ago(since), **meta},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": list(containers)},
    }


def container(waiting: str = "", restarts: int = 0, ended: float | None = None) -> Object:
    last = {"terminated": {"reason": "Error", "exitCode": 3, "finishedAt": ago(ended)}} if ended is not None else {}
    state = {"waiting": {"reason": waiting, "message": "Back-off"}} if waiting else {"running": {}}
    return {"name": "app", "ready": not waiting, "restartCount": restarts, "state": state, "lastState": last}


def test_pods_abnormal(tell: Any, api: api_server.Server) -> None:
    api.list(
        PODS,
        pod("fine", "Running", container()),
        pod("over", "Succeeded", ready="False"),
        pod("crashing", "Running", container("CrashLoopBackOff", 9, 1), ready="False", since=1),
        pod("pulling", "Pending", container("ImagePullBackOff"), ready="False", since=1),
        pod("restarting", "Running", container(restarts=6, ended=30)),
        pod("restarted", "Running", container(restarts=6, ended=3000)),
        pod("starting", "Running", container(), ready="False", since=5),
        pod("late", "Running", container(), ready="False", since=11),
        pod("evicted", "Failed"),
        pod("inspection", "Failed", labels={"taskType": "inspect"}),
        pod("leaving", "Running", deletionTimestamp=ago(1)),
        pod("stuck", "Running", deletionTimestamp=ago(45)),
    )
    found = tell("pods-abnormal")
    assert {case.rpartition("/")[2]: result for case, (result, _) in found.items()} == {
        "crashing": "fail", "pulling": "fail", "late": "fail", "stuck": "fail", "restarting": "warn", "evicted": "warn",
    }  # fmt: skip
    message = "container app: CrashLoopBackOff, last ended Error (3), 9 restarts"
    assert found["pods-abnormal:here/crashing"][1] == message
    assert found["pods-abnormal:here/late"][1] == "not ready for 11 minutes: not yet"
    found = tell("pods-abnormal", notReadyMinutes=3, restarts=9, selector="app=web")
    assert found["pods-abnormal:here/starting"][0] == "fail"
    assert "pods-abnormal:here/restarting" not in found
    assert api.requests[-1].query["labelSelector"] == "app=web"


def test_pods_that_are_all_well(tell: Any, api: api_server.Server) -> None:
    api.list(PODS, *(pod(f"p{number}", "Running", container()) for number in range(5)))
    assert tell("pods-abnormal") == {"pods-abnormal": ("success", "of 5 pods none has failed to run")}


def test_pods_of_the_whole_cluster_or_of_some_namespaces(tell: Any, api: api_server.Server) -> None:
    api.list("/api/v1/pods", pod("a"), pod("b"), pod("c"))
    assert tell("pods-abnormal", allNamespaces=True)["pods-abnormal"][1].startswith("of 3 pods")
    api.list("/api/v1/namespaces/one/pods", pod("a"))
    api.list("/api/v1/namespaces/two/pods", pod("b"))
    found = tell("pods-abnormal", allNamespaces=True, namespaces=["one", "two"])
    assert found["pods-abnormal"][1].startswith("of 2 pods")
    found = tell("pods-abnormal", namespaces=["one"])
    assert found["pods-abnormal"][0] == "unknown"
    assert "allNamespaces: true" in found["pods-abnormal"][1]


def test_an_unscheduled_pod_says_why(tell: Any, api: api_server.Server) -> None:
    pending = pod("big", "Pending", ready="False")
    pending["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes: cpu"}]
    api.list(PODS, pending)
    assert tell("pods-abnormal")["pods-abnormal:here/big"] == ("fail", "pending for 60 minutes: 0/3 nodes: cpu")


def test_system_pods_ready(tell: Any, api: api_server.Server) -> None:
    api.list(
        "/api/v1/namespaces/kube-system/pods",
        *(pod("dns"), pod("done", "Succeeded", ready="False"), pod("young", "Pending", ready="False", since=1)),
        pod("proxy", "Running", container("CrashLoopBackOff", 2, 1), ready="False"),
    )
    found = tell("system-pods-ready")
    assert {case.rpartition("/")[2]: result for case, (result, _) in found.items()} == {
        "dns": "success", "done": "success", "young": "info", "proxy": "fail",
    }  # fmt: skip
    assert found["system-pods-ready:here/proxy"][1] == "Running, not ready: container app: CrashLoopBackOff"
    api.list("/api/v1/namespaces/other/pods")
    assert tell("system-pods-ready", namespaces=["other"])["system-pods-ready:other"][0] == "unknown"


def event(reason: str, minutes: float, count: int, name: str = "p", kind: str = "Pod") -> Object:
    about = {"kind": kind, "namespace": "here", "name": name}
    times = {"lastTimestamp": ago(minutes), "metadata": {"creationTimestamp": ago(999)}}
    return {"reason": reason, "count": count, "message": f"{reason} of {name}", "involvedObject": about, **times}


def test_events_warning(tell: Any, api: api_server.Server) -> None:
    series = {**event("New", 999, 0, "n"), "lastTimestamp": None, "series": {"count": 4, "lastObservedTime": ago(2)}}
    api.list(
        "/api/v1/namespaces/here/events",
        *(event("BackOff", 20, 30, "a"), event("BackOff", 5, 12, "b"), event("BackOff", 1, 1, "n1", "Node")),
        *(event("Old", 61, 99), event("RunFailed", 1, 99, "i", "Inspect"), series),
    )
    found = tell("events-warning", failCount=42)
    assert {case: result for case, (result, _) in found.items()} == {
        "events-warning:BackOff:Pod": "fail", "events-warning:New:Pod": "warn", "events-warning:BackOff:Node": "warn",
    }  # fmt: skip
    words = "42 times about 2 objects (here/a, here/b), 5 minutes ago: BackOff of b"
    assert found["events-warning:BackOff:Pod"][1] == words
    assert api.requests[0].query["fieldSelector"] == "type=Warning"
    found = tell("events-warning", ignoreReasons=["BackOff"], warnCount=5)
    assert found == {"events-warning:New:Pod": ("info", found["events-warning:New:Pod"][1])}
    assert tell("events-warning", ignoreReasons=["BackOff", "New"])["events-warning"][0] == "success"


def release(name: str, version: int, status: str, minutes: float) -> Object:
    changed = int((datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)).timestamp())
    labels = {"name": name, "version": str(version), "status": status, "owner": "helm", "modifiedAt": str(changed)}
    return {"metadata": {"name": f"sh.helm.release.v1.{name}.v{version}", "namespace": "here", "labels": labels}}


def test_helm_stuck_releases(tell: Any, api: api_server.Server) -> None:
    api.list(
        "/api/v1/namespaces/here/secrets",
        *(release("fine", 9, "failed", 90), release("fine", 10, "deployed", 80)),
        *(release("stuck", 2, "pending-upgrade", 16), release("stuck", 1, "deployed", 90)),
        *(release("working", 1, "pending-install", 14), release("bad", 3, "failed", 1)),
        release("leaving", 1, "uninstalling", 30),
    )
    found = tell("helm-stuck-releases")
    assert {case.rpartition("/")[2]: message for case, (_, message) in found.items()} == {
        "stuck": "revision 2 is pending-upgrade for 16 minutes",
        "bad": "revision 3 is failed for 1 minutes",
        "leaving": "revision 1 is uninstalling for 30 minutes",
    }
    assert {result for result, _ in found.values()} == {"fail"}
    request = api.requests[0]
    assert request.query["labelSelector"] == "owner=helm"
    assert request.accept.startswith("application/json;as=PartialObjectMetadataList"), "no payload is read"
    found = tell("helm-stuck-releases", failed="ignore", minutes=100)
    assert found == {"helm-stuck-releases": ("success", "of 5 releases none hangs")}


CAREFUL = {
    "name": "app", "image": "registry.example:5000/app:1.2",
    "readinessProbe": {"exec": {}}, "livenessProbe": {"exec": {}},
    "resources": {"requests": {"memory": "1Mi"}, "limits": {"cpu": "1", "memory": "1Mi"}},
}  # fmt: skip


def workload(name: str, *containers: Object, namespace: str = "here", **spec: Any) -> Object:
    template = {"spec": {"containers": list(containers), **spec}}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"template": template}}


def test_workload_hygiene(tell: Any, api: api_server.Server) -> None:
    base = "/apis/apps/v1/namespaces/here"
    latest = {**CAREFUL, "image": "app:latest"}
    digest = {**CAREFUL, "image": "registry.example:5000/app@sha256:00"}
    api.list(f"{base}/deployments", workload("good", CAREFUL), workload("new", latest), workload("fixed", digest))
    api.list(f"{base}/statefulsets", workload("bare", CAREFUL, {"name": "side", "image": "x:1", "resources": {}}))
    api.list(f"{base}/daemonsets", workload("init", CAREFUL, initContainers=[{"name": "i", "image": "reg:5000/i"}]))
    none = "readiness-probe, liveness-probe, cpu-request, memory-request, memory-limit"
    assert tell("workload-hygiene") == {
        "workload-hygiene:deployment/here/new": ("warn", "container app has no image-tag"),
        "workload-hygiene:statefulset/here/bare": ("warn", f"container side has no {none}"),
        "workload-hygiene:daemonset/here/init": ("warn", "init container i has no image-tag"),
    }
    found = tell("workload-hygiene", rules=["cpu-limit"], result="fail")
    assert found == {"workload-hygiene:statefulset/here/bare": ("fail", "container side has no cpu-limit")}
    found = tell("workload-hygiene", rules=["image-tag"], selector="x=y")
    assert api.requests[-1].query["labelSelector"] == "x=y"


def test_workloads_of_the_whole_cluster_but_the_system(tell: Any, api: api_server.Server) -> None:
    for kind in ("deployments", "statefulsets", "daemonsets"):
        bare = {"name": "c", "image": "x"}
        api.list(f"/apis/apps/v1/{kind}", workload("a", bare), workload("b", bare, namespace="kube-system"))
    assert len(tell("workload-hygiene", allNamespaces=True)) == 3
    assert len(tell("workload-hygiene", allNamespaces=True, ignoreNamespaces=[])) == 6


def test_of_very_many_the_worst_are_told_and_the_rest_is_counted(tell: Any, api: api_server.Server) -> None:
    nodes = [node(f"n{number:02d}", "False" if number > 57 else "True") for number in range(60)]
    api.answers[NODES] = {"metadata": {}, "items": nodes}
    found = list(tell("nodes-schedulable").items())
    assert len(found) == 51
    assert found[-1] == ("nodes-schedulable", ("info", "and 10 more: 10 success"))
    first = list(tell("nodes-ready"))[1:3]
    assert first == ["nodes-ready:n58", "nodes-ready:n59"]


def test_an_api_that_stumbles_is_asked_again(tell: Any, api: api_server.Server) -> None:
    def stumble(request: api_server.Request) -> api_server.Answer:
        tried = sum(1 for one in api.requests if one.path == NODES)
        return (503, {"message": "not now"}) if tried < 3 else (200, {"items": [node("a")]})

    api.answers[NODES] = stumble
    assert tell("nodes-schedulable") == {"nodes-schedulable:a": ("success", "takes pods")}


def test_an_api_that_is_not_there_is_unknown(tell: Any, api: api_server.Server) -> None:
    api.environment["INSPECT_API_SERVER"] = "http://127.0.0.1:1"
    found = tell("nodes-ready")["nodes-ready"]
    assert found[0] == "unknown"
    assert "could not be reached" in found[1]
