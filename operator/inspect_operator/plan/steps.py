"""What to do about each release: a table from state to action, and the releases that are no longer wanted."""

import dataclasses
import enum
from collections.abc import Mapping

from inspect_operator import errors
from inspect_operator.plan import desired, observed, state


class Action(enum.StrEnum):
    """The verbs of release/, and the two ways of doing nothing."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    REPAIR = "repair"  # unlock where locked, remove what an interrupted revision left, then upgrade
    REINSTALL = "reinstall"  # finish the uninstall, then install
    UNINSTALL = "uninstall"
    REFUSE = "refuse"
    WAIT = "wait"


ACTIONS = {
    state.State.ABSENT: Action.INSTALL,
    state.State.OUT_OF_SYNC: Action.UPGRADE,
    state.State.FAILED: Action.REPAIR,
    state.State.LOCKED: Action.REPAIR,
    state.State.UNINSTALLING: Action.REINSTALL,
    state.State.FOREIGN: Action.REFUSE,
    state.State.BUSY: Action.WAIT,
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One action on one release; `want` is None for a release that should go."""

    action: Action
    release: str
    why: str
    want: desired.Desired | None = None
    found: observed.Release | None = None


def decide(
    wanted: tuple[desired.Desired, ...], found: Mapping[str, observed.Release], known: state.Known, generation: int
) -> tuple[Step, ...]:
    """Everything to do; empty where every release is as desired."""
    steps = []
    for want in wanted:
        release = found.get(want.release)
        if want.held or want.refused:
            why = _why_over(want)
            if why and release is not None and release.newest.owner_uid == known.owner_uid:
                steps.append(Step(Action.UNINSTALL, want.release, why, None, release))
            continue
        which, why = state.of(want, release, known, generation)
        if which is not state.State.IN_SYNC:
            steps.append(Step(ACTIONS[which], want.release, why, want, release))
    names = {want.release for want in wanted}
    steps += [
        Step(Action.UNINSTALL, name, "task is no longer in the Inspect", None, release)
        for name, release in sorted(found.items())
        if name not in names and release.newest.owner_uid == known.owner_uid
    ]
    return tuple(steps)


def _why_over(want: desired.Desired) -> str:
    """Why the release of a task that is held or refused may not stay as it is: CronJobs in it fire by themselves."""
    if want.task.schedule and isinstance(want.refused, errors.NotAllowed):
        return str(want.refused)
    if want.held and want.firing:
        return "its schedule was taken away, and what is to run in its place waits"
    return ""
