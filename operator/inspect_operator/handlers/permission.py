"""Whether a task may have the account that its pods run under: one that an administrator labelled for it."""

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.render import context


async def check(cluster: client.Cluster, task: tasks.Task, namespace: str) -> None:
    """:raises errors.NotAllowed: the account isn't there, or isn't labelled"""
    if task.own_account:
        return
    name = context.account(task, "")
    if not name:
        return
    if task.asks_api and not task.service_account:
        heal = f"check {task.check} needs rights in the whole cluster; an administrator gives them to this namespace " \
            "in the operator's chart (checks.clusterWideNamespaces)"  # fmt: skip
    else:
        heal = f"an administrator allows it with the label {group.LABEL_TASKS}: {group.TASKS_ALLOWED}"
    try:
        found = await cluster.get(resources.SERVICE_ACCOUNTS, namespace, name)
    except client.NotFound:
        raise errors.NotAllowed(f"task {task.name!r}: no ServiceAccount {name} in this namespace; {heal}") from None
    if (found["metadata"].get("labels") or {}).get(group.LABEL_TASKS) != group.TASKS_ALLOWED:
        raise errors.NotAllowed(f"task {task.name!r}: ServiceAccount {name} may not be used by tasks; {heal}")
