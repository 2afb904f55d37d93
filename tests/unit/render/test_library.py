"""Which templates there are, what uses which, and the contract with those who write them."""

import pathlib
import typing

import pytest
from tests.unit import builders, corpus
from tests.unit.render import conftest

from inspect_operator.api import template as templates
from inspect_operator.render import chart, context, contract, contract_generate, library

ROOT = pathlib.Path(__file__).resolve().parents[3]


def _of(**files: str) -> library.Library:
    """`__` is a dot, and `_` a slash."""
    return library.Library(
        {name.replace("__", ".").replace("_", "/"): library.File(text) for name, text in files.items()}
    )


def test_the_first_place_wins_and_what_cannot_be_used_is_left_out(tmp_path: pathlib.Path) -> None:
    (tmp_path / "script").mkdir()
    (tmp_path / "..data").mkdir()
    for name in ("script/pod.yaml", "..data/pod.yaml", ".hidden"):
        (tmp_path / name).write_text("folder")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    first = library.read(tmp_path, "/site")
    second = library.config_map(
        "script", {"pod.yaml": "map", "large.yaml": "x" * 300_000, "a.yaml": ""}, "ConfigMap a/b"
    )
    made, wrong = library.merged([first, second, ({"job.yaml": library.File("ours")}, [])])
    assert made.texts == {"script/pod.yaml": "folder", "script/a.yaml": "", "job.yaml": "ours"}
    assert made.places == {"script/pod.yaml": "/site/script/pod.yaml", "script/a.yaml": "ConfigMap a/b"}
    assert "bytes.yaml" in wrong[0]
    assert wrong[1] == "ConfigMap a/b: script/large.yaml has 300000 bytes; at most 262144"


@pytest.mark.parametrize("folder", ["Script", "../etc", "a/b", "-a"])
def test_a_label_that_is_no_folder_is_left_out(folder: str) -> None:
    files, (wrong,) = library.config_map(folder, {"pod.yaml": ""}, "ConfigMap a/b")
    assert files == {}
    assert repr(folder) in wrong


def test_what_a_runner_refers_to_is_what_it_uses() -> None:
    files = {
        "a_pod__yaml": "{% from 'm/x.yaml' import x %}", "a_more__yaml": "", "b_pod__yaml": "", "m_x__yaml":
        "{% include 'm/y.yaml' ignore missing %}", "job__yaml": "", "cronjob__yaml": "",
    }  # fmt: skip
    before = _of(**files)
    for change, uses in (
        ({"m_x__yaml": "new"}, {("a", True), ("a", False)}),
        ({"m_y__yaml": "there now"}, {("a", True), ("a", False)}),
        ({"a_more__yaml": "new"}, {("a", True), ("a", False)}),
        ({"a_new__yaml": ""}, {("a", True), ("a", False)}),
        ({"b_pod__yaml": "new"}, {("b", True), ("b", False)}),
        ({"job__yaml": "new"}, {("a", True), ("b", True)}),
        ({"cronjob__yaml": "new"}, {("a", False), ("b", False)}),
        ({"c_pod__yaml": "new"}, set()),
        ({"a_pod__yaml": "{% broken"}, {("a", True), ("a", False)}),
    ):
        after = _of(**{**files, **change})
        changed = {
            (folder, once)
            for folder in "ab"
            for once in (True, False)
            if after.used(folder, once=once) != before.used(folder, once=once)
        }
        assert changed == uses, change


def test_where_only_rendering_would_tell_everything_is_used() -> None:
    dynamic = {"a_pod__yaml": "{% include 'm/' ~ task.name %}", "m_x__yaml": ""}
    assert _of(**dynamic).used("a", once=True) != _of(**{**dynamic, "m_x__yaml": "new"}).used("a", once=True)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{", "a/parameters.schema.json"),
        ("[]", "is not of type"),
        ('{"type": "array"}', "type: object"),
        ('{"type": "object", "properties": {"n": {"type": "int"}}}', "int"),
        (
            '{"type": "object", "properties": {"n": {"type": "integer", "default": "x"}}}',
            "'x' is not of type 'integer'",
        ),
        ('{"type": "object", "properties": {"n": {"$ref": "http://a.example"}}}', "$ref is not taken"),
        ('{"type": "object", "properties": {"n": true}}', "a mapping with a type"),
    ],
)
def test_a_schema_that_cannot_be_used_is_told(schema: str, words: str) -> None:
    made = _of(a_pod__yaml="", **{"a_parameters__schema__json": schema}).runners["a"]
    assert words in made.problem
    assert "parameters.schema.json" in made.problem


def test_parameters_have_bounds() -> None:
    made = templates.Template("a", {"type": "object", "properties": {"x": {}}})
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    for value, words in ((deep, "levels deep"), ("x" * 70_000, "at most 65536"), ("a\x85b", "U\\+0085")):
        with pytest.raises(Exception, match=words):
            templates.parameters(made, {"x": value}, "spec.tasks[0].parameters")
    with pytest.raises(Exception, match=r"y: template a knows no such parameter; parameters of a: x"):
        templates.parameters(made, {"y": 1}, "spec.tasks[0].parameters")


def test_the_contract_is_what_templates_get(tmp_path: pathlib.Path) -> None:
    hints = typing.get_type_hints(contract.Context)
    renderer = corpus.renderer(tmp_path)
    for want in (one for name in corpus.NAMES for one in corpus.wanted(corpus.body(name), renderer)[1]):
        made: dict[str, typing.Any] = {**context.of_release(want, builders.OWNER, conftest.SETTINGS, None)}
        made |= {"run": context.of_run(want, None, once=True), "pod": {}}
        assert set(made) == set(hints)
        for key, hint in hints.items():
            if typing.is_typeddict(hint):
                assert set(made[key]) == set(hint.__annotations__), key


def test_the_page_about_it_is_what_it_says() -> None:
    path = ROOT / contract_generate.REFERENCE
    assert path.read_text(encoding="utf-8") == contract_generate.generated(ROOT)[path], "`make generate`"
    assert {one.name for one in (ROOT / contract_generate.EXAMPLES).iterdir()} == set(contract_generate.TITLES)


def test_a_shipped_file_is_never_named_as_a_sites(renderer: chart.Renderer) -> None:
    assert renderer.templates.places == {}
    assert set(renderer.templates.runners) == {"image", "script", "ssh"}
