"""Two Inspects as the API serves them, with full reports of some tasks: everything that a report can tell, in English
and Chinese, and words that would break out of a form that doesn't escape them."""

import datetime
import json
from typing import Any

from inspect_operator.publish.reports import model, reading

Object = dict[str, Any]

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
HOSTILE = "<script>alert(1)</script> | `x` **b** [l](http://evil.example) ]]> @everyone &amp; \x1b\x00 ```"


def ran(verdict: str, reason: str, message: str = "", minute: int = 8, seconds: int = 5) -> Object:
    """The fields of a run that ended."""
    times = {"started": f"2026-01-02T02:5{minute}:0{max(0, 9 - seconds)}Z", "finished": f"2026-01-02T02:5{minute}:09Z"}
    words = {"message": message, "res": f"{verdict}: {message}"} if message else {"res": verdict}
    return {"state": "finished", "verdict": verdict, "reason": reason, **words, **times}


def past(*verdicts: str) -> list[Object]:
    """Runs before, the latest first, a day apart."""
    return [
        {
            "verdict": one,
            "reason": "Passed" if one == "success" else "Findings",
            "finished": f"2026-01-0{1}T0{9 - n}:00:00Z",
        }
        for n, one in enumerate(verdicts)
    ]


def finding(name: str, result: str, message: str = "", **more: Any) -> Object:
    """One finding."""
    return {"name": name, "result": result, **({"message": message} if message else {}), **more}


def inspect(name: str, *rows: Object, namespace: str = "shop", ready: str = "True") -> Object:
    """An Inspect with a status."""
    return {
        "apiVersion": "api.practice.com/v1alpha1",
        "kind": "Inspect",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "generation": 3},
        "status": {
            "observedGeneration": 3,
            "conditions": [
                {
                    "type": "Ready",
                    "status": ready,
                    "reason": "ReleasesDeployed",
                    "message": "every release is as desired",
                }
            ],
            "results": list(rows),
        },
    }


def config_map(inspect_name: str, report: Object, namespace: str = "shop") -> Object:
    """A task's full report as the operator keeps it."""
    return {
        "metadata": {"name": f"{inspect_name}--{report['task']}-report", "namespace": namespace},
        "data": {"report.json": json.dumps({"version": 1, "inspect": inspect_name, **report}, ensure_ascii=False)},
    }


