"""Which notices are due, by policy: each run of a story is a verdict, each notice that it brings a word."""

from typing import Any

import pytest
from tests.unit import builders

from inspect_operator.api import notice
from inspect_operator.publish.notices import due, record
from inspect_operator.runner import findings

SLACK = notice.Policy("chat", notice.Channel.SLACK, secret="chat")


def _policy(when: str = "onChange", **more: Any) -> notice.Policy:
    return notice.Policy("chat", notice.Channel.SLACK, "chat", notice.When(when), **more)


def _row(verdict: str | None, run: str = "run-1", **more: Any) -> dict[str, Any]:
    row = {"task_name": "disk", "state": "finished", "verdict": verdict, "runUid": run, "finished": "then", **more}
    return {name: value for name, value in row.items() if value is not None}


def _story(policy: notice.Policy, verdicts: list[str | None], *, sent: bool = True) -> list[str]:
    """What is told after each run; where nothing is sent, what is due after each."""
    told, heard = due.Told(), []
    for number, verdict in enumerate(verdicts):
        for _ in range(2):  # a second look at the same run brings nothing new
            noted, change = due.step(policy, told, _row(verdict, f"run-{number}"))
            told = change.told if change and sent else noted
            if change or _ == 0:
                heard.append(change.kind.value if change else "-")
    return heard


STORY: list[str | None] = [
    "success",
    "fail",
    "fail",
    "error",
    "success",
    None,
    "skipped",
    "success",
    "unknown",
    "success",
]


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        ("onChange", ["-", "failing", "-", "failing", "recovered", "-", "-", "-", "failing", "recovered"]),
        ("onFailure", ["-", "failing", "failing", "failing", "-", "-", "-", "-", "failing", "-"]),
        ("onRecovery", ["-", "-", "-", "-", "recovered", "-", "-", "-", "-", "recovered"]),
        (
            "always",
            ["passed", "failing", "failing", "failing", "recovered", "-", "-", "passed", "failing", "recovered"],
        ),
    ],
)
def test_each_policy_tells_its_part_of_the_story(when: str, heard: list[str]) -> None:
    assert _story(_policy(when), STORY) == heard


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        ("onChange", ["-", "-", "failing", "-", "recovered", "-", "-"]),
        ("onFailure", ["-", "-", "failing", "failing", "-", "-", "-"]),
        ("onRecovery", ["-", "-", "-", "-", "recovered", "-", "-"]),
        ("always", ["-", "-", "failing", "failing", "recovered", "-", "passed"]),
    ],
)
def test_failures_below_the_threshold_are_not_told_and_neither_is_their_end(when: str, heard: list[str]) -> None:
    verdicts: list[str | None] = ["fail", "error", "fail", "fail", "success", "fail", "success"]
    assert _story(_policy(when, failure_threshold=3), verdicts) == heard


@pytest.mark.parametrize("when", list(notice.When))
def test_what_could_not_be_sent_stays_due_until_it_is_over(when: notice.When) -> None:
    waiting = _story(_policy(when.value), ["fail", "success"], sent=False)
    assert (
        waiting
        == {
            notice.When.ON_CHANGE: ["failing", "failing", "-"],
            notice.When.ON_FAILURE: ["failing", "failing", "-"],
            notice.When.ON_RECOVERY: ["-", "recovered", "recovered"],
            notice.When.ALWAYS: ["failing", "failing", "passed", "passed"],
        }[when]
    )


def test_always_names_the_runs_in_between_that_nobody_was_told_of() -> None:
    history = [{"runUid": f"run-{number}", "verdict": "fail", "finished": str(number)} for number in (4, 3, 2, 1)]
    told = due.Told("success", due.run_of({"runUid": "run-2"}))
    _, change = due.step(_policy("always"), told, _row("success", "run-5", history=history))
    assert change is not None
    assert [one["finished"] for one in change.earlier] == ["4", "3"]


def test_failures_that_nobody_looked_at_count_towards_the_threshold() -> None:
    """The operator was down, or the channel is new."""
    past = {"verdict": "fail", "reason": "ExitCode"}
    superseded = {"verdict": "unknown", "reason": "Superseded", "runUid": "x"}
    history = [past | {"runUid": "2"}, superseded, past | {"runUid": "1"}, {"verdict": "success", "runUid": "0"}]
    policy = _policy(failure_threshold=3)
    _, change = due.step(policy, due.Told(), _row("fail", "3", history=history))
    assert change is not None
    assert change.told.failures == 3
    assert due.step(_policy(failure_threshold=4), due.Told(), _row("fail", "3", history=history))[1] is None


