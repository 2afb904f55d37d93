"""A report as Markdown, for pull requests, chats and wikis (GitHub's flavour).

Whatever a script printed is shown as text: it can't end a table or a code block, make links, images or HTML, and it
mentions nobody.
"""

import re
from collections.abc import Iterator

from inspect_operator.publish.reports import attention, model, words

MAX_FINDINGS = 50
#: Of a task's output the end is shown: GitHub takes 65,536 characters of text in all.
MAX_OUTPUT = 4000
_ICONS = {
    "success": "✅", "fail": "❌", "error": "💥", "unknown": "❔", "skipped": "⏭️", "": "⏳", "warn": "⚠️", "info": "ℹ️",
}  # fmt: skip
#: What means something inside a line: CommonMark's and GitHub's markup, its mentions and bare links.
_MARKUP = re.compile(r"""[\\`*_{}\[\]<>&|~$@#!]|:(?=//)|(?<=www)\.""", re.IGNORECASE)
#: Where a backslash isn't enough, or counts for nothing.
_ENTITIES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", ":": "&#58;", ".": "&#46;", "@": "&#64;&#8203;", "#": "&#35;&#8203;",
}  # fmt: skip
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def write(report: model.Report) -> str:
    """Headline, what to look at, what changed, and a table for each Inspect with details that unfold."""
    return "\n".join(_lines(report)).rstrip("\n") + "\n"


def _lines(report: model.Report) -> Iterator[str]:
    yield f"# {_ICONS.get(report.verdict, '')} {words.headline(report)}"
    yield ""
    score = report.score
    if score.percent is not None:
        yield f"**Score {score.percent}** ({score.passed} of {score.counted} passed) · {words.moment(report.created)}"
    else:
        yield words.moment(report.created)
    yield ""
    yield from _attention(report)
    yield from _changes(report)
    for inspection in report.inspections:
        yield from _inspection(inspection)


def _attention(report: model.Report) -> Iterator[str]:
    found = attention.points(report)
    if not found:
        return
    yield "## What needs attention"
    yield ""
    yield "| | What | Where | Seen | What to do |"
    yield "| --- | --- | --- | --- | --- |"
    for one in found[:MAX_FINDINGS]:
        place = text(f"{one.inspection.name}/{one.task.name}") + (f" on {text(one.target)}" if one.target else "")
        cells = (f"{_ICONS[one.result]} {one.level}", text(one.title), place, text(one.message), text(one.remediation))
        yield f"| {' | '.join(cells)} |"
    if len(found) > MAX_FINDINGS:
        yield ""
        yield f"and {len(found) - MAX_FINDINGS} more."
    yield ""


def _changes(report: model.Report) -> Iterator[str]:
    lines = []
    for where, task in report.tasks:
        place = text(f"{where.name}/{task.name}")
        lines += [f"- 🆕 {text(one)} ({place})" for one in task.new]
        lines += [f"- 🩹 fixed: {text(one)} ({place})" for one in task.fixed]
        if task.flapping:
            lines.append(f"- 🔁 {place} is flapping: {text(task.pass_rate)} of its last runs passed")
    if lines:
        yield from ("## What changed since the run before", "", *lines, "")


def _inspection(inspection: model.Inspection) -> Iterator[str]:
    yield f"## {text(inspection.name)}"
    yield ""
    about = [f"namespace {text(inspection.namespace)}"] if inspection.namespace else []
    if (ready := inspection.condition("Ready")).status == "False":
        about.append(f"not ready: {text(ready.reason)}, {text(ready.message)}")
    if not inspection.current:
        about.append("its last change has not been looked at yet")
    if about:
        yield from ("; ".join(about), "")
    if not inspection.tasks:
        yield from ("No results.", "")
        return
    yield "| Task | Verdict | Why | Trend | Last run | Took |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for task in inspection.tasks:
        ran = task.ran
        verdict = f"{_ICONS.get(ran.verdict, '')} {words.verdict(ran)}"
        why = text(": ".join(part for part in (ran.reason, ran.message) if part))
        cells = (text(task.name), verdict, why, _trend(task), words.moment(ran.finished), words.duration(ran.seconds))
        yield f"| {' | '.join(cells)} |"
    yield ""
    for task in inspection.tasks:
        yield from _details(task)


def _trend(task: model.Task) -> str:
    """Oldest first, the present run last; nothing where it is the only one."""
    if not task.history:
        return ""
    dots = {"success": "🟢", "fail": "🔴", "error": "🔴", "unknown": "🟡", "skipped": "⚪", "": "⚪"}
    runs = [*reversed(task.history), task.ran]
    return "".join(dots.get(run.verdict, "⚪") for run in runs) + (f" {text(task.pass_rate)}" if task.pass_rate else "")


def _details(task: model.Task) -> Iterator[str]:
    if not (task.targets or task.findings or task.output or task.stderr):
        return
    numbers = f": {words.counted(task)}" if task.counts else ""
    yield f"<details><summary>{_html(task.name)}{numbers}</summary>"
    yield ""
    if task.targets:
        yield "| Target | Verdict | Why | Took |"
        yield "| --- | --- | --- | --- |"
        for target in task.targets:
            ran = target.ran
            why = text(": ".join(part for part in (ran.reason, ran.message) if part))
            verdict = f"{_ICONS.get(ran.verdict, '')} {words.verdict(ran)}"
            yield f"| {text(target.name)} | {verdict} | {why} | {words.duration(ran.seconds)} |"
        yield ""
    if task.findings:
        yield "| Finding | Result | Seen | On |"
        yield "| --- | --- | --- | --- |"
        for one in task.findings[:MAX_FINDINGS]:
            cells = (text(one.name), f"{_ICONS[one.result]} {one.result}", text(one.message), text(one.target))
            yield f"| {' | '.join(cells)} |"
        yield ""
        if len(task.findings) > MAX_FINDINGS:
            yield from (f"and {len(task.findings) - MAX_FINDINGS} more.", "")
    if words.cut(task):
        yield from (words.cut(task) + ".", "")
    for title, printed in (("Output", task.output), ("Standard error", task.stderr)):
        if printed:
            yield from (f"{title}{', its end' if len(printed) > MAX_OUTPUT else ''}:", "")
            yield from (*_block(printed[-MAX_OUTPUT:]), "")
    yield "</details>"
    yield ""


def text(said: str) -> str:
    """Anybody's words as inline text of one line."""
    return _MARKUP.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), " ".join(said.split()))


def _html(said: str) -> str:
    """The same inside of an HTML line, where backslashes count for nothing."""
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", " ".join(said.split()))


def _block(printed: str) -> Iterator[str]:
    """A block of code whose fence is longer than any run of backticks in it."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", printed)), 3)
    yield fence + "text"
    yield from printed.strip("\n").split("\n")
    yield fence
