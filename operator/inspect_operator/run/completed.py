"""The findings of a script that its summary had no room for, out of its log."""

import dataclasses
from collections import Counter

from inspect_operator.run import tail
from inspect_operator.runner import findings, stream

MAX_FINDINGS = 1000


def by_log(report: findings.Report, log: bytes, form: stream.Format | None) -> findings.Report:
    """`report` is the summary's, whose counts stay: it has seen everything. Of each result no more are taken from the
    log, which tells them as `form` says (None: a file did), than were counted."""
    if not report.cut or form is None:
        return report
    printed = stream.parse(tail.whole_lines(log), form, MAX_FINDINGS).findings
    listed = Counter(printed)
    extra = [one for one in report.findings if not _take(listed, one)]
    room = {result: getattr(report.counts, result.value) for result in findings.Result}
    kept = []
    for result in findings.Result:
        kept += [one for one in (*printed, *extra) if one.result is result][: room[result]]
    kept = kept[:MAX_FINDINGS]
    return dataclasses.replace(report, findings=tuple(kept), cut=report.counts.total - len(kept))


def _take(listed: Counter[findings.Finding], one: findings.Finding) -> bool:
    """Whether it is among those listed, each of which counts once."""
    if listed[one] < 1:
        return False
    listed[one] -= 1
    return True
