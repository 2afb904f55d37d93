"""A check as data: a script with a name, a line of help, a schema of its parameters, what it asks of Kubernetes."""

import dataclasses
import decimal
import math
import re
from collections.abc import Mapping
from typing import Any

import jsonschema

from inspect_operator import errors, yaml_json
from inspect_operator.api import schema

MAX_PARAMETERS, MAX_TEXT, MAX_ITEMS = 64, 4096, 256
#: Of one variable in a script's environment; Linux takes no more than 128 KiB (execve(2), MAX_ARG_STRLEN).
MAX_VARIABLE = 64 * 1024
#: How a parameter is called; no underscore, so that no two names become the same variable.
NAME = re.compile(r"[a-z][A-Za-z0-9]{0,62}")


@dataclasses.dataclass(frozen=True)
class Access:
    """What a check may do in the Kubernetes API: RBAC policy rules.

    `cluster_wide`: True where the rules are needed in the whole cluster, False where in the Inspect's namespace only;
    or the name of a boolean parameter that asks for the whole cluster.
    """

    rules: tuple[Mapping[str, Any], ...]
    cluster_wide: bool | str = False


@dataclasses.dataclass(frozen=True)
class Check:
    """One check. `parameters` is a JSON schema of type object, empty where nothing is known of them;
    `interpreter` is empty where the script's own first line says it, else bash."""

    name: str
    script: str
    help: str = ""
    interpreter: str = ""
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    access: Access | None = None


def parameters(check: Check, written: Mapping[str, Any], field: str) -> dict[str, Any]:
    """What the check runs with: the parameters as written, and the default of each that isn't.

    `field` is where they stand, such as spec.tasks[0].parameters.
    :raises errors.SpecInvalid: names the parameter, what is wrong with it, and the parameters that there are
    """
    if len(written) > MAX_PARAMETERS:
        raise errors.SpecInvalid(f"{field}: {len(written)} parameters; at most {MAX_PARAMETERS}")
    known: Mapping[str, Any] = check.parameters.get("properties", {})
    for name, value in written.items():
        if check.parameters and name not in known:
            raise errors.SpecInvalid(
                f"{field}.{short(name)}: check {check.name} knows no such parameter; {_hint(check)}"
            )
        if wrong := _unusable(name, value):
            raise errors.SpecInvalid(f"{field}.{short(name)}: {wrong}; {_hint(check)}")
    given = {name: rule["default"] for name, rule in known.items() if "default" in rule} | dict(written)
    if found := schema.complaints(check.parameters, given):
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found[0].path)
        raise errors.SpecInvalid(f"{field}{place}: {complaint(found[0])}; {_hint(check)}")
    return given


def environment(parameters: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The variables by which a script gets its parameters, sorted: limitPercent is CHECK_LIMIT_PERCENT.

    A boolean is true or false, a list has a line an entry, a number is written without exponent.
    """
    return tuple(sorted((variable(name), _text(value)) for name, value in parameters.items()))


def variable(name: str) -> str:
    """The environment variable of a parameter."""
    return "CHECK_" + re.sub("([A-Z])", r"_\1", name).upper()


def asks_cluster(check: Check, parameters: Mapping[str, Any]) -> bool:
    """Whether the check, with these parameters, needs its rules in the whole cluster."""
    if check.access is None:
        return False
    wide = check.access.cluster_wide
    return parameters.get(wide) is True if isinstance(wide, str) else wide


def cluster_role(name: str) -> str:
    """The ClusterRole with the rights of a check; also the account by which it has them in the whole cluster."""
    return f"inspect-check-{name}"


def describe(name: str, rule: Mapping[str, Any]) -> str:
    """One parameter in a few words: `limitPercent (integer, 1 to 100, default 80)`."""
    kind = rule.get("type", "any")
    words = [f"list of {rule.get('items', {}).get('type', 'string')}s" if kind == "array" else str(kind)]
    if "enum" in rule or "enum" in rule.get("items", {}):
        words.append("of " + "|".join(map(str, rule.get("enum") or rule["items"]["enum"])))
    low, high = rule.get("minimum", rule.get("exclusiveMinimum")), rule.get("maximum")
    if low is not None:
        above = "more than " if "exclusiveMinimum" in rule else "" if high is not None else "at least "
        words.append(f"{above}{low}" + (f" to {high}" if high is not None else ""))
    if "default" in rule and rule["default"] not in ("", []):
        default = rule["default"]
        words.append(f"default {' '.join(map(str, default)) if isinstance(default, list) else _text(default)}")
    return f"{name} ({', '.join(words)})"


def _unusable(name: str, value: Any) -> str:
    """Why no script could be given this, whatever the schema says."""
    if not NAME.fullmatch(name):
        return "a parameter's name begins with a small letter and has letters and digits only"
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str | bool | int | float):
            return "expected a string, a number, a boolean or a list of strings"
        if isinstance(one, float) and not math.isfinite(one):
            return "expected a finite number"
        if isinstance(one, str) and len(one) > MAX_TEXT:
            return f"{len(one)} characters; at most {MAX_TEXT}"
        if isinstance(one, str) and ("\0" in one or yaml_json.unholdable(one)):
            return f"the character {yaml_json.unholdable(one) or 'U+0000'} can't be handed to a script"
        if isinstance(value, list) and isinstance(one, str) and "\n" in one:
            return "an entry of a list is one line"
    if isinstance(value, list) and len(value) > MAX_ITEMS:
        return f"{len(value)} entries; at most {MAX_ITEMS}"
    if (size := len(_text(value).encode())) > MAX_VARIABLE:
        return f"{size} bytes; at most {MAX_VARIABLE}"
    return ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "\n".join(map(_text, value))
    if isinstance(value, float):
        return f"{decimal.Decimal(int(value) if value.is_integer() else repr(value)):f}"
    return str(value)


def complaint(error: jsonschema.ValidationError) -> str:
    """What is wrong, in words of ours where it is said often; the value is only shown where it is short."""
    limit, seen = error.validator_value, short(repr(error.instance))
    match error.validator:
        case "type":
            return f"expected {limit}, not {seen}"
        case "minimum":
            return f"{seen} is less than {limit}"
        case "exclusiveMinimum":
            return f"{seen} is not more than {limit}"
        case "maximum":
            return f"{seen} is more than {limit}"
        case "enum" if isinstance(limit, list):
            return f"{seen} is not one of {', '.join(map(str, limit))}"
        case "pattern":
            return f"{seen} does not match {limit}"
        case "required":
            return error.message.replace("is a required property", "is required")
        case _:
            return short(error.message)


def _hint(check: Check) -> str:
    known = check.parameters.get("properties", {})
    if not check.parameters:
        return f"check {check.name} takes any parameters of these kinds"
    if not known:
        return f"check {check.name} takes no parameters"
    return f"parameters of {check.name}: " + ", ".join(describe(name, rule) for name, rule in known.items())


def short(text: str) -> str:
    """At most a hundred characters of it."""
    return text if len(text) <= 100 else text[:99] + "…"
