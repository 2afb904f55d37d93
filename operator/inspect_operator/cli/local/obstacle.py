"""Why a task can't run on this machine, as its result: `unknown` where nobody can tell what it would find. Pure."""

from inspect_operator.api import task as tasks
from inspect_operator.cli.local import given as givens
from inspect_operator.plan import naming
from inspect_operator.render import hosts
from inspect_operator.runner import verdict

REASON = "NotLocal"
#: Of an entry of envFrom, by kind, the field that names the object.
ENV_FROM = {"ConfigMap": "configMapRef", "Secret": "secretRef"}


def of(task: tasks.Task, namespace: str, release: str, given: givens.Given) -> verdict.Judgement | None:
    """None where it can run."""
    if words := _of_place(task, namespace, release, given):
        return verdict.Judgement(verdict.Verdict.UNKNOWN, REASON, f"not on this machine: {words}")
    ref = task.script_from
    if ref is not None and ref.key not in (given.of(ref.kind, namespace, ref.name) or {}):
        return verdict.error(verdict.Reason.CONFIG_MAP_MISSING, f"the {ref.kind} {ref.name} has no key {ref.key}")
    return None


def _of_place(task: tasks.Task, namespace: str, release: str, given: givens.Given) -> str:
    if task.image:
        return "an image runs in a pod only"
    if task.template not in ("", task.kind.value):
        return f"the template {task.template} says what its pod is, and there is none here"
    if task.nodes is not None:
        return "it runs on the nodes of a cluster; without target its script can be tried here"
    if task.profile:
        return f"the profile {task.profile} is about a node of the cluster"
    if task.service_account:
        return f"only a pod has the rights of the ServiceAccount {task.service_account}"
    if task.asks_api:
        return f"the check {task.check} asks the Kubernetes API, with an account that only its pod has"
    missing = [f"{kind} {name}" for kind, name in _needed(task, release) if given.of(kind, namespace, name) is None]
    if missing:
        return f"it needs {' and '.join(missing)}; put {'them' if len(missing) > 1 else 'it'} into a file given by -f"
    return ""


def _needed(task: tasks.Task, release: str) -> list[tuple[str, str]]:
    """Kind and name of the objects whose content it gets. Passwords that stand in the Inspect itself are in none."""
    found = [(task.script_from.kind, task.script_from.name)] if task.script_from else []
    for one in task.env_from:
        found += [(kind, one[field]["name"]) for kind, field in ENV_FROM.items() if one.get(field)]
    own = naming.secret_name(release) if hosts.inline_passwords(task) else ""
    found += [(one["kind"], one["name"]) for one in hosts.context(task, release)["ssh_files"] if one["name"] != own]
    return list(dict.fromkeys(found))
