"""Rows about hosts through a log: what is written is read, and nobody else can write one."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from inspect_operator.runner import findings, printing, targets, verdict

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def row(name: str, message: str = "all is well", **counts: int) -> targets.Target:
    judgement = verdict.Judgement(verdict.Verdict.FAIL, "Findings", message)
    return targets.Target(name, judgement, 0, findings.Counts(**counts), NOON, NOON + timedelta(seconds=7))


def test_rows_are_read_back_in_order() -> None:
    never = targets.Target("b", verdict.error("HostUnreachable", "refused"), None, findings.Counts(), None, None)
    rows = (row("磁盘 host", fail=2, success=1), never, row("c"))
    log = b"[c] out\n" + targets.compose(rows) + b"inspect-runner: bye\n"
    assert targets.parse(log) == rows


def test_a_row_is_one_line_without_what_is_empty() -> None:
    text = targets.compose([row("web1", "two\nlines\u2028and\x85more\r", fail=1)])
    assert text.endswith(b"\n")
    assert len(text.decode().splitlines()) == 1
    assert json.loads(text.removeprefix(b"inspect-target ")) == {
        "target": "web1",
        "verdict": "fail",
        "reason": "Findings",
        "message": "two lines and more",
        "exitCode": 0,
        "counts": {"fail": 1},
        "started": "2026-11-21T12:00:00Z",
        "finished": "2026-11-21T12:00:07Z",
    }


@pytest.mark.parametrize("length", [0, 10, 100, 1000, 5000])
@pytest.mark.parametrize("name", ["host-{:03}", "a-rather-long-name-of-a-host-{:03}.example.com"])
def test_256_hosts_fit_and_keep_their_verdicts(length: int, name: str) -> None:
    rows = [row(name.format(number), "深" * length, fail=3, success=100) for number in range(256)]
    text = targets.compose(rows)
    assert len(text) <= targets.MAX_BYTES
    read = targets.parse(text)
    assert [(each.name, each.judgement.verdict, each.judgement.reason, each.exit_code) for each in read] == [
        (each.name, each.judgement.verdict, each.judgement.reason, each.exit_code) for each in rows
    ]


def test_messages_are_shortened_evenly_and_no_more_than_needed() -> None:
    rows = [row(f"h{number}", "x" * (2000 if number % 2 else 30)) for number in range(60)]
    text = targets.compose(rows)
    read = targets.parse(text)
    assert {each.judgement.message for each in read[::2]} == {"x" * 30}
    assert len({each.judgement.message for each in read[1::2]}) == 1
    assert targets.MAX_BYTES - 60 < len(text) <= targets.MAX_BYTES


def test_where_even_names_do_not_fit_those_that_passed_go_first() -> None:
    failed = [row("f" * 250 + f"{number:03}") for number in range(50)]
    passed = [
        targets.Target(f"p{number:03}" + "p" * 249, verdict.Judgement(verdict.Verdict.SUCCESS, "Passed", ""), 0,
                       findings.Counts(), None, None)
        for number in range(200)
    ]  # fmt: skip
    text = targets.compose([*passed, *failed])
    assert len(text) <= targets.MAX_BYTES
    names = [each.name for each in targets.parse(text)]
    assert names[-50:] == [each.name for each in failed]
    assert names[0] == passed[0].name


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"inspect-target",
        b"inspect-target null",
        b"inspect-target []",
        b"inspect-target {}",
        b"inspect-target {" + b'"a":' * 100000,
        b"inspect-target " + b"[" * 100000,
        b'inspect-target {"target":"a","verdict":"great","reason":"R"}',
        b'inspect-target {"target":"","verdict":"fail","reason":"R"}',
        b'inspect-target {"target":1,"verdict":"fail","reason":"R"}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","counts":[1]}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","counts":{"nice":1}}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","counts":{"fail":-1}}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","counts":{"fail":' + b"9" * 5000 + b"}}",
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","exitCode":true}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","started":"soon"}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","started":7}',
        b'inspect-target {"target":"a","verdict":"fail","reason":"R","started":"0001-01-01T00:00:00+23:59"}',
        b' inspect-target {"target":"a","verdict":"fail","reason":"R"}',
        b'[web1] inspect-target {"target":"a","verdict":"fail","reason":"R"}',
    ],
)
def test_what_is_no_row_is_passed_over(line: bytes) -> None:
    good = targets.compose([row("good")])
    assert [each.name for each in targets.parse(line + b"\n" + good)] == ["good"]
    assert targets.without(line + b"\n" + good) == line + b"\n"


def test_of_two_rows_with_one_name_the_last_counts() -> None:
    log = targets.compose([row("a", "first")]) + targets.compose([row("a", "second")])
    assert [each.judgement.message for each in targets.parse(log)] == ["second"]


def test_the_log_without_rows_is_everything_else() -> None:
    before, after = b"[a] inspect-target is a word\r\n\xff\x00", b"inspect-runner: a: fail\nlast"
    assert targets.without(before + b"\n" + targets.compose([row("a"), row("b")]) + after) == before + b"\n" + after


class Pipe:
    """The runner's two streams as one, as Kubernetes keeps them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written = bytearray()
        monkeypatch.setattr("os.write", self.write)

    def write(self, _descriptor: int, data: bytes) -> int:
        piece = bytes(data[:7])  # a pipe takes what it has room for
        self.written += piece
        return len(piece)


