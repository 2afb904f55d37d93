"""One task's row: what is wanted, what was known, and what its run did."""

import dataclasses
import datetime
from typing import Any

import pytest
from tests.unit import builders, hostile
from tests.unit.publish.conftest import JOB, WANT, finished, run

from inspect_operator import errors
from inspect_operator.api import status as schema
from inspect_operator.plan import desired
from inspect_operator.publish import row as rows
from inspect_operator.run import outcome
from inspect_operator.runner import findings, verdict

PROBLEM = errors.ReleaseUnavailable("upgrade of night--disk: connection refused")
STARTING = {
    "task_name": "disk",
    "release": "night--disk",
    "runKey": WANT.run_key,
    "state": "waiting",
    "reason": "Starting",
}


def _row(before: rows.Row | None = None, run: outcome.Run | None = None, **view: Any) -> rows.Row:
    made = rows.once(rows.View(**{"want": WANT, **view}), JOB, run, before)
    schema.Result.model_validate(made)
    return made


@pytest.mark.parametrize(
    ("skipped", "state", "verdict", "res"),
    [(True, "finished", "skipped", "skipped: why"), (False, "waiting", None, "waiting: why")],
)
def test_a_task_that_is_held_back_says_why(skipped: bool, state: str, verdict: str | None, res: str) -> None:
    made = _row(want=dataclasses.replace(WANT, held=desired.Aside("", skipped, "Because", "why")))
    assert (made["state"], made.get("verdict"), made["reason"], made["res"]) == (state, verdict, "Because", res)


def test_what_was_known_of_a_run_is_not_hidden_by_what_holds_it_back() -> None:
    before = _row(run=finished())
    assert _row(before, want=dataclasses.replace(WANT, held=desired.Aside("", False, "Suspended", "s"))) == before


def test_before_anything_is_known_the_run_is_about_to_start() -> None:
    assert _row() == {**STARTING, "res": "waiting: the run is about to start"}


def test_the_revision_is_the_releases_newest() -> None:
    assert _row(release=builders.release(builders.revision(number=7)))["revision"] == 7


def test_a_problem_is_what_the_task_waits_for() -> None:
    made = _row(problem=PROBLEM)
    assert (made["state"], made["reason"], made["message"]) == ("waiting", "ReleaseUnavailable", str(PROBLEM))
    assert made["res"] == f"waiting: {PROBLEM}"


def test_a_problem_of_the_release_does_not_hide_that_its_run_goes_on() -> None:
    assert _row(problem=PROBLEM, run=run())["state"] == run().state.value


def test_a_problem_does_not_hide_the_result_of_a_run() -> None:
    made = _row(problem=PROBLEM, run=finished())
    assert (made["state"], made["verdict"], made["res"]) == ("finished", "success", "success: 1 finding: 1 success")


def test_a_run_that_goes_on() -> None:
    assert _row(run=run()) == {
        "task_name": "disk",
        "release": "night--disk",
        "runKey": WANT.run_key,
        "state": "active",
        "reason": "Running",
        "message": "pod p runs",
        "res": "active: pod p runs",
        "job": JOB,
        "runUid": "job-uid",
        "started": "2026-01-02T03:04:05Z",
    }


def test_a_run_that_has_ended() -> None:
    made = _row(run=finished(), release=builders.release())
    assert made == {
        "task_name": "disk",
        "release": "night--disk",
        "runKey": WANT.run_key,
        "revision": 1,
        "state": "finished",
        "verdict": "success",
        "reason": "Passed",
        "message": "1 finding: 1 success",
        "res": "success: 1 finding: 1 success",
        "job": JOB,
        "runUid": "job-uid",
        "exitCode": 0,
        "started": "2026-01-02T03:04:05Z",
        "finished": "2026-01-02T03:04:05Z",
        "lastSuccess": "2026-01-02T03:04:05Z",
        "counts": {"success": 1},
        "findings": [{"name": "disk", "result": "success", "message": "45%"}],
        "outputTail": "disk ok 45%\n",
    }


@pytest.mark.parametrize("code", [0, 1, 137])
def test_exit_code_0_is_a_fact_too(code: int) -> None:
    assert _row(run=finished(exit_code=code))["exitCode"] == code


@pytest.mark.parametrize("worst", list(verdict.Verdict))
def test_every_verdict_stands_in_the_row(worst: verdict.Verdict) -> None:
    made = _row(run=finished(verdict=worst, message=""))
    assert (made["verdict"], made["res"]) == (worst.value, f"{worst.value}: Passed")


