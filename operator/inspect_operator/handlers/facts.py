"""What plan needs to know of the world to decide what should exist, gathered from memory."""

from collections.abc import Mapping

from inspect_operator import settings as settings_module
from inspect_operator.api import task as tasks
from inspect_operator.handlers import memory as memories
from inspect_operator.handlers import queue, slots
from inspect_operator.plan import desired, naming, observed
from inspect_operator.publish import row as rows_of_tasks
from inspect_operator.run import jobs


def of(
    memory: memories.Memory,
    taken: slots.Slots,
    key: queue.Key,
    inspection: tasks.Inspection,
    found: Mapping[str, observed.Release],
    settings: settings_module.Settings,
) -> desired.Facts:
    """`found` are the releases that there are, `taken` says how many more Jobs may be active."""
    namespace = key[0]
    rows = memory.rows(key)
    made, active = {}, set()
    for task in inspection.tasks:
        release = naming.release_name(inspection.owner.name, task.name)
        row = rows.get(task.name, {})
        told: set[str] = set()
        if release in found and found[release].newest.run_key == row.get("runKey"):
            # Of another run it says nothing: a script changed away and back is run once more.
            # A Job that was seen once has had its turn, also where somebody deleted it before it ended.
            told = {one["job"] for one in (row, *(row.get("targets") or ())) if one.get("job")}
        if release in found:
            told |= memory.gone(namespace, release)
        unseen = taken.unseen(namespace, release)
        made[release] = frozenset(memory.made(namespace, release) | unseen | told)
        if unseen or any(_goes_on(job, row) for job in memory.jobs(namespace, release)):
            active.add(release)
    results = {
        name: desired.Ended(row.get("runKey", ""), row.get("verdict", "") if row.get("state") == "finished" else "")
        for name, row in rows.items()
    }
    return desired.Facts(
        sees_nodes=memory.sees_nodes,
        nodes=tuple(sorted(memory.nodes.values(), key=lambda node: node.name)),
        made=made,
        active=frozenset(active),
        results=results,
        crons=frozenset(release for release in made if memory.crons(namespace, release)),
        requested={name: row["requested"] for name, row in rows.items() if row.get("requested")},
        noted=memory.status(key).get("runRequest") or "",
        free=taken.free(key),
        profiles=settings.profiles_of(namespace),
    )


def _goes_on(job: memories.Object, row: rows_of_tasks.Row) -> bool:
    """Whether the Job runs, or its result isn't told yet: replaced now, what it found would be lost."""
    end = jobs.read(job).end
    if end is None:
        return True
    told = [row, *(row.get("targets") or ())]
    uids = {one.get("runUid") for one in told if one.get("state") == "finished"}
    uids |= {one.get("runUid") for one in row.get("history") or ()}
    if job["metadata"]["uid"] in uids or (row.get("targetsCut") and row.get("state") == "finished"):
        return False
    # The history forgets in time; what ended before the last result is no longer to come.
    return (rows_of_tasks.timestamp(end.at) or "") >= str(row.get("finished", ""))
