"""Whatever a script prints, in whatever pieces its bytes come: the same findings, never an error, never too many."""

import hypothesis
import pytest
from hypothesis import strategies
from tests.unit.runner import corpus

from inspect_operator.runner import documents, findings, stream
from inspect_operator.runner.dialects import case_name, check_word, json_lines

pytestmark = pytest.mark.slow

WORDS = (
    b"caseName", b":", b",", b"caseDesc:", b" result:", b", resultDesc:", b", severity:low", b", remediation:", b"fail",
    b"success", b" ok ", b" error ", "：".encode(), "，".encode(), "磁盘".encode(), "🙂".encode()[:2], b"\xe2\x80\xae",
    b"\xef\xbb\xbf", b"\n", b"\r\n", b"\r", b"\t", b" ", b"\0", b"\x1b[31m", b"\x1b]0;", b"\xff\xfe", b"disk-usage",
    b"a" * 500, b'{"name":', b'"a"', b',"result":', b'"fail"', b"}", b"{", b"[", b'"', b"\\u0000", b"\\ud800",
    b"-----BEGIN JUNIT-----", b"\n-----BEGIN JUNIT-----\n", b"-----END JUNIT-----", b'<?xml version="1.0"?>', b"<!--",
    b"-->", b"<![CDATA[", b"]]>", b"<testsuites>", b"</testsuites>", b"<testsuite", b">", b"</testsuite>", b"/>",
    b'<testcase name="b">', b"</testcase>", b'<failure message="c>d"/>', b"<skipped/>", b"&amp;", b"&x;",
    b'<!DOCTYPE a [<!ENTITY x "y">]>',
)  # fmt: skip

LINE = strategies.lists(strategies.sampled_from(WORDS), max_size=12).map(b"".join)
KNOWN = strategies.sampled_from(
    [out for name in corpus.OUTPUTS for out in map(corpus.output, corpus.read(name)) if len(out) < 2000]
    + [entry["line"].encode() for name in corpus.LINES for entry in corpus.read(name)]
)
OUTPUT = strategies.lists(
    strategies.one_of(LINE, KNOWN, strategies.binary(max_size=40), strategies.just(b"\n")), max_size=30
).map(b"".join)
SIZES = strategies.lists(strategies.sampled_from((1, 2, 3, 7, 13, 100, 300, 600, 5000)), min_size=1, max_size=12)
FORMS = strategies.sampled_from([stream.Format.AUTO] * 4 + list(stream.Format))


def in_pieces(data: bytes, sizes: list[int], form: stream.Format) -> findings.Report:
    collector = stream.Collector()
    parser = stream.Parser(collector, form)
    number = 0
    while data:
        size = sizes[number % len(sizes)]
        parser.feed(data[:size])
        data, number = data[size:], number + 1
    parser.close()
    return collector.report()


@hypothesis.given(OUTPUT, SIZES, FORMS)
@hypothesis.settings(max_examples=1500, deadline=None, derandomize=True, database=None)
def test_the_same_findings_in_any_pieces(output: bytes, sizes: list[int], form: stream.Format) -> None:
    report = stream.parse(output, form)
    assert report == stream.parse(output, form)
    assert report == in_pieces(output, sizes, form)
    assert len(report.findings) <= stream.MAX_FINDINGS
    assert report.cut == report.counts.total - len(report.findings)
    for finding in report.findings:
        assert len(finding.name) <= findings.MAX_NAME
        assert len(finding.description) <= findings.MAX_DESCRIPTION
        assert len(finding.message) <= findings.MAX_MESSAGE
        assert len(finding.remediation) <= findings.MAX_REMEDIATION
        text = finding.name + finding.description + finding.message + finding.target + finding.remediation
        assert not any(character in text for character in "\0\n\r\x1b\x07\u202e\ufeff")
        text.encode()


@hypothesis.given(OUTPUT, SIZES)
@hypothesis.settings(max_examples=500, deadline=None, derandomize=True, database=None)
def test_what_is_divided_is_what_came(output: bytes, sizes: list[int]) -> None:
    """Lines and documents together are the whole output, but for markers and blanks in front of a document."""
    divider, parts, number, data = documents.Divider(), [], 0, output
    while data:
        size = sizes[number % len(sizes)]
        parts += list(divider.feed(data[:size]))
        data, number = data[size:], number + 1
    parts += list(divider.close())
    came = b"".join(part if isinstance(part, bytes) else part.content for part in parts)
    assert _essence(came) == _essence(output)


def _essence(output: bytes) -> bytes:
    for gone in (documents.BEGIN, documents.END, b"\r", b"\n", b" ", b"\t"):
        output = output.replace(gone, b"")
    return output


@hypothesis.given(strategies.text(max_size=400))
@hypothesis.settings(max_examples=500, deadline=None, derandomize=True, database=None)
def test_no_dialect_raises_on_any_text(text: str) -> None:
    for parse in (case_name.parse, check_word.parse, json_lines.parse):
        parse(text)
        parse(f"caseName:{text}, result:fail, resultDesc:{text}")
        parse(f'{{"name":"a","result":"fail","message":"{text}"}}')


@hypothesis.given(strategies.lists(strategies.sampled_from(("y" * 100, "disk fail x", "<testsuites>", '{"a":1}'))))
@hypothesis.settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_a_line_that_one_dialect_rules_out_holds_none_of_its_findings(lines: list[str]) -> None:
    for line in lines:
        for dialect in (case_name, check_word, json_lines):
            assert dialect.may_hold(line.encode()) or dialect.parse(line) is None
