"""What notices say, in English and Chinese: a title, and for each task what happened and what was found."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from inspect_operator.api import notice
from inspect_operator.api import task as tasks
from inspect_operator.publish import row as rows
from inspect_operator.publish.notices import due, message

MAX_FINDINGS = 10
MAX_TASKS = 20
_WORST = ("fail", "unknown", "warn", "success", "info")
_MARKS = {due.Kind.FAILING: "✘", due.Kind.RECOVERED: "✔", due.Kind.PASSED: "✔"}


@dataclasses.dataclass(frozen=True)
class Words:
    """One language."""

    verdicts: dict[str, str]
    recovered: str
    bad_many: tuple[str, str]  # one task, several
    recovered_many: tuple[str, str]
    passed_many: tuple[str, str]
    separator: str
    comma: str
    times: str
    new: str
    fixed: str
    rate: str
    flapping: str
    earlier: str
    more_findings: str
    more_tasks: str
    ended: str
    missed: str


ENGLISH = Words(
    {"success": "passed", "fail": "failed", "error": "could not be inspected", "unknown": "has no known result"},
    "passes again",
    ("1 task does not pass", "{} tasks do not pass"),
    ("1 passes again", "{} pass again"),
    ("1 passed", "{} passed"),
    ": ", ", ", "{} times in a row", "new: {}", "fixed: {}", "passed {} runs", "flapping",
    "runs before it: {}", "and {} more findings", "and {} more tasks", "ended {}", "missed {}",
)  # fmt: skip
CHINESE = Words(
    {"success": "通过", "fail": "未通过", "error": "无法巡检", "unknown": "结果未知"},
    "已恢复",
    ("1 个任务未通过", "{} 个任务未通过"),
    ("1 个已恢复", "{} 个已恢复"),
    ("1 个通过", "{} 个通过"),
    "：", "，", "连续 {} 次", "新出现：{}", "已消失：{}", "通过 {} 次", "状态反复",
    "此前的运行：{}", "另有 {} 项发现", "另有 {} 个任务", "结束于 {}", "错过 {}",
)  # fmt: skip
_WORDS = {notice.Language.EN: ENGLISH, notice.Language.ZH: CHINESE}


def compose(policy: notice.Policy, owner: tasks.Owner, changes: Sequence[due.Change]) -> message.Message:
    """The message that tells a channel of these changes; what doesn't pass first."""
    words = _WORDS[policy.language]
    ordered = tuple(
        sorted(changes, key=lambda change: (change.kind is not due.Kind.FAILING, -due.rank(change.severity)))
    )
    title = line(f"{_mark(ordered)} {owner.namespace}/{owner.name}{words.separator}{_summary(ordered, words)}", 150)
    sections = tuple(_section(change, words) for change in ordered[:MAX_TASKS])
    if len(ordered) > MAX_TASKS:
        sections += (message.Section(words.more_tasks.format(len(ordered) - MAX_TASKS)),)
    data = {
        "version": 1,
        "notification": policy.name,
        "inspect": {"namespace": owner.namespace, "name": owner.name},
        "language": policy.language.value,
        "title": title,
        "text": plain(sections),
        "changes": [_data(change) for change in ordered],
    }
    return message.Message(
        owner.namespace, owner.name, policy.name, title, sections, ordered, data, policy.language
    )  # fmt: skip


def plain(sections: Sequence[message.Section]) -> str:
    """As text without markup."""
    return "\n".join(
        text for section in sections for text in (section.head, *(f"  - {text}" for text in section.lines))
    )


def line(text: str, limit: int = 400) -> str:
    """On one line, at most so many characters, all of which can be sent: no half of a surrogate pair."""
    text = re.sub(r"\s+", " ", text).strip().encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8."""
    return rows.cut(text, limit)


def what(change: due.Change, words: Words) -> str:
    """What happened, in a word or two."""
    if change.kind is due.Kind.RECOVERED:
        return words.recovered
    return words.verdicts.get(str(change.row.get("verdict")), "")


def _mark(changes: Sequence[due.Change]) -> str:
    return _MARKS[changes[0].kind]


def _summary(changes: Sequence[due.Change], words: Words) -> str:
    if len(changes) == 1:
        return f"{changes[0].task} {what(changes[0], words)}"
    forms = {
        due.Kind.FAILING: words.bad_many,
        due.Kind.RECOVERED: words.recovered_many,
        due.Kind.PASSED: words.passed_many,
    }
    said = []
    for kind, (one, many) in forms.items():
        if number := sum(change.kind is kind for change in changes):
            said.append(one if number == 1 else many.format(number))
    return words.comma.join(said)


def _section(change: due.Change, words: Words) -> message.Section:
    row, lines = change.row, []
    head = f"{_MARKS[change.kind]} {change.task}{words.separator}{what(change, words)}"
    if change.kind is due.Kind.FAILING:
        head += f" ({row.get('reason', '')}, {change.severity.value})"
        if change.told.failures > 1:
            head += words.comma + words.times.format(change.told.failures)
    lines.append(str(row.get("message") or row.get("res") or ""))
    # What passed is told of recoveries and the like only: in bad news it would hide what matters.
    bad = change.kind is due.Kind.FAILING
    found = [one for one in _findings(row) if not bad or one.get("result") not in ("success", "info")]
    lines += [_finding(one, words) for one in found[:MAX_FINDINGS]]
    if (more := len(found) - MAX_FINDINGS + int(row.get("cut") or 0)) > 0:
        lines.append(words.more_findings.format(more))
    if new := row.get("newFindings"):
        lines.append(words.new.format(words.comma.join(map(str, new))))
    if fixed := row.get("fixedFindings"):
        lines.append(words.fixed.format(words.comma.join(map(str, fixed))))
    rate = [words.rate.format(row["passRate"])] if row.get("passRate") else []
    lines.append(words.comma.join(rate + ([words.flapping] if row.get("flapping") else [])))
    if change.earlier:
        past = [f"{one['verdict']} {one.get('finished', '')}".strip() for one in change.earlier]
        lines.append(words.earlier.format(words.comma.join(past)))
    if row.get("missed"):
        lines.append(words.missed.format(row["missed"]))
    elif row.get("finished"):
        lines.append(words.ended.format(row["finished"]))
    return message.Section(line(head), tuple(line(text) for text in lines if text.strip()))


def _findings(row: rows.Row) -> list[rows.Row]:
    """The worst first."""
    found = [dict(one) for one in row.get("findings") or ()]
    return sorted(found, key=lambda one: _WORST.index(one["result"]) if one.get("result") in _WORST else 1)


def _finding(one: rows.Row, words: Words) -> str:
    where = f"{one['target']} " if one.get("target") else ""
    said = f"{where}{one.get('name', '')}{words.separator}{one.get('message') or one.get('result')}"
    return said + (f" → {one['remediation']}" if one.get("remediation") else "")


#: Of a row, what templates and webhooks are given.
_GIVEN = (
    "verdict", "reason", "message", "res", "schedule", "exitCode", "started", "finished", "missed", "counts",
    "passRate", "flapping", "newFindings", "fixedFindings", "report", "outputTail",
)  # fmt: skip


def _data(change: due.Change) -> dict[str, Any]:
    """One change; every key is there, so that a template may ask for it."""
    row = change.row
    return {
        "task": change.task,
        "kind": change.kind.value,
        "severity": change.severity.value,
        "failures": change.told.failures,
        "findings": _findings(row)[:50],
        "earlier": [{key: one.get(key) for key in ("verdict", "reason", "finished")} for one in change.earlier],
        **{key: row.get(key) for key in _GIVEN},
    }
