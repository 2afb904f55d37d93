"""Helm's records: what their labels and payload say, and how a pending revision is marked failed."""

import datetime
from typing import Any

import pytest
from tests.unit import builders, helm_in_memory, hostile
from tests.unit.builders import modern

from inspect_operator.plan import observed
from inspect_operator.release import stored

Status = observed.Status


def _secret(number: int = 1, release: str = "night--disk", **labels: Any) -> builders.Object:
    made = helm_in_memory.secret(release, number, labels=helm_in_memory.labels(builders.want()))
    made["metadata"]["labels"] |= labels
    made["metadata"]["labels"] = {
        name: value for name, value in made["metadata"]["labels"].items() if value is not None
    }
    return made


def test_labels_say_what_a_release_is() -> None:
    want = builders.want(modern(restart=True), generation=3)
    (release,) = stored.releases([helm_in_memory.secret("night--disk", 7, labels=helm_in_memory.labels(want))]).values()
    assert release == observed.Release(
        "night--disk",
        (observed.Revision(7, Status.DEPLOYED, builders.NOW, "uid-1", want.digest, want.run_key, "g3"),),
    )


def test_revisions_are_sorted_by_number_the_newest_first() -> None:
    found = stored.releases([_secret(number) for number in (9, 11, 10, 2)])
    assert [revision.number for revision in found["night--disk"].revisions] == [11, 10, 9, 2]


def test_releases_are_told_apart() -> None:
    found = stored.releases([_secret(1, "a"), _secret(2, "b"), _secret(3, "a")])
    assert {name: release.newest.number for name, release in found.items()} == {"a": 3, "b": 2}


@pytest.mark.parametrize("labels", [{"owner": None}, {"owner": "somebody"}, {"version": None}, {"version": "x"}])
def test_other_secrets_are_passed_over(labels: dict[str, Any]) -> None:
    assert stored.releases([_secret(**labels)]) == {}


def test_a_secret_without_labels_is_passed_over() -> None:
    assert stored.releases([{"metadata": {"name": "a", "labels": None}}, {"metadata": {"name": "b"}}]) == {}


@pytest.mark.parametrize(
    ("written", "read"), [*((str(one), one) for one in Status), ("", Status.UNKNOWN), ("new-in-helm-5", Status.UNKNOWN)]
)
def test_every_status_is_read(written: str, read: Status) -> None:
    assert stored.releases([_secret(status=written)])["night--disk"].newest.status is read


@pytest.mark.parametrize(
    ("labels", "seconds"),
    [
        ({"modifiedAt": "100", "createdAt": "50"}, 100),
        ({"modifiedAt": None, "createdAt": "50"}, 50),
        ({"modifiedAt": None, "createdAt": None}, 0),
    ],
)
def test_when_a_revision_was_last_written(labels: dict[str, Any], seconds: int) -> None:
    modified = stored.releases([_secret(**labels)])["night--disk"].newest.modified
    assert modified == datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def test_a_release_that_is_not_ours_has_none_of_our_labels() -> None:
    newest = stored.releases([helm_in_memory.secret("theirs")])["theirs"].newest
    assert (newest.owner_uid, newest.digest, newest.run_key, newest.trigger) == ("", "", "", "")


@pytest.mark.parametrize("compressed", [True, False])
def test_the_payload_names_the_objects(compressed: bool) -> None:
    objects = helm_in_memory.objects(builders.want())
    payload = stored.payload(helm_in_memory.secret("night--disk", 1, "failed", objects, compressed=compressed))
    assert (payload.status, payload.description) == (Status.FAILED, "Install complete")
    assert list(payload.objects.values()) == objects
    assert set(payload.objects) == {
        ("Job", builders.job(builders.want())),
        ("ConfigMap", builders.job(builders.want())),
    }


def test_a_revision_may_hold_nothing() -> None:
    assert stored.payload(helm_in_memory.secret("night--disk")).objects == {}


def test_hostile_text_in_a_stored_manifest_does_not_split_it() -> None:
    objects = [
        {"kind": "ConfigMap", "metadata": {"name": f"c{index}"}, "data": {"script": text}}
        for index, text in enumerate(hostile.TEXTS)
    ]
    payload = stored.payload(helm_in_memory.secret("night--disk", objects=objects))
    assert list(payload.objects.values()) == objects


@pytest.mark.parametrize("status", [one for one in Status if one.pending])
def test_a_pending_revision_is_marked_failed_in_payload_and_label(status: Status) -> None:
    objects = helm_in_memory.objects(builders.want())
    before = helm_in_memory.secret("night--disk", 2, status, objects, {"mine": "stays"})
    before["metadata"]["resourceVersion"] = "42"
    patch = stored.marked_failed(before, "revision 2 was interrupted")
    assert patch["metadata"] == {"resourceVersion": "42", "labels": {"status": "failed"}}
    after = stored.payload({**before, "data": patch["data"]})
    assert (after.status, after.description) == (Status.FAILED, "revision 2 was interrupted")
    assert list(after.objects.values()) == objects
    assert set(patch) == {"metadata", "data"}
    assert set(patch["data"]) == {"release"}


def test_the_same_mark_is_the_same_bytes() -> None:
    before = helm_in_memory.secret("night--disk", 2, "pending-install")
    before["metadata"]["resourceVersion"] = "42"
    assert stored.marked_failed(before, "why") == stored.marked_failed(before, "why")


def test_the_name_of_a_revisions_secret_is_helms() -> None:
    assert stored.secret_name("night--disk", 12) == "sh.helm.release.v1.night--disk.v12"
