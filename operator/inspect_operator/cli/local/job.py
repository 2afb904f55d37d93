"""A run on this machine in the words of the Kubernetes API, so that the operator's own code judges it. Pure."""

import datetime
from typing import Any

from inspect_operator.api import task as tasks
from inspect_operator.cli.local import attempt
from inspect_operator.run import outcome

_NAME = "local"


def judged(task: tasks.Task, ended: attempt.Ended, attempts: int) -> outcome.Run:
    """What came of the task's last attempt, which was number `attempts`."""
    passed = ended.exit_code == 0
    started, finished = _stamp(ended.started), _stamp(ended.finished)
    terminated = {
        "exitCode": ended.exit_code,
        "reason": "Completed" if passed else "Error",
        "message": ended.note,
        "startedAt": started,
        "finishedAt": finished,
    }
    pod: dict[str, Any] = {
        "metadata": {"name": _NAME, "creationTimestamp": started},
        "status": {
            "phase": "Succeeded" if passed else "Failed",
            "containerStatuses": [{"name": "inspect", "state": {"terminated": terminated}}],
        },
    }
    condition = {
        "type": "Complete" if passed else "Failed",
        "status": "True",
        "reason": "" if passed else "BackoffLimitExceeded",
        "lastTransitionTime": finished,
    }
    job: dict[str, Any] = {
        "metadata": {"name": _NAME, "creationTimestamp": started},
        "spec": {"backoffLimit": task.retries},
        "status": {
            "startTime": started,
            "succeeded": int(passed),
            "failed": attempts - int(passed),
            "conditions": [condition],
        },
    }
    form = None if task.results_file else task.results_format
    kind = outcome.Kind(task.kind.value)
    return outcome.observe(job, [pod], [], ended.log, ended.finished, kind, form)


def _stamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
