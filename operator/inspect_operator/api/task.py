"""The canonical form of an Inspect: one meaning, whichever spelling it was written in."""

import dataclasses
import enum

from inspect_operator.api import inspect


class Kind(enum.StrEnum):
    """What a task runs; the name of the template folder that makes its manifests."""

    SCRIPT = "script"
    IMAGE = "image"


@dataclasses.dataclass(frozen=True)
class Task:
    """One task with every default applied.

    `script` is text, or empty where `check` names a shipped script. `unsupported` says why the task gets no release.
    """

    name: str
    kind: Kind
    script: str = ""
    check: str = ""
    image: str = ""
    interpreter: inspect.Interpreter = inspect.Interpreter.BASH
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    timeout_seconds: int = 600
    retries: int = 0
    requests: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    restart: bool = False
    original: bool = False
    location: str = ""  # script_location as written in the original spelling
    unsupported: str = ""


@dataclasses.dataclass(frozen=True)
class Owner:
    """Who an Inspect object is; another object of the same name has another uid."""

    namespace: str
    name: str
    uid: str


@dataclasses.dataclass(frozen=True)
class Inspection:
    """An Inspect object: who it is, which generation of its spec, and its tasks in the order written."""

    owner: Owner
    generation: int
    tasks: tuple[Task, ...]
