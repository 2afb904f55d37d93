"""What Python checks import: findings of one line, parameters, targets."""

import importlib.util
import os
import types
from unittest import mock

import pytest
from tests.unit.checks import machines

from inspect_operator.runner import findings, stream


def _library() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("inspect_check_under_test", machines.LIBRARY / "inspect_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ic = _library()


def test_a_finding_is_one_line_that_the_runner_understands(capsys: pytest.CaptureFixture[str]) -> None:
    ic.finding("a b", "warn", "two\nlines, result:success\r\x0b", "looked\nat")
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    expected = findings.Finding("a b", findings.Result.WARN, "two lines, result:success", "looked at")
    assert stream.parse(printed.encode()).findings == (expected,)
    ic.finding("a", "fail", "b, remediation:c", severity="critical", remediation="stop\nit, then start")
    expected = findings.Finding(
        "a", findings.Result.FAIL, "b, remediation:c", severity=findings.Severity.CRITICAL,
        remediation="stop it, then start",
    )  # fmt: skip
    assert stream.parse(capsys.readouterr().out.encode()).findings == (expected,)
    with pytest.raises(ValueError, match="severity 'bad' is not one of"):
        ic.finding("a", "fail", severity="bad")
    with pytest.raises(ValueError, match="result 'ok' is not one of"):
        ic.finding("a", "ok")


def test_results_are_those_of_the_runner_in_its_order() -> None:
    assert tuple(result.value for result in findings.Result) == ic.RESULTS
    assert tuple(severity.value for severity in findings.Severity) == ic.SEVERITIES


def test_a_report_has_the_worst_first_and_counts_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    ic.report("c", [("a", "success", ""), ("b", "info", ""), ("d", "fail", "bad"), ("e", "success", "")], limit=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["caseName:c:d", "caseName:c:a", "caseName:c"]
    assert lines[2].endswith("result:info, resultDesc:and 2 more: 1 success, 1 info")


def test_parameters() -> None:
    given = {
        "CHECK_LIMIT_PERCENT": "7",
        "CHECK_SHARE": "0.5",
        "CHECK_ALL": "true",
        "CHECK_PATHS": "a\nb c",
        "CHECK_NO": "x",
    }
    with mock.patch.dict(os.environ, given):
        assert (ic.integer("limitPercent", 1), ic.integer("other", 1)) == (7, 1)
        assert (ic.number("share", 1), ic.flag("all"), ic.flag("none")) == (0.5, True, False)
        assert (ic.texts("paths"), ic.texts("none"), ic.texts("none", ["d"])) == (["a", "b c"], [], ["d"])
        with pytest.raises(ic.Trouble, match="parameter no: 'x' is no number"):
            ic.integer("no", 1)


def test_an_empty_list_that_was_given_is_not_the_default() -> None:
    with mock.patch.dict(os.environ, {"CHECK_PATHS": ""}):
        assert ic.texts("paths", ["default"]) == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [("a.b:80", ("a.b", 80)), ("[::1]:443", ("::1", 443)), ("192.0.2.1:1", ("192.0.2.1", 1))],
)
def test_targets(written: str, expected: tuple[str, int]) -> None:
    assert ic.endpoint(written) == expected
    assert ic.endpoint(written.rpartition(":")[0], 53) == (expected[0], 53)


def test_every_step_is_taken_though_one_fails() -> None:
    taken: list[str] = []

    def fail() -> None:
        raise ic.Trouble("first")

    with pytest.raises(ic.Trouble, match="first"):
        ic.every(lambda: taken.append("a"), fail, lambda: taken.append("b"))
    assert taken == ["a", "b"]


def test_without_a_token_of_a_pod_nothing_owns_what_is_made() -> None:
    with mock.patch.dict(os.environ, {"INSPECT_SERVICE_ACCOUNT": "/no/such/folder"}):
        assert ic.owners() == []
