"""A task's last run as a Report of OpenReports (https://github.com/openreports/reports-api), for tools that read these.

One result for each finding: `policy` is what was looked at. Where the findings don't tell the verdict (the inspection
itself did not work, there are none, or some were cut) one more result, whose policy is the task, does.
"""

import datetime
from collections import Counter
from typing import Any

from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.cluster import resources
from inspect_operator.publish import task_report

Object = dict[str, Any]

SOURCE = group.FIELD_MANAGER
CATEGORY = "inspection"
#: By the result of a finding. `unknown` could not be evaluated, which is what OpenReports calls an error.
_RESULTS = {"fail": "fail", "unknown": "error", "warn": "warn", "success": "pass", "info": "pass"}
_SEVERITIES = {"fail": "high", "unknown": "medium", "warn": "low", "success": "info", "info": "info"}
_VERDICTS = {"success": "pass", "fail": "fail", "error": "error", "unknown": "error", "skipped": "skip"}
_VERDICT_SEVERITIES = {"fail": "high", "error": "high", "unknown": "medium"}


def of_task(owner: tasks.Owner, release: str, report: task_report.Report) -> Object:
    """The object; `report` is one that fits, so this one does too."""
    results = [_finding(one, report) for one in report.get("findings") or ()]
    counted: Counter[str] = Counter()
    for name, number in (report.get("counts") or {}).items():
        counted[_RESULTS.get(name, "error")] += number
    if not _told_by_findings(report):
        results.insert(0, _verdict(report))
        counted[results[0]["result"]] += 1
    scope = {"apiVersion": group.API_VERSION, "kind": group.KIND, "name": owner.name, "namespace": owner.namespace}
    return {
        "apiVersion": resources.OPEN_REPORTS.api_version,
        "kind": resources.OPEN_REPORTS.kind,
        "metadata": task_report.metadata(owner, release, report["task"]) | {"name": release},
        "source": SOURCE,
        "scope": scope | {"uid": owner.uid},
        "summary": {word: counted[word] for word in ("pass", "fail", "warn", "error", "skip")},
        "results": results,
    }


def _told_by_findings(report: task_report.Report) -> bool:
    counts = report.get("counts") or {}
    if report.get("verdict") == "success":
        return bool(counts)
    return report.get("verdict") == "fail" and bool(counts.get("fail"))


def _verdict(report: task_report.Report) -> Object:
    verdict = report.get("verdict", "unknown")
    said = {"reason": report.get("reason"), "job": report.get("job"), "exitCode": report.get("exitCode")}
    return _result(
        report,
        policy=report["task"],
        result=_VERDICTS.get(verdict, "error"),
        severity=_VERDICT_SEVERITIES.get(verdict, "info"),
        message=report.get("message") or report.get("reason") or verdict,
        properties=said,
    )


def _finding(one: Object, report: task_report.Report) -> Object:
    result = str(one.get("result", "unknown"))
    said = {name: one.get(name) for name in ("description", "remediation", "target")}
    made = _result(
        report,
        policy=one.get("name") or "-",
        result=_RESULTS.get(result, "error"),
        severity=one.get("severity") or _SEVERITIES.get(result, "medium"),
        message=one.get("message") or "",
        properties=said | {"task": report["task"]},
    )
    if report.get("target") == "nodes" and one.get("target"):
        made["resources"] = [{"apiVersion": "v1", "kind": "Node", "name": one["target"]}]
    return made


def _result(
    report: task_report.Report, *, policy: str, result: str, severity: str, message: str, properties: Object
) -> Object:
    made = {
        "source": SOURCE,
        "policy": policy,
        "category": CATEGORY,
        "result": result,
        "severity": severity,
        "scored": result != "warn",
        "message": message,
        "properties": {name: str(value) for name, value in properties.items() if value not in (None, "")},
    }
    when = report.get("finished") or report.get("missed")
    if when:
        seconds = int(datetime.datetime.fromisoformat(str(when)).timestamp())
        made["timestamp"] = {"seconds": seconds, "nanos": 0}
    return {name: value for name, value in made.items() if value not in ("", {})}
