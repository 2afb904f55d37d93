"""What Helm's Secrets say of a release."""

import pytest
from tests.unit.builders import release, revision

from inspect_operator.plan import observed


def test_the_newest_revision_says_what_a_release_is() -> None:
    found = release(revision(number=3, status="failed"), revision(number=2))
    assert (found.newest.number, found.newest.status) == (3, "failed")


@pytest.mark.parametrize("status", list(observed.Status))
def test_pending_is_what_helm_calls_pending(status: observed.Status) -> None:
    assert status.pending == (status in {"pending-install", "pending-upgrade", "pending-rollback"})
    assert status.under_way == (status.pending or status == "uninstalling")


@pytest.mark.parametrize("word", ["deployed", "superseded", "failed", "uninstalled", "unknown"])
def test_a_release_that_no_helm_works_on_is_not_under_way(word: str) -> None:
    assert not observed.Status(word).under_way
