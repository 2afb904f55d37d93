"""Jinja, kept on a short lead: sandboxed, undefined names are errors, and every value leaves as JSON.

JSON is YAML, so a value can't break out of its place: `{{ x }}` and `{{ x | tojson }}` come to the same. Macros and
`tojson` return Markup, which is already JSON or template text and passes unchanged. What could render otherwise the
next time (`random`, `lipsum`) is not there.
"""

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import jinja2.sandbox
import markupsafe

from inspect_operator import errors, yaml_json

#: Before a template's name, where Python wants the name of a file.
_FILE = "inspect-template:"
_PLACES = "_places"
OUT_OF_MEMORY = "out of memory"


def environment(
    texts: Mapping[str, str], places: Mapping[str, str] | None = None
) -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    """Templates by name, such as script/pod.yaml; `places` tells where those of a site come from."""
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        loader=jinja2.FunctionLoader(_loader(texts)),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_as_json,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["tojson"] = _as_json
    del made.filters["random"], made.globals["lipsum"]
    made.globals[_PLACES] = dict(places or {})
    return made


def text(made: jinja2.Environment, name: str, data: Mapping[str, Any]) -> str:
    """Renders the template `name`.

    :raises errors.TemplateFailed: with template and line
    """
    try:
        return made.get_template(name).render(data)
    except jinja2.TemplateSyntaxError as error:
        raise failed(made, error.name or name, error.lineno, str(error.message)) from None
    except jinja2.TemplateNotFound as error:
        raise failed(made, *place(name, error), f"there is no template {error.name}") from None
    except Exception as error:
        # Anything may be raised by an expression in a template: it is the template's fault, not ours.
        words = str(error) or (OUT_OF_MEMORY if isinstance(error, MemoryError) else type(error).__name__)
        raise failed(made, *place(name, error), words) from None


def failed(made: jinja2.Environment, name: str, line: int, words: str) -> errors.TemplateFailed:
    """What is wrong with a template, in words that say where it stands; `line` is 0 where that isn't known."""
    return errors.TemplateFailed(f"template {label(made, name)}{f', line {line}' if line else ''}: {words}")


def label(made: jinja2.Environment, name: str) -> str:
    """A template's name for messages: of a site's, also where it comes from."""
    places: Mapping[str, str] = made.globals[_PLACES]  # type: ignore[assignment]
    found = places.get(name, "")
    return f"{name} ({found})" if found else name


def _loader(texts: Mapping[str, str]) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
    return lambda name: (texts[name], _FILE + name, lambda: True) if name in texts else None


def _as_json(value: Any) -> markupsafe.Markup:
    if isinstance(value, markupsafe.Markup):
        return value
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises with the name of what is undefined
    return markupsafe.Markup(yaml_json.dumps(value))  # noqa: S704


def place(name: str, error: BaseException) -> tuple[str, int]:
    """The innermost template and line in the traceback, which Jinja rewrites to those of templates."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(_FILE):
            return frame.filename.removeprefix(_FILE), frame.lineno or 0
    return name, 0
