"""Names are valid, stable and distinct, whatever people call their tasks."""

import random
import re

import pytest

from inspect_operator.plan import naming, runkey

RFC_1123_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")

AWKWARD = [
    "-", "--", "---", ".", "..", "a.", ".a", "a-", "-a", "a--b", "A", "aB", "a b", "a_b", "a/b", "a.b", "0", "007",
    "磁盘检查", "磁盘", "é", "e\u0301", "ß", "ss", "İ", "ı", "\u212a", "k", "😀", "\x00", "\n", " ", "\u200b", "\ud800",
    "x" * 40, "x" * 41, "x" * 52, "x" * 53, "x" * 63, "x" * 253, "磁" * 253, "x" * 252 + "y", "true", "null",
    "disk", "Disk", "DISK", "disk ", " disk", "disk-", "d7c00ee12480", "../etc/passwd", "{{ name }}", "$(id)", "a,b=c",
]  # fmt: skip


def _random_names(seed: int, count: int) -> list[str]:
    """Text over several alphabets; the seed makes the list the same on every run."""
    chosen = random.Random(seed)
    alphabets = ["ab-", "abcABC019-._ ", "磁盘检查ab", "".join(map(chr, range(1, 0x2FF))), "😀é-a\u0301\u200d"]
    names = []
    for _ in range(count):
        alphabet = chosen.choice(alphabets)
        names.append("".join(chosen.choice(alphabet) for _ in range(chosen.randint(1, chosen.choice([4, 60, 253])))))
    return names


@pytest.mark.parametrize(
    ("inspect", "task", "expected"),
    [
        ("myinspect", "task1", "myinspect--task1"),
        ("a-b", "c", "a-b--c"),
        ("a", "b-c", "a--b-c"),
        ("night", "Disk Usage", "night--disk-usage-d7c00ee12480"),
        ("night", "disk.usage", "night--disk-usage-d798265993c5"),
        ("night", "磁盘检查", "night-a5721253694b"),
        ("night", "a--b", "night--a--b-fc517740d8cc"),
        ("a--b", "c", "a--b--c-284eb05e86de"),
        ("n.ight", "disk", "n-ight--disk-9b9d99ff761a"),
        ("night", "-", "night-896ab43c12d6"),
        ("night", "x" * 45, "night--" + "x" * 45),
        ("night", "x" * 46, "night--" + "x" * 32 + "-33193c36118a"),
        ("i" * 63, "t", "i" * 39 + "-3e8a0e0af3ef"),
    ],
)
def test_names_stay_as_they_are_from_version_to_version(inspect: str, task: str, expected: str) -> None:
    """Were one to change, an update of the operator would uninstall that release and run its task again."""
    assert naming.release_name(inspect, task) == expected


@pytest.mark.parametrize("task", AWKWARD)
@pytest.mark.parametrize("inspect", ["night", "a.b", "a--b", "0", "i" * 63, "i" * 253])
def test_awkward_names_become_valid_ones(inspect: str, task: str) -> None:
    name = naming.release_name(inspect, task)
    assert RFC_1123_LABEL.fullmatch(name)
    assert len(name) <= naming.MAX_RELEASE == 52
    assert len(naming.run_name(name, "f" * runkey.KEY_HEX)) <= naming.MAX_LABEL == 63


def test_awkward_names_stay_distinct() -> None:
    names = [naming.release_name(inspect, task) for inspect in ("night", "a.b", "a-b", "a--b") for task in AWKWARD]
    assert len(set(names)) == len(names)


def test_random_names_are_valid_and_distinct() -> None:
    pairs = {(one, other) for one in ("night", "i" * 40) for other in _random_names(seed=1, count=3000)}
    names = {naming.release_name(*pair) for pair in pairs}
    assert len(names) == len(pairs) > 3000
    assert all(RFC_1123_LABEL.fullmatch(name) and len(name) <= 52 for name in names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a-b", "c"), ("a", "b-c")),
        (("a", "b--c"), ("a--b", "c")),
        (("a", "-b"), ("a-", "b")),
        (("a", "b"), ("a", "B")),
        (("a", "b.c"), ("a", "b-c")),
        (("a.b", "c"), ("a-b", "c")),
        (("a", "x" * 100 + "1"), ("a", "x" * 100 + "2")),
        (("a", "é"), ("a", "e\u0301")),
    ],
)
def test_pairs_that_look_alike_live_side_by_side(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert naming.release_name(*one) != naming.release_name(*other)


def test_a_name_that_needed_no_change_is_readable() -> None:
    for task in ("disk", "disk-usage", "0", "a1"):
        assert naming.release_name("night", task) == f"night--{task}"


def test_a_shortened_name_begins_as_the_long_one() -> None:
    name = naming.release_name("night", "disk-usage-of-the-database-servers-in-the-basement")
    assert name.startswith("night--disk-usage-of-the-database-serve-")


@pytest.mark.parametrize("text", [*AWKWARD, "night", "a.b_c-D", "i" * 63, "i" * 64, "a.", ".a", "_"])
def test_any_text_becomes_a_label_value(text: str) -> None:
    value = naming.label_value(text)
    assert LABEL_VALUE.fullmatch(value)
    assert len(value) <= 63
    if LABEL_VALUE.fullmatch(text) and len(text) <= 63:
        assert value == text
