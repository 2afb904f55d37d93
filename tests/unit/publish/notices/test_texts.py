"""What notices say, word for word."""

import dataclasses

from tests.unit.publish.notices import conftest

from inspect_operator.api import notice
from inspect_operator.publish.notices import due, texts

ENGLISH = """\
✘ disk: failed (Findings, high), 2 times in a row
  - 3 findings: 1 fail
  - n1 var: 98% <used>, clean up → rm -r *
  - home: 85% & more
  - new: var on n1
  - fixed: opt
  - passed 1/10 runs, flapping
  - ended 2026-01-02T03:04:05Z
✔ 网络: passes again
  - 1 finding: 1 success
  - ping: 12 ms, ok
  - ended 2026-01-02T03:04:06Z"""
CHINESE = """\
✘ disk：未通过 (Findings, high)，连续 2 次
  - 3 findings: 1 fail
  - n1 var：98% <used>, clean up → rm -r *
  - home：85% & more
  - 新出现：var on n1
  - 已消失：opt
  - 通过 1/10 次，状态反复
  - 结束于 2026-01-02T03:04:05Z
✔ 网络：已恢复
  - 1 finding: 1 success
  - ping：12 ms, ok
  - 结束于 2026-01-02T03:04:06Z"""


def test_english() -> None:
    said = conftest.compose()
    assert said.title == "✘ default/night: 1 task does not pass, 1 passes again"
    assert texts.plain(said.sections) == ENGLISH


def test_chinese() -> None:
    said = conftest.compose(language=notice.Language.ZH)
    assert said.title == "✘ default/night：1 个任务未通过，1 个已恢复"
    assert texts.plain(said.sections) == CHINESE


def test_one_task_stands_in_the_title() -> None:
    recovered, failed = conftest.changes()
    assert conftest.compose(some=[failed]).title == "✘ default/night: disk failed"
    assert conftest.compose(some=[recovered]).title == "✔ default/night: 网络 passes again"
    missed = {"task_name": "disk", "verdict": "unknown", "missed": "2026-01-02T03:00:00Z", "message": "no run"}
    late = dataclasses.replace(failed, row=missed)
    said = conftest.compose(some=[late], language=notice.Language.ZH)
    assert said.title == "✘ default/night：disk 结果未知"
    assert said.sections[0].lines[-1] == "错过 2026-01-02T03:00:00Z"


def test_many_tasks_and_many_findings_are_cut_with_a_word() -> None:
    _, failed = conftest.changes()
    row = {**failed.row, "findings": [{"name": f"f{n}", "result": "fail"} for n in range(30)], "cut": 5}
    said = conftest.compose(some=[dataclasses.replace(failed, task=f"t{n}", row=row) for n in range(30)])
    assert said.title == "✘ default/night: 30 tasks do not pass"
    assert len(said.sections) == texts.MAX_TASKS + 1
    assert said.sections[-1].head == "and 10 more tasks"
    assert "and 25 more findings" in said.sections[0].lines
    assert len(said.data["changes"]) == 30


def test_a_name_of_many_lines_stays_on_one() -> None:
    """A header of a mail, say, must not end early."""
    _, failed = conftest.changes()
    said = conftest.compose(some=[dataclasses.replace(failed, task="a\r\nBcc: everybody\n" + "x" * 400)])
    assert "\n" not in said.title
    assert "\r" not in said.title
    assert len(said.title) == 150


def test_earlier_runs_are_listed() -> None:
    recovered, _ = conftest.changes()
    earlier = ({"verdict": "fail", "finished": "10:00"}, {"verdict": "success", "finished": "9:00"})
    said = conftest.compose(some=[dataclasses.replace(recovered, earlier=earlier)])
    assert "runs before it: fail 10:00, success 9:00" in said.sections[0].lines


def test_the_same_news_has_the_same_identity() -> None:
    recovered, failed = conftest.changes()
    one, same, other = (conftest.compose(some=some) for some in ([failed], [failed], [recovered]))
    assert one.identity == same.identity != other.identity
    later = dataclasses.replace(failed, told=dataclasses.replace(failed.told, run="another"))
    assert conftest.compose(some=[later]).identity != one.identity
    assert due.Kind.FAILING.value == one.data["changes"][0]["kind"]
