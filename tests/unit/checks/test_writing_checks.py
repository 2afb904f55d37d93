"""The checks that create objects: what they tell, and that they leave nothing, however they end."""

import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from tests.unit.checks import api_server, machines

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

CONFIGMAPS = "/api/v1/namespaces/here/configmaps"
SERVICES, DEPLOYMENTS = "/api/v1/namespaces/here/services", "/apis/apps/v1/namespaces/here/deployments"
OWNER = [{"apiVersion": "v1", "kind": "Pod", "name": "me", "uid": "u-1"}]


class Store:
    """Objects that were created, by path; deleting takes them away."""

    def __init__(self, api: api_server.Server, *lists: str) -> None:
        self.objects: dict[str, Any] = {}
        self.made: list[Any] = []
        self.status: dict[str, Any] = {}
        self.refused: dict[str, int] = {}  # by method
        self._answers = api.answers
        for path in lists:
            api.answers[path] = self.create

    def create(self, request: api_server.Request) -> api_server.Answer:
        if status := self.refused.get("POST"):
            return status, {"message": "no more of these"}
        path = f"{request.path}/{request.body['metadata']['name']}"
        self.objects[path] = body = request.body
        self.made.append(body)
        self._answers[path] = self.one
        if body["kind"] == "Service":
            body["spec"]["clusterIP"] = "127.0.0.1"
        return 201, body

    def one(self, request: api_server.Request) -> api_server.Answer:
        if status := self.refused.get(request.method):
            return status, {"message": "not now"}
        if request.path not in self.objects:
            return 404, {"message": "not found"}
        if request.method == "DELETE":
            return 200, self.objects.pop(request.path)
        return 200, {**self.objects[request.path], "status": self.status}


def results(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {case: result for case, (result, _) in found.items()}


def test_api_write(machine: machines.Machine, api: api_server.Server) -> None:
    store = Store(api, CONFIGMAPS)
    found = machine.check("api-write", {"limitMilliseconds": 60000}, **api.environment)
    assert results(found) == dict.fromkeys(("api-write:create", "api-write:read", "api-write:delete"), "success")
    assert re.fullmatch(r"\d+ ms, limit 60000 ms", found["api-write:create"][1])
    assert [request.method for request in api.requests] == ["POST", "GET", "DELETE"]
    meta = store.made[0]["metadata"]
    assert meta["ownerReferences"] == OWNER, "it goes with the pod, whatever becomes of the check"
    assert meta["labels"]["app.kubernetes.io/name"] == "inspect-check"
    assert "taskType" not in meta["labels"], "the operator would take it for its own"
    assert store.objects == {}


def test_an_api_that_is_too_slow(machine: machines.Machine, api: api_server.Server) -> None:
    store = Store(api, CONFIGMAPS)
    create = store.create

    def slowly(request: api_server.Request) -> api_server.Answer:
        time.sleep(0.02)
        return create(request)

    api.answers[CONFIGMAPS] = slowly
    assert machine.check("api-write", {"limitMilliseconds": 10}, **api.environment)["api-write:create"][0] == "fail"
    assert store.objects == {}


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("POST", 403, {"create": "unknown"}),
        ("POST", 500, {"create": "fail"}),
        ("GET", 500, {"create": "success", "read": "fail", "delete": "success"}),
        ("DELETE", 500, {"create": "success", "read": "success", "delete": "fail"}),
    ],
)
def test_an_api_that_refuses(
    machine: machines.Machine, api: api_server.Server, method: str, status: int, expected: dict[str, str]
) -> None:
    store = Store(api, CONFIGMAPS)
    store.refused[method] = status
    found = results(machine.check("api-write", {"limitMilliseconds": 60000}, **api.environment))
    left = found.pop("api-write", "")
    assert found == {f"api-write:{verb}": result for verb, result in expected.items()}
    assert (left == "unknown") == (method == "DELETE"), "what is left behind is said"


def test_an_api_that_reads_something_else(machine: machines.Machine, api: api_server.Server) -> None:
    store = Store(api, CONFIGMAPS)
    one = store.one

    def other(request: api_server.Request) -> api_server.Answer:
        status, body = one(request)
        return status, {**body, "data": {"token": "old"}}

    store.one = other  # type: ignore[method-assign]
    found = machine.check("api-write", {"limitMilliseconds": 60000}, **api.environment)
    assert found["api-write:content"][0] == "fail"
    assert store.objects == {}


