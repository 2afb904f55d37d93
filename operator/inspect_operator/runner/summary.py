"""The note that the runner leaves in the container's termination message, and how it is read again.

JSON, at most 4096 bytes, which is what Kubernetes keeps of a termination message. Where there is more than fits, the
beginning of stderr goes first, then remediations that an earlier finding tells too, then findings (the least bad
ones), then the length of the texts; counts and verdict always stay.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from inspect_operator.runner import findings, verdict

MAX_BYTES = 4096
MAX_STDERR_BYTES = 1024  # of UTF-8
VERSION = 1


@dataclass(frozen=True, slots=True)
class Summary:
    exit_code: int
    judgement: verdict.Judgement
    report: findings.Report
    started: datetime
    finished: datetime
    stderr: str = ""  # the last of it, clean; empty also where it was not kept apart


def compose(summary: Summary) -> bytes:
    """Valid JSON of at most MAX_BYTES."""
    kept = len(summary.report.findings)
    text = _render(summary)
    while len(text) > MAX_BYTES and summary.stderr:
        # Half of what is too much: what stands escaped frees twice its bytes.
        summary = replace(summary, stderr=_end(summary.stderr, (len(text) - MAX_BYTES + 1) // 2))
        text = _render(summary)
    if len(text) > MAX_BYTES:
        summary = _with_findings(summary, _each_remediation_once(summary.report.findings))
        text = _render(summary)
    while len(text) > MAX_BYTES and kept > 1:
        # A guess from the bytes that are too many, at least one finding a step: seldom more than three steps.
        kept -= max(1, kept * (len(text) - MAX_BYTES) // (2 * len(text)))
        text = _render(_with_findings(summary, summary.report.findings[:kept]))
    limit = 512
    while len(text) > MAX_BYTES:
        limit //= 2
        text = _render(_with_texts_of(summary, limit))
    return text


def parse(text: str) -> Summary | None:
    """What `compose` wrote; None for anything else. A termination message is anybody's to write: never raises."""
    try:
        data = json.loads(text)
        report = findings.Report(
            tuple(
                findings.Finding(
                    str(item["name"]),
                    findings.Result(item["result"]),
                    str(item.get("message", "")),
                    str(item.get("description", "")),
                    str(item.get("target", "")),
                    findings.Severity(item["severity"]) if "severity" in item else None,
                    str(item.get("remediation", "")),
                )
                for item in data["findings"]
            ),
            findings.Counts(**{result.value: int(data["counts"].get(result.value, 0)) for result in findings.Result}),
            int(data["cut"]),
        )
        judgement = verdict.Judgement(verdict.Verdict(data["verdict"]), str(data["reason"]), str(data["message"]))
        return Summary(
            int(data["exitCode"]),
            judgement,
            report,
            _time(data["startedAt"]),
            _time(data["finishedAt"]),
            str(data.get("stderr", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def _render(summary: Summary) -> bytes:
    rows: list[dict[str, Any]] = []
    for finding in summary.report.findings:
        rows.append({key: value for key, value in asdict(finding).items() if value or key == "name"})
    data = {
        "version": VERSION,
        "exitCode": summary.exit_code,
        "verdict": summary.judgement.verdict,
        "reason": summary.judgement.reason,
        "message": summary.judgement.message,
        "counts": asdict(summary.report.counts),
        "findings": rows,
        "cut": summary.report.cut,
        "startedAt": _stamp(summary.started),
        "finishedAt": _stamp(summary.finished),
    }
    if summary.stderr:
        data["stderr"] = summary.stderr
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _with_findings(summary: Summary, kept: tuple[findings.Finding, ...]) -> Summary:
    report = summary.report
    return replace(summary, report=replace(report, findings=kept, cut=report.counts.total - len(kept)))


def _each_remediation_once(listed: tuple[findings.Finding, ...]) -> tuple[findings.Finding, ...]:
    told: set[str] = set()
    made = []
    for finding in listed:
        made.append(replace(finding, remediation="") if finding.remediation in told else finding)
        told.add(finding.remediation)
    return tuple(made)


def _with_texts_of(summary: Summary, limit: int) -> Summary:
    """The summary with its first finding alone and no text longer than `limit` characters."""
    first = [
        replace(
            finding,
            name=finding.name[:limit],
            message=finding.message[:limit],
            description=finding.description[:limit],
            remediation=finding.remediation[:limit],
        )
        for finding in summary.report.findings[:1]
    ]
    judgement = replace(summary.judgement, message=summary.judgement.message[:limit])
    return _with_findings(replace(summary, judgement=judgement), tuple(first))


def _end(text: str, too_many: int) -> str:
    """Without its beginning, by at least so many bytes; whole lines, where there is more than one."""
    kept = text.encode("utf-8", "replace")[too_many:].decode("utf-8", "ignore")
    _, line_end, whole = kept.partition("\n")
    return whole if line_end else kept


def _stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
