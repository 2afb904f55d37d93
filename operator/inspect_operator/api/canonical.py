"""From either spelling of a task to the one canonical form; here is every rule that the schema can't express."""

import re
from collections.abc import Collection
from typing import Any

import pydantic

from inspect_operator import errors, yaml_json
from inspect_operator.api import inspect, task

DEFAULT_TIMEOUT_SECONDS = 600
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_LOCATIONS = {"remote": "inspecting remote hosts", "all": "inspecting all nodes"}


def read(body: dict[str, Any], checks: Collection[str]) -> task.Inspection:
    """The canonical form of an Inspect object; `checks` are the names of the shipped scripts.

    :raises errors.SpecInvalid: names the field and what to do
    """
    try:
        written = inspect.parse(body)
    except pydantic.ValidationError as error:
        raise errors.SpecInvalid(_explain(error)) from None
    tasks = tuple(
        _task(written.spec, item, f"spec.tasks[{index}]", checks) for index, item in enumerate(written.spec.tasks)
    )
    _refuse_repeated(tasks)
    _refuse_large(tasks)
    meta = written.metadata
    return task.Inspection(task.Owner(meta.namespace, meta.name, meta.uid), meta.generation, tasks)


def duration_seconds(text: str) -> int:
    """Seconds of a duration such as 1h30m."""
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([hms])", text))


def _task(spec: inspect.InspectSpec, item: inspect.TaskItem, field: str, checks: Collection[str]) -> task.Task:
    if item.task is not None:
        if beside := sorted(item.model_fields_set - {"task"}):
            raise errors.SpecInvalid(
                f"{field}: the original spelling takes all its fields inside task:, not {beside[0]}"
            )
        return _original(spec, item.task, f"{field}.task", checks)
    if item.name is None:
        raise errors.SpecInvalid(f"{field}: give the task a name")
    if (item.script is None) == (item.image is None):
        raise errors.SpecInvalid(f"{field}: a task needs exactly one of script, image")
    if item.image is not None and item.interpreter is not None:
        raise errors.SpecInvalid(f"{field}.interpreter belongs to script, not to image; leave it out")
    names = [variable.name for variable in item.env or ()]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise errors.SpecInvalid(f"{field}.env: {', '.join(repeated)} stands there more than once; keep one")
    for index, text in enumerate(item.args or ()):
        _refuse_unholdable(f"{field}.args[{index}]", text)
    for variable in item.env or ():
        _refuse_unholdable(f"{field}.env[{variable.name}]", variable.value)
    return task.Task(
        name=item.name,
        kind=task.Kind.SCRIPT if item.script is not None else task.Kind.IMAGE,
        script=item.script or "",
        image=item.image or "",
        interpreter=item.interpreter or inspect.Interpreter.BASH,
        args=tuple(item.args or ()),
        env=tuple((variable.name, variable.value) for variable in item.env or ()),
        restart=bool(item.restart),
        **_common(spec, item, field),
    )


def _original(
    spec: inspect.InspectSpec, written: inspect.OriginalTask, field: str, checks: Collection[str]
) -> task.Task:
    try:
        kind = task.Kind(written.type or "")
    except ValueError:
        said = f"type: {written.type!r} is unknown" if written.type else "type is missing"
        raise errors.SpecInvalid(f"{field}.{said}; say type: script or type: image") from None
    script, source, check, image = written.script or "", written.source or "", "", ""
    if kind is task.Kind.IMAGE:
        image = source
        if not image:
            raise errors.SpecInvalid(f"{field}.source is missing: name the image to run")
    elif not script:
        check = source
        if not check:
            raise errors.SpecInvalid(f"{field}: a script task needs script, or source with the name of a script")
        if check not in checks:
            raise errors.SpecInvalid(
                f"{field}.source: no script named {check!r}; there are {', '.join(sorted(checks))}"
            )
    location = written.script_location or ""
    if location not in ("", "local", *_LOCATIONS):
        raise errors.SpecInvalid(f"{field}.script_location: {location!r} is unknown; say local, remote or all")
    unsupported = ""
    if kind is task.Kind.SCRIPT and location in _LOCATIONS:
        unsupported = f"script_location: {location} ({_LOCATIONS[location]}) is not supported by this version yet"
    return task.Task(
        name=written.task_name,
        kind=kind,
        script=script if kind is task.Kind.SCRIPT else "",
        check=check,
        image=image,
        interpreter=inspect.Interpreter.PYTHON3 if check.endswith(".py") else inspect.Interpreter.BASH,
        restart=bool(written.restart),
        original=True,
        location=location,
        unsupported=unsupported,
        **_common(spec, spec, "spec"),
    )


def _refuse_unholdable(field: str, text: str) -> None:
    if character := yaml_json.unholdable(text):
        raise errors.SpecInvalid(
            f"{field}: the character {character} can't pass Helm unchanged; put it into the script"
        )


def _common(spec: inspect.InspectSpec, own: inspect.Common, field: str) -> dict[str, Any]:
    """What a task says itself, else what the spec says for all, else the default."""
    timeout, where = (own.timeout, field) if own.timeout else (spec.timeout, "spec")
    seconds = duration_seconds(timeout) if timeout else DEFAULT_TIMEOUT_SECONDS
    if seconds < 1:
        raise errors.SpecInvalid(f"{where}.timeout: {timeout!r} is no time at all; say at least 1s")
    retries = own.retries if own.retries is not None else spec.retries
    resources = own.resources or spec.resources or inspect.Resources(requests=None, limits=None)
    return {
        "timeout_seconds": seconds,
        "retries": retries or 0,
        "requests": _quantities(resources.requests),
        "limits": _quantities(resources.limits),
    }


def _quantities(written: dict[str, int | str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(amount)) for name, amount in (written or {}).items()))


def _refuse_repeated(tasks: tuple[task.Task, ...]) -> None:
    names = [one.name for one in tasks]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise errors.SpecInvalid(f"spec.tasks: task names must be unique; repeated: {', '.join(repeated)}")


def _refuse_large(tasks: tuple[task.Task, ...]) -> None:
    sizes = {one.name: len(one.script.encode("utf-8", "surrogatepass")) for one in tasks}
    for name, size in sizes.items():
        if size > inspect.MAX_SCRIPT_BYTES:
            raise errors.SpecInvalid(f"script of task {name!r} has {size} bytes; at most {inspect.MAX_SCRIPT_BYTES}")
    if (total := sum(sizes.values())) > inspect.MAX_SCRIPTS_BYTES:
        raise errors.SpecInvalid(f"all scripts together have {total} bytes; at most {inspect.MAX_SCRIPTS_BYTES}")


def _explain(error: pydantic.ValidationError) -> str:
    """The first complaint, with the field as people write it: spec.tasks[2].script."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ""
    for part in first["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{field}: {first['msg']}{more}"
