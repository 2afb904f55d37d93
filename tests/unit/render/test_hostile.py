"""Text of a user is data: whatever it looks like, it arrives at its place, and nothing around it moves."""

import base64
import dataclasses
import json
import pathlib
from typing import Any

import pytest
import yaml
from tests.unit import builders, hostile
from tests.unit.render import conftest

from inspect_operator import yaml_json
from inspect_operator.api import task as tasks
from inspect_operator.render import chart, manifest

MARK = "a-harmless-text"

SCRIPT = tasks.Task("disk", tasks.Kind.SCRIPT, script="true")
IMAGE = tasks.Task("disk", tasks.Kind.IMAGE, image="try:1")
FIELDS: dict[str, tuple[tasks.Task, Any]] = {
    "script": (SCRIPT, lambda text: {"script": text}),
    "args": (SCRIPT, lambda text: {"args": ("-x", text, "--")}),
    "env": (SCRIPT, lambda text: {"env": (("A", "1"), ("B", text))}),
    "quantity": (SCRIPT, lambda text: {"limits": (("cpu", text),)}),
    "resource": (SCRIPT, lambda text: {"limits": ((f"a{text}", "1"),)}),
    "name": (SCRIPT, lambda text: {"name": text}),
    "image": (IMAGE, lambda text: {"image": text}),
    "image args": (IMAGE, lambda text: {"args": (text,)}),
    "image env": (IMAGE, lambda text: {"env": ((text, text),)}),
    "original name": (dataclasses.replace(IMAGE, original=True), lambda text: {"name": text}),
    "original location": (dataclasses.replace(IMAGE, original=True), lambda text: {"location": text}),
}


@pytest.fixture(scope="module")
def shipped() -> chart.Renderer:
    """One for all: reading templates is most of the time."""
    return chart.Renderer(conftest.SETTINGS)


def _objects(renderer: chart.Renderer, field: str, text: str) -> list[manifest.Object]:
    task, change = FIELDS[field]
    want = conftest.want(dataclasses.replace(task, **change(text)))
    return list(renderer.render(want, builders.OWNER).manifests)


def _with(node: Any, text: str) -> Any:
    """A copy in which the text stands wherever the mark stood; in arguments and values of variables with each dollar
    doubled, of which Kubernetes makes one."""
    if isinstance(node, dict):
        doubled = text.replace("$", "$$")
        return {
            _with(key, text): _with(value, doubled if key in ("args", "value") else text) for key, value in node.items()
        }
    if isinstance(node, list):
        return [_with(value, text) for value in node]
    return node.replace(MARK, text) if isinstance(node, str) else node


def _expected(harmless: list[manifest.Object], field: str, text: str) -> list[manifest.Object]:
    """The same objects with the text in them; a script that YAML can't hold is there as bytes, a name has blanks."""
    if field == "script" and yaml_json.unholdable(text):
        config_map, job = harmless
        bare = {name: value for name, value in config_map.items() if name != "data"}
        return [bare | {"binaryData": {"script": base64.b64encode(text.encode()).decode()}}, job]
    if "name" in field:
        text = yaml_json.holdable(text)
    made: list[manifest.Object] = _with(harmless, text)
    return made


def test_there_are_enough_of_them() -> None:
    assert len(set(hostile.TEXTS)) > 150


@pytest.mark.parametrize("field", FIELDS)
def test_the_text_stands_at_its_place_and_nothing_else_changed(shipped: chart.Renderer, field: str) -> None:
    harmless = _objects(shipped, field, MARK)
    assert json.dumps(harmless).count(MARK) >= 1
    for text in hostile.TEXTS:
        assert _objects(shipped, field, text) == _expected(harmless, field, text), ascii(text)


@pytest.mark.parametrize("text", hostile.LONG, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize("field", ["script", "args", "env"])
def test_so_does_long_text(shipped: chart.Renderer, field: str, text: str) -> None:
    assert _objects(shipped, field, text) == _with(_objects(shipped, field, MARK), text)


@pytest.mark.parametrize("field", ["script", "args"])
def test_the_chart_on_disk_says_the_same_to_yaml_and_json(
    shipped: chart.Renderer, field: str, tmp_path: pathlib.Path
) -> None:
    """Helm reads the files as YAML 1.1; what it stored is read back line by line as JSON."""
    (reference,) = [item for item in _objects(shipped, field, MARK) if MARK in json.dumps(item)][-1:]
    objects = tuple(_with(reference, text) for text in hostile.TEXTS)
    shipped.write(chart.Chart(objects, "0.1.0+d"), tmp_path / "chart")
    written = [path.read_bytes().decode() for path in sorted((tmp_path / "chart" / "manifests").iterdir())]
    for text, item, file in zip(hostile.TEXTS, objects, written, strict=True):
        assert len(file.splitlines()) == 1, ascii(text)
        assert json.loads(file) == item, ascii(text)
        assert yaml.load(file, Loader=yaml.CSafeLoader) == item, ascii(text)
