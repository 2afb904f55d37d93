"""Whether tasks may have the accounts that their pods run under: those that an administrator labelled for it."""

import math
import time

from inspect_operator import errors
from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import client, resources
from inspect_operator.render import context

#: How long a yes and a no count, where it isn't about a run that begins now.
YES_SECONDS, NO_SECONDS = 300.0, 20.0


class Permissions:
    """Remembers answers for a while, by namespace, account and for what."""

    def __init__(self, cluster: client.Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, str, bool], tuple[float, str]] = {}

    async def check(self, task: tasks.Task, namespace: str, *, now: bool) -> None:
        """Asks the cluster `now`, or takes an answer that isn't old.

        :raises errors.NotAllowed: the account isn't there, or isn't labelled
        """
        if not asked(task):
            return
        of_check = not task.service_account
        place = (namespace, context.account(task, ""), of_check)
        at, wrong = self._known.get(place, (0.0, ""))
        if now or not at or time.monotonic() - at > (NO_SECONDS if wrong else YES_SECONDS):
            wrong = await self._wrong(namespace, place[1], of_check)
            self._known[place] = (time.monotonic(), wrong)
        if wrong:
            heal = (
                f"check {task.check} needs rights in the whole cluster; an administrator gives them to this namespace "
                "in the operator's chart (checks.clusterWideNamespaces)"
                if of_check
                else f"an administrator makes it, with the label {group.LABEL_TASKS}: {group.TASKS_ALLOWED}"
            )
            raise errors.NotAllowed(f"task {task.name!r}: {wrong}; {heal}")

    def again_seconds(self, task: tasks.Task, refused: bool) -> float:
        """When to ask again for a schedule's account; infinite where nobody has to be asked."""
        if not (task.schedule and asked(task)):
            return math.inf
        return (NO_SECONDS if refused else YES_SECONDS) + 1.0

    async def _wrong(self, namespace: str, name: str, of_check: bool) -> str:
        try:
            found = await self._cluster.get(resources.SERVICE_ACCOUNTS, namespace, name)
        except client.NotFound:
            return f"no ServiceAccount {name} in this namespace"
        expected = group.CHECKS_ALLOWED if of_check else group.TASKS_ALLOWED
        if (found["metadata"].get("labels") or {}).get(group.LABEL_TASKS) != expected:
            return f"ServiceAccount {name} may not be used by tasks"
        return ""


def asked(task: tasks.Task) -> bool:
    """Whether the task's account is one that somebody has to allow."""
    return not task.own_account and bool(context.account(task, ""))
