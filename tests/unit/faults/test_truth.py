"""A status that claims more than the releases bear out is found, whichever watch was the faster."""

from typing import Any

from tests.faults import subjects, truth


def event(version: int, body: dict[str, Any], seconds: float = 0.0, kind: str = "MODIFIED") -> truth.Seen:
    return truth.Seen(version, seconds, kind, body)


def inspect(ready: str, generation: int = 1, observed: int = 1) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, "observedGeneration": observed}]
    return {
        "kind": "Inspect",
        "metadata": {"name": "i", "generation": generation},
        "spec": {"tasks": [{"name": "one"}, {"name": "two", "dependsOn": ["one"]}]},
        "status": {"conditions": conditions},
    }


def revision(release: str, number: int, status: str) -> dict[str, Any]:
    labels = {"owner": "helm", "name": release, "version": str(number), "status": status}
    return {"kind": "Secret", "metadata": {"labels": labels}}


def test_ready_after_all_is_deployed_is_no_lie() -> None:
    seen = [event(3, inspect("True")), event(1, revision("i--one", 1, "pending-install")),
            event(2, revision("i--one", 1, "deployed"))]  # fmt: skip
    assert truth.lies(subjects.INSPECT, seen, 100.0) == []


def test_ready_that_is_written_while_a_release_is_pending_is_a_lie() -> None:
    seen = [event(1, revision("i--one", 1, "pending-install")), event(2, inspect("True")),
            event(3, revision("i--one", 1, "deployed"))]  # fmt: skip
    assert truth.lies(subjects.INSPECT, seen, 1.0) == [
        "Ready=True was written at version 2 while i--one is pending-install"
    ]


def test_ready_of_an_older_generation_claims_nothing() -> None:
    seen = [event(1, revision("i--one", 1, "failed")), event(2, inspect("True", generation=2))]
    assert truth.lies(subjects.INSPECT, seen, 100.0) == []


def test_ready_that_goes_on_standing_over_a_failed_release_is_a_lie() -> None:
    seen = [event(1, revision("i--one", 1, "deployed")), event(2, inspect("True")),
            event(3, revision("i--one", 2, "failed"), 5.0)]  # fmt: skip
    assert truth.lies(subjects.INSPECT, seen, 10.0) == []
    assert truth.lies(subjects.INSPECT, seen, 100.0) == ["Ready=True stands to the end: ['i--one is failed']"]


def test_a_release_of_a_task_that_is_no_longer_listed_counts() -> None:
    seen = [event(1, revision("i--one", 1, "deployed")), event(2, revision("i--old", 1, "deployed")),
            event(3, inspect("True"))]  # fmt: skip
    assert truth.lies(subjects.INSPECT, seen, 1.0) == ["Ready=True was written at version 3 while i--old is there"]
