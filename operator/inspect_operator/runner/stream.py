"""Output of any size to a report of bounded size: counts of every finding, and the worst of them.

Memory per run stays under a few hundred KiB; 1 GiB of ordinary output takes seconds.
"""

from inspect_operator.runner import findings, lines

MAX_FINDINGS = 64


class Collector:
    """Gathers the findings of one run; its streams share it."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(findings.Result, 0)
        self._kept: dict[findings.Result, list[findings.Finding]] = {result: [] for result in findings.Result}

    def add(self, finding: findings.Finding) -> None:
        self._counts[finding.result] += 1
        kept = self._kept[finding.result]
        if len(kept) < MAX_FINDINGS:
            kept.append(finding)

    def report(self) -> findings.Report:
        kept = tuple(finding for result in findings.Result for finding in self._kept[result])[:MAX_FINDINGS]
        counts = findings.Counts(**{result.value: number for result, number in self._counts.items()})
        return findings.Report(kept, counts, counts.total - len(kept))


_CHECK_WORDS = ("ok", "pass", "warn", "error", "info", "fail")
# A line without one of these holds no finding. Plain searches: one pattern for all is half as fast.
_MARKS = (b"caseName", *(f"{blank}{word}".encode() for blank in " \t" for word in _CHECK_WORDS))


class Parser:
    """Reads one stream, piece by piece, into a collector."""

    def __init__(self, collector: Collector) -> None:
        self._splitter = lines.Splitter()
        self._collector = collector

    def feed(self, data: bytes) -> None:
        self._read(self._splitter.feed(data))

    def close(self) -> None:
        self._read(self._splitter.close())

    def _read(self, block: bytes) -> None:
        if not any(mark in block for mark in _MARKS):
            return
        for line in lines.split(block):
            if any(mark in line for mark in _MARKS):
                finding = findings.parse_line(lines.clean(line))
                if finding:
                    self._collector.add(finding)


def parse(output: bytes) -> findings.Report:
    """All of an output that is at hand, such as the tail of a log."""
    collector = Collector()
    parser = Parser(collector)
    parser.feed(output)
    parser.close()
    return collector.report()
