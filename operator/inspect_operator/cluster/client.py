"""One client for all requests of ours; every failure leaves as one of our errors.

Lists may ask for metadata alone (PartialObjectMetadataList): a Helm Secret then costs 1 KiB instead of its payload.
"""

import contextlib
import datetime
import email.utils
import json
import math
import time
import urllib.parse
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp
from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config

from inspect_operator import __version__, errors, yaml_json
from inspect_operator.cluster import account, resources
from inspect_operator.cluster import kubeconfig as kubeconfigs

Object = dict[str, Any]

REQUEST_SECONDS = 30.0
#: A watch from a version on is asked to end after so long, and begun anew where it ended.
WATCH_SECONDS = 240
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json;q=0.1"
MERGE = "application/merge-patch+json"
# With a charset the client library leaves the body alone: its own JSON has surrogate pairs, which YAML does not.
APPLY = "application/apply-patch+yaml; charset=utf-8"


class NotFound(errors.InspectError):
    """The object isn't there (404 or 410); what we had seen of it is stale."""

    reason = "NotFound"
    retry = True


class Cluster:
    """The API server that the operator works on; use as `async with await Cluster.connect() as cluster`."""

    #: In monotonic seconds, the moment from which another operator may act: nothing is written any more. See lease.py.
    acts_until: float = math.inf

    def __init__(self, api: kubernetes_client.ApiClient, namespace: str = "default") -> None:
        self._api = api
        last_look = aiohttp.TraceConfig()  # in the moment of sending: what waited for a connection may be late by then
        last_look.on_request_chunk_sent.append(self._refuse_late_write)
        api.configuration.trace_configs = [last_look]
        self.namespace = namespace  # of the kubeconfig's context, or of our pod

    @classmethod
    async def connect(cls, context: str = "", kubeconfig: str = "", agent: str = "inspect-operator") -> Self:
        """A pod's service account, else the kubeconfig (`kubeconfig`, KUBECONFIG, ~/.kube/config) with its current
        context or the one named. `agent` is who we are in the API server's audit log.

        :raises errors.ClusterUnavailable: there is neither
        """
        configuration = kubernetes_client.Configuration()
        namespace = ""
        try:
            if account.in_cluster() and not context and not kubeconfig:
                kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
                with contextlib.suppress(OSError):
                    namespace = (account.FOLDER / "namespace").read_text().strip()
            else:
                loaded = await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
                    kubeconfigs.chosen(kubeconfig), context or None, configuration
                )
                namespace = str(loaded.current_context["context"].get("namespace") or "")
        except errors.ClusterUnavailable:
            raise
        except Exception as error:  # the library lets through whatever a file of a wrong form makes Python say
            words = " ".join(f"{type(error).__name__}: {error}".split())
            raise errors.ClusterUnavailable(
                f"no way to the API server: the kubeconfig is not usable: {words}"
            ) from None
        configuration.connection_pool_maxsize = 32
        api = kubernetes_client.ApiClient(configuration)
        api.user_agent = f"{agent}/{__version__}"
        return cls(api, namespace or "default")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.close()  # type: ignore[no-untyped-call]

    async def ask(self, path: str) -> tuple[bytes, datetime.datetime | None]:
        """What it answers to any path, and what time it was by its clock, to the second, where it says so."""
        async with self._answer("GET", path, accept="*/*", seconds=REQUEST_SECONDS) as answer:
            said = answer.headers.get("Date", "")
            return await answer.read(), email.utils.parsedate_to_datetime(said) if said else None

    def refuse_late(self) -> None:
        """To be asked before anything is done that others see: a process that was frozen goes on where it was.

        :raises errors.ClusterUnavailable: the Lease was not renewed in time
        """
        if time.monotonic() > self.acts_until:
            raise errors.ClusterUnavailable("the Lease was not renewed in time; another operator may be at work")

    async def _refuse_late_write(self, _: object, __: object, sent: aiohttp.TraceRequestChunkSentParams) -> None:
        if _is_write(sent.method, sent.url.path):
            self.refuse_late()

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

    async def follow_log(
        self, namespace: str, pod: str, container: str, *, lines: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """What a container has printed and prints, in pieces of any size, until it ends.

        :raises NotFound: the pod or its log is gone
        """
        query = {"container": container, "follow": "true", "tailLines": "" if lines is None else str(lines)}
        async with self._answer("GET", resources.PODS.path(namespace, pod, "log"), query, accept="*/*") as answer:
            async for piece in answer.content.iter_any():
                yield piece

    async def watch(
        self, resource: resources.Resource, namespace: str, *, fields: str = "", selector: str = "", version: str = ""
    ) -> AsyncGenerator[tuple[str, Object], None]:
        """(ADDED, MODIFIED or DELETED, the object) for each change from `version` on, ending now and then, with
        (BOOKMARK, the newest version) in between; without a version first for those that are there, without end.

        :raises NotFound: 410, the version is too old
        :raises errors.ClusterUnavailable: the connection broke; watch again
        """
        query = {"labelSelector": selector, "fieldSelector": fields, "watch": "true"}
        if version:
            query |= {"resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_SECONDS)}
        silent = 2.0 * WATCH_SECONDS if version else None
        async with self._answer("GET", resource.path(namespace), query, silent_seconds=silent) as answer:
            unfinished = b""
            async for piece in answer.content.iter_any():
                *whole, unfinished = (unfinished + piece).split(b"\n")
                for line in whole:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise _failure(
                            int(event["object"].get("code") or 500), "watch", json.dumps(event["object"]).encode()
                        )
                    yield event["type"], event["object"]

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
        data = b""
        async with self._answer(
            method, path, query, body=body, content_type=content_type, accept=accept, seconds=seconds
        ) as answer:
            async for part in answer.content.iter_any():
                data = data + part if tail_bytes is None else (data + part)[-tail_bytes:]
        return data

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Object | str | None = None,
        content_type: str = "application/json",
        accept: str = "",
        seconds: float | None = None,
        silent_seconds: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A successful answer, whose body may still be coming; `seconds` None: it may go on for ever, unless nothing
        comes for `silent_seconds`."""
        asked = urllib.parse.urlencode({name: value for name, value in (query or {}).items() if value})
        serialized = await self._api.param_serialize(
            method=method,
            resource_path=path,
            header_params={"Accept": accept or "application/json", "Content-Type": content_type},
            auth_settings=["BearerToken"],
        )
        _, url, headers, *_ = serialized
        url = f"{url}?{asked}" if asked else url
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=REQUEST_SECONDS, sock_read=silent_seconds)
        if _is_write(method, path):
            self.refuse_late()
        try:
            answer = await self._api.call_api(method, url, headers, body, _request_timeout=timeout)
            with contextlib.closing(answer.response):
                if answer.status >= 400:
                    raise _failure(answer.status, f"{method} {path}", await answer.response.read())
                yield answer.response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise errors.ClusterUnavailable(f"{method} {path}: {type(error).__name__}: {error}") from None


def _is_write(method: str, path: str) -> bool:
    """The Lease itself is guarded by its version."""
    return method != "GET" and not path.startswith(resources.LEASES.prefix)


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
