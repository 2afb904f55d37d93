"""Jinja on a short lead: what a template may do, and how its mistakes are told."""

import pathlib
import re
from typing import Any

import pytest

from inspect_operator import errors
from inspect_operator.render import library, template


@pytest.fixture
def render(tmp_path: pathlib.Path) -> Any:
    """Renders a text as the template script/job.yaml."""
    (tmp_path / "script").mkdir()

    def of(text: str, **data: Any) -> str:
        (tmp_path / "script" / "job.yaml").write_text(text, encoding="utf-8")
        files, _ = library.read(tmp_path)
        return template.text(library.Library(files).environment, "script/job.yaml", data)

    return of


@pytest.mark.parametrize(
    ("text", "value", "rendered"),
    [
        ("a: {{ x }}", "yes", 'a: "yes"'),
        ("a: {{ x | tojson }}", "yes", 'a: "yes"'),
        ("a: {{ x | tojson | tojson }}", "yes", 'a: "yes"'),
        ("a: {{ x }}", 1, "a: 1"),
        ("a: {{ x }}", True, "a: true"),
        ("a: {{ x }}", None, "a: null"),
        ("a: {{ x }}", ["b", {"d": 1, "c": "<&>"}], 'a: ["b",{"c":"<&>","d":1}]'),
        ("a: {{ x ~ '-1' }}", "<b>", 'a: "<b>-1"'),
        ("a: {{ x | upper }}", "b", 'a: "B"'),
        ("a: {{ x | replace('b', 'c') }}", "<b>", 'a: "<c>"'),
        ("a: {{ x | join(',') }}", ["<b>", "c"], 'a: "<b>,c"'),
        ("{% set y %}{{ x }}{% endset %}a: {{ y }}", "b", 'a: "b"'),
        ("{% macro m(y) %}{{ y }}{% endmacro %}a: {{ m(x) }}", "b", 'a: "b"'),
        ("{% for y in x %}- {{ y }}\n{% endfor %}", ["b", "c"], '- "b"\n- "c"\n'),
        ("{% if x %}\na: 1\n{% endif %}\n", "b", "a: 1\n"),
    ],
)
def test_every_value_leaves_as_json(render: Any, text: str, value: Any, rendered: str) -> None:
    assert render(text, x=value) == rendered


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: {{ missing }}\n", 2, "'missing' is undefined"),
        ("a: 1\n\nb: {{ missing | tojson }}\n", 3, "'missing' is undefined"),
        ("a: {{ x.missing }}\n", 1, "has no attribute 'missing'"),
        ("a: 1\nb: {{ x.missing.more }}\n", 2, "has no attribute 'missing'"),
        ("a: {{ missing ~ 'b' }}\n", 1, "'missing' is undefined"),
        ("\n{% if missing %}a: 1{% endif %}\n", 2, "'missing' is undefined"),
        ("\n\n{% for one in missing %}a{% endfor %}\n", 3, "'missing' is undefined"),
        ("a: 1\nb: {{ 1 // 0 }}\n", 2, "zero"),
        ("a: 1\nb: {{ x | tojson(1, 2, 3) }}\n", 2, ""),
        ("a: 1\nb: {{ x }\n", 2, ""),
        ("a: 1\n{% if x %}\nb: 1\n", 3, "end of template"),
        ("a: 1\n{% endif %}\n", 2, "endif"),
        ("a: {{ x | no_such_filter }}\n", 1, "no_such_filter"),
        ("a: 1\nb: {{ no_such_function() }}\n", 2, "'no_such_function' is undefined"),
        ("a: 1\n{% macro m() %}\nb: {{ missing }}\n{% endmacro %}\n{{ m() }}\n", 3, "'missing' is undefined"),
    ],
)
def test_a_mistake_is_told_with_template_and_line(render: Any, text: str, line: int, words: str) -> None:
    with pytest.raises(errors.TemplateFailed) as failed:
        render(text, x={"a": 1})
    assert str(failed.value).startswith(f"template script/job.yaml, line {line}: ")
    assert words in str(failed.value)
    assert not errors.TemplateFailed.retry


def test_a_mistake_in_an_included_template_is_told_where_it_stands(render: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "pod.jinja").write_text("a: 1\nb: 2\nc: {{ missing }}\n", encoding="utf-8")
    with pytest.raises(errors.TemplateFailed, match=r"^template pod\.jinja, line 3: 'missing' is undefined"):
        render("# a comment\n{% include 'pod.jinja' %}\n")


@pytest.mark.parametrize("name", ["no-such.jinja", "../secret.jinja", "/etc/passwd", "../../etc/passwd"])
def test_only_files_of_the_folder_can_be_included(render: Any, tmp_path: pathlib.Path, name: str) -> None:
    (tmp_path.parent / "secret.jinja").write_text("secret", encoding="utf-8")
    with pytest.raises(errors.TemplateFailed, match=re.escape(name)):
        render("{% include '" + name + "' %}")


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "x.__class__.__init__.__globals__",
        "cycler.__init__.__globals__.os.popen('id').read()",
        "lipsum.__globals__['os']",
        "self.__init__",
        "self._TemplateReference__context",
        "x['__class__']",
        "(x | attr('__class__'))",
        "x.keys.__self__",
        "f.__code__",
        "f.__globals__",
        "'{0.__class__}'.format(x)",
        "'%s' % x.__class__",
        "x.update({'b': 1})",
        "x.clear()",
        "y.append(1)",
        "range(10000000)",
    ],
)
def test_a_template_cannot_leave_the_sandbox_nor_change_its_data(render: Any, expression: str) -> None:
    data, items = {"a": 1}, [1]
    with pytest.raises(errors.TemplateFailed, match=r"^template script/job\.yaml, line 2: "):
        render("a: 1\nb: {{ " + expression + " }}\n", x=data, y=items, f=lambda: None)
    assert (data, items) == ({"a": 1}, [1])


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_a_mistake(render: Any, value: Any) -> None:
    with pytest.raises(errors.TemplateFailed, match=r"^template script/job\.yaml, line 1: "):
        render("a: {{ x }}\n", x=value)


def test_templates_are_read_in_utf_8(render: Any) -> None:
    assert render("# 磁盘\na: '检查'\n") == "# 磁盘\na: '检查'\n"
