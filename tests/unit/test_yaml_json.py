"""JSON that every YAML parser reads as the same value, and what can't travel in it at all."""

import json
from typing import Any

import pytest
import ruamel.yaml
import yaml
from tests.unit import hostile

from inspect_operator import yaml_json

#: Hundreds of texts, of which other tests try a few.
pytestmark = pytest.mark.slow


def _yaml_1_1(text: str, pure: bool) -> Any:
    parser = ruamel.yaml.YAML(typ="safe", pure=pure)
    parser.version = (1, 1)
    return parser.load(text)


@pytest.mark.parametrize("text", [*hostile.TEXTS, *hostile.LONG], ids=lambda text: ascii(text[:20]))
def test_it_is_read_as_the_same_value_by_every_parser(text: str) -> None:
    value = {"key": [text, {"a": text}], "number": 1, "word": None, "flag": True, "float": 1.5}
    made = yaml_json.dumps(value)
    assert len(made.splitlines()) == 1
    assert json.loads(made) == value
    assert yaml.safe_load(made) == value
    assert _yaml_1_1(made, pure=True) == value
    assert _yaml_1_1(made, pure=False) == value
    made.encode("utf-8")


def test_the_same_value_is_always_the_same_text() -> None:
    assert yaml_json.dumps({"b": 1, "a": [True, None]}) == yaml_json.dumps({"a": [True, None], "b": 1})
    assert yaml_json.dumps({"b": "磁盘😀", "a": 1}) == '{"a":1,"b":"磁盘😀"}'


def test_half_of_a_character_is_escaped() -> None:
    assert yaml_json.dumps("\ud83d") == '"\\ud83d"'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        yaml_json.dumps({"a": [number]})


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("", ""),
        ("plain, 磁盘 😀 é \xa0", ""),
        ("\x00\x01\t\n\r\x1b\x1f", ""),  # Go escapes these
        ("\u2028\u2029", ""),  # and these
        ("a\x7fb", "U+007F"),
        ("a\x85\x7f", "U+0085"),
        ("\ufeff", "U+FEFF"),
        ("\uffff", "U+FFFF"),
        ("\ud800", "U+D800"),
    ],
)
def test_characters_that_are_lost_on_the_way_through_helm(text: str, character: str) -> None:
    assert yaml_json.unholdable(text) == character
    assert not yaml_json.unholdable(yaml_json.holdable(text))
    assert (yaml_json.holdable(text) == text) == (not character)


def test_what_would_be_lost_becomes_a_blank() -> None:
    assert yaml_json.holdable("a\x7fb\ufeffc") == "a b c"
