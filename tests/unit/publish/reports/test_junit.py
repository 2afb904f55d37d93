"""JUnit XML that its readers take, and that says pass or fail as the verdicts do."""

import pathlib

import junitparser
import lxml.etree
import pytest
from tests.unit.publish.reports import sample

from inspect_operator.publish.reports import as_junit, reading

SCHEMA = lxml.etree.XMLSchema(lxml.etree.parse(pathlib.Path(__file__).with_name("junit.xsd")))


def _suites(*rows: sample.Object) -> dict[str, junitparser.TestSuite]:
    inspects = (sample.inspect("i", *rows),) if rows else ()
    text = as_junit.write(sample.report(*inspects))
    SCHEMA.assertValid(lxml.etree.fromstring(text.encode()))
    found = junitparser.JUnitXml.fromstring(text.encode())
    return {suite.name: suite for suite in found}


def _outcomes(suite: junitparser.TestSuite) -> dict[str, str]:
    made = {}
    for case in suite:
        place = case.classname.removeprefix(f"shop.i.{suite.name}").lstrip(".")
        made[f"{place}/{case.name}"] = ",".join(type(one).__name__ for one in case.result) or "passed"
    return made


def test_a_report_of_everything_is_valid_and_loads() -> None:
    suites = _suites()
    assert len(suites) == 9
    disk = suites["disk"]
    assert (disk.tests, disk.failures, disk.errors, disk.skipped) == (5, 1, 0, 0)
    failed = next(case for case in disk if case.result)
    assert (failed.classname, failed.name) == ("shop.host-health.disk.node-3", "disk-usage:/var")
    assert failed.result[0].message == "98% used, limit 90%"
    assert "What to do: Delete what is not needed" in str(failed.result[0].text)


def test_the_schema_refuses_what_a_reader_would() -> None:
    text = as_junit.write(sample.report())
    for good, bad in ((' id="0"', ""), ('time="5.000"', 'time="1,5"'), ("system-err", "stderr"), ("failure", "fail")):
        assert good in text
        assert not SCHEMA.validate(lxml.etree.fromstring(text.replace(good, bad).encode())), bad


def test_hostile_text_stays_text() -> None:
    suite = _suites()[" ".join(reading.text(sample.HOSTILE).split())]
    assert next(iter(suite)).result[0].message.startswith("<script>alert(1)</script> | `x`")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"verdict": "success", "reason": "NoFindings"}, {"/run": "passed"}),
        ({"verdict": "success", "findings": [sample.finding("a", "warn", "w")]}, {"/a": "passed"}),
        ({"verdict": "fail", "findings": [sample.finding("a", "fail", "w")]}, {"/a": "Failure"}),
        (
            {"verdict": "fail", "reason": "ExitCode", "findings": [sample.finding("a", "success")]},
            {"/run": "Failure", "/a": "passed"},
        ),
        (
            {"verdict": "error", "reason": "OOMKilled", "findings": [sample.finding("a", "fail", "w")]},
            {"/run": "Error", "/a": "Failure"},
        ),
        ({"verdict": "unknown", "findings": [sample.finding("a", "unknown")]}, {"/a": "Error"}),
        ({"verdict": "unknown", "reason": "LogLost"}, {"/run": "Error"}),
        ({"verdict": "skipped", "reason": "DependencyFailed"}, {"/run": "Skipped"}),
        ({"state": "active", "reason": "Running"}, {"/run": "Skipped"}),
        (
            {
                "verdict": "fail",
                "targets": [
                    {"target": "n1", "verdict": "success"},
                    {"target": "n2", "verdict": "fail"},
                    {"target": "n3", "verdict": "skipped"},
                ],
                "findings": [sample.finding("a", "fail", "w", target="n2")],
            },
            {"n1/run": "passed", "n2/a": "Failure", "n3/run": "Skipped"},
        ),
        (
            {"verdict": "fail", "targetsCut": 9, "targets": [{"target": "n1", "verdict": "success"}]},
            {"n1/run": "passed", "/run": "Failure"},
        ),
    ],
)
def test_cases_say_what_the_verdict_says(row: sample.Object, expected: dict[str, str]) -> None:
    assert _outcomes(_suites({"task_name": "t", **row})["t"]) == expected


def test_warnings_stand_in_front_of_the_output() -> None:
    row = {
        "task_name": "t",
        "verdict": "success",
        "findings": [sample.finding("a", "warn", "84%")],
        "outputTail": "x\n",
    }
    text = as_junit.write(sample.report(sample.inspect("i", row)))
    assert lxml.etree.fromstring(text.encode()).findtext("testsuite/system-out") == "warn a: 84%\nx\n"