def test_what_was_known_of_this_run_stays_when_its_job_is_gone() -> None:
    before = _row(run=finished(), release=builders.release())
    after = _row(before, release=builders.release(builders.revision(number=2)))
    assert after == {**before, "revision": 2}


def test_what_was_known_of_another_run_does_not_stay() -> None:
    before = _row(run=finished(job="night--disk-0000000000"))
    past = {name: before[name] for name in ("job", "runUid", "verdict", "reason", "started", "finished")}
    assert _row(before) == {
        **STARTING,
        "res": "waiting: the run is about to start",
        "history": [past],
        "lastSuccess": before["finished"],
    }


def test_a_run_that_was_replaced_before_its_end_stands_in_the_history_as_unknown() -> None:
    before = _row(run=run(uid="old", job="night--disk-0000000000"))
    (past,) = _row(before, run=run())["history"]
    assert (past["runUid"], past["verdict"], past["reason"]) == ("old", "unknown", "Superseded")


def test_the_history_is_short_and_begins_with_the_latest() -> None:
    made: rows.Row | None = None
    for number in range(15):
        made = _row(made, run=finished(uid=f"uid-{number}"))
    assert made is not None
    assert [one["runUid"] for one in made["history"]] == [f"uid-{number}" for number in range(13, 3, -1)]


def test_a_run_whose_end_nobody_saw_is_unknown() -> None:
    made = rows.lost(_row(run=run()), "night--disk-1", "JobDeleted", "the Job was deleted")
    schema.Result.model_validate(made)
    assert (made["state"], made["verdict"], made["reason"]) == ("finished", "unknown", "JobDeleted")
    assert made["job"] == "night--disk-1"  # else the next pass would not know that this run is over
    assert (made["runUid"], made["res"]) == ("job-uid", "unknown: the Job was deleted")


def test_findings_beyond_a_hundred_are_counted() -> None:
    many = tuple(findings.Finding(f"f{number}", findings.Result.FAIL) for number in range(130))
    made = _row(run=finished(findings=many, cut=5, counts={"fail": 135}))
    assert (len(made["findings"]), made["cut"], made["counts"]) == (100, 35, {"fail": 135})
    assert "cut" not in _row(run=finished())


def test_a_finding_has_what_it_said_and_nothing_empty() -> None:
    one = findings.Finding("CPU", findings.Result.FAIL, "2 CPU, 降频", "检查CPU")
    other = findings.Finding("disk", findings.Result.INFO, severity=findings.Severity.LOW, remediation="look")
    assert _row(run=finished(findings=(one, other)))["findings"] == [
        {"name": "CPU", "result": "fail", "description": "检查CPU", "message": "2 CPU, 降频"},
        {"name": "disk", "result": "info", "severity": "low", "remediation": "look"},
    ]


@pytest.mark.parametrize("text", ["x" * 3000, "磁" * 3000, "a" + "😀" * 3000])
def test_long_words_are_cut_to_whole_characters_within_1_kib(text: str) -> None:
    made = _row(run=finished(message=text, findings=(findings.Finding(text, findings.Result.FAIL, text, text),)))
    words = [made["message"], made["res"], *(made["findings"][0][name] for name in ("name", "message", "description"))]
    for word in words:
        assert 1020 <= len(word.encode()) <= 1024
        assert word.endswith("…")
    assert text.startswith(made["message"][:-1])


@pytest.mark.parametrize("text", hostile.TEXTS, ids=ascii)
def test_any_text_of_a_task_stands_in_the_row_as_it_is(text: str) -> None:
    made = _row(run=finished(message=text, output_tail=text))
    assert made.get("outputTail", "") == text
    assert made.get("message", "") == text


def test_moments_are_told_in_utc_to_the_second() -> None:
    cet = datetime.timezone(datetime.timedelta(hours=1))
    moment = datetime.datetime(2026, 1, 1, 0, 30, 59, 999999, tzinfo=cet)
    assert _row(run=run(started=moment))["started"] == "2025-12-31T23:30:59Z"
    assert "started" not in _row(run=run(started=None))


def test_a_waiting_run_says_what_it_waits_for() -> None:
    made = _row(run=run(state=outcome.State.WAITING, reason="ImagePull", message="cannot be pulled", started=None))
    assert (made["state"], made["reason"], made["res"]) == ("waiting", "ImagePull", "waiting: cannot be pulled")
    assert made["job"] == JOB
