"""Messages to compose and channels to send them by."""

from typing import Any

import pytest
from tests.unit import builders

from inspect_operator.api import notice
from inspect_operator.publish.notices import channels, due, message, secrets, texts
from inspect_operator.runner import findings

FAILED = {
    "task_name": "disk",
    "state": "finished",
    "verdict": "fail",
    "reason": "Findings",
    "message": "3 findings: 1 fail",
    "res": "fail: 3 findings: 1 fail",
    "runUid": "run-1",
    "finished": "2026-01-02T03:04:05Z",
    "findings": [
        {"name": "tmp", "result": "success", "message": "29% used"},
        {"name": "var", "result": "fail", "message": "98% <used>, clean up", "target": "n1", "remediation": "rm -r *"},
        {"name": "home", "result": "warn", "message": "85% & more"},
    ],
    "outputTail": "var 98%\n",
    "passRate": "1/10",
    "flapping": True,
    "newFindings": ["var on n1"],
    "fixedFindings": ["opt"],
}
PASSED = {
    "task_name": "网络",
    "state": "finished",
    "verdict": "success",
    "reason": "Passed",
    "message": "1 finding: 1 success",
    "res": "success: 1 finding: 1 success",
    "runUid": "run-2",
    "finished": "2026-01-02T03:04:06Z",
    "findings": [{"name": "ping", "result": "success", "message": "12 ms, ok"}],
}


def changes() -> list[due.Change]:
    """One task recovered, another failed for the second time."""
    was = due.Told("fail", "00000000", 4, "high")
    recovered = due.Told("success", due.run_of(PASSED))
    failed = due.Told("fail", due.run_of(FAILED), 2, "high")
    high, info = findings.Severity.HIGH, findings.Severity.INFO
    return [
        due.Change("网络", due.Kind.RECOVERED, PASSED, recovered, was, info),
        due.Change("disk", due.Kind.FAILING, FAILED, failed, due.Told(), high),
    ]


def compose(channel: str = "slack", some: list[due.Change] | None = None, **more: Any) -> message.Message:
    """The message of these changes."""
    policy = notice.Policy("ops", notice.Channel(channel), "ops", **more)
    return texts.compose(policy, builders.OWNER, changes() if some is None else some)


@pytest.fixture
def sent() -> Any:
    """What a channel makes of a message, with this Secret."""

    def make(channel: str, data: dict[str, str], said: message.Message | None = None, titles: Any = None) -> Any:
        secret = secrets.Secret("ops", data)
        said = said or compose(channel)
        return channels.parcels(notice.Channel(channel), said, secret, builders.NOW, titles or {})

    return make
