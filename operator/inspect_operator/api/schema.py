"""JSON schemas of parameters, as administrators write them: what may stand in one, and values checked by it.

Values are anybody's, and are checked in the operator itself: no schema may let that take long. So patterns are those
that Kubernetes' own schemas have (RE2), matched in linear time by the engine that comes with pydantic. Python's own
`re` is shown none: `(a+)+$` would keep it busy for years.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import jsonschema.validators
import pydantic_core
from pydantic_core import core_schema

#: Of all patterns in a schema together, with each {n,m} written out: the time that a text takes grows with it.
MAX_PATTERNS = 1000
#: What jsonschema would search with `re`, or follow without end; and what to say in its place.
_REFUSED = {
    "$ref": "write it out",
    "$dynamicRef": "write it out",
    "$recursiveRef": "write it out",
    "patternProperties": "say propertyNames, and additionalProperties for what all of them are",
}
#: Below these stand values, not schemas.
_VALUES = ("const", "default", "enum", "examples")
_REPEATED = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}|.", re.DOTALL)


class Unfit(ValueError):
    """A schema that can't be taken; says why, and what to write in its place."""


def check(schema: Any) -> None:
    """Whether values can be checked by it.

    :raises Unfit: no
    """
    try:
        jsonschema.Draft202012Validator.check_schema(schema, format_checker=jsonschema.FormatChecker(()))
        size = sum(map(_size_of_node, _nodes(schema)))
    except jsonschema.SchemaError as error:
        place = ".".join(map(str, error.path))
        raise Unfit(f"{place + ': ' if place else ''}{error.message}") from None
    except RecursionError:
        raise Unfit("it is nested too deep") from None
    if size > MAX_PATTERNS:
        raise Unfit(f"its patterns come to {size} characters and more with each {{n,m}} written out; at most "
                    f"{MAX_PATTERNS}: say maxLength and minLength instead")  # fmt: skip


def complaints(schema: Mapping[str, Any], value: Any) -> list[jsonschema.ValidationError]:
    """What is wrong with a value by a schema that was checked, in the order of the places."""
    found: Iterator[jsonschema.ValidationError] = _Validator(schema).iter_errors(value)
    return sorted(found, key=lambda one: [(isinstance(part, str), part) for part in one.path])


def _pattern(validator: Any, pattern: str, value: Any, _: Any) -> Iterator[jsonschema.ValidationError]:
    if validator.is_type(value, "string") and not _matcher(pattern).isinstance_python(value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)


@functools.lru_cache(maxsize=256)
def _matcher(pattern: str) -> pydantic_core.SchemaValidator:
    """:raises pydantic_core.SchemaError: it is no pattern that can be matched in linear time"""
    return pydantic_core.SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def _nodes(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a schema that is no value."""
    if isinstance(node, Mapping):
        yield node
        for name, child in node.items():
            if name not in _VALUES:
                yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)


def _size_of_node(node: Mapping[str, Any]) -> int:
    for word, hint in _REFUSED.items():
        if word in node:
            raise Unfit(f"{word} is not taken; {hint}")
    pattern = node.get("pattern")
    if not isinstance(pattern, str):
        return 0
    try:
        _matcher(pattern)
    except pydantic_core.SchemaError as error:
        why = str(error).rpartition("error: ")[2].splitlines()[-1].strip()
        raise Unfit(f"pattern {pattern}: {why}; patterns are those of Kubernetes' schemas (RE2)") from None
    return _size(pattern)


def _size(pattern: str) -> int:
    """How many characters a pattern has to match with every {n,m} written out as often as it says."""
    plain = re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\.", "x", pattern, flags=re.DOTALL))
    groups, last = [0], 0
    for token in _REPEATED.finditer(plain):
        if token[1]:
            times = int(token[2] or token[1]) + (token[2] == "")
            groups[-1] += last * (times - 1)
            last *= times
        elif token[0] == "(":
            groups.append(0)
        elif token[0] == ")":
            last = groups.pop()
            if not groups:
                raise Unfit(f"pattern {pattern}: escape its brackets by a backslash each")
            groups[-1] += last
        elif token[0] not in "|*+?^$":
            groups[-1] += 1
            last = 1
    return sum(groups)
