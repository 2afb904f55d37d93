"""The values of what templates see; render/contract.py tells the names."""

import base64
from typing import Any, TypedDict

from inspect_operator import settings as settings_module
from inspect_operator import yaml_json
from inspect_operator.api import check as checks
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, nodes
from inspect_operator.render import contract, hosts
from inspect_operator.runner import stream

#: The original project's message center; an image written for it expects an address even where none is configured.
ORIGINAL_MESSAGE_CENTER = "http://mymessage-svc.default:8888/v1/send"
#: Longest back-off between the attempts of a Job (Kubernetes, Job: pod backoff failure policy).
_MAX_BACKOFF_SECONDS = 360
_GRACE_SECONDS = 120
DEFAULT_REQUESTS = {"cpu": "10m", "memory": "32Mi"}
DEFAULT_MEMORY_LIMIT = "512Mi"


class OfRelease(TypedDict):
    """What is the same for all templates of a release."""

    contract: int
    inspect: contract.Inspect
    release: contract.Release
    task: contract.Task
    parameters: dict[str, Any]
    settings: contract.Settings


def of_release(
    want: desired.Desired, owner: tasks.Owner, settings: settings_module.Settings, check: checks.Check | None
) -> OfRelease:
    """Values for all templates of a release; `check` is the task's, where it has one."""
    task = want.task
    return {
        "contract": contract.VERSION,
        "inspect": {"name": owner.name},
        "release": {"name": want.release, "namespace": owner.namespace},
        "task": {
            "name": task.name,
            "kind": task.kind.value,
            "template": task.template,
            "check": task.check,
            **_script(check.script if check else task.script),
            "script_from": _key_ref(task.script_from),
            "image": task.image,
            "interpreter": task.interpreter or "auto",
            "args": [_literal(text) for text in task.args],
            "env": [{"name": name, "value": _literal(value)} for name, value in variables(task, settings).items()],
            "env_from": list(task.env_from),
            "results_arguments": [_literal(text) for text in results_arguments(task)],
            "timeout_seconds": task.timeout_seconds,
            "deadline_seconds": deadline_seconds(task),
            "retries": task.retries,
            "resources": _resources(task),
            "schedule": task.schedule,
            "time_zone": task.time_zone,
            "suspend": task.suspend,
            "node_selector": dict(task.node_selector),
            "tolerations": [*(task.nodes.tolerations if task.nodes else task.tolerations), *_pressure(task)],
            "image_pull_secrets": [{"name": name} for name in task.image_pull_secrets],
            "profile": task.profile,
            "service_account": account(task, want.release),
            "cluster_role": checks.cluster_role(task.check) if task.own_account else "",
            **hosts.context(task, want.release),
        },
        "parameters": task.template_parameters,
        "settings": {"runner_image": settings.runner_image, "image_pull_policy": settings.image_pull_policy},
    }


def of_run(want: desired.Desired, member: desired.Member | None, *, once: bool) -> contract.Run:
    """Values for the templates of one Job (`once`) or CronJob; without `member`, for what all of them share."""
    source = want.task.script_from
    folder = f"/inspect/configmaps/{source.name}" if source else "/inspect"
    own = "/inspect/hosts/script" if want.task.kind is tasks.Kind.SSH else "/inspect/script"
    config_map = want.files if once else want.release
    return {
        "name": member.name if member else "",
        "once": once,
        "config_map": config_map,
        "script_map": source.name if source else config_map,
        "script_folder": folder,
        "script": f"{folder}/{source.key}" if source else own,
        "optional": source is not None,
        "target": member.target if member else "",
        "affinity": _affinity(member.target) if member and member.target else None,
    }


def account(task: tasks.Task, release: str) -> str:
    """The account of the task's pods: the one it names, else what its check needs, else none."""
    if task.own_account:
        return release
    return task.service_account or (checks.cluster_role(task.check) if task.asks_api else "")


class _Script(TypedDict):
    script: str
    script_base64: str


def _script(text: str) -> _Script:
    """The script as text, or in base64 where it holds characters that would be lost on the way."""
    if yaml_json.unholdable(text):
        return {"script": "", "script_base64": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return {"script": text, "script_base64": ""}


def _key_ref(ref: tasks.KeyRef | None) -> contract.KeyRef | None:
    return {"kind": ref.kind, "name": ref.name, "key": ref.key} if ref else None


def backoff_seconds(attempt: int) -> int:
    """How long a Job waits after an attempt that failed, the first of which is 0, before the next."""
    return min(10 << attempt, _MAX_BACKOFF_SECONDS)


def deadline_seconds(task: tasks.Task) -> int:
    """When Kubernetes may give up on the Job: after every attempt had its timeout, with back-off and start-up."""
    backoff = sum(backoff_seconds(attempt) for attempt in range(task.retries))
    return (task.timeout_seconds + _GRACE_SECONDS) * (task.retries + 1) + backoff


def results_arguments(task: tasks.Task) -> list[str]:
    """How the runner is told to read findings; nothing where it finds out itself."""
    form = [] if task.results_format is stream.Format.AUTO else ["--results", task.results_format.value]
    return form + (["--results-file", task.results_file] if task.results_file else [])


def variables(task: tasks.Task, settings: settings_module.Settings) -> dict[str, str]:
    """The environment of the task's container, beside that of its image and what `envFrom` brings."""
    env = dict(task.env)
    if task.original and task.kind is tasks.Kind.IMAGE:
        env |= {
            "taskName": yaml_json.holdable(task.name),
            "type": task.kind.value,
            "script_location": task.location,
            "message-operator-url": settings.message_center_url or ORIGINAL_MESSAGE_CENTER,
        }
    if task.check:
        env |= {"INSPECT_RUNNER_IMAGE": settings.runner_image, **dict(task.parameters)}
    if task.profile == "node":
        env |= {"HOST_ROOT": "/host"}
    return env


def _literal(text: str) -> str:
    """Kubernetes replaces $(NAME) in arguments and variables; a doubled dollar is one (k8s.io/kubernetes, third_party
    forked/golang/expansion)."""
    return text.replace("$", "$$")


def _pressure(task: tasks.Task) -> list[dict[str, str]]:
    """A node short of disk or memory is one to look at."""
    return [dict(one) for one in nodes.PRESSURE] if task.nodes else []


def _affinity(node: str) -> dict[str, Any]:
    """By the node's name, as DaemonSets do it: its hostname label may be another one."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


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
