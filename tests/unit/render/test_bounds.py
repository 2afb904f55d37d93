"""Hostile templates end within bounded time and memory, and whoever renders the next one doesn't notice."""

import json
import pathlib
import resource
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.render import conftest

from inspect_operator import errors
from inspect_operator.render import chart, library, template

pytestmark = pytest.mark.slow

NESTED = "{% for a in range(9999) %}{% for b in range(9999) %}WHAT{% endfor %}{% endfor %}"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "a long text": "{{ 'a' * 10**10 }}",
    "a long list": "{{ [0] * 10**10 }}",
    "a wide format": "{{ '%9999999999d' % 1 }}",
    "a wide field": "{{ '{:>9999999999}'.format('a') }}",
    "centered": "{{ 'a' | center(10**10) }}",
    "a huge range": "{{ range(10**9) | list }}",
    "a huge join": "{{ (['a' * 1000000] * 100000) | join(',') }}",
    "text without end": "\n\n" + NESTED.replace("WHAT", "x"),
    "a loop without output": NESTED.replace("WHAT", "{% set x = a %}"),
    "long steps": NESTED.replace("WHAT", "{{ range(99999) | sort | length }}"),
    "a macro of itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "an include of itself": "{% include 'script/pod.yaml' %}",
    "deep expressions": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep YAML": "spec: " + "[" * 50_000,
    "a billion laughs": LAUGHS + "spec: {}\n",
    "YAML of itself": "spec: &a {a: *a}\n",
    "out of the sandbox": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "by a method": "{{ task.update({'name': 'x'}) }}",
    "by a module": "{{ cycler.__init__.__globals__.os.system('true') }}",
    "by format": "{{ '{0.__class__}'.format(task) }}",
}


@pytest.fixture(scope="module")
def site() -> Iterator[chart.Renderer]:
    made = chart.Renderer(conftest.SETTINGS)
    yield made
    made.close()


def _use(made: chart.Renderer, **files: str) -> None:
    own = {name.replace("__", ".").replace("_", "/"): library.File(text, "a site") for name, text in files.items()}
    made.templates = library.Library({**made.shipped, **own})


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_stopped(site: chart.Renderer, name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time()
    _use(site, script_pod__yaml=HOSTILE[name])
    with pytest.raises(errors.TemplateFailed, match=r"^template script/pod\.yaml"):
        site.render(builders.want(), builders.OWNER)
    assert time.process_time() - own < 2, "it costs the operator itself next to nothing"
    _use(site, script_other__jinja="")
    assert site.render(builders.want(), builders.OWNER).manifests, "the next one is rendered"
    child = site._child._process
    assert child is not None
    assert resource.prlimit(child.pid, resource.RLIMIT_AS)[0] < 512 * 1024 * 1024, "the kernel gives it no more"
    site.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 8


def test_the_line_is_told_where_time_was_over(site: chart.Renderer) -> None:
    _use(site, script_pod__yaml="# one\n# two\n" + NESTED.replace("WHAT", "x"))
    with pytest.raises(
        errors.TemplateFailed, match=r"^template script/pod\.yaml \(a site\), line 3: rendering took more"
    ):
        site.render(builders.want(), builders.OWNER)
    began = time.monotonic()
    with pytest.raises(errors.TemplateFailed, match="line 3"):
        site.render(builders.want(), builders.OWNER)
    assert time.monotonic() - began < 1, "not tried again with the same templates"


def test_a_child_that_was_killed_is_replaced(site: chart.Renderer) -> None:
    _use(site, script_other__jinja="")
    site.render(builders.want(), builders.OWNER)
    process = site._child._process
    assert process is not None
    process.kill()
    process.wait()
    assert site.render(builders.want(), builders.OWNER).manifests


def test_the_child_has_nothing_of_our_environment(site: chart.Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary-4711")
    site.close()
    _use(site, script_other__jinja="")
    site.render(builders.want(), builders.OWNER)
    assert site._child._process is not None
    environment = pathlib.Path(f"/proc/{site._child._process.pid}/environ").read_bytes()
    assert b"canary" not in environment


def test_both_ways_of_rendering_come_to_the_same(site: chart.Renderer) -> None:
    want = builders.want(
        builders.modern("磁盘", script="a\r\n{{ b }} ${#c[@]}\n", target={"nodes": {}}),
        facts=builders.on_nodes("a", "b"),
    )
    here = chart.Renderer(conftest.SETTINGS).render(want, builders.OWNER)
    _use(site, script_other__jinja="")
    there = site.render(want, builders.OWNER)
    assert json.dumps(here.manifests) == json.dumps(there.manifests)


@pytest.mark.parametrize(
    "expression",
    [
        "x ~ m(x)", "m(x) ~ x", "m(x) + x", "x + m(x)", "'%s' % m(x)", "m('%s') % x", "[m(x), x] | join(',')",
        "m('%s') | format(x)", "m(x) | replace('e', x)", "m(x)[1:]", "m(x) | truncate(15, True, x, 0)", "m(x) | upper",
        "m(x) | indent(2)", "m(x) | wordwrap(3, True, x)", "[m(x), x] | tojson", "m(x) | trim", "m(x) | list",
        "m('') | string | replace('', x)", "m(x) | center(99)", "m(x) | string", "x | indent(2)", "m(x) | first",
    ],
)  # fmt: skip
def test_data_stays_data_whatever_a_macro_is_put_together_with(expression: str) -> None:
    text = "{% macro m(y) %}{{ y }}{% endmacro %}a: {{ " + expression + " }}\nb: 1\n"
    hostile = "\"\nevil: 1\nz: '"
    made: Any = template.text(template.environment({"a": text}), "a", {"x": hostile})
    read = json.loads(made.splitlines()[0].removeprefix("a: ")) if made.count("\n") == 2 else made
    assert made.endswith("\nb: 1\n")
    assert isinstance(read, str | list), made
    assert "\nevil" not in made


@pytest.mark.parametrize(
    "expression",
    [
        "x | safe", "x | e", "x | escape", "x | forceescape", "x | xmlattr", "x | urlize", "m(x).format(x)",
        "m('{}').format(x)", "m(x).join([x])", "m(x) | indent(x)", "x | random", "lipsum()",
    ],
)  # fmt: skip
def test_what_would_let_it_out_or_change_each_time_is_not_there(expression: str) -> None:
    text = "{% macro m(y) %}{{ y }}{% endmacro %}a: {{ " + expression + " }}\n"
    with pytest.raises(errors.TemplateFailed):
        template.text(template.environment({"a": text}), "a", {"x": "a b"})
