"""Schemas of parameters: no pattern or list keeps the operator busy, whatever an administrator or a user writes."""

import re
import time
from typing import Any

import pytest

from inspect_operator import errors
from inspect_operator.api import schema, template

#: The most that parameters may hold.
LONG = template.MAX_BYTES - 100


def text(pattern: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"^(a+)+$", "a" * LONG + "!"),
        (r"(a|aa)+$", "a" * LONG + "!"),
        (r"^(\w+\s?)*$", "a" * LONG + "!"),
        (r"a*a*a*a*a*b", "a" * LONG),
        (r"[ab]*a[ab]{900}[cd]", "abbab" * (LONG // 5)),
        (r"([ab]{0,31}a){30}[cd]", "abbab" * (LONG // 5)),
    ],
)
def test_a_pattern_that_backtracks_takes_no_time(pattern: str, value: str) -> None:
    schema.check(text(pattern))
    began = time.process_time()
    assert [one.message[-40:] for one in schema.complaints(text(pattern), {"a": value})]
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", "web-1", "-web"),
        (
            r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
            "0",
        ),
        (r"^([0-9]{1,3}\.){3}[0-9]{1,3}$", "10.0.0.1", "10.0.0"),
        (r"^https?://[^\s]+$", "https://a", "https://a b"),
        (r"^[^\]\[{}]{1,253}$", "磁盘", "a]b"),
        ("b", "abc", "ac"),
    ],
)
def test_patterns_of_every_day_are_taken(pattern: str, good: str, bad: str) -> None:
    schema.check(text(pattern))
    assert schema.complaints(text(pattern), {"a": good}) == []
    (complaint,) = schema.complaints(text(pattern), {"a": bad})
    assert (complaint.validator, complaint.validator_value, list(complaint.path)) == ("pattern", pattern, ["a"])


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (text(r"(?=a)b"), "pattern (?=a)b: look-around, including look-ahead and look-behind, is not supported"),
        (text(r"(a)\1"), "backreferences are not supported; patterns are those of Kubernetes' schemas (RE2)"),
        (text("("), "pattern (: unclosed group"),
        (text("(x{0,200}){200}"), "its patterns come to 40000 characters"),
        (text("((((x{9}){9}){9}){9}){9,}"), "at most 1000: say maxLength and minLength instead"),
        ({"allOf": [text("a{600}"), text("[^b]{600}")]}, "its patterns come to 1200 characters"),
        (text("(?x)(a # )\n{100})"), "its brackets"),
        ({"properties": {"a": {"$ref": "#"}}}, "$ref is not taken; write it out"),
        ({"properties": {"a": {"$dynamicRef": "#"}}}, "$dynamicRef is not taken; write it out"),
        ({"items": [{"patternProperties": {"(a+)+$": {}}}]}, "items"),
        ({"not": {"patternProperties": {"(a+)+$": {}}}}, "patternProperties is not taken; say propertyNames"),
        ({"type": "objekt"}, "type: 'objekt' is not valid"),
        ([], "[] is not of type"),
    ],
)
def test_what_can_not_be_bounded_is_refused_in_words(written: Any, words: str) -> None:
    with pytest.raises(schema.Unfit, match=re.escape(words)):
        schema.check(written)


def test_values_in_a_schema_are_no_schemas() -> None:
    schema.check({"properties": {"a": {"enum": [{"$ref": "x"}], "default": {"pattern": "("}}}})


def test_a_schema_nested_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"not": deep}
    with pytest.raises(schema.Unfit, match="nested too deep"):
        schema.check(deep)


def test_entries_that_have_to_differ_are_bounded() -> None:
    """Each is compared with each where they can't be sorted."""
    unique = {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}
    taking = template.Template("ours", unique)
    many: list[Any] = [one for number in range(512) for one in (number, str(number))]
    began = time.process_time()
    assert template.parameters(taking, {"a": many}, "parameters")["a"] == many
    assert time.process_time() - began < 10
    with pytest.raises(errors.SpecInvalid, match=r"parameters: a list of 1025 entries; at most 1024"):
        template.parameters(taking, {"a": [*many, None]}, "parameters")
