"""A report as JSON: what the cluster tells, task by task, with a summary in front. For programs."""

import json
from typing import Any

from inspect_operator.publish.reports import model, words

VERSION = 1


def write(report: model.Report) -> str:
    """One object, indented. Fields that are empty or unknown are left out."""
    score = report.score
    made = {
        "version": VERSION,
        "created": _time(report.created),
        "summary": {
            "headline": words.headline(report),
            "verdict": report.verdict or None,
            "score": score.percent,
            "passed": score.passed,
            "counted": score.counted,
            "tasks": {verdict or "unfinished": number for verdict, number in model.tally(report).items()},
        },
        "inspects": [_inspection(one) for one in report.inspections],
    }
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def _inspection(one: model.Inspection) -> dict[str, Any]:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "current": one.current,
        "conditions": [
            {"type": each.type, "status": each.status, "reason": each.reason, "message": each.message}
            for each in one.conditions
        ],
        "tasks": [_task(task) for task in one.tasks],
    }


def _task(task: model.Task) -> dict[str, Any]:
    return _known(
        {
            "name": task.name,
            "kind": task.kind,
            "target": task.where,
            "schedule": task.schedule,
            "suspended": task.suspended,
            "release": task.release,
            "revision": task.revision,
            **_ran(task.ran),
            "counts": dict(task.counts),
            "findings": [_finding(one) for one in task.findings],
            "cut": task.cut,
            "targets": [
                {"name": one.name, **_ran(one.ran), **_known({"findings": [_finding(each) for each in one.findings]})}
                for one in task.targets
            ],
            "targetsCut": task.targets_cut,
            "output": task.output,
            "outputCut": task.output_cut,
            "stderr": task.stderr,
            "history": [_ran(one) for one in task.history],
            "passRate": task.pass_rate,
            "flapping": task.flapping,
            "newFindings": list(task.new),
            "fixedFindings": list(task.fixed),
            "missed": _time(task.missed),
            "advice": task.advice,
        }
    )


def _ran(ran: model.Ran) -> dict[str, Any]:
    return _known(
        {
            "state": ran.state,
            "verdict": ran.verdict,
            "reason": ran.reason,
            "message": ran.message,
            "job": ran.job,
            "exitCode": ran.exit_code,
            "started": _time(ran.started),
            "finished": _time(ran.finished),
            "seconds": ran.seconds,
        }
    )


def _finding(one: model.Finding) -> dict[str, Any]:
    return _known(
        {
            "name": one.name,
            "result": one.result,
            "severity": one.severity,
            "message": one.message,
            "description": one.description,
            "target": one.target,
            "remediation": one.remediation,
        }
    )


def _time(when: Any) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def _known(made: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in made.items()
        if value not in (None, "", [], {}, False) or (value == 0 and name in ("exitCode", "seconds"))
    }
