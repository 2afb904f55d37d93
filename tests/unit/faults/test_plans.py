"""Which fault plans there are: enumerable, the same each time, spread over everything, and named for good."""

import pytest
from tests.faults import injection, places, plan

KNOWN: plan.Places = {
    workload: {
        "writes": [f"operator PATCH inspects/status i #{n}" for n in range(3)] + ["helm PUT secrets i--one.v1 #1"],
        "events": [f"jobs MODIFIED i--one-HASH #{n}" for n in range(5)],
    }
    for workload in ("create", "edit", "delete")
}


def test_plans_are_the_same_each_time_and_have_ids_of_their_own() -> None:
    every = plan.plans(KNOWN)
    assert [one.id for one in every] == [one.id for one in plan.plans(KNOWN)]
    assert len({one.id for one in every}) == len(every)
    assert all(plan.named([], one.id, KNOWN) == one for one in every)


def test_helm_alone_is_killed_only_where_helm_writes() -> None:
    killed = [one for one in plan.plans(KNOWN) if one.fault is plan.Fault.HELM_KILLED]
    assert {one.place for one in killed} == {"helm PUT secrets i--one.v1 #1"}


def test_every_beginning_is_spread_over_faults_and_workloads() -> None:
    every = plan.plans(KNOWN)
    assert {one.fault for one in every[: len(plan.Fault)]} == set(plan.Fault)
    pairs = {(one.workload, one.fault) for one in every}
    assert {(one.workload, one.fault) for one in every[: len(pairs)]} == pairs
    assert {one.fault for one in plan.sample(every)} == set(plan.Fault) - {plan.Fault.SILENT}


def test_faults_together_come_by_every_place() -> None:
    every = plan.plans(KNOWN)
    for kind, number in (("writes", 4), ("events", 5)):
        met = {one.place for one in every if one.fault and plan.kind(one.fault) == kind and one.workload == "edit"}
        assert len(met) == number


@pytest.mark.parametrize("identity", ["create/exec/500/99", "create/exec/no-such/1", "nothing/exec/500/0", "create"])
def test_an_id_of_no_plan_is_refused_by_name(identity: str) -> None:
    with pytest.raises(ValueError, match=identity):
        plan.named([], identity, KNOWN)


_STATUS = "helm PATCH inspects/status i"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PATCH", "/apis/batch/v1/namespaces/n/jobs/i--one-0a1b2c3d4e", b"", "helm PATCH jobs i--one-HASH"),
        ("PUT", "/api/v1/namespaces/n/secrets/sh.helm.release.v1.i--one.v2", b"", "helm PUT secrets i--one.v2"),
        ("POST", "/api/v1/namespaces/n/secrets", b'{"metadata":{"name":"x"}}', "helm POST secrets x"),
        (
            "POST",
            "/api/v1/namespaces/n/secrets",
            b"k8s\0.sh.helm.release.v1.i--one.v12\x12",
            "helm POST secrets i--one.v12",
        ),
        (
            "PATCH",
            "/apis/api.practice.com/v1alpha1/namespaces/n/inspects/i/status",
            b"",
            "helm PATCH inspects/status i",
        ),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/n/leases/inspect-operator", b"", ""),
    ],
)
def test_a_write_has_the_same_name_in_each_run(method: str, path: str, body: bytes, expected: str) -> None:
    assert places.of_write("Helm/4.3.1", method, path, body) == expected


def test_an_event_has_the_same_name_in_each_run() -> None:
    pod = {"type": "ADDED", "object": {"metadata": {"name": "i--node-inspect-node-b297a0250618-d8a872deda-x7k2p"}}}
    assert places.of_event("pods", pod) == "pods ADDED i--node-inspect-node-HASH-HASH-POD"
    assert places.of_event("pods", {"type": "BOOKMARK", "object": {"metadata": {}}}) == ""


def test_a_fault_happens_once_at_its_own_place() -> None:
    at = injection.Injection(plan.Fault.ERROR, "helm PUT secrets i--one.v1 #2")
    met = [at.meet(plan.Kind.WRITES, "helm PUT secrets i--one.v1") for _ in range(4)]
    assert met == [None, plan.Fault.ERROR, None, None]
    assert at.met[plan.Kind.WRITES][-1] == "helm PUT secrets i--one.v1 #4"
