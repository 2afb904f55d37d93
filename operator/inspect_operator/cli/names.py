"""Names of Inspects and tasks, as people type them."""

from typing import Any

from inspect_operator.cli import command


def plain(name: str) -> str:
    """A name as kubectl also takes it: inspect/NAME, in/NAME."""
    kind, _, rest = name.rpartition("/")
    if kind and kind.partition(".")[0] not in ("inspect", "inspects", "in"):
        raise command.Usage(f"{name}: write the name of an Inspect, or inspect/NAME")
    return rest


def of_tasks(body: dict[str, Any]) -> list[str]:
    """The tasks of an Inspect in both spellings, as written."""
    named = [one.get("name") or (one.get("task") or {}).get("task_name") for one in body["spec"].get("tasks") or ()]
    return [str(name) for name in named if name]


def refuse_unknown(asked: list[str], known: list[str], inspect: str) -> None:
    """:raises command.Usage: a task is asked for that there isn't"""
    if unknown := [name for name in asked if name not in known]:
        raise command.Usage(f"{inspect} has no task {unknown[0]!r}; it has: {', '.join(known)}")
