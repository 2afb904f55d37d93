"""A task on nodes: the real one, and nodes without a kubelet that are in every state a node can be in."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.harness import kube, marker, process

GATHERED_SECONDS = 75.0  # joins are gathered for 30 s


class Nodes:
    """Node objects of one test: they and the real node carry its label, so that no other test sees them."""

    def __init__(self, label: str) -> None:
        self.label = label
        nodes = json.loads(kube.run("get", "nodes", "-l", "!fake-for", "-o", "json"))["items"]
        self.real = str(nodes[0]["metadata"]["name"])
        kube.run("label", "node", self.real, f"{label}=yes")

    def put(self, name: str, *, ready: bool = True, taint: str = "", cordoned: bool = False) -> str:
        """A node without a kubelet; its full name."""
        full = f"{name}-{self.label}"
        spec: kube.Object = {"unschedulable": cordoned}
        if taint:
            spec["taints"] = [{"key": taint, "effect": "NoSchedule"}]
        labels = {self.label: "yes", "fake-for": self.label}
        kube.run("apply", "-f", "-", stdin=json.dumps(
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": full, "labels": labels}, "spec": spec}
        ))  # fmt: skip
        moment = "2026-01-01T00:00:00Z"
        condition = {"type": "Ready", "status": "True" if ready else "False", "reason": "Test", "message": "said so"}
        condition |= {"lastHeartbeatTime": moment, "lastTransitionTime": moment}
        kube.run(
            "patch", "node", full, "--subresource=status", "--type=merge", "-p",
            json.dumps({"status": {"conditions": [condition]}}),
        )  # fmt: skip
        return full

    def remove(self) -> None:
        """All of them."""
        kube.run("label", "node", self.real, f"{self.label}-")
        kube.run("delete", "nodes", "-l", f"fake-for={self.label}", "--timeout=30s")


@pytest.fixture
def nodes(namespace: str) -> Iterator[Nodes]:
    """The real node, and more."""
    made = Nodes(f"n{namespace[-4:]}")
    yield made
    made.remove()


@pytest.mark.timeout(400)
def test_every_node_has_its_row_and_nodes_come_and_go(operator: process.Operator, namespace: str, nodes: Nodes) -> None:
    with marker.Markers() as markers:
        tainted = nodes.put("tainted", taint="dedicated")
        cordoned = nodes.put("cordoned", cordoned=True)
        unready = nodes.put("unready", ready=False)
        operator.start()
        task = {"name": "all", "script": markers.script("real"), "target": _target(nodes)}
        kube.apply(kube.inspect("fleet", task), namespace)
        found = kube.finished(namespace, "fleet")
        assert _told(found) == {
            nodes.real: ("success", "Passed"),
            cordoned: ("skipped", "NodeCordoned"),
            unready: ("skipped", "NodeNotReady"),
        }
        row = kube.row(found, "all")
        assert (row["verdict"], row["revision"]) == ("success", 1)
        assert "1 left out for a taint" in row["message"]
        assert row["findings"][0]["target"] == nodes.real
        job = _jobs(namespace)[nodes.real]
        pods = kube.items("pods", namespace)
        assert [one["spec"]["nodeName"] for one in pods] == [nodes.real]

        # One that joins gets a run of its own, pinned to it; the real node's Job isn't touched.
        joined = nodes.put("joined")
        found = kube.until("joined", lambda: _with(namespace, joined), GATHERED_SECONDS)
        assert _told(found)[joined][0] == ""
        assert kube.condition(found, "Finished")["status"] == "False"
        jobs = _jobs(namespace)
        assert set(jobs) == {nodes.real, joined}
        assert jobs[nodes.real]["metadata"]["uid"] == job["metadata"]["uid"]
        # It keeps its Job when it is no longer ready, and takes it along when it leaves.
        nodes.put("joined", ready=False)
        kube.run("delete", "node", cordoned, "--timeout=20s")
        found = kube.until("left", lambda: _without(namespace, cordoned), GATHERED_SECONDS)
        assert set(_jobs(namespace)) == {nodes.real, joined}
        kube.run("delete", "node", joined, tainted, "--timeout=20s")
        found = kube.until("left too", lambda: _without(namespace, joined), GATHERED_SECONDS)
        kube.until("its Job is gone", lambda: set(_jobs(namespace)) == {nodes.real})
        assert _jobs(namespace)[nodes.real]["metadata"]["uid"] == job["metadata"]["uid"]
        assert _told(found) == {nodes.real: ("success", "Passed"), unready: ("skipped", "NodeNotReady")}
        assert markers.counts == {"real": 1}
        assert kube.releases(namespace)["fleet--all"]["status"] == "deployed"


def test_tolerated_taints_and_expressions_choose_nodes(
    operator: process.Operator, namespace: str, nodes: Nodes
) -> None:
    tainted = nodes.put("tainted", taint="dedicated")
    nodes.put("other")
    operator.start()
    selector = {"matchExpressions": [{"key": nodes.label, "operator": "Exists"}]}
    selector["matchExpressions"].append({"key": "kubernetes.io/hostname", "operator": "DoesNotExist"})
    target = {"nodes": {"selector": selector, "tolerations": [{"key": "dedicated", "operator": "Exists"}]}}
    kube.run("label", "node", f"other-{nodes.label}", f"kubernetes.io/hostname=other-{nodes.label}")
    task = {"name": "some", "script": "true", "target": target, "schedule": "0 3 1 1 *"}
    kube.apply(kube.inspect("chosen", task), namespace)
    crons = kube.until("CronJobs", lambda: kube.items("cronjobs", namespace))
    assert [one["metadata"]["annotations"]["api.practice.com/target"] for one in crons] == [tainted]
    spec = crons[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert {"key": "dedicated", "operator": "Exists"} in spec["tolerations"]
    found = kube.until("row", lambda: _with(namespace, tainted, "chosen"))
    assert kube.row(found, "some")["reason"] == "Scheduled"


def test_more_nodes_than_a_release_can_hold_are_refused_and_none_is_told(
    operator: process.Operator, namespace: str, nodes: Nodes
) -> None:
    operator.start()
    task = {"name": "none", "script": "true", "target": {"nodes": {"selector": {"matchLabels": {"no-such": "label"}}}}}
    kube.apply(kube.inspect("empty", task), namespace)
    row = kube.row(kube.finished(namespace, "empty"), "none")
    assert (row["verdict"], row["reason"], row["message"]) == ("skipped", "NoNodes", "no node fits")
    assert kube.releases(namespace) == {}


def test_original_all_is_every_node(operator: process.Operator, namespace: str) -> None:
    operator.start()
    task = {"task_name": "everywhere", "type": "script", "script": "echo 'here ok 1'", "script_location": "all"}
    kube.apply(kube.inspect("original", {"task": task}), namespace)
    kube.until("result", lambda: "success" in {verdict for verdict, _ in _told(_get(namespace, "original")).values()})
    real = json.loads(kube.run("get", "nodes", "-l", "!fake-for", "-o", "json"))["items"][0]["metadata"]["name"]
    assert _told(_get(namespace, "original"))[real] == ("success", "Passed")


def _target(nodes: Nodes) -> kube.Object:
    return {"nodes": {"selector": {"matchLabels": {nodes.label: "yes"}}}}


def _get(namespace: str, name: str) -> kube.Object:
    return kube.get("inspect", namespace, name) or {}


def _told(found: kube.Object) -> dict[str, tuple[str, str]]:
    """Verdict (empty while there is none) and reason of each node, of the only task."""
    rows = found.get("status", {}).get("results", [{}])[0].get("targets", ())
    return {one["target"]: (one.get("verdict", ""), one.get("reason", "")) for one in rows}


def _with(namespace: str, node: str, name: str = "fleet") -> kube.Object:
    found = _get(namespace, name)
    return found if node in _told(found) else {}


def _without(namespace: str, node: str) -> kube.Object:
    found = _get(namespace, "fleet")
    return found if node not in _told(found) else {}


def _jobs(namespace: str) -> dict[str, kube.Object]:
    jobs = kube.items("jobs", namespace, labels="taskType=inspect")
    return {one["metadata"]["annotations"]["api.practice.com/target"]: one for one in jobs}
