"""What the chart's hooks do, with Python's standard library alone: `test`, `delete` and `let-go`, then namespaces.

No namespace means all of them.
"""

import json
import os
import pathlib
import ssl
import sys
import time
import urllib.error
import urllib.request

ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
INSPECTS = "/apis/api.practice.com/v1alpha1"
FINALIZER = "api.practice.com/uninstall-releases"
DEADLINE_SECONDS = 240
QUIET_SECONDS = 8


def ask(method, path, body=None, kind="application/json"):
    """The API server's answer; None where there is no such object (any more), or no Inspects at all."""
    server = os.environ["KUBERNETES_SERVICE_HOST"]
    server = f"[{server}]" if ":" in server else server
    request = urllib.request.Request(
        f"https://{server}:{os.environ['KUBERNETES_SERVICE_PORT']}{path}",
        json.dumps(body).encode() if body is not None else None,
        {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}", "Content-Type": kind},
        method=method,
    )
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=30, context=trust) as answer:  # noqa: S310  # https alone
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        sys.exit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}")


def place(found):
    """Path of one Inspect."""
    metadata = found["metadata"]
    return f"{INSPECTS}/namespaces/{metadata['namespace']}/inspects/{metadata['name']}"


def inspects(namespaces):
    """All Inspects that the operator serves."""
    paths = [f"{INSPECTS}/namespaces/{name}/inspects" for name in namespaces] or [f"{INSPECTS}/inspects"]
    return [one for path in paths for one in (ask("GET", path) or {}).get("items", ())]


def until(what, probe):
    """Waits for something that comes; ends the hook where it does not."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (seen := probe()):
        if time.monotonic() > deadline:
            sys.exit(f"not within {DEADLINE_SECONDS} s: {what}")
        time.sleep(1)
    return seen


def test(namespaces):
    """Runs one Inspect and deletes it again; fails unless it succeeds."""
    namespace = namespaces[0]
    name = f"inspect-operator-test-{int(time.time())}"
    body = {
        "apiVersion": "api.practice.com/v1alpha1",
        "kind": "Inspect",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"tasks": [{"name": "hello", "script": "echo 'hello ok the operator works'", "timeout": "2m"}]},
    }
    ask("POST", f"{INSPECTS}/namespaces/{namespace}/inspects", body)
    row = {}
    try:
        row = until(f"a result of Inspect {namespace}/{name}", lambda: result(body))
        print(f"Inspect {namespace}/{name}: {row['res']}")
    finally:
        ask("DELETE", place(body))
        until(f"the end of Inspect {namespace}/{name}", lambda: ask("GET", place(body)) is None)
    sys.exit(0 if row.get("verdict") == "success" else 1)


def result(body):
    """The row of the only task, once it has a verdict."""
    rows = ((ask("GET", place(body)) or {}).get("status") or {}).get("results") or ({},)
    return rows[0] if rows[0].get("verdict") else None


def delete(namespaces):
    """Deletes all Inspects while the operator is still there to uninstall their releases."""
    found = inspects(namespaces)
    for one in found:
        ask("DELETE", place(one))
    until("the end of all Inspects", lambda: not inspects(namespaces))
    print(f"{len(found)} Inspects were deleted")


def let_go(namespaces):
    """The operator is gone: its finalizer would keep every Inspect from ever being deleted. An operator that is only
    about to end puts it back, so that none may have it for a while."""
    quiet = 0
    while quiet < QUIET_SECONDS:
        quiet += 1
        for one in inspects(namespaces):
            if FINALIZER in one["metadata"].get("finalizers", ()):
                quiet = 0
                kept = [name for name in one["metadata"]["finalizers"] if name != FINALIZER]
                patch = {"metadata": {"finalizers": kept}}
                ask("PATCH", place(one), patch, "application/merge-patch+json")
        time.sleep(1)
    print(f"{len(inspects(namespaces))} Inspects were kept, with their releases")


if __name__ == "__main__":
    {"test": test, "delete": delete, "let-go": let_go}[sys.argv[1]](sys.argv[2:])
