"""Output of any size to a report of bounded size: counts of every finding, and the worst of them.

Memory per run stays under a few hundred KiB, and a few MiB while a JUnit document comes; 1 GiB of ordinary output
takes seconds.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum

from inspect_operator.runner import documents, findings, lines
from inspect_operator.runner.dialects import case_name, check_word, json_lines, junit

MAX_FINDINGS = 64


class Format(StrEnum):
    """How findings are told."""

    AUTO = "auto"  # in any of these ways
    CASES = "cases"  # caseName:…, result:…
    CHECKS = "checks"  # <check> ok|…
    JSON_LINES = "jsonLines"
    JUNIT = "junit"
    NONE = "none"  # not at all: the exit code is the result


class Collector:
    """Gathers the findings of one run, of each result `keep` at most; its streams share it."""

    def __init__(self, keep: int = MAX_FINDINGS) -> None:
        self._keep = keep
        self._counts = dict.fromkeys(findings.Result, 0)
        self._kept: dict[findings.Result, list[findings.Finding]] = {result: [] for result in findings.Result}

    def add(self, finding: findings.Finding) -> None:
        self._counts[finding.result] += 1
        kept = self._kept[finding.result]
        if len(kept) < self._keep:
            kept.append(finding)

    def report(self) -> findings.Report:
        kept = tuple(finding for result in findings.Result for finding in self._kept[result])[: self._keep]
        counts = findings.Counts(**{result.value: number for result, number in self._counts.items()})
        return findings.Report(kept, counts, counts.total - len(kept))


# A line that no first function lets pass holds no finding; nor does a block of many lines.
_Dialect = tuple[Callable[[bytes], bool], Callable[[str], findings.Finding | None]]
_CASES: _Dialect = (case_name.may_hold, case_name.parse)
_CHECKS: _Dialect = (check_word.may_hold, check_word.parse)
_JSON_LINES: _Dialect = (json_lines.may_hold, json_lines.parse)
_DIALECTS: dict[Format, tuple[_Dialect, ...]] = {
    Format.AUTO: (_CASES, _CHECKS, _JSON_LINES),
    Format.CASES: (_CASES,),
    Format.CHECKS: (_CHECKS,),
    Format.JSON_LINES: (_JSON_LINES,),
}


class Parser:
    """Reads one stream, piece by piece, into a collector."""

    def __init__(self, collector: Collector, form: Format = Format.AUTO) -> None:
        self._collector = collector
        self._dialects = _DIALECTS.get(form, ())
        self._divider = documents.Divider() if form in (Format.AUTO, Format.JUNIT) else None
        self._splitter = lines.Splitter()

    def feed(self, data: bytes) -> None:
        if self._divider is None:
            self._lines(data)
        else:
            self._parts(self._divider.feed(data))

    def close(self) -> None:
        if self._divider is not None:
            self._parts(self._divider.close())
        self._read(self._splitter.close())

    def _parts(self, parts: Iterable[bytes | documents.Document]) -> None:
        for part in parts:
            if isinstance(part, bytes):
                self._lines(part)
            else:
                self._document(part)

    def _lines(self, data: bytes) -> None:
        if self._dialects:
            self._read(self._splitter.feed(data))

    def _read(self, block: bytes) -> None:
        passing = [dialect for dialect in self._dialects if dialect[0](block)]
        if not passing:
            return
        for line in lines.split(block):
            for may_hold, parse in passing:
                if may_hold(line):
                    finding = parse(lines.clean(line))
                    if finding:
                        self._collector.add(finding)
                        break

    def _document(self, document: documents.Document) -> None:
        seen = 0

        def found(finding: findings.Finding) -> None:
            nonlocal seen
            seen += 1
            self._collector.add(finding)

        problem = junit.read([document.content], found)
        if problem and document.marked and not document.whole:
            problem = "the end of the report is missing, or it is too large to be printed; leave it as a file"
        if problem and (seen or document.marked or b"<testcase" in document.content):
            self._collector.add(junit_problem(problem))
        if problem and not document.marked:
            self._lines(document.content)  # nothing that stands in it may be lost


def junit_problem(why: str) -> findings.Finding:
    """A report that cannot be read rules nothing out."""
    return findings.Finding("JUnit report", findings.Result.UNKNOWN, why)


def parse(output: bytes, form: Format = Format.AUTO, keep: int = MAX_FINDINGS) -> findings.Report:
    """All of an output that is at hand, such as the tail of a log."""
    collector = Collector(keep)
    parser = Parser(collector, form)
    parser.feed(output)
    parser.close()
    return collector.report()
