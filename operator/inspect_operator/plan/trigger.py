"""What starts a run anew although nothing changed that the task runs.

A new generation of the spec where `restart: true`, and a new text in the annotation `…/run-requested-at`: any text,
such as the time, for all tasks; or `<text> for <task>, <task>`. Taking either away or lowering a number starts nothing.
What was accepted last is stored in a label of the release, as `g<generation>.r<request>.n<run>`, each part optional.
"""

import dataclasses
import hashlib
import re
from collections.abc import Collection

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks

_HEX = 10


@dataclasses.dataclass(frozen=True)
class Trigger:
    """The last accepted ones. `now` names the run that was asked for beside a schedule; it stays until the next."""

    generation: int = 0
    request: str = ""
    now: str = ""

    def __str__(self) -> str:
        parts = [f"g{self.generation}" if self.generation else ""]
        parts += [f"{letter}{text}" if text else "" for letter, text in (("r", self.request), ("n", self.now))]
        return ".".join(part for part in parts if part)


@dataclasses.dataclass(frozen=True)
class Request:
    """A run asked for: which (10 hex digits), and of which tasks; None: of all."""

    token: str = ""
    names: frozenset[str] | None = None

    def of(self, task: tasks.Task) -> str:
        """The token, where it concerns this task."""
        return self.token if self.names is None or task.name in self.names else ""


def token(text: str) -> str:
    """10 hex digits of a request's text; empty where nothing is asked for."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX] if text else ""


def parse(text: str) -> Trigger:
    """A stored trigger; what is not understood is as if it weren't there."""
    found = {part[0]: part[1:] for part in text.split(".") if part}
    generation = found.get("g", "")
    return Trigger(int(generation) if generation.isdigit() else 0, found.get("r", ""), found.get("n", ""))


def request(inspection: tasks.Inspection, accepted: Collection[str] = ()) -> Request:
    """What the annotation asks for; `accepted` are the tokens of requests that were done.

    :raises errors.SpecInvalid: it names a task that there isn't, and nobody has done it yet
    """
    text = inspection.run_request
    if not text:
        return Request()
    asked_for = token(text)
    chosen = re.fullmatch(r"(?:.*?\s)?for\s+(\S.*)", text, re.DOTALL)
    if chosen is None:
        return Request(asked_for)
    names = {task.name for task in inspection.tasks}
    asked = {chosen[1]} if chosen[1] in names else {part.strip() for part in chosen[1].split(",")} - {""}
    if (unknown := sorted(asked - names)) and asked_for not in accepted:
        raise errors.SpecInvalid(
            f"annotation {group.ANNOTATION_RUN_REQUEST}: no task named {unknown[0]!r}; write any text for all tasks, "
            f"such as the time, or '<text> for {sorted(names)[0]}'"
        )
    return Request(asked_for, frozenset(asked))


def accepted(
    task: tasks.Task, generation: int, asked: str, stored: Trigger | None, *, elsewhere: bool = False
) -> Trigger:
    """The trigger that counts now. `stored` is that of the task's release, None where there is none; `asked` the token
    of a request, which another task's release has accepted before where `elsewhere` (then it isn't meant for this one,
    which was added later)."""
    before = stored or Trigger()
    new_generation = generation if task.restart and generation > before.generation else before.generation
    new_request = asked or before.request
    if not task.schedule:
        return Trigger(new_generation, new_request)
    # The first generation of a scheduled task is no change, and has its schedule.
    again = stored is not None and before.generation and new_generation != before.generation
    wished = new_request != before.request and not (stored is None and elsewhere)
    if not (again or wished):
        return Trigger(new_generation, new_request, before.now)
    run = hashlib.sha256(f"{new_generation} {new_request}".encode()).hexdigest()[:_HEX]
    return Trigger(new_generation, new_request, run)
