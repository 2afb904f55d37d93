"""End states are compared without what is another in each run, and with everything else."""

import base64
import gzip
import json
import pathlib
from typing import Any

from tests.faults import injection, ledger, plan, stage, state, table
from tests.unit import cluster_in_memory

from inspect_operator.cluster import resources


def cluster(namespace: str, mark: str, job_status: dict[str, Any], helm: str = "deployed") -> cluster_in_memory.Cluster:
    """With a Job and its release; `mark` is the hash of that run."""
    record = {"info": {"status": helm}, "manifest": ""}
    data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
    labels = {"owner": "helm", "name": "i--one", "version": "2", "status": helm}
    made = cluster_in_memory.Cluster()
    for item in (
        {
            "kind": "Job",
            "metadata": {"name": f"i--one-{mark}", "namespace": namespace, "uid": mark},
            "spec": {"template": f"say {namespace}.one"},
            "status": job_status,
        },
        {
            "kind": "Secret",
            "metadata": {"name": "sh.helm.release.v1.i--one.v2", "namespace": namespace, "labels": labels},
            "type": "helm.sh/release.v1",
            "data": {"release": data},
        },
        {"kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": namespace}},
    ):
        made.put(item)
    return made


async def test_names_hashes_and_namespaces_make_no_difference() -> None:
    one = await state.read(cluster("f-a", "0123456789", {"succeeded": 1}), "f-a", resources.INSPECTS)
    other = await state.read(cluster("f-b", "abcdef0123", {"succeeded": 1}), "f-b", resources.INSPECTS)
    assert one == other
    assert sorted(state.left(one)) == ["Job i--one-HASH", "Release i--one"]


async def test_what_a_run_or_a_release_came_to_makes_one() -> None:
    one = await state.read(cluster("f-a", "0123456789", {"succeeded": 1}), "f-a", resources.INSPECTS)
    other = await state.read(cluster("f-a", "0123456789", {}, "failed"), "f-a", resources.INSPECTS)
    said = state.differences(one, other)
    assert {line.partition(":")[0] for line in said} == {
        ".Job[0].succeeded", ".Release[0].status", ".Release[0].label", ".Release[0].deployed",
    }  # fmt: skip


def test_ledger_keeps_the_last_of_each_plan(tmp_path: pathlib.Path) -> None:
    notes = ledger.Ledger("build", tmp_path)
    one = plan.Plan("edit", "warm", plan.Fault.ERROR, 3, "helm PUT secrets i--one.v1 #1")
    notes.note(stage.Played(one, problems=["Job j was made 2 times"], injection=injection.Injection()))
    assert not notes.entries()[one.id].green
    assert (tmp_path / "failed" / "edit.warm.500.3" / "problems.txt").read_text() == "Job j was made 2 times"
    notes.note(stage.Played(one, recovery_seconds=2.0))
    notes.note(stage.Played(plan.Plan("edit", "warm", plan.Fault.RESET, 4), met=False))
    assert {name: entry.green for name, entry in notes.entries().items()} == {one.id: True, "edit/warm/reset/4": False}
    (line,) = [row for row in table.markdown([one], notes.entries()).splitlines() if "`500`" in row]
    assert line == "| `500` | 1/1 | 2.0 s | 2.0 s |"
