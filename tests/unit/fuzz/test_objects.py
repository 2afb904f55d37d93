"""Whatever an Inspect holds, it becomes releases that can be sent, or is refused in words that name the field."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from tests.fuzz import effort, objects
from tests.unit import corpus

from inspect_operator import errors, yaml_json
from inspect_operator.cluster import schema
from inspect_operator.handlers import schedules
from inspect_operator.render import chart

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning"),  # an object is long when it is printed
]

#: How a message begins that tells where to look; TemplateFailed tells of a template instead.
NAMED = re.compile(r"spec\b|task '|task \"|script of task |all scripts together |template ")
#: What stands in a password of a fuzzed object, and may stand nowhere else.
SECRET = "canary-"


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chart.Renderer]:
    made = corpus.renderer(tmp_path_factory.mktemp("templates"))
    yield made
    made.close()


@hypothesis.given(objects.specs())
@effort.played(600)
def test_every_object_is_rendered_or_refused_in_words(renderer: chart.Renderer, spec: Any) -> None:
    said = json.dumps(spec, ensure_ascii=True)[:20_000]
    try:
        inspection, wanted = corpus.wanted(objects.body(spec), renderer)
        wanted = asyncio.run(schedules.Schedules(renderer).digested(wanted, inspection.owner))
        refused = [want.refused for want in wanted if want.refused]
        charts = [renderer.render(want, inspection.owner) for want in wanted if not want.refused]
    except errors.InspectError as error:
        refused, charts = [error], []
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}\n{said}") from error
    for problem in refused:
        assert NAMED.match(str(problem)), f"names no field: {problem}\n{said}"
        assert not problem.retry, f"would be tried again for ever: {problem}\n{said}"
        assert SECRET not in str(problem)
    for made in charts:
        for item in made.manifests:
            assert list(schema.complaints(item)) == [], f"{item}\n{said}"
            assert SECRET not in yaml_json.dumps(item)
            lost = [text for text in _texts(item) if yaml_json.unholdable(text)]
            assert not lost, f"can't pass Helm unchanged: {lost}\n{said}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
