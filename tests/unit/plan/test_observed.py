"""Whether the Job of a run was ever made: only the unbroken line of newest revisions tells."""

import pytest
from tests.unit.builders import release, revision

A, B = "aaaaaaaaaa", "bbbbbbbbbb"


@pytest.mark.parametrize(
    ("why", "line", "made"),
    [
        ("deployed", [(A, "deployed")], True),
        ("never completely installed", [(A, "failed")], False),
        ("interrupted while it was made", [(A, "pending-install")], False),
        ("an upgrade after it failed", [(A, "failed"), (A, "deployed")], True),
        ("two upgrades after it failed", [(A, "failed"), (A, "pending-upgrade"), (A, "superseded")], True),
        ("an upgrade to another run was interrupted", [(B, "pending-upgrade"), (A, "deployed")], False),
        ("changed away and back", [(A, "failed"), (B, "superseded"), (A, "superseded")], False),
        ("changed away and back, which failed twice", [(A, "failed"), (A, "failed"), (B, "deployed")], False),
        ("changed away and back, and made again", [(A, "deployed"), (B, "superseded"), (A, "superseded")], True),
        ("being uninstalled", [(A, "uninstalling")], False),
    ],
)
def test_a_job_was_made(why: str, line: list[tuple[str, str]], made: bool) -> None:
    count = len(line)
    revisions = [revision(number=count - index, run_key=key, status=status) for index, (key, status) in enumerate(line)]
    assert release(*revisions).job_was_made(A, "uid-1") is made, why
    assert not release(*revisions).job_was_made(A, "uid-2"), "an object that was made anew has not run yet"


def test_the_newest_revision_says_what_a_release_is() -> None:
    found = release(revision(number=3, status="failed"), revision(number=2))
    assert (found.newest.number, found.newest.status) == (3, "failed")
