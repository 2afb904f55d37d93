"""From templates and data to the objects of one release: what a child process does where templates are a site's.

Imports little, so that the child starts quickly and is small.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from inspect_operator import errors
from inspect_operator.render import documents, template


@dataclasses.dataclass(frozen=True)
class Group:
    """Runs of one kind: `once` are the templates rendered for all of them, with `shared` as their data; then `pod` is
    rendered for each of `runs`, and `around` around that."""

    once: Sequence[str]
    shared: Mapping[str, Any]
    pod: str
    around: str
    runs: Sequence[Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Part:
    """One object: of which group and run (-1: of what all share), and from which template, in words for messages."""

    group: int
    run: int
    template: str
    item: documents.Object


def parts(made: jinja2.Environment, data: Mapping[str, Any], groups: Sequence[Group]) -> list[Part]:
    """The objects in the order of their templates.

    :raises errors.TemplateFailed: names template and line
    """
    found: list[Part] = []
    for index, group in enumerate(groups):
        shared = {**data, "run": group.shared}
        for name in group.once:
            found += [Part(index, -1, template.label(made, name), item) for item in _objects(made, name, shared)]
        for number, run in enumerate(group.runs):
            pod = _pod(made, group.pod, {**data, "run": run})
            whole = {**data, "run": run, "pod": pod}
            found += [
                Part(index, number, template.label(made, group.around), item)
                for item in _objects(made, group.around, whole)
            ]
    return found


def _objects(made: jinja2.Environment, name: str, data: Mapping[str, Any]) -> list[documents.Object]:
    return _told(made, name, lambda: documents.objects(template.label(made, name), template.text(made, name, data)))


def _pod(made: jinja2.Environment, name: str, data: Mapping[str, Any]) -> documents.Object:
    found = _told(made, name, lambda: documents.mappings(template.label(made, name), template.text(made, name, data)))
    if len(found) != 1 or not isinstance(found[0].get("spec"), dict):
        raise errors.TemplateFailed(f"template {template.label(made, name)} has to render one pod, with a spec")
    return found[0]


def _told(made: jinja2.Environment, name: str, work: Any) -> list[documents.Object]:
    """What YAML makes of a text may be out of all bounds, or of itself (`&a [*a]`)."""
    try:
        result: list[documents.Object] = work()
    except (MemoryError, RecursionError):
        raise template.failed(made, name, 0, f"renders what is out of all bounds: {template.OUT_OF_MEMORY}") from None
    return result
