"""dependsOn: a task starts once others have succeeded."""

from collections.abc import Mapping, Sequence

from inspect_operator import errors
from inspect_operator.api import task as tasks


def check(inspection: tasks.Inspection) -> None:
    """:raises errors.SpecInvalid: a task waits for one that there isn't, that has a schedule, or for itself"""
    named = {task.name: task for task in inspection.tasks}
    for index, task in enumerate(inspection.tasks):
        for other in task.depends_on:
            field = f"spec.tasks[{index}].dependsOn"
            if other not in named:
                raise errors.SpecInvalid(f"{field}: no task named {other!r}; there are {', '.join(sorted(named))}")
            if named[other].schedule:
                raise errors.SpecInvalid(f"{field}: {other!r} has a schedule; wait for tasks without one")
    if circle := _circle({name: task.depends_on for name, task in named.items()}):
        raise errors.SpecInvalid(f"spec.tasks: dependsOn goes round in a circle: {' → '.join(circle)}")


def _circle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """A circle among the tasks, its first member once more at the end; empty where there is none."""
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        todo: list[tuple[str, bool]] = [(start, False)]
        while todo:
            name, leaving = todo.pop()
            if leaving:
                done.add(path.pop())
            elif name in path:
                return [*path[path.index(name) :], name]
            elif name not in done:
                path.append(name)
                todo.append((name, True))
                todo += [(other, False) for other in edges.get(name, ())]
    return []
