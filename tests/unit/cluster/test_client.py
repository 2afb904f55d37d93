"""Requests as the API server gets them, and its failures as our errors; the server is one of this process."""

import asyncio
import dataclasses
import json
import math
import time
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any

import aiohttp.web
import pytest
from kubernetes.aio import client as kubernetes_client

from inspect_operator import errors
from inspect_operator.cluster import client, resources


@dataclasses.dataclass
class Server:
    """Answers every request with what stands in `answer` and `status`."""

    url: str = ""
    status: int = 200
    answer: bytes = b"{}"
    seen: list[tuple[str, str, dict[str, str], bytes]] = dataclasses.field(default_factory=list)

    async def handle(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        self.seen.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return aiohttp.web.Response(status=self.status, body=self.answer)

    def say(self, answer: Any, status: int = 200) -> None:
        self.status, self.answer = status, json.dumps(answer).encode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(made.handle))  # type: ignore[arg-type]
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def cluster(server: Server) -> AsyncIterator[client.Cluster]:
    configuration = kubernetes_client.Configuration()
    configuration.host = server.url
    async with client.Cluster(kubernetes_client.ApiClient(configuration)) as made:
        yield made


async def test_one_object(cluster: client.Cluster, server: Server) -> None:
    server.say({"kind": "Job", "metadata": {"name": "a"}})
    assert await cluster.get(resources.JOBS, "default", "a") == {"kind": "Job", "metadata": {"name": "a"}}
    assert server.seen[0][:2] == ("GET", "/apis/batch/v1/namespaces/default/jobs/a")


async def test_a_list_asks_for_metadata_alone_unless_all_is_wanted(cluster: client.Cluster, server: Server) -> None:
    server.say({"items": [{"metadata": {"name": "a"}}]})
    selector = "owner=helm,name in (a,b)"
    assert await cluster.list(resources.SECRETS, "default", selector=selector) == [{"metadata": {"name": "a"}}]
    await cluster.list(resources.PODS, "", fields="a=b", full=True)
    (_, first, headers, _), (_, second, plain, _) = server.seen
    assert urllib.parse.urlsplit(first).path == "/api/v1/namespaces/default/secrets"
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(first).query) == {"labelSelector": [selector]}
    assert "as=PartialObjectMetadataList" in headers["Accept"]
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(second).query) == {"fieldSelector": ["a=b"]}
    assert plain["Accept"] == "application/json"


async def test_an_empty_list_is_empty(cluster: client.Cluster, server: Server) -> None:
    server.say({"items": None})
    assert await cluster.list(resources.PODS, "default") == []


async def test_a_merge_patch(cluster: client.Cluster, server: Server) -> None:
    patch = {"metadata": {"finalizers": None, "resourceVersion": "7"}}
    await cluster.merge(resources.INSPECTS, "default", "night", patch)
    method, path, headers, body = server.seen[0]
    assert (method, path) == ("PATCH", "/apis/api.practice.com/v1alpha1/namespaces/default/inspects/night")
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert json.loads(body) == patch


async def test_a_status_is_applied_by_its_one_manager_as_yaml_safe_json(
    cluster: client.Cluster, server: Server
) -> None:
    await cluster.apply_status(resources.INSPECTS, "default", "night", {"status": {"a": "😀 磁盘 \x85"}}, "me")
    method, path, headers, body = server.seen[0]
    assert (method, path.partition("?")[0]) == (
        "PATCH", "/apis/api.practice.com/v1alpha1/namespaces/default/inspects/night/status",
    )  # fmt: skip
    assert path.partition("?")[2] == "fieldManager=me&force=true"
    assert headers["Content-Type"].startswith("application/apply-patch+yaml")
    assert body.decode() == '{"status":{"a":"😀 磁盘 \\u0085"}}'


async def test_create_and_replace(cluster: client.Cluster, server: Server) -> None:
    body = {"metadata": {"name": "a"}, "spec": {"x": 1}}
    await cluster.create(resources.LEASES, "default", body)
    await cluster.replace(resources.LEASES, "default", body)
    assert [(method, path) for method, path, _, _ in server.seen] == [
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases"),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/a"),
    ]
    assert [json.loads(sent) for *_, sent in server.seen] == [body, body]


@pytest.mark.parametrize(("status", "there"), [(200, True), (202, True), (404, False), (409, False)])
async def test_a_deletion_is_of_exactly_that_object(
    cluster: client.Cluster, server: Server, status: int, there: bool
) -> None:
    server.say({}, status)
    assert await cluster.delete(resources.JOBS, "default", "a", "uid-1") is there
    method, _, _, body = server.seen[0]
    assert method == "DELETE"
    assert json.loads(body) == {"propagationPolicy": "Background", "preconditions": {"uid": "uid-1"}}


@pytest.mark.parametrize(
    ("status", "expected", "retry"),
    [
        (400, errors.ManifestRejected, False),
        (401, errors.ClusterForbidden, True),
        (403, errors.ClusterForbidden, True),
        (404, client.NotFound, True),
        (409, errors.ClusterConflict, True),
        (410, client.NotFound, True),
        (422, errors.ManifestRejected, False),
        (429, errors.ClusterUnavailable, True),
        (500, errors.ClusterUnavailable, True),
        (503, errors.ClusterUnavailable, True),
    ],
)
async def test_failures_are_told_in_the_api_servers_words(
    cluster: client.Cluster, server: Server, status: int, expected: type[errors.InspectError], retry: bool
) -> None:
    server.say({"kind": "Status", "message": "its own words"}, status)
    with pytest.raises(errors.InspectError) as failed:
        await cluster.get(resources.JOBS, "default", "a")
    assert type(failed.value) is expected
    assert failed.value.retry is retry
    assert str(failed.value) == f"GET /apis/batch/v1/namespaces/default/jobs/a: {status} its own words"


