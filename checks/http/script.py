"""Do URLs answer as they should? One finding a URL. Proxies of the environment are not used."""

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request

import inspect_check as ic

CHECK = "http"
MAX_BYTES = 2**20
UNREACHED = "curl -sv shows where it breaks: name, connection, TLS or the service itself"


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def opener() -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if not ic.flag("verifyTls", True):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    return urllib.request.build_opener(*handlers, *([Unfollowed()] if ic.text("redirects") == "refuse" else []))


def wrong(status: int, headers: http.client.HTTPMessage, body: bytes) -> str:
    """What is not as expected, or nothing."""
    statuses = ic.texts("statuses", ["200"])
    if str(status) not in statuses:
        return f"status {status}, expected {' or '.join(statuses)}"
    content = ic.pattern("content")
    if content and not content.search(body.decode("utf-8", "replace")):
        return f"the content does not match {content.pattern!r}"
    name, colon, value = (part.strip() for part in ic.text("header").partition(":"))
    if name and headers.get(name) is None:
        return f"there is no header {name}"
    if colon and not re.search(value, headers.get(name, "")):
        return f"header {name} is {headers.get(name)!r}, expected {value!r}"
    return ""


def look(url: str) -> ic.Row:
    limit = ic.integer("limitMilliseconds", 0)
    request = urllib.request.Request(url, headers={"User-Agent": "inspect-check-http", "Accept": "*/*"})  # noqa: S310  (the schema has http(s) alone)
    began = time.monotonic()
    try:
        answer = opener().open(request, timeout=ic.integer("timeoutSeconds", 10))
    except urllib.error.HTTPError as error:
        answer = error
    except (OSError, ValueError, http.client.HTTPException) as error:
        return url, "fail", f"no answer: {getattr(error, 'reason', None) or error}", UNREACHED
    try:
        with answer:
            body = answer.read(MAX_BYTES)
    except (OSError, http.client.HTTPException) as error:
        return url, "fail", f"the answer broke off: {error}", UNREACHED
    took = (time.monotonic() - began) * 1000
    seen = f"status {answer.status} and {len(body)} bytes in {took:.0f} ms"
    if words := wrong(answer.status, answer.headers, body):
        return url, "fail", f"{words}; {seen}", "look into the service's own log; curl -sv shows what it answers"
    if limit and took > limit:
        return url, "fail", f"{seen}, limit {limit} ms", "look at the service's load and at what it waits for"
    return url, "success", seen


def main() -> None:
    ic.pattern("content")  # a wrong one is told once, not for each URL
    try:
        re.compile(ic.text("header").partition(":")[2])
    except re.error as error:
        raise ic.Trouble(f"parameter header: no regular expression: {error}") from None
    ic.report(CHECK, ic.side_by_side(look, ic.texts("urls")))


ic.run(CHECK, main)