def test_deploy_and_service_that_never_gets_ready(machine: machines.Machine, api: api_server.Server) -> None:
    store = Store(api, SERVICES, DEPLOYMENTS)
    store.status = {"conditions": [{"type": "ReplicaFailure", "message": "exceeded quota: few"}]}
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}
    api.list("/api/v1/namespaces/here/pods", {"status": {"containerStatuses": [waiting]}})
    environment = {**api.environment, "INSPECT_RUNNER_IMAGE": "runner:1"}
    found = machine.check("deploy-and-service", {"timeoutSeconds": 1, "replicas": 2}, **environment)
    words = "0 of 2 pods after 1 s; ErrImagePull no such image; exceeded quota: few"
    assert found == {"deploy-and-service:ready": ("fail", words)}
    assert store.objects == {}


def test_what_deploy_and_service_makes(machine: machines.Machine, api: api_server.Server) -> None:
    store = Store(api, SERVICES, DEPLOYMENTS)
    store.status = {"readyReplicas": 1}
    environment = {**api.environment, "INSPECT_RUNNER_IMAGE": "runner:1"}
    found = machine.check("deploy-and-service", {"timeoutSeconds": 1}, **environment)
    # Nobody listens on port 80 here, nor is there a cluster's DNS.
    assert results(found) == {
        "deploy-and-service:ready": "success",
        "deploy-and-service:cluster-ip": "fail",
        "deploy-and-service:service-name": "fail",
    }
    assert store.objects == {}
    service, deployment = store.made
    names = {service["metadata"]["name"], deployment["metadata"]["name"]}
    assert len(names) == 1
    assert service["metadata"]["ownerReferences"] == deployment["metadata"]["ownerReferences"] == OWNER
    template = deployment["spec"]["template"]
    assert (
        service["spec"]["selector"] == template["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]
    )
    assert names.pop() in template["metadata"]["labels"].values(), "no other run's pods are meant"
    assert "taskType" not in template["metadata"]["labels"]
    pod, container = template["spec"], template["spec"]["containers"][0]
    assert (pod["automountServiceAccountToken"], pod["securityContext"]["runAsNonRoot"]) == (False, True)
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["image"] == "runner:1"
    compile(container["command"][-1], "server", "exec")


def test_without_an_image_nothing_is_deployed(machine: machines.Machine, api: api_server.Server) -> None:
    found = machine.check("deploy-and-service", {}, INSPECT_RUNNER_IMAGE="", **api.environment)
    assert found["deploy-and-service"][0] == "unknown"
    assert api.requests == []


@pytest.mark.parametrize("refused", [{"POST": 403}, {"GET": 500}])
def test_a_deployment_that_the_api_refuses(
    machine: machines.Machine, api: api_server.Server, refused: dict[str, int]
) -> None:
    store = Store(api, SERVICES, DEPLOYMENTS)
    store.refused = refused
    if "POST" in refused:
        api.answers[SERVICES] = Store(api, SERVICES).create
    found = machine.check("deploy-and-service", {}, INSPECT_RUNNER_IMAGE="runner:1", **api.environment)
    assert results(found) == {"deploy-and-service": "unknown"}
    deleted = [request.path.rpartition("/")[0] for request in api.requests if request.method == "DELETE"]
    assert set(deleted) == {SERVICES, DEPLOYMENTS}, "both are deleted, whatever became of them"


@pytest.mark.parametrize("check", ["api-write", "deploy-and-service"])
def test_a_check_that_is_stopped_leaves_nothing(check: str, api: api_server.Server) -> None:
    """SIGTERM is what the runner sends at the task's timeout, and the kubelet when the pod is deleted."""
    store = Store(api, CONFIGMAPS, SERVICES, DEPLOYMENTS)
    held = store.one

    def hold(request: api_server.Request) -> api_server.Answer:
        if request.method == "GET" and store.objects:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        return held(request)

    store.one = hold  # type: ignore[method-assign]
    environment = {
        **os.environ, **api.environment, **machines.environment(check, {}),
        "PYTHONPATH": str(machines.LIBRARY), "INSPECT_RUNNER_IMAGE": "runner:1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, machines.script(check)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert store.made
    assert store.objects == {}
    assert b"Traceback" not in errors
