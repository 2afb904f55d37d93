"""The check of the operator's rights at the end of a cluster session: it speaks up in both directions. On a small audit
log, and a chart with few rights."""

import datetime
import json
import pathlib
from typing import Any

import pytest
from tests.e2e.harness import audit, rights

BEGAN = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
RBAC = """
everywhere:
  - {apiGroups: [batch], resources: [jobs], verbs: [list, create, patch]}
  - {apiGroups: [""], resources: [pods/log], verbs: [get]}
  - {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}
all:
  - {apiGroups: [""], resources: [namespaces], verbs: [get]}
"""
ACCOUNT = "system:serviceaccount:inspect-system:inspect-operator"


def _entry(verb: str, resource: str, group: str = "batch", code: int = 200, **more: Any) -> dict[str, Any]:
    """One line of the log: a request of the operator."""
    resource, _, subresource = resource.partition("/")
    what = {"resource": resource, "subresource": subresource, "apiGroup": group, "namespace": "a"}
    return {
        "stage": "ResponseComplete",
        "verb": verb,
        "user": {"username": ACCOUNT},
        "userAgent": "inspect-operator/1",
        "objectRef": {name: value for name, value in what.items() if value},
        "responseStatus": {"code": code},
        "requestReceivedTimestamp": "2026-01-02T03:04:06.000000Z",
        **more,
    }


#: Everything that is granted, used once. An apply that makes an object is a patch, and a create.
ALL = [_entry("list", "jobs"), _entry("patch", "jobs", code=201, userAgent="Helm/4.3.1"), _entry("get", "pods/log", "")]


def _problems(folder: pathlib.Path, entries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    files = folder / "charts/inspect-operator/files"
    files.mkdir(parents=True)
    (files / "rbac.yaml").write_text(RBAC)
    log = folder / "audit.log"
    log.write_text("".join(json.dumps(entry) + "\n" for entry in entries) + '{"cut": ')
    monkeypatch.setattr(audit, "path", lambda: log)
    return rights.problems(folder, BEGAN)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (ALL, []),
        (ALL[:2], ["granted, but never used: get pods/log"]),
        (
            [ALL[0], _entry("patch", "jobs"), ALL[2]],
            ["granted, but never used: create jobs.batch"],
        ),
        ([*ALL, _entry("delete", "jobs")], ["used, but not granted: delete jobs.batch"]),
        # A right that is missing altogether: an account that has only what the chart gives is denied.
        ([*ALL, _entry("delete", "jobs", code=403)], ["denied: delete jobs.batch"]),
        ([*ALL, _entry("create", "leases", "coordination.k8s.io", code=403)],
         ["denied: create leases.coordination.k8s.io"]),
        ([], [f"granted, but never used: {right}" for right in
              ("get pods/log", "create jobs.batch", "list jobs.batch", "patch jobs.batch")]),
        # Others, and other times, are not the operator's.
        ([*ALL, _entry("delete", "jobs", userAgent="kubectl/1")], []),
        ([*ALL, _entry("delete", "jobs", impersonatedUser={"username": "tests"})], []),
        ([*ALL, _entry("delete", "jobs", requestReceivedTimestamp="2026-01-02T03:04:04.000000Z")], []),
        # An administrator who was denied something has no rights from the chart.
        ([*ALL, _entry("delete", "jobs", code=403, user={"username": "kubernetes-admin"})], []),
        # Where kinds of the test's own are served, anything may be used.
        ([*ALL, _entry("create", "widgets", "example.com", objectRef={"resource": "widgets", "namespace": "b"}),
          _entry("delete", "jobs", objectRef={"resource": "jobs", "apiGroup": "batch", "namespace": "b"})], []),
    ],
)  # fmt: skip
def test_what_is_granted_is_used_and_what_is_used_is_granted(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]], said: list[str]
) -> None:
    assert _problems(tmp_path, entries, monkeypatch) == said
