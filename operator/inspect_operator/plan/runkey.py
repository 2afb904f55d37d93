"""What makes a run a different run.

The key is a hash of what the task runs and of the last accepted trigger. Not in it, so that editing it starts
nothing: fields that stand at their default, timeout, retries, resources, templates, versions.
"""

import hashlib
import json
import re
from typing import Any

from inspect_operator.api import inspect
from inspect_operator.api import task as tasks

KEY_HEX = 10
DIGEST_HEX = 32


def run_key(task: tasks.Task, trigger: str) -> str:
    """10 hex digits; fits with a release's name into a Job's name."""
    content: dict[str, Any] = {"kind": task.kind.value}
    for field in ("script", "check", "image", "args", "env"):
        if value := getattr(task, field):
            content[field] = value
    if task.original and task.kind is tasks.Kind.IMAGE:
        content["original"] = task.location  # such an image is told about itself in its environment
    if task.interpreter is not inspect.Interpreter.BASH:
        content["interpreter"] = task.interpreter.value
    if trigger:
        content["trigger"] = trigger
    return _sha256(content)[:KEY_HEX]


def digest(run_key: str) -> str:
    """32 hex digits of what a one-shot release holds: its objects carry the run key and never change under it."""
    return _sha256({"once": run_key})[:DIGEST_HEX]


def accepted_trigger(restart: bool, generation: int, stored: str | None) -> str:
    """The trigger that counts now; `stored` is the one of the owner's newest revision, None where there is none.

    A new generation is a trigger where `restart: true`; taking `restart` away or lowering a number starts nothing.
    """
    if not restart:
        return stored or ""
    if stored is None:
        return f"g{generation}"
    number = re.fullmatch(r"g([0-9]+)", stored)
    return f"g{generation}" if generation > (int(number.group(1)) if number else 0) else stored


def _sha256(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
