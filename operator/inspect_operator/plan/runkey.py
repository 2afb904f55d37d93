"""What makes a run a different run.

The key is a hash of what the task runs and of the last accepted trigger. Not in it, so that editing it starts
nothing: fields that stand at their default, schedule, timeZone, suspend, timeout, retries, resources, dependsOn,
where pods are scheduled, how findings are told, how hosts are logged in to, templates, versions.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from inspect_operator.api import task as tasks
from inspect_operator.plan import trigger as triggers

KEY_HEX = 10
DIGEST_HEX = 32


def run_key(task: tasks.Task, trigger: triggers.Trigger) -> str:
    """10 hex digits; fits with a release's name into a Job's name.

    Beside a schedule only a run that was asked for has one: what a later edit changes is for the schedule's next run.
    """
    if task.schedule:
        where = {"nodes": True} if task.nodes is not None else {"hosts": True} if task.hosts else {}
        return _sha256({"now": trigger.now, **where})[:KEY_HEX]
    content: dict[str, Any] = {"kind": task.kind.value}
    for field in ("script", "check", "image", "args", "env", "env_from", "interpreter"):
        if value := getattr(task, field):
            content[field] = value
    if task.check:
        content.pop("interpreter", None)  # the check's own
    if task.chosen:
        content["parameters"] = task.chosen
    if task.script_from:
        content["scriptFrom"] = [task.script_from.name, task.script_from.key]
    if task.template:
        content |= {"template": task.template, "templateParameters": task.template_chosen}
    if task.nodes is not None:
        content["nodes"] = True
    if task.hosts:
        content["hosts"] = [[host.name, host.login.address, host.login.port, host.login.user] for host in task.hosts]
    for field in ("profile", "service_account"):
        if value := getattr(task, field):
            content[field] = value
    if task.original and task.kind is tasks.Kind.IMAGE:
        content["original"] = task.location  # such an image is told about itself in its environment
    if str(trigger):
        content["trigger"] = str(trigger)
    return _sha256(content)[:KEY_HEX]


def member_key(run_key: str, target: str) -> str:
    """The key of the run on one node."""
    return _sha256({"run": run_key, "target": target})[:KEY_HEX] if target else run_key


def digest(run_key: str, jobs: Sequence[str] = (), objects: Sequence[Any] = ()) -> str:
    """32 hex digits of what a release holds: its run, where there is one for each node its Jobs, and of what follows
    the templates the objects themselves. A one-shot's objects carry the run key and never change under it."""
    content: dict[str, Any] = {"once": run_key}
    if jobs:
        content["jobs"] = list(jobs)
    if objects:
        content["objects"] = list(objects)
    return _sha256(content)[:DIGEST_HEX]


def _sha256(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
