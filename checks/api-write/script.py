"""Does the API write, through to etcd? One finding a request; here an API that can't be reached is a failure."""

import contextlib
import secrets
import time

import inspect_check as ic

CHECK = "api-write"


def timed(verb: str, limit: int, path: str, method: str, body: ic.Object | None = None) -> tuple[bool, ic.Object]:
    """Whether it worked in time, and the answer."""
    began = time.monotonic()
    try:
        answer = ic.api(path, method=method, body=body, attempts=1)
    except ic.ApiError as error:
        # What the account may not do says nothing about the API.
        refused = error.status in (401, 403)
        advice = "" if refused else "kubectl get --raw '/readyz?verbose' tells which part of the API server is not well"
        ic.finding(f"{CHECK}:{verb}", "unknown" if refused else "fail", str(error), remediation=advice)
        return False, {}
    took = (time.monotonic() - began) * 1000
    slow = took > limit
    advice = (
        "look at etcd's disk (etcd_disk_wal_fsync_duration_seconds) and at the load of the control plane"
        if slow
        else ""
    )
    ic.finding(f"{CHECK}:{verb}", "fail" if slow else "success", f"{took:.0f} ms, limit {limit} ms", remediation=advice)
    return True, answer


def main() -> None:
    limit = ic.integer("limitMilliseconds", 1000)
    path, name = ic.scope("configmaps", everywhere=False), f"{CHECK}-{secrets.token_hex(5)}"
    written = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": ic.labels(CHECK), "ownerReferences": ic.owners()},
        "data": {"token": secrets.token_hex(16)},
    }
    created = deleted = False

    def remove() -> None:
        if not deleted:
            # What could not be created is most likely not there; that it can't be deleted either is no news.
            with contextlib.nullcontext() if created else contextlib.suppress(ic.Trouble):
                ic.delete(f"{path}/{name}")

    with ic.removing(remove):
        created, _ = timed("create", limit, path, "POST", written)
        if not created:
            return
        # Without a resourceVersion the answer is as new as etcd's (Kubernetes API Concepts, semantics for get).
        read, answer = timed("read", limit, f"{path}/{name}", "GET")
        if read and answer.get("data") != written["data"]:
            words = f"what was read is not what was written: {answer.get('data')}"
            advice = "see which admission webhook changes ConfigMaps, and whether etcd's members agree"
            ic.finding(f"{CHECK}:content", "fail", words, remediation=advice)
        deleted, _ = timed("delete", limit, f"{path}/{name}", "DELETE")


ic.run(CHECK, main)