def test_a_run_that_turns_out_to_be_lost_is_news() -> None:
    told = due.Told("success", due.run_of({"runUid": "run-1"}))
    _, change = due.step(_policy(), told, _row("unknown", reason="JobDeleted"))
    assert change is not None
    assert change.kind is due.Kind.FAILING


def test_each_run_that_a_schedule_misses_is_another() -> None:
    runs = {due.run_of(_row("unknown", missed=moment)) for moment in ("10:00", "11:00")}
    assert len(runs) == 2
    assert _story(_policy("onChange"), ["unknown", "unknown", "success"]) == ["failing", "-", "recovered"]


def test_nodes_that_are_still_at_work_make_no_news() -> None:
    row = _row("fail", targets=[{"target": "n1"}])
    assert due.step(_policy(), due.Told(), row | {"state": "active"})[1] is None
    assert due.step(_policy(), due.Told(), row)[1] is not None


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"verdict": "success"}, "info"),
        ({"verdict": "fail"}, "high"),
        ({"verdict": "error"}, "high"),
        ({"verdict": "unknown"}, "medium"),
        ({"verdict": "fail", "findings": [{"result": "fail"}]}, "high"),
        ({"verdict": "fail", "findings": [{"result": "warn", "severity": "critical"}]}, "high"),
        ({"verdict": "fail", "findings": [{"result": "fail", "severity": "low"}, {"result": "success"}]}, "low"),
        (
            {"verdict": "fail", "findings": [{"result": "fail"}, {"result": "fail", "severity": "critical"}]},
            "critical",
        ),
        ({"verdict": "fail", "findings": [{"result": "fail", "severity": "nonsense"}]}, "high"),
    ],
)  # fmt: skip
def test_a_failure_is_as_severe_as_its_worst_finding(row: dict[str, Any], expected: str) -> None:
    assert due.severity(row) == expected


def test_what_is_below_the_floor_counts_as_passed() -> None:
    policy = _policy(min_severity=findings.Severity.HIGH)
    low = _row("fail", findings=[{"result": "fail", "severity": "low"}])
    assert due.step(policy, due.Told(), low)[1] is None
    _, change = due.step(policy, due.Told("fail", "x", 2, "high"), low)
    assert change is not None
    assert change.kind is due.Kind.RECOVERED
    assert due.step(policy, due.Told(), _row("fail"))[1] is not None


def test_a_channel_hears_of_its_tasks_only() -> None:
    rows = [_row("fail"), _row("fail") | {"task_name": "net"}]
    told, news = due.changes(_policy(tasks=("net",)), {"disk": due.Told("fail")}, rows)
    assert [change.task for change in news] == ["net"]
    assert set(told) == {"net"}, "what it was told of others is forgotten"


@pytest.mark.parametrize(
    ("center", "spec", "expected"),
    [
        (True, {}, [("message-center", "messageCenter", "always", ("old",))]),
        (False, {}, []),
        (True, {"notifications": []}, []),
        (
            True,
            {"notifications": [{"name": "chat", "type": "slack", "secretRef": {"name": "s"}}]},
            [("chat", "slack", "onChange", ())],
        ),
    ],
)
def test_the_original_spelling_has_the_message_center_unless_the_spec_speaks_of_notices(
    center: bool, spec: dict[str, Any], expected: list[Any]
) -> None:
    inspection = builders.inspection(builders.original("old"), builders.modern("new"), **spec)
    found = due.policies(inspection, message_center=center)
    assert [(one.name, one.channel, one.when, one.tasks) for one in found] == expected


def test_the_modern_spelling_tells_nobody_by_itself() -> None:
    assert due.policies(builders.inspection(builders.modern()), message_center=True) == ()


@pytest.mark.parametrize("when", list(notice.When))
def test_nothing_is_due_after_a_restart_at_rest(when: notice.When) -> None:
    """What was told is read back from the status, also where it isn't written since it says nothing."""
    policy = _policy(when.value, failure_threshold=2)
    told = due.Told()
    for number, verdict in enumerate(["success", "fail", "fail", "fail", "success", "fail"]):
        row = _row(verdict, f"run-{number}")
        noted, change = due.step(policy, told, row)
        told = change.told if change else noted
        entry = record.entries([(policy, record.Outcome(), {"disk": told})])
        read = record.read(entry[0], ["disk"])[1]
        again, once_more = due.step(policy, read.get("disk", due.Told()), row)
        assert once_more is None, (number, verdict)
        assert record.entries([(policy, record.Outcome(), {"disk": again})]) == entry, "else it would be written"
