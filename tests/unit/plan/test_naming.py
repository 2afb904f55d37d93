"""Names are valid, stable and distinct, whatever people call their tasks."""

import random
import re

import pytest

from inspect_operator.plan import naming, runkey

#: Hundreds of texts, of which other tests try a few.
pytestmark = pytest.mark.slow

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


# -- one of many: a node --

NODES = [
    "n1", "n-1", "n.1", "n--1", "1", "N1", "ip-10-0-0-1.eu-central-1.compute.internal",
    "ip-10-0-0-2.eu-central-1.compute.internal", "x" * 63, "x" * 253, "x" * 252 + "y", "a." * 126 + "a",
    "n1-" + "0" * 12, "磁盘", "-", ".", "n1 ", " n1", "../n1", "{{ n1 }}", "😀", "n1\0",
]  # fmt: skip
RELEASES = ["night--disk", "night--disk-n1", "i" * 39 + "-3e8a0e0af3ef", "a--b"]


def test_a_member_of_any_node_has_a_valid_name_of_its_own() -> None:
    names = [naming.member_name(release, node) for release in RELEASES for node in NODES]
    assert len({*names, *RELEASES}) == len(names) + len(RELEASES)
    for name in names:
        assert RFC_1123_LABEL.fullmatch(name)
        assert len(name) <= 52, "a CronJob's name; Kubernetes puts 11 characters behind it"
        run = naming.run_name(name, "f" * runkey.KEY_HEX)
        assert RFC_1123_LABEL.fullmatch(run)
        assert len(run) <= 63, "a Job's name stands in a label of its pods"


def test_members_of_random_nodes_are_valid_and_distinct() -> None:
    nodes = {*_random_names(seed=2, count=1000)}
    names = {naming.member_name("night--disk", node) for node in nodes}
    assert len(names) == len(nodes) > 900
    assert all(RFC_1123_LABEL.fullmatch(name) and len(name) <= 52 for name in names)


def test_the_only_pod_is_called_as_its_release() -> None:
    assert naming.member_name("night--disk", "") == "night--disk"


@pytest.mark.parametrize(
    ("release", "node", "expected"),
    [
        ("night--disk", "n1", "night--disk-n1-45da0fb83d40"),
        ("night--disk", "n.1", "night--disk-n-1-0371fcd4bf3e"),
        ("r" * 52, "n1", "r" * 39 + "-b1d4277f8472"),
    ],
)
def test_names_of_members_stay_as_they_are_from_version_to_version(release: str, node: str, expected: str) -> None:
    """Were one to change, an update of the operator would run the task on that node again."""
    assert naming.member_name(release, node) == expected


def test_the_secret_of_a_release_has_a_name_of_an_object() -> None:
    assert naming.secret_name("night--hosts") == "night--hosts-ssh"
    assert len(naming.secret_name("r" * 52)) <= 253
