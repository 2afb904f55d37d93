"""From an inspection to the releases it wants."""

import dataclasses
from collections.abc import Mapping

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.plan import naming, observed, runkey


@dataclasses.dataclass(frozen=True)
class Desired:
    """One release that should exist, and the run it stands for."""

    task: tasks.Task
    release: str
    run_key: str
    trigger: str
    digest: str

    @property
    def job(self) -> str:
        """Name of the run's Job and of its ConfigMap."""
        return naming.run_name(self.release, self.run_key)


def releases(inspection: tasks.Inspection, found: Mapping[str, observed.Release]) -> tuple[Desired, ...]:
    """What should exist, one release a supported task, in the order of the tasks.

    :raises errors.SpecInvalid: two tasks would share a release
    """
    wanted: dict[str, Desired] = {}
    for task in inspection.tasks:
        if task.unsupported:
            continue
        name = naming.release_name(inspection.owner.name, task.name)
        if name in wanted:
            raise errors.SpecInvalid(
                f"spec.tasks: {wanted[name].task.name!r} and {task.name!r} both become release {name}; rename one"
            )
        stored = _stored(inspection, task, found.get(name))
        trigger = runkey.accepted_trigger(task.restart, inspection.generation, stored)
        key = runkey.run_key(task, trigger)
        wanted[name] = Desired(task, name, key, trigger, runkey.digest(key))
    return tuple(wanted.values())


def _stored(inspection: tasks.Inspection, task: tasks.Task, release: observed.Release | None) -> str | None:
    """The stored trigger; where it must be compared, generations of another owner don't compare with ours."""
    if release is None or (task.restart and release.newest.owner_uid != inspection.owner.uid):
        return None
    return release.newest.trigger
