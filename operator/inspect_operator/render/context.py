"""What templates see. The names here are a contract with everybody who writes templates."""

import base64
from typing import Any

from inspect_operator import settings as settings_module
from inspect_operator import yaml_json
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired

#: The original project's message center; an image written for it expects an address even where none is configured.
ORIGINAL_MESSAGE_CENTER = "http://mymessage-svc.default:8888/v1/send"
#: Longest back-off between the attempts of a Job (Kubernetes, Job: pod backoff failure policy).
_MAX_BACKOFF_SECONDS = 360
_GRACE_SECONDS = 120
DEFAULT_REQUESTS = {"cpu": "10m", "memory": "32Mi"}
DEFAULT_MEMORY_LIMIT = "512Mi"


def context(want: desired.Desired, settings: settings_module.Settings, scripts: dict[str, str]) -> dict[str, Any]:
    """Values for the templates of one run; `scripts` maps the names of shipped scripts to their content."""
    task = want.task
    return {
        "run": {"name": want.job},
        "release": {"name": want.release},
        "task": {
            "name": task.name,
            "kind": task.kind.value,
            **_script(scripts[task.check] if task.check else task.script),
            "image": task.image,
            "interpreter": task.interpreter.value,
            "args": [_literal(text) for text in task.args],
            "env": _env(task, settings),
            "timeout_seconds": task.timeout_seconds,
            "deadline_seconds": deadline_seconds(task),
            "retries": task.retries,
            "resources": _resources(task),
        },
        "settings": {"runner_image": settings.runner_image, "image_pull_policy": settings.image_pull_policy},
    }


def _script(text: str) -> dict[str, str]:
    """The script as text, or in base64 where it holds characters that would be lost on the way."""
    if yaml_json.unholdable(text):
        return {"script": "", "script_base64": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return {"script": text, "script_base64": ""}


def deadline_seconds(task: tasks.Task) -> int:
    """When Kubernetes may give up on the Job: after every attempt had its timeout, with back-off and start-up."""
    backoff = sum(min(10 << attempt, _MAX_BACKOFF_SECONDS) for attempt in range(task.retries))
    return (task.timeout_seconds + _GRACE_SECONDS) * (task.retries + 1) + backoff


def _env(task: tasks.Task, settings: settings_module.Settings) -> list[dict[str, str]]:
    env = dict(task.env)
    if task.original and task.kind is tasks.Kind.IMAGE:
        env |= {
            "taskName": yaml_json.holdable(task.name),
            "type": task.kind.value,
            "script_location": task.location,
            "message-operator-url": settings.message_center_url or ORIGINAL_MESSAGE_CENTER,
        }
    return [{"name": name, "value": _literal(value)} for name, value in env.items()]


def _literal(text: str) -> str:
    """Kubernetes replaces $(NAME) in arguments and variables; a doubled dollar is one (k8s.io/kubernetes, third_party
    forked/golang/expansion)."""
    return text.replace("$", "$$")


def _resources(task: tasks.Task) -> dict[str, dict[str, str]]:
    """What the task asks for; of what it doesn't mention, enough for a script, and a cap on its memory.

    A limit without a request is its own request in Kubernetes, so no default may stand beside it.
    """
    requests, limits = dict(task.requests), dict(task.limits)
    for name, amount in DEFAULT_REQUESTS.items():
        if name not in requests and name not in limits:
            requests[name] = amount
    if not any(name == "memory" for name, _ in (*task.requests, *task.limits)):
        limits["memory"] = DEFAULT_MEMORY_LIMIT
    return {"requests": requests, "limits": limits}