@pytest.mark.parametrize("answer", [b"<html>gateway</html>", b"", b"[]", b"\xff\xfe", b'"text"'])
async def test_a_failure_may_be_told_by_anything(cluster: client.Cluster, server: Server, answer: bytes) -> None:
    server.status, server.answer = 502, answer
    with pytest.raises(errors.ClusterUnavailable, match=r"/jobs/a: 502"):
        await cluster.get(resources.JOBS, "default", "a")


async def test_an_answer_that_is_no_json_is_the_clusters_failure(cluster: client.Cluster, server: Server) -> None:
    """A proxy between us and the API server answers what it likes."""
    server.status, server.answer = 200, b"<html>please log in</html>"
    with pytest.raises(errors.ClusterUnavailable, match=r"/jobs/a"):
        await cluster.get(resources.JOBS, "default", "a")


async def test_nobody_answers(cluster: client.Cluster, server: Server) -> None:
    configuration = kubernetes_client.Configuration()
    configuration.host = "http://127.0.0.1:1"
    async with client.Cluster(kubernetes_client.ApiClient(configuration)) as nobody:
        with pytest.raises(errors.ClusterUnavailable, match=r"GET /apis/batch/v1/namespaces/default/jobs/a: "):
            await nobody.get(resources.JOBS, "default", "a")


@pytest.mark.parametrize("size", [0, 10, 99, 100, 101, 1_000_000])
async def test_the_end_of_a_log(cluster: client.Cluster, server: Server, size: int) -> None:
    server.answer = bytes(index % 251 for index in range(size))
    assert await cluster.log("default", "pod-1", "inspect", tail_bytes=100) == server.answer[-100:]
    assert server.seen[0][1] == "/api/v1/namespaces/default/pods/pod-1/log?container=inspect"


async def test_the_last_lines_of_a_log(cluster: client.Cluster, server: Server) -> None:
    await cluster.log("default", "pod-1", "inspect", tail_bytes=100, lines=20)
    assert server.seen[0][1].endswith("/log?container=inspect&tailLines=20")


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (resources.SECRETS, "", "", "/api/v1/secrets"),
        (resources.SECRETS, "a", "", "/api/v1/namespaces/a/secrets"),
        (resources.NAMESPACES, "a", "b", "/api/v1/namespaces/b"),
        (resources.JOBS, "a", "../b", "/apis/batch/v1/namespaces/a/jobs/..%2Fb"),
        (resources.INSPECTS, "a", "b", "/apis/api.practice.com/v1alpha1/namespaces/a/inspects/b"),
    ],
)
def test_paths(resource: resources.Resource, namespace: str, name: str, path: str) -> None:
    assert resource.path(namespace, name) == path


@pytest.mark.parametrize(("resource", "version"), [(resources.PODS, "v1"), (resources.JOBS, "batch/v1")])
def test_api_versions(resource: resources.Resource, version: str) -> None:
    assert resource.api_version == version


async def test_nothing_is_written_once_another_operator_may_act(cluster: client.Cluster, server: Server) -> None:
    """As after SIGSTOP: a program goes on in the middle of what it had decided."""
    job = {"kind": "Job", "metadata": {"name": "a"}}
    cluster.acts_until = time.monotonic() + 60
    await cluster.create(resources.JOBS, "default", job)
    cluster.acts_until = time.monotonic() - 0.01
    for write in (
        cluster.create(resources.JOBS, "default", job),
        cluster.replace(resources.JOBS, "default", job),
        cluster.merge(resources.JOBS, "default", "a", {}),
        cluster.apply(resources.JOBS, "default", "a", job, "us"),
        cluster.apply_status(resources.INSPECTS, "default", "a", job, "us"),
        cluster.delete(resources.JOBS, "default", "a"),
    ):
        with pytest.raises(errors.ClusterUnavailable, match="another operator may be at work"):
            await write
    # It may look, and try to renew its Lease: where nobody took it, that is in time.
    await cluster.get(resources.JOBS, "default", "a")
    await cluster.replace(resources.LEASES, "default", {"metadata": {"name": "inspect-operator"}})
    assert [request[0] for request in server.seen] == ["POST", "GET", "PUT"]


async def test_what_waited_for_a_connection_is_not_written_either(cluster: client.Cluster, server: Server) -> None:
    """Frozen between its decision and the moment in which it is sent."""
    loop = asyncio.get_running_loop()
    resolve = loop.create_connection

    async def slow(*arguments: Any, **named: Any) -> Any:
        cluster.acts_until = time.monotonic() - 0.01
        return await resolve(*arguments, **named)

    loop.create_connection = slow  # type: ignore[method-assign]
    try:
        with pytest.raises(errors.ClusterUnavailable):
            await cluster.delete(resources.JOBS, "default", "a")
    finally:
        loop.create_connection = resolve  # type: ignore[method-assign]
    assert cluster.acts_until < math.inf, "it had to connect"
    assert server.seen == []
