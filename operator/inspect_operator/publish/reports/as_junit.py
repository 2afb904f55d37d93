"""A report as JUnit XML, for CI: a test suite for each task, a test case for each finding.

Written so that the strict schemas in use take it (Jenkins' xUnit plugin, Ant's): every attribute that one of them
requires is there, and nothing that one of them doesn't know. Warnings pass; what could not be told is an error. Where a
task (or one of its targets) did not pass for another reason than a finding, a case named `run` says so, and it is the
only one where nothing was found.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from xml.etree import ElementTree  # writes only; nothing is parsed here

from inspect_operator.publish.reports import model, words

RUN = "run"
#: By verdict: where findings have one of these outcomes, they tell it; else the case `run` does.
_TOLD_BY = {"success": {"", "failure", "error"}, "fail": {"failure"}, "unknown": {"failure", "error"}}


@dataclasses.dataclass(frozen=True)
class _Case:
    """`outcome` is failure, error, skipped, or empty where it passed."""

    target: str
    name: str
    outcome: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def write(report: model.Report) -> str:
    """An XML document in UTF-8."""
    root = ElementTree.Element("testsuites")
    for number, (inspection, task) in enumerate(report.tasks):
        root.append(_suite(number, inspection, task, report.created))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(
    number: int, inspection: model.Inspection, task: model.Task, created: datetime.datetime
) -> ElementTree.Element:
    cases = list(_cases(task))
    package = f"{inspection.namespace}.{inspection.name}"
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _token(task.name),
            "package": _token(package),
            "id": str(number),
            "hostname": "localhost" if task.where in ("", "pod") else _token(task.where),
            "timestamp": (task.ran.started or created).astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "tests": str(len(cases)),
            "failures": str(_number(cases, "failure")),
            "errors": str(_number(cases, "error")),
            "skipped": str(_number(cases, "skipped")),
            "time": _seconds(task.ran.seconds),
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(inspection, task).items():
        if value:
            ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    for case in cases:
        place = ".".join(part for part in (package, task.name, case.target) if part)
        element = ElementTree.SubElement(
            suite,
            "testcase",
            {"classname": _token(place), "name": _token(case.name), "time": _seconds(case.seconds)},
        )
        if case.outcome:
            kind = {} if case.outcome == "skipped" else {"type": case.type}  # Ant's schema knows no type there
            said = ElementTree.SubElement(element, case.outcome, {**kind, "message": case.message})
            said.text = case.text
    ElementTree.SubElement(suite, "system-out").text = _output(task)
    ElementTree.SubElement(suite, "system-err").text = task.stderr
    return suite


def _cases(task: model.Task) -> Iterator[_Case]:
    named = {target.name for target in task.targets}
    for target in task.targets:
        yield from _of(target.name, target.ran, target.findings)
    own = [finding for finding in task.findings if finding.target not in named]
    if not task.targets:
        yield from _of("", task.ran, own)
        return
    yield from (_of_finding(finding) for finding in own)
    # What the targets that are listed don't tell: one that is cut failed, or a run of the schedule was missed.
    if _severity(task.ran.verdict) > max(_severity(target.ran.verdict) for target in task.targets):
        yield _of_run("", task.ran)


def _of(target: str, ran: model.Ran, findings: tuple[model.Finding, ...] | list[model.Finding]) -> Iterator[_Case]:
    cases = [dataclasses.replace(_of_finding(finding), target=target or finding.target) for finding in findings]
    if not cases or not {case.outcome for case in cases} & _TOLD_BY.get(ran.verdict, set()):
        yield _of_run(target, ran)
    yield from cases


def _of_run(target: str, ran: model.Ran) -> _Case:
    outcome = {"fail": "failure", "error": "error", "unknown": "error", "skipped": "skipped", "": "skipped"}
    if ran.verdict == "success":
        return _Case(target, RUN, seconds=ran.seconds or 0.0)
    message = ran.message or ran.reason
    kind = ran.reason or words.verdict(ran)
    return _Case(target, RUN, outcome.get(ran.verdict, "error"), kind, message, message, ran.seconds or 0.0)


def _of_finding(finding: model.Finding) -> _Case:
    outcome = {"fail": "failure", "unknown": "error"}.get(finding.result, "")
    parts = (finding.description, finding.message, finding.remediation and f"What to do: {finding.remediation}")
    text = "\n".join(part for part in parts if part)
    return _Case(finding.target, finding.name, outcome, finding.severity, finding.message or finding.result, text)


def _severity(verdict: str) -> int:
    return -model.VERDICTS.index(verdict) if verdict in model.VERDICTS else 0


def _properties(inspection: model.Inspection, task: model.Task) -> dict[str, str]:
    return {
        "inspect": inspection.name,
        "namespace": inspection.namespace,
        "verdict": task.ran.verdict,
        "reason": task.ran.reason,
        "kind": task.kind,
        "schedule": task.schedule,
        "release": task.release,
        "job": task.ran.job,
        "passRate": task.pass_rate,
        "flapping": "true" if task.flapping else "",
        "cut": str(task.cut or ""),
    }


def _output(task: model.Task) -> str:
    """Warnings first: test cases that pass have no room for words."""
    warnings = [
        f"warn {one.name}{f' on {one.target}' if one.target else ''}: {one.message}\n"
        for one in task.findings
        if one.result == "warn"
    ]
    return "".join(warnings) + task.output


def _number(cases: list[_Case], outcome: str) -> int:
    return sum(case.outcome == outcome for case in cases)


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0.0:.3f}"


def _token(text: str) -> str:
    """Without the white space that the schema's type `token` doesn't take; a dash where nothing is left."""
    return " ".join(text.split()) or "-"