DISK = {
    **ran("fail", "Findings", "2 of 3 nodes passed; fail: node-3 (Findings)"),
    "schedule": "*/10 * * * *",
    "release": "host-health--disk",
    "revision": 4,
    "counts": {"fail": 1, "warn": 1, "success": 5},
    "passRate": "6/9",
    "flapping": True,
    "newFindings": ["disk-usage:/var on node-3"],
    "fixedFindings": ["disk-inodes:/ on node-1"],
}
_DISK_TARGETS = [
    {
        "target": "node-3",
        **ran("fail", "Findings", "2 findings: 1 fail, 1 success"),
        "job": "host-health--disk-c",
        "findings": [
            finding(
                "disk-usage:/var", "fail", "98% used, limit 90%", severity="critical",
                description="No file system is full above a limit.",
                remediation="Delete what is not needed below /var, or give the disk more room.",
            ),
            finding("disk-usage:/", "success", "41% used, limit 90%"),
        ],
    },
    {
        "target": "node-1",
        **ran("success", "Passed", "3 findings: 1 warn, 2 success"),
        "job": "host-health--disk-a",
        "findings": [
            finding("disk-usage:/", "warn", "84% used, warning at 80%"),
            finding("disk-usage:/var", "success", "12% used, limit 90%"),
        ],
    },
    {"target": "node-2", **ran("success", "Passed", "2 findings: 2 success"), "job": "host-health--disk-b"},
]  # fmt: skip
_DISK_ROW_TARGETS = [{name: value for name, value in one.items() if name != "findings"} for one in _DISK_TARGETS]
CHINESE = {
    **ran("success", "Passed", "1 finding: 1 success", 7),
    "release": "host-health--cpu",
    "revision": 1,
    "job": "host-health--cpu-1a2b3c4d5e",
    "runUid": "uid-cpu",
    "exitCode": 0,
    "counts": {"success": 1},
    "findings": [finding("无CPU降频", "success", "CPU频率都大于2000MHz, 无降频", description="检查直接降频")],
    "outputTail": "caseName:无CPU降频, caseDesc:检查直接降频, result:success, resultDesc:CPU频率都大于2000MHz\n",
}
HEALTH = inspect(
    "host-health",
    {
        "task_name": "disk",
        **DISK,
        "history": past("success", "fail", "success", "success", "fail", "success", "unknown", "success"),
        "targets": _DISK_ROW_TARGETS,
        "report": "host-health--disk-report",
    },
    {"task_name": "cpu", **CHINESE, "history": past(*["success"] * 9), "passRate": "10/10"},
    {
        "task_name": "kernel",
        **ran("success", "Passed", "2 of 3 nodes passed; skipped: node-3 (NodeCordoned)"),
        "targets": [
            {"target": "node-1", **ran("success", "Passed", seconds=2), "job": "a"},
            {"target": "node-2", **ran("success", "Passed", seconds=3), "job": "b"},
            {"target": "node-3", "state": "finished", "verdict": "skipped", "reason": "NodeCordoned"},
        ],
    },
    {
        "task_name": "tunnels",
        "job": "host-health--tunnels-0a1b2c3d4e",
        **ran("error", "HostUnreachable", "1 of 2 hosts passed; error: 10.0.0.9 (HostUnreachable)", 6, 8),
        "targets": [
            {"target": "10.0.0.9", **ran("error", "HostUnreachable", "no route to host", 6)},
            {"target": "10.0.0.8", **ran("success", "NoFindings", "", 6)},
        ],
        "advice": "host keys are not checked; name a known_hosts file in spec.ssh.knownHostsFrom",
    },
    {
        "task_name": "night",
        **ran("unknown", "ScheduleMissed", "the run of 03:00 did not begin"),
        "schedule": "0 3 * * * Asia/Shanghai",
        "missed": "2026-01-01T19:00:00Z",
    },
)
PAYMENTS = inspect(
    "payments",
    {
        "task_name": HOSTILE,
        **ran("fail", "ExitCode", f"exit code 3 {HOSTILE}", 5),
        "exitCode": 3,
        "findings": [finding(HOSTILE, "fail", HOSTILE, target=HOSTILE, remediation=HOSTILE, description=HOSTILE)],
        "outputTail": f"{HOSTILE}\n</pre></details><img src=x onerror=alert(1)>\n````\n| a |\n",
    },
    {"task_name": "api", "state": "active", "reason": "Running", "started": "2026-01-02T03:03:50Z"},
    {"task_name": "backup", "state": "waiting", "reason": "Scheduled", "message": "no run yet", "schedule": "@daily"},
    {"task_name": "later", "state": "finished", "verdict": "skipped", "reason": "DependencyFailed"},
    namespace="pay",
)  # fmt: skip
KEPT = [
    config_map(
        "host-health",
        {
            "task": "disk",
            "kind": "check",
            "target": "nodes",
            **DISK,
            "targets": _DISK_TARGETS,
            "history": HEALTH["status"]["results"][0]["history"],
            "output": "disk-usage /var 98%\ndisk-usage / 41%\n",
            "outputCut": 70000,
            "stderr": "df: /proc/1: Permission denied\n",
        },
    )
]


def kept() -> dict[tuple[str, str], Object]:
    """The full reports by namespace and name of their ConfigMap."""
    found = {(one["metadata"]["namespace"], one["metadata"]["name"]): reading.full_report(one) for one in KEPT}
    return {key: dict(report) for key, report in found.items() if report is not None}


def report(*inspects: Object) -> model.Report:
    """The report of these Inspects, or of both."""
    return reading.report(inspects or (HEALTH, PAYMENTS), kept(), NOW)
