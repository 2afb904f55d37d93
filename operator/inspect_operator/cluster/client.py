"""One client for all requests of ours; every failure leaves as one of our errors.

Lists may ask for metadata alone (PartialObjectMetadataList): a Helm Secret then costs 1 KiB instead of its payload.
"""

import json
import os
import pathlib
import urllib.parse
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp
from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config

from inspect_operator import __version__, errors, yaml_json
from inspect_operator.cluster import resources

Object = dict[str, Any]

REQUEST_SECONDS = 30.0
#: A watch is asked to end after so long, and begun anew where it ended.
WATCH_SECONDS = 240
_TOKEN = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json;q=0.1"
MERGE = "application/merge-patch+json"
# With a charset the client library leaves the body alone: its own JSON has surrogate pairs, which YAML does not.
APPLY = "application/apply-patch+yaml; charset=utf-8"


def in_cluster() -> bool:
    """Whether the account of our pod is used: where no KUBECONFIG is named and a token is mounted."""
    return not os.environ.get("KUBECONFIG") and _TOKEN.exists()


class NotFound(errors.InspectError):
    """The object isn't there (404 or 410); what we had seen of it is stale."""

    reason = "NotFound"
    retry = True


class Cluster:
    """The API server that the operator works on; use as `async with await Cluster.connect() as cluster`."""

    def __init__(self, api: kubernetes_client.ApiClient) -> None:
        self._api = api

    @classmethod
    async def connect(cls) -> Self:
        """A pod's service account, else the kubeconfig (KUBECONFIG, ~/.kube/config).

        :raises errors.ClusterUnavailable: there is neither
        """
        configuration = kubernetes_client.Configuration()
        try:
            if in_cluster():
                kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
            else:
                await kubernetes_config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except kubernetes_config.ConfigException as error:
            raise errors.ClusterUnavailable(f"no way to the API server: {error}") from None
        configuration.connection_pool_maxsize = 32
        api = kubernetes_client.ApiClient(configuration)
        api.user_agent = f"inspect-operator/{__version__}"
        return cls(api)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.close()  # type: ignore[no-untyped-call]

    async def get(self, resource: resources.Resource, namespace: str, name: str) -> Object:
        """One object.

        :raises NotFound: it isn't there
        """
        return await self._json("GET", resource.path(namespace, name))

    async def list(
        self, resource: resources.Resource, namespace: str, *, selector: str = "", fields: str = "", full: bool = False
    ) -> list[Object]:
        """Objects by label and field selector; only their metadata unless `full`."""
        query = {"labelSelector": selector, "fieldSelector": fields}
        answer = await self._json("GET", resource.path(namespace), query, accept="" if full else _METADATA)
        return list(answer.get("items") or ())

    async def create(self, resource: resources.Resource, namespace: str, body: Object) -> Object:
        """:raises errors.ClusterConflict: an object of that name exists"""
        return await self._json("POST", resource.path(namespace), body=body)

    async def replace(self, resource: resources.Resource, namespace: str, body: Object) -> Object:
        """Writes the whole object; with `metadata.resourceVersion` only where nobody wrote in between.

        :raises errors.ClusterConflict: somebody did
        """
        return await self._json("PUT", resource.path(namespace, body["metadata"]["name"]), body=body)

    async def merge(
        self, resource: resources.Resource, namespace: str, name: str, body: Object, subresource: str = ""
    ) -> Object:
        """JSON merge patch; `metadata.resourceVersion` in it guards as in replace()."""
        return await self._json("PATCH", resource.path(namespace, name, subresource), body=body, content_type=MERGE)

    async def apply(
        self, resource: resources.Resource, namespace: str, name: str, body: Object, manager: str
    ) -> Object:
        """Server-side apply of one object: makes it, or wins back what `manager` set before."""
        query = {"fieldManager": manager, "force": "true"}
        path = resource.path(namespace, name)
        return await self._json("PATCH", path, query, body=yaml_json.dumps(body), content_type=APPLY)

    async def served(self, api_version: str) -> tuple[resources.Resource, ...]:
        """What the API server serves of a group and version, such as apps/v1; nothing where it knows neither."""
        prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = await self._json("GET", prefix)
        except NotFound:
            return ()
        return tuple(
            resources.Resource(one["kind"], prefix, one["name"], namespaced=bool(one["namespaced"]))
            for one in listed.get("resources") or ()
            if "/" not in one["name"]
        )

    async def page(self, resource: resources.Resource, namespace: str, selector: str) -> tuple[tuple[Object, ...], str]:
        """All objects under a label selector, and the version of the list, from which to watch."""
        answer = await self._json("GET", resource.path(namespace), {"labelSelector": selector})
        return tuple(answer.get("items") or ()), str(answer.get("metadata", {}).get("resourceVersion", ""))

    async def watch(
        self, resource: resources.Resource, namespace: str, selector: str, version: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """What happens from `version` on, as (ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, object). Ends now and then.

        :raises errors.InspectError: the API server doesn't take the request
        """
        query = {
            "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_SECONDS),
            "labelSelector": selector, "resourceVersion": version,
        }  # fmt: skip
        path = resource.path(namespace)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_SECONDS, sock_read=2 * WATCH_SECONDS)
        response: Any = None
        try:
            response = await self._request("GET", path, query, timeout=timeout)
            content = response.response.content
            if response.status >= 400:
                raise _failure(response.status, f"GET {path}", await content.read())
            rest = b""
            async for part in content.iter_any():
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    yield event["type"], event["object"]
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError, KeyError) as error:
            raise errors.ClusterUnavailable(f"GET {path}: {type(error).__name__}: {error}") from None
        finally:
            if response is not None:
                response.response.close()

    async def apply_status(
        self, resource: resources.Resource, namespace: str, name: str, body: Object, manager: str
    ) -> Object:
        """Server-side apply of the status: what `manager` set before and no longer names is removed."""
        query = {"fieldManager": manager, "force": "true"}
        path = resource.path(namespace, name, "status")
        return await self._json("PATCH", path, query, body=yaml_json.dumps(body), content_type=APPLY)

    async def delete(self, resource: resources.Resource, namespace: str, name: str, uid: str = "") -> bool:
        """Deletes in the background; with `uid` only that very object. False: it wasn't there (any more)."""
        body: Object = {"propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            await self._json("DELETE", resource.path(namespace, name), body=body)
        except (NotFound, errors.ClusterConflict):
            return False
        return True

    async def log(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        tail_bytes: int,
        lines: int | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> bytes:
        """The last `tail_bytes` of what a container printed, or of its last `lines` lines.

        The API limits bytes from the start and lines from the end only, so the log is read through to its end (the
        kubelet keeps 10 MiB by default) and never held whole.

        :raises NotFound: the pod or its log is gone
        """
        query = {"container": container, "tailLines": str(lines) if lines else ""}
        path = resources.PODS.path(namespace, pod, "log")
        return await self._bytes("GET", path, query, accept="*/*", tail_bytes=tail_bytes, seconds=seconds)

    async def _json(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Object | str | None = None,
        content_type: str = "application/json",
        accept: str = "",
    ) -> Object:
        data = await self._bytes(method, path, query, body=body, content_type=content_type, accept=accept)
        try:
            answer: Object = json.loads(data)
        except ValueError:  # of a proxy in between
            raise errors.ClusterUnavailable(f"{method} {path}: answered what is no JSON: {data[:100]!r}") from None
        return answer

    async def _bytes(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Object | str | None = None,
        content_type: str = "application/json",
        accept: str = "",
        tail_bytes: int | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> bytes:
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            response = await self._request(
                method, path, query, body=body, content_type=content_type, accept=accept, timeout=timeout
            )
            data = b""
            async for part in response.response.content.iter_any():
                data = data + part if tail_bytes is None else (data + part)[-tail_bytes:]
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise errors.ClusterUnavailable(f"{method} {path}: {type(error).__name__}: {error}") from None
        if response.status >= 400:
            raise _failure(response.status, f"{method} {path}", data)
        return data

    async def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        *,
        timeout: aiohttp.ClientTimeout,
        body: Object | str | None = None,
        content_type: str = "application/json",
        accept: str = "",
    ) -> Any:
        """The client library's answer, unread."""
        asked = urllib.parse.urlencode({name: value for name, value in (query or {}).items() if value})
        serialized = await self._api.param_serialize(
            method=method,
            resource_path=path,
            header_params={"Accept": accept or "application/json", "Content-Type": content_type},
            auth_settings=["BearerToken"],
        )
        _, url, headers, *_ = serialized
        url = f"{url}?{asked}" if asked else url
        return await self._api.call_api(method, url, headers, body, _request_timeout=timeout)


def _failure(status: int, request: str, data: bytes) -> errors.InspectError:
    """The error for an answer that isn't a success; the API server's own words where it gives any."""
    try:
        words = str(json.loads(data).get("message", ""))
    except (ValueError, AttributeError):
        words = data[:200].decode("utf-8", "replace")
    message = f"{request}: {status} {words}".strip()
    if status in (404, 410):
        return NotFound(message)
    if status == 409:
        return errors.ClusterConflict(message)
    if status in (401, 403):
        return errors.ClusterForbidden(message)
    if status in (400, 422):
        return errors.ManifestRejected(message)
    return errors.ClusterUnavailable(message)
