"""Bytes in pieces of any size to counts and kept findings; bounded, deterministic, never raising."""

import random
import tracemalloc

import pytest

from inspect_operator.runner import findings, lines, stream

FAIL = "caseName:磁盘, caseDesc:, result:fail, resultDesc:满了, 91%"


def in_pieces(data: bytes, sizes: random.Random) -> findings.Report:
    collector = stream.Collector()
    parser = stream.Parser(collector)
    while data:
        size = sizes.choice((1, 2, 3, 7, 100, 5000))
        parser.feed(data[:size])
        data = data[size:]
    parser.close()
    return collector.report()


@pytest.mark.parametrize(
    "output",
    [
        FAIL.encode(),
        f"{FAIL}\n".encode(),
        f"{FAIL}\r\n".encode(),
        f"10%\r50%\r{FAIL}\n".encode(),
        f"\ufeff{FAIL}\n".encode(),
        f"\x1b[31m{FAIL}\x1b[0m\n".encode(),
        f"\x1b]0;title\x07\x1b[1;31mcase\x00Name\x1b[m{FAIL.removeprefix('caseName')}\n".encode().replace(b"e\0", b"e"),
        b"\xff\xfe garbage \x80\n" + FAIL.encode() + b"\n\x00\x00",
        f"{'x' * (1 << 20)}\n{FAIL}\n{'y' * (1 << 20)}".encode(),
    ],
    ids=["no-line-end", "lf", "crlf", "progress-bar", "bom", "colour", "escapes", "invalid-utf8", "1-mib-lines"],
)
def test_a_finding_is_found_whatever_surrounds_it(output: bytes) -> None:
    report = stream.parse(output)
    assert report.findings == (findings.Finding("磁盘", findings.Result.FAIL, "满了, 91%"),)


def test_invalid_bytes_in_a_finding_are_replaced() -> None:
    report = stream.parse(b"caseName:a\xff\x07b, caseDesc:, result:fail, resultDesc:c\x1b[0m\xe4\xb8\n")
    assert report.findings == (findings.Finding("a\ufffdb", findings.Result.FAIL, "c\ufffd"),)


def test_a_finding_at_the_head_of_an_endless_line_is_found() -> None:
    report = stream.parse(FAIL.encode() + b"!" * (1 << 20) + b"\ndisk-usage ok next line\n")
    assert report.counts == findings.Counts(fail=1, success=1)
    assert len(report.findings[0].message) == findings.MAX_MESSAGE


def test_two_streams_do_not_mix_their_lines() -> None:
    collector = stream.Collector()
    out, err = stream.Parser(collector), stream.Parser(collector)
    out.feed(b"caseName:a, caseDesc:, result:fail, ")
    err.feed(b"disk-usage warn 85%\n")
    out.feed(b"resultDesc:b\n")
    assert collector.report().findings == (
        findings.Finding("a", findings.Result.FAIL, "b"),
        findings.Finding("disk-usage", findings.Result.WARN, "85%"),
    )


def test_failing_findings_are_kept_before_all_others_and_every_one_is_counted() -> None:
    printed = [f"check-{number} ok fine" for number in range(1000)]
    printed += ["late-a warn careful", "late-b fail broken"]
    report = stream.parse("\n".join(printed).encode())
    assert report.counts == findings.Counts(fail=1, warn=1, success=1000)
    assert len(report.findings) == stream.MAX_FINDINGS
    assert [finding.name for finding in report.findings[:3]] == ["late-b", "late-a", "check-0"]
    assert report.cut == 1002 - stream.MAX_FINDINGS


WORDS = [
    *(b"caseName", b":", b",", b"caseDesc:", b" result:", b"resultDesc:", b"fail", b"success", b" ok ", b" error "),
    *("：".encode(), "，".encode(), "磁盘".encode(), "🙂".encode()[:2], "\u202e".encode(), "\ufeff".encode()),
    *(b"\n", b"\r\n", b"\r", b"\t", b" ", b"\0", b"\x1b[31m", b"\x1b]0;", b"\xff\xfe", b"disk-usage", b"a" * 500),
]


@pytest.mark.parametrize("seed", range(40))
def test_random_bytes_never_raise_and_give_the_same_in_any_pieces(seed: int) -> None:
    source = random.Random(seed)
    output = b"".join(
        source.choice(WORDS) if source.random() < 0.9 else source.randbytes(20) for _ in range(source.randrange(3000))
    )
    report = stream.parse(output)
    assert report == stream.parse(output)
    assert report == in_pieces(output, source)
    assert len(report.findings) <= stream.MAX_FINDINGS
    assert report.cut == report.counts.total - len(report.findings)
    for finding in report.findings:
        assert len(finding.name) <= findings.MAX_NAME
        assert len(finding.description) <= findings.MAX_DESCRIPTION
        assert len(finding.message) <= findings.MAX_MESSAGE
        text = finding.name + finding.description + finding.message
        assert not any(character in text for character in "\0\n\r\x1b\x07\u202e\ufeff")


@pytest.mark.parametrize(
    "piece", [b"y\n" * 32768, b"\0" * 65536, b"x fail y\r" * 7000], ids=["lines", "nul", "findings"]
)
def test_memory_does_not_grow_with_the_output(piece: bytes) -> None:
    collector = stream.Collector()
    parser = stream.Parser(collector)
    parser.feed(piece)
    tracemalloc.start()
    for _ in range(8):
        parser.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * len(piece)


def test_a_line_is_cut_at_its_limit() -> None:
    splitter = lines.Splitter()
    assert splitter.feed(b"a" * 100_000) == b""
    assert splitter.feed(b"b" * 100_000 + b"\nnext\n")[: lines.MAX_LINE_BYTES] == b"a" * lines.MAX_LINE_BYTES
    assert [len(line) for line in lines.split(b"c" * 50_000 + b"\nd")] == [lines.MAX_LINE_BYTES, 1]
