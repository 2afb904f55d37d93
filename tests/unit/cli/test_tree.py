"""The tree of Inspects, tasks and targets."""

import dataclasses
import re

import pytest
from tests.unit import golden
from tests.unit.publish.reports import sample

from inspect_operator.cli import terminal, tree


@pytest.mark.parametrize("wide", [False, True])
def test_it_reads_as_its_golden_file(shown: terminal.Terminal, wide: bool) -> None:
    text = tree.text(shown, sample.report(), wide=wide, namespaces=True)
    golden.check(f"tree{'-wide' if wide else ''}.txt", text + "\n")


def test_columns_line_up_behind_chinese_names(shown: terminal.Terminal) -> None:
    rows = [{"task_name": name, **sample.ran("success", "Passed")} for name in ("无CPU降频", "disk", "é")]
    lines = tree.text(shown, sample.report(sample.inspect("i", *rows))).splitlines()
    places = {terminal.width(line[: line.index("✔")]) for line in lines[1:]}
    assert len(places) == 1, lines


def test_of_many_targets_those_that_did_not_pass_are_shown(shown: terminal.Terminal) -> None:
    targets = [{"target": f"n{n}", "verdict": "fail" if n == 7 else "success", "job": "j"} for n in range(30)]
    report = sample.report(sample.inspect("i", {"task_name": "t", "verdict": "fail", "targets": targets}))
    text = tree.text(shown, report)
    assert "n7" in text
    assert "n8" not in text
    assert "and 29 more, which passed" in text
    assert "n8" in tree.text(shown, report, wide=True)


def test_what_is_not_ready_says_why(shown: terminal.Terminal) -> None:
    body = sample.inspect("i", {"task_name": "t", "state": "waiting"}, ready="False")
    body["status"]["conditions"][0] |= {"reason": "SpecInvalid", "message": "spec.tasks[0]: no check named x"}
    text = tree.text(shown, sample.report(body))
    assert "SpecInvalid" in text
    assert "spec.tasks[0]: no check named x" in text


def test_colours_are_for_terminals_and_change_no_widths(shown: terminal.Terminal) -> None:
    plain = tree.text(shown, sample.report())
    painted = tree.text(dataclasses.replace(shown, colours=True), sample.report())
    assert "\x1b[31m✘ fail\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


@pytest.mark.parametrize(
    ("environ", "colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], colours: bool) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert terminal.of_process(environ).colours is colours
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert terminal.of_process(environ).colours is False


def test_one_line_is_cut_by_columns() -> None:
    assert terminal.one_line("a\n b") == "a b"
    assert terminal.one_line("无CPU降频", 6) == "无CPU…"
    assert terminal.width("无CPU…") == 6
