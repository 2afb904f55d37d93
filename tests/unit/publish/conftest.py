"""Runs and rows of which a test names only what it is about."""

from typing import Any

from tests.unit import builders

from inspect_operator.run import outcome
from inspect_operator.runner import findings, verdict

WANT = builders.want()
JOB = builders.job(WANT)


def run(**said: Any) -> outcome.Run:
    """A run of builders.want() that goes on, unless it says something else."""
    words: dict[str, Any] = {
        "uid": "job-uid",
        "job": builders.job(WANT),
        "state": outcome.State.ACTIVE,
        "reason": "Running",
    }
    return outcome.Run(**{**words, "message": "pod p runs", "started": builders.NOW, **said})


def finished(**said: Any) -> outcome.Run:
    """A run that has ended well."""
    words: dict[str, Any] = {
        "state": outcome.State.FINISHED,
        "verdict": verdict.Verdict.SUCCESS,
        "reason": "Passed",
        "message": "1 finding: 1 success",
        "findings": (findings.Finding("disk", findings.Result.SUCCESS, "45%"),),
        "counts": {"success": 1, "fail": 0},
        "exit_code": 0,
        "finished": builders.NOW,
        "output_tail": "disk ok 45%\n",
    }
    return run(**{**words, **said})
