"""Parameters of checks: refused in words, or filled up with defaults and handed to the script."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.checks import machines

from inspect_operator import errors
from inspect_operator.api import check

FIELD = "spec.tasks[0].parameters"
BUILT_IN = [name for name, one in machines.SHIPPED.items() if not name.endswith(".sh")]
SITES = check.Check("own.sh", "true")
LIMITED = check.Check(
    "limited", "true",
    parameters={
        "type": "object", "additionalProperties": False, "required": ["target"],
        "properties": {
            "target": {"type": "string", "pattern": "^[a-z]+$"},
            "limitPercent": {"type": "integer", "minimum": 1, "maximum": 100, "default": 80},
            "share": {"type": "number", "exclusiveMinimum": 0},
            "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "paths": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "default": []},
            "each": {"type": "boolean", "default": True},
        },
    },
)  # fmt: skip


def refusal(one: check.Check, **written: Any) -> str:
    with pytest.raises(errors.SpecInvalid) as caught:
        check.parameters(one, written, FIELD)
    return str(caught.value)


def required(name: str) -> dict[str, Any]:
    """A value for each parameter that a built-in check must be given."""
    return {one: ["https://here.test:443"] for one in machines.SHIPPED[name].parameters["required"]}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_check_refuses_a_parameter_that_it_does_not_know(name: str) -> None:
    message = refusal(machines.SHIPPED[name], **required(name), noSuch=1)
    assert message.startswith(f"{FIELD}.noSuch: check {name} knows no such parameter; parameters of {name}: ")
    assert all(known in message for known in machines.SHIPPED[name].parameters["properties"])


WRONG = {"string": 7, "integer": "seven", "number": "seven", "boolean": "yes", "array": "one"}
EACH = [(name, known) for name in BUILT_IN for known in machines.SHIPPED[name].parameters["properties"]]


@pytest.mark.parametrize(("name", "parameter"), EACH)
def test_every_parameter_refuses_a_value_of_another_type(name: str, parameter: str) -> None:
    kind = machines.SHIPPED[name].parameters["properties"][parameter]["type"]
    message = refusal(machines.SHIPPED[name], **{**required(name), parameter: WRONG[kind]})
    assert message.startswith(f"{FIELD}.{parameter}: expected {kind}, not {WRONG[kind]!r}; parameters of {name}: ")


@pytest.mark.parametrize(("name", "parameter"), EACH)
def test_every_parameter_has_bounds_and_says_what_it_is(name: str, parameter: str) -> None:
    rule: Mapping[str, Any] = machines.SHIPPED[name].parameters["properties"][parameter]
    bounds = {"string": {"maxLength", "enum"}, "integer": {"maximum", "enum"}, "number": {"maximum"},
              "array": {"maxItems", "uniqueItems"}, "boolean": {"type"}}  # fmt: skip
    assert set(rule) & bounds[rule["type"]]
    assert rule["description"].endswith(".")
    assert "default" in rule or parameter in machines.SHIPPED[name].parameters["required"]


@pytest.mark.parametrize("name", machines.SHIPPED)
def test_defaults_alone_are_enough_where_nothing_is_required(name: str) -> None:
    one = machines.SHIPPED[name]
    if not one.parameters.get("required"):
        assert set(check.parameters(one, {}, FIELD)) == set(one.parameters["properties"])
    else:
        assert "is required" in refusal(one)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_script_reads_each_of_its_parameters(name: str) -> None:
    text = machines.SHIPPED[name].script
    for parameter in machines.SHIPPED[name].parameters["properties"]:
        assert re.search(rf'\b{check.variable(parameter)}\b|"{parameter}"', text), parameter


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "'target' is required"),
        ({"target": "x", "limitPercent": 0}, ".limitPercent: 0 is less than 1"),
        ({"target": "x", "limitPercent": 101}, ".limitPercent: 101 is more than 100"),
        ({"target": "x", "limitPercent": True}, ".limitPercent: expected integer, not True"),
        ({"target": "x", "limitPercent": 1.5}, ".limitPercent: expected integer, not 1.5"),
        ({"target": "x", "share": 0}, ".share: 0 is not more than 0"),
        ({"target": "x", "mode": "c"}, ".mode: 'c' is not one of a, b"),
        ({"target": "X1"}, ".target: 'X1' does not match ^[a-z]+$"),
        ({"target": "x", "paths": ["a", 1]}, ".paths[1]: expected string, not 1"),
        ({"target": "x", "paths": ["a", "b", "c"]}, ".paths: "),
    ],
)
def test_a_refusal_names_the_parameter_and_what_there_is(written: dict[str, Any], words: str) -> None:
    message = refusal(LIMITED, **written)
    assert message.startswith(FIELD)
    assert words in message
    assert "target (string), limitPercent (integer, 1 to 100, default 80), share (number, more than 0)" in message
    assert "mode (string, of a|b, default a), paths (list of strings), each (boolean, default true)" in message


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"a": {"b": 1}}, "expected a string, a number, a boolean or a list of strings"),
        ({"a": None}, "expected a string, a number"),
        ({"a": [["b"]]}, "expected a string, a number"),
        ({"a": "x" * 4097}, "4097 characters; at most 4096"),
        ({"a": ["x"] * 257}, "257 entries; at most 256"),
        ({"a": ["x" * 4000] * 20}, "at most 65536"),
        ({"a": ["b\nc"]}, "an entry of a list is one line"),
        ({"a": "b\0c"}, "U+0000"),
        ({"a": "b\x85c"}, "U+0085"),
        ({"a": float("inf")}, "finite"),
        ({"A": 1}, "a parameter's name begins with a small letter"),
        ({"a-b": 1}, "a parameter's name begins with a small letter"),
        ({"a\n": 1}, "a parameter's name begins with a small letter"),
        ({f"p{number}": 1 for number in range(65)}, "65 parameters; at most 64"),
    ],
)
def test_what_no_script_can_be_given(written: dict[str, Any], words: str) -> None:
    assert words in refusal(SITES, **written)


def test_a_refusal_stays_short_whatever_was_written() -> None:
    assert len(refusal(LIMITED, target="X" * 4096)) < 500
    assert len(refusal(LIMITED, **{"x" * 9999: 1})) < 500


def test_a_sites_check_takes_any_parameters() -> None:
    written = {"a": "text\nof lines", "b": 1, "c": 2.5, "d": False, "e": ["x", "y z"]}
    assert check.parameters(SITES, written, FIELD) == written


def test_what_is_not_written_has_its_default() -> None:
    given = check.parameters(LIMITED, {"target": "x", "limitPercent": 90}, FIELD)
    assert given == {"target": "x", "limitPercent": 90, "mode": "a", "paths": [], "each": True}


def test_how_a_script_gets_them() -> None:
    written = {
        "limitPercent": 80, "limitURL": "a b", "share": 0.5, "small": 0.0000001, "whole": 80.0, "huge": 10**20,
        "yes": True, "no": False, "paths": ["/a", "/b c"], "none": [], "statuses": [200, 301],
    }  # fmt: skip
    assert check.environment(written) == (
        ("CHECK_HUGE", "100000000000000000000"),
        ("CHECK_LIMIT_PERCENT", "80"),
        ("CHECK_LIMIT_U_R_L", "a b"),
        ("CHECK_NO", "false"),
        ("CHECK_NONE", ""),
        ("CHECK_PATHS", "/a\n/b c"),
        ("CHECK_SHARE", "0.5"),
        ("CHECK_SMALL", "0.0000001"),
        ("CHECK_STATUSES", "200\n301"),
        ("CHECK_WHOLE", "80"),
        ("CHECK_YES", "true"),
    )


def test_two_names_are_never_one_variable() -> None:
    names = ("limitUrl", "limitURL", "limiturl", "limitUrL")
    assert (
        len(check.environment(dict.fromkeys(names, 1)))
        == len(names)
        == len(dict(check.environment(dict.fromkeys(names, 1))))
    )


@pytest.mark.parametrize(
    ("cluster_wide", "written", "asks"),
    [
        (True, {}, True),
        (False, {}, False),
        ("all", {"all": True}, True),
        ("all", {"all": False}, False),
        ("all", {}, False),
    ],
)
def test_who_asks_for_the_whole_cluster(cluster_wide: bool | str, written: dict[str, Any], asks: bool) -> None:
    one = check.Check("c", "true", access=check.Access(({"verbs": ["list"]},), cluster_wide))
    assert check.asks_cluster(one, written) is asks
    assert check.asks_cluster(SITES, written) is False
