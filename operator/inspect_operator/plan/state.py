"""Which state a release is in, and why: named checks, read from the top; the first that holds decides."""

import dataclasses
import datetime
import enum
from collections.abc import Collection

from inspect_operator.plan import desired, observed
from inspect_operator.plan import trigger as triggers


class State(enum.StrEnum):
    """What a release is, compared with what it should be."""

    ABSENT = "Absent"
    FOREIGN = "Foreign"
    UNINSTALLING = "Uninstalling"
    LOCKED = "Locked"
    BUSY = "Busy"
    FAILED = "Failed"
    OUT_OF_SYNC = "OutOfSync"
    IN_SYNC = "InSync"


@dataclasses.dataclass(frozen=True)
class Known:
    """What else a decision needs to know.

    `dead_before`: a pending revision last written before this moment has no helm at work on it any more.
    `ended`: revisions (release, number) whose helm was a child of ours and has ended.
    `lost`: releases with an object other than a Job that is gone or was changed.
    """

    owner_uid: str
    living: Collection[str]
    dead_before: datetime.datetime
    ended: Collection[tuple[str, int]] = ()
    lost: Collection[str] = ()


def whole(found: observed.Release, known: Known) -> tuple[State, str] | None:
    """What is so whatever the release should hold; None where that decides."""
    newest = found.newest
    if not newest.owner_uid:
        return State.FOREIGN, f"release {found.name} exists and was not made by inspect-operator"
    if newest.owner_uid != known.owner_uid and newest.owner_uid in known.living:
        return State.FOREIGN, f"release {found.name} belongs to another object (uid {newest.owner_uid})"
    if newest.status.under_way:
        if (found.name, newest.number) not in known.ended and newest.modified >= known.dead_before:
            return State.BUSY, f"helm is at work on revision {newest.number} ({newest.status})"
        if newest.status.pending:
            return State.LOCKED, f"revision {newest.number} was interrupted ({newest.status})"
        return State.UNINSTALLING, "an interrupted uninstall is finished first"
    if newest.status is observed.Status.UNINSTALLED:
        return State.UNINSTALLING, "an interrupted uninstall is finished first"
    if newest.status is not observed.Status.DEPLOYED:
        return State.FAILED, f"revision {newest.number} had {newest.status}"
    if newest.owner_uid != known.owner_uid:
        return State.OUT_OF_SYNC, f"adopted from an object that is gone (uid {newest.owner_uid})"
    return None


def of(want: desired.Desired, found: observed.Release | None, known: Known, generation: int) -> tuple[State, str]:
    """The state and the reason; the reason becomes Helm's description of the next revision."""
    if found is None:
        return State.ABSENT, f"installed for generation {generation}"
    if (decided := whole(found, known)) is not None:
        return decided
    newest = found.newest
    if newest.run_key != want.run_key:
        return State.OUT_OF_SYNC, _why_again(want, newest, generation)
    if newest.digest != want.digest:
        nodes = want.task.nodes is not None and not want.task.schedule
        return State.OUT_OF_SYNC, "nodes joined or left" if nodes else "schedule, nodes or templates changed"
    if newest.trigger != want.trigger:
        return State.OUT_OF_SYNC, "noted which run was asked for"
    if found.name in known.lost:
        return State.OUT_OF_SYNC, "an object of the release was lost"
    return State.IN_SYNC, ""


def _why_again(want: desired.Desired, newest: observed.Revision, generation: int) -> str:
    now, before = triggers.parse(want.trigger), triggers.parse(newest.trigger)
    if now.request != before.request:
        return "run again: it was asked for"
    if now.generation != before.generation:
        return f"run again: restart is true and generation {generation} is new"
    return f"task changed in generation {generation}"
