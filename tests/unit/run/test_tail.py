"""The end of a log as people read it."""

import random

import pytest

from inspect_operator.run import tail


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (b"", ""),
        (b"one\ntwo\n", "one\ntwo"),
        (b"one\r\ntwo\r\n", "one\ntwo"),
        (b"10%\r100%\n", "10%\n100%"),
        (b"\x1b[31mred\x1b[0m\0 \xff\n\n\n", "red \ufffd"),
        ("降频\t是\n".encode(), "降频\t是"),
    ],
)
def test_it_is_clean_text(log: bytes, expected: str) -> None:
    assert tail.tail(log) == expected


def test_it_keeps_the_last_whole_lines() -> None:
    text = tail.tail("".join(f"line {number} 满\n" for number in range(10_000)).encode())
    assert text.endswith("line 9999 满")
    assert text.startswith("line ")
    assert tail.MAX_BYTES - 32 < len(text.encode()) <= tail.MAX_BYTES


def test_of_one_long_line_it_keeps_the_end() -> None:
    text = tail.tail("满".encode() * 100_000 + b"end")
    assert text.endswith("满end")
    assert tail.MAX_BYTES - 3 <= len(text.encode()) <= tail.MAX_BYTES


@pytest.mark.parametrize("seed", range(20))
def test_it_is_bounded_whatever_the_bytes(seed: int) -> None:
    source = random.Random(seed)
    text = tail.tail(source.randbytes(source.randrange(100_000)))
    assert len(text.encode()) <= tail.MAX_BYTES
    assert not any(character in text for character in "\0\r\x1b")
