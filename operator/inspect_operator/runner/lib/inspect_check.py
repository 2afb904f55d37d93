"""What checks written in Python share; in the runner image every Python script may `import inspect_check`.

    import inspect_check as ic

    def main() -> None:
        limit = ic.integer("limit", 10)                       # the parameter `limit`
        pods = list(ic.items(f"/api/v1/namespaces/{ic.namespace()}/pods"))
        ic.finding("pods", "fail" if len(pods) > limit else "success", f"{len(pods)} pods, limit {limit}")

    ic.run("pods", main)

Standard library only. Asking the Kubernetes API needs a task that names a ServiceAccount, or a check with access.
"""

import base64
import concurrent.futures
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

#: Of the Kubernetes API.
Object = dict[str, Any]
#: What was looked at, one of RESULTS, words, and what to do about it, where that is known.
Row = tuple[str, str, str] | tuple[str, str, str, str]
RESULTS = ("fail", "unknown", "warn", "success", "info")  # worst first
SEVERITIES = ("critical", "high", "medium", "low", "info")
JSON = "application/json"
#: What a list is asked for as, where only metadata is wanted: labels without a Secret's content, say.
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MOUNTED = "/var/run/secrets/kubernetes.io/serviceaccount"
_TRY_AGAIN = (0, 429, 500, 502, 503, 504)
_ATTEMPTS, _PAGE, _TIMEOUT_SECONDS = 3, 500, 15.0


class Trouble(Exception):
    """The check can't tell; the text says why, for people. `run` makes it a finding of `unknown`."""


class ApiError(Trouble):
    """The Kubernetes API refused, or could not be reached: then `status` is 0."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def run(check: str, main: Callable[[], None]) -> None:
    """The whole of a check: what it can't tell becomes a finding of its own instead of a traceback."""
    try:
        main()
    except Trouble as trouble:
        finding(check, "unknown", str(trouble))


def finding(
    case: str, result: str, description: str = "", case_desc: str = "", *, severity: str = "", remediation: str = ""
) -> None:
    """Prints one finding; `result` is one of RESULTS, `severity` one of SEVERITIES (empty: what the result has by
    default), `remediation` what to do about it. Each is one line, whatever the texts hold."""
    if result not in RESULTS:
        raise ValueError(f"result {result!r} is not one of {', '.join(RESULTS)}")
    if severity and severity not in SEVERITIES:
        raise ValueError(f"severity {severity!r} is not one of {', '.join(SEVERITIES)}")
    one, two, three, four = (" ".join(part.split()) for part in (case, case_desc, description, remediation))
    more = (f", severity:{severity}" if severity else "") + (f", remediation:{four}" if four else "")
    print(f"caseName:{one}, caseDesc:{two}, result:{result}{more}, resultDesc:{three}", flush=True)


def report(check: str, rows: Iterable[Row], limit: int = 50) -> None:
    """A finding for each row: the worst `limit` of them, and a count of the rest."""
    ordered = sorted(rows, key=lambda row: RESULTS.index(row[1]))
    for thing, result, description, *remediation in ordered[:limit]:
        finding(f"{check}:{thing}", result, description, remediation="".join(remediation))
    if rest := [row[1] for row in ordered[limit:]]:
        counts = (f"{rest.count(result)} {result}" for result in RESULTS if result in rest)
        finding(check, "info", f"and {len(rest)} more: {', '.join(counts)}")


def text(name: str, default: str = "") -> str:
    """The parameter `name`, such as limitPercent."""
    return os.environ.get("CHECK_" + re.sub("([A-Z])", r"_\1", name).upper(), default)


def texts(name: str, default: Iterable[str] = ()) -> list[str]:
    """A parameter that is a list."""
    return [line for line in text(name, "\n".join(default)).split("\n") if line]


def number(name: str, default: float) -> float:
    """A parameter that is a number."""
    try:
        return float(text(name) or default)
    except ValueError:
        raise Trouble(f"parameter {name}: {text(name)!r} is no number") from None


def integer(name: str, default: int) -> int:
    """A parameter that is a whole number."""
    return int(number(name, default))


def flag(name: str, default: bool = False) -> bool:
    """A parameter that is true or false."""
    return text(name, "true" if default else "false") == "true"


def pattern(name: str, default: str = "") -> re.Pattern[str] | None:
    """A parameter that is a regular expression; None where it is empty."""
    try:
        return re.compile(text(name, default)) if text(name, default) else None
    except re.error as error:
        raise Trouble(f"parameter {name}: no regular expression: {error}") from None


def endpoint(written: str, default_port: int = 0) -> tuple[str, int]:
    """host:port, where an IPv6 address stands in brackets."""
    host, colon, port = written.rpartition(":") if not written.endswith("]") else (written, "", "")
    if not colon and default_port:
        host, port = written, str(default_port)
    if not host or not port.isdigit() or not 0 < int(port) < 65536 or (":" in host and host[0] != "["):
        raise Trouble(f"{written!r} is not host:port")
    return host.strip("[]"), int(port)


def side_by_side(look: Callable[[str], Row], things: Iterable[str]) -> list[Row]:
    """What `look` returns for each, sixteen at a time: each may take as long as its timeout."""
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        return list(pool.map(look, things))


