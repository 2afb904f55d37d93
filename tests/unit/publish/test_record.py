"""What runs tell together: pass rate, flapping, new and fixed findings; nothing is claimed of what isn't known."""

from typing import Any

import pytest

from inspect_operator.publish import record

Row = dict[str, Any]


def row(verdict: str = "fail", *past: str, uid: str = "now", **also: Any) -> Row:
    history = [{"runUid": f"past-{number}", "verdict": one} for number, one in enumerate(past)]
    return {"task_name": "t", "runUid": uid, "verdict": verdict, **({"history": history} if history else {}), **also}


def report(*names: str, uid: str = "past-0", verdict: str = "fail", **also: Any) -> Row:
    found = fails(*names)
    return {"runUid": uid, "verdict": verdict, "findings": found, "counts": {"fail": len(found)}, **also}


def fails(*names: str) -> list[Row]:
    parts = [name.partition(" on ") for name in names]
    return [{"name": name, "result": "fail"} | ({"target": target} if target else {}) for name, _, target in parts]


@pytest.mark.parametrize(
    ("verdicts", "rate", "flapping"),
    [
        (("success",), "1/1", False),
        (("success", "fail", "success"), "2/3", False),
        (("success", "fail", "success", "error"), "2/4", True),
        (("fail", "error", "unknown", "fail"), "0/4", False),
        (("success", "skipped", "success"), "2/2", False),
    ],
)
def test_pass_rate_and_flapping_are_those_of_the_last_runs(
    verdicts: tuple[str, ...], rate: str, flapping: bool
) -> None:
    made = record.of(row(*verdicts), {}, [])
    assert (made["passRate"], made.get("flapping", False)) == (rate, flapping)


def test_what_did_not_run_counts_for_nothing() -> None:
    told = row("success", "fail")
    told["history"] += [{"verdict": "unknown", "reason": "ScheduleMissed", "finished": "2026-01-01T00:00:00Z"}]
    told["history"] += [{"runUid": "s", "verdict": "unknown", "reason": "Superseded"}]
    assert record.of(told, {}, [])["passRate"] == "1/2"


def test_new_and_fixed_are_told_by_name_and_target() -> None:
    now = fails("disk on a", "disk on b", "load")
    made = record.of(row("fail", "fail", counts={"fail": 3}), report("disk on a", "dns"), now)
    assert (made["newFindings"], made["fixedFindings"]) == (["disk on b", "load"], ["dns"])


def test_of_the_first_run_nothing_is_new() -> None:
    assert "newFindings" not in record.of(row("fail", counts={"fail": 1}), {}, fails("disk"))


def test_a_run_that_did_not_work_fixes_nothing() -> None:
    made = record.of(row("error", "fail"), report("disk"), [])
    assert "fixedFindings" not in made


def test_after_a_run_that_did_not_work_nothing_is_new() -> None:
    made = record.of(row("fail", "error", counts={"fail": 1}), report(verdict="error"), fails("disk"))
    assert "newFindings" not in made


def test_where_findings_were_cut_nothing_is_claimed() -> None:
    now = fails("a", "b")
    cut_before = report("a") | {"counts": {"fail": 50}}
    assert "newFindings" not in record.of(row("fail", "fail", counts={"fail": 2}), cut_before, now)
    cut_now = record.of(row("fail", "fail", counts={"fail": 50}), report("a", "gone"), now)
    assert "fixedFindings" not in cut_now
    assert cut_now["newFindings"] == ["b"]


def test_the_same_run_told_again_keeps_what_it_changed() -> None:
    before = report("disk", uid="now", newFindings=["disk"], fixedFindings=["dns"])
    made = record.of(row("fail", "fail", counts={"fail": 1}), before, fails("disk"))
    assert (made["newFindings"], made["fixedFindings"]) == (["disk"], ["dns"])


def test_nodes_that_end_one_after_the_other_gather_their_changes() -> None:
    """A round of a schedule on nodes has no run of its own; that before it stands first in both histories."""
    history = [{"runUid": "old", "verdict": "fail"}]
    first = {"verdict": "fail", "history": history, "findings": fails("disk on a", "dns on b"), "counts": {"fail": 2},
             "newFindings": ["disk on a"]}  # fmt: skip
    now: Row = {"verdict": "fail", "history": history, "counts": {"fail": 2}}
    made = record.of(now, first, fails("disk on a", "load on b"))
    assert (made["newFindings"], made["fixedFindings"]) == (["disk on a", "load on b"], ["dns on b"])


def test_lists_are_short() -> None:
    now = fails(*(f"finding {number} {'长' * 900}" for number in range(40)))
    made = record.of(row("fail", "success", counts={"fail": 40}), report(verdict="success"), now)
    assert len(made["newFindings"]) == 10
    assert all(len(text.encode()) <= 200 for text in made["newFindings"])


def test_a_history_that_the_status_had_no_room_for_comes_back_from_the_report() -> None:
    kept = [{"runUid": f"past-{number}", "verdict": "success"} for number in range(1, 10)]
    previous = report("a", uid="past-0", history=kept)
    known = record.longest(row("fail"), previous)
    assert [one["runUid"] for one in known] == [f"past-{number}" for number in range(10)]
    assert record.of(row("fail"), previous, [])["passRate"] == "9/11"