FORGED = b'inspect-target {"target":"web2","verdict":"success","reason":"Passed","exitCode":0}'
# Whatever somebody takes for the end of a line.
ENDS = [b"\n", b"\r", b"\r\n", b"\n\r", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\0", b"\x1b[1G", b"\x1bE"]
ENDS += [b"\x1b[2K\x1b[0G", b"\x08" * 20, "\x85".encode(), "\u2028".encode(), "\u2029".encode(), b"\x85"]
ENDS += [b"x" * 20000, b""]


def forged_rows(log: bytes) -> list[targets.Target]:
    """Rows, read by everybody's idea of a line."""
    text = log.decode("utf-8", "replace")
    lines = [*log.split(b"\n"), *log.splitlines(), *(line.encode("utf-8", "replace") for line in text.splitlines())]
    return [found for line in lines for found in targets.parse(line)]


@pytest.mark.parametrize("end", ENDS)
def test_no_host_can_write_a_row(monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    pipe = Pipe(monkeypatch)
    stream = printing.Stream(printing.Printer(), 1, "web1")
    for piece in (end, FORGED, end, FORGED, b"\n", FORGED):
        stream.feed(piece)
    stream.close()
    assert pipe.written.endswith(b"\n")
    assert forged_rows(bytes(pipe.written)) == []
    shown = 1 if len(end) > 16384 else 3  # what stands far behind in a line is cut off
    assert bytes(pipe.written).count(b"inspect-target") == shown
    printing.Printer().rows(targets.compose([row("web1")]))
    assert [each.name for each in targets.parse(bytes(pipe.written))] == ["web1"]


def test_no_mixture_of_hostile_bytes_writes_a_row_in_whatever_pieces_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20261121)
    pipe = Pipe(monkeypatch)
    printer = printing.Printer()
    for _ in range(200):
        streams = [printing.Stream(printer, number, "web1") for number in (1, 2)]
        flood = b"".join(chance.choice([*ENDS[:-2], FORGED, FORGED, b"] ", b"\x1b]0;", b"\xe2\x80"]) for _ in range(12))
        while flood:
            size = chance.randrange(1, 60)
            chance.choice(streams).feed(flood[:size])
            flood = flood[size:]
        for stream in streams:
            stream.close()
    assert forged_rows(bytes(pipe.written)) == []
    assert b"inspect-target" in pipe.written


def test_what_hosts_print_after_the_end_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe(monkeypatch)
    printer = printing.Printer()
    late = printing.Stream(printer, 1, "web1")
    late.feed(b"in time\n")
    printer.silence_hosts()
    late.feed(b"too late\n")
    printer.say("multi\nline \x1b[31mred")
    assert bytes(pipe.written) == b"[web1] in time\ninspect-runner: multi line red\n"
