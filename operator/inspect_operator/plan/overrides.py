"""The values of a release: the object's spec, and what watches.yaml overrides in it.

Keys and values of `overrideValues` read as those of `helm --set-string` (helm.sh/helm/v4, pkg/strvals), which is what
operator-sdk's Helm operator takes them for.
"""

import re
from collections.abc import Mapping
from typing import Any

from inspect_operator import errors

Values = dict[str, Any]

_VARIABLE = re.compile(r"\$(?:\{([^{}]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_INDEX = re.compile(r"^(.*?)((?:\[[0-9]{1,4}\])+)$", re.DOTALL)


def expanded(text: str, environ: Mapping[str, str]) -> str:
    """With $NAME and ${NAME} replaced; a variable that isn't there is the empty text, as Go's os.ExpandEnv has it."""
    return _VARIABLE.sub(lambda match: environ.get(match[1] or match[2] or "", ""), text)


def tree(overrides: Mapping[str, str]) -> Values:
    """Values by their paths: `image.repository: x` becomes {image: {repository: x}}.

    :raises errors.SettingsInvalid: a key is no path
    """
    made: Values = {}
    for key, value in overrides.items():
        parts: list[str | int] = []
        for part in _split(key, "."):
            indexed = _INDEX.match(part)
            parts.append(indexed[1] if indexed else part)
            parts += [int(index) for index in re.findall(r"\[([0-9]+)\]", indexed[2])] if indexed else []
        if not all(parts[:1]) or "" in parts:
            raise errors.SettingsInvalid(f"overrideValues: {key!r} is no path to a value, such as image.repository")
        _put(made, parts, _value(value), key)
    return made


def merged(spec: Mapping[str, Any], overrides: Mapping[str, Any]) -> Values:
    """What `overrides` names wins; mappings are merged, lists replaced."""
    made = dict(spec)
    for name, value in overrides.items():
        before = made.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        made[name] = merged(before, value) if both else value  # type: ignore[arg-type]
    return made


def _value(text: str) -> Any:
    """{a,b} is a list; a comma outside of it is written with a backslash."""
    if text.startswith("{") and text.endswith("}"):
        return [part.strip() for part in _split(text[1:-1], ",")] if text != "{}" else []
    return re.sub(r"\\([,\\])", r"\1", text)


def _split(text: str, separator: str) -> list[str]:
    """Parts between separators that no backslash stands before."""
    parts = re.split(rf"(?<!\\)[{separator}]", text)
    return [part.replace(f"\\{separator}", separator) for part in parts]


def _put(made: Any, parts: list[str | int], value: Any, key: str) -> None:
    for here, then in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(here, int):
            made += [None] * (here + 1 - len(made))
            known = made[here]
        else:
            known = made.get(here)
        if then is None:
            made[here] = value
            return
        wanted: type = list if isinstance(then, int) else dict
        if known is None:
            known = made[here] = wanted()
        elif not isinstance(known, wanted):
            raise errors.SettingsInvalid(f"overrideValues: {key!r} goes through what another key gives a value")
        made = known