def api(
    path: str,
    query: Mapping[str, str | int] | None = None,
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
    accept: str = JSON,
    attempts: int = 0,
) -> Object:
    """What the Kubernetes API answers, with the pod's own account. Where `attempts` is not given, reading and deleting
    is tried three times.

    :raises ApiError: it refused, or could not be reached
    """
    attempts = attempts or (_ATTEMPTS if method in ("GET", "DELETE") else 1)
    for attempt in range(1, attempts + 1):
        try:
            return _ask(path, query, method, body, accept)
        except ApiError as error:
            if error.status not in _TRY_AGAIN or attempt == attempts:
                raise
            time.sleep(attempt * 0.5)
    raise AssertionError("the last attempt returns or raises")


def items(path: str, query: Mapping[str, str | int] | None = None, accept: str = JSON) -> Iterator[Object]:
    """The objects of a list, page by page.

    :raises ApiError: as `api`; also where the list took so long that the API forgot its continuation
    """
    asked: dict[str, str | int] = {"limit": _PAGE, **(query or {})}
    while True:
        page = api(path, asked, accept=accept)
        yield from page.get("items") or ()
        following = page.get("metadata", {}).get("continue", "")
        if not following:
            return
        asked["continue"] = following


def delete(path: str) -> None:
    """Deletes an object and what it owns; one that isn't there is fine."""
    try:
        api(path, {"propagationPolicy": "Background"}, "DELETE")
    except ApiError as error:
        if error.status != 404:
            raise


def labels(check: str) -> dict[str, str]:
    """What every object carries that a check creates for a while."""
    return {"app.kubernetes.io/name": "inspect-check", "app.kubernetes.io/component": check}


def namespace() -> str:
    """The namespace of this pod."""
    return _mounted("namespace")


def scope(resource: str, everywhere: bool, group: str = "") -> str:
    """The path of a list: in this namespace or in all; `group` as in apps/v1, empty for the core."""
    base = f"/apis/{group}" if group else "/api/v1"
    return f"{base}/{resource}" if everywhere else f"{base}/namespaces/{namespace()}/{resource}"


def name(item: Mapping[str, Any]) -> str:
    """namespace/name of an object, or its name."""
    meta = item["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])


def minutes_since(stamp: str | None) -> float:
    """How long ago a time of the Kubernetes API was; none at all is for ever ago."""
    if not stamp:
        return float("inf")
    return (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(stamp)).total_seconds() / 60


def owners() -> list[Object]:
    """ownerReferences to this pod, for what a check creates: Kubernetes removes it with the pod, if we couldn't.

    The pod's name and uid stand in its token (Kubernetes, Bound service account tokens); empty where they don't.
    """
    try:
        claims = _mounted("token").split(".")[1]
        pod = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["kubernetes.io"]["pod"]
        return [{"apiVersion": "v1", "kind": "Pod", "name": pod["name"], "uid": pod["uid"]}]
    except (Trouble, ValueError, KeyError, IndexError, TypeError):
        return []


@contextlib.contextmanager
def removing(remove: Callable[[], None]) -> Iterator[None]:
    """Calls `remove` however the block ends, SIGTERM included, which is what the runner sends at a timeout."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    try:
        signal.signal(signal.SIGTERM, end)
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        remove()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def every(*steps: Callable[[], None]) -> None:
    """Takes every step, also after one that failed.

    :raises Trouble: what the first one that failed said
    """
    failed: list[Trouble] = []
    for step in steps:
        try:
            step()
        except Trouble as trouble:
            failed.append(trouble)
    if failed:
        raise failed[0]


def _mounted(file: str) -> str:
    folder = pathlib.Path(os.environ.get("INSPECT_SERVICE_ACCOUNT", _MOUNTED))
    try:
        return (folder / file).read_text().strip()
    except OSError:
        raise Trouble(f"no ServiceAccount is mounted ({folder / file}): the task needs one to ask the API") from None


def _server() -> str:
    if given := os.environ.get("INSPECT_API_SERVER"):
        return given
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise Trouble("not in a pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _ask(
    path: str,
    query: Mapping[str, str | int] | None,
    method: str,
    body: Mapping[str, Any] | None,
    accept: str,
) -> Object:
    headers = {"Authorization": f"Bearer {_mounted('token')}", "Accept": accept, "Content-Type": JSON}
    url = _server() + path + ("?" + urllib.parse.urlencode(query) if query else "")
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  (of the cluster's API)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]  # the cluster's API is near
    if url.startswith("https:"):
        context = ssl.create_default_context(cadata=_mounted("ca.crt"))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # clusters' own CAs seldom have all that RFC 5280 asks for
        handlers.append(urllib.request.HTTPSHandler(context=context))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            answered: Object = json.loads(answer.read())
            return answered
    except urllib.error.HTTPError as error:
        raise ApiError(error.code, f"{method} {path}: {error.code} {_message(error)}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ApiError(0, f"{method} {path}: the Kubernetes API could not be reached: {reason}") from None


def _message(error: urllib.error.HTTPError) -> str:
    """The API's own words, where it has any."""
    said = error.read(65536).decode("utf-8", "replace")
    try:
        return str(json.loads(said)["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return said[:200] or error.reason
