"""Jinja, kept on a short lead: sandboxed, undefined names are errors, and every value leaves as JSON.

JSON is YAML, so a value can't break out of its place: `{{ x }}` and `{{ x | tojson }}` come to the same. Macros and
`tojson` return Markup, which is already JSON or template text and passes unchanged.
"""

import pathlib
import traceback
from typing import Any

import jinja2
import jinja2.sandbox
import markupsafe

from inspect_operator import errors, yaml_json


def environment(folder: pathlib.Path) -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    """The templates of one folder."""
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_as_json,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["tojson"] = _as_json
    return made


def text(made: jinja2.Environment, name: str, data: dict[str, Any]) -> str:
    """Renders the template `name`.

    :raises errors.TemplateFailed: with template and line
    """
    try:
        return made.get_template(name).render(data)
    except jinja2.TemplateSyntaxError as error:
        raise errors.TemplateFailed(f"template {error.name}, line {error.lineno}: {error.message}") from None
    except jinja2.TemplateNotFound as error:
        raise errors.TemplateFailed(f"template {error.name} not found") from None
    except Exception as error:
        # Anything may be raised by an expression in a template: it is the template's fault, not ours.
        raise errors.TemplateFailed(f"template {_place(made, name, error)}: {error}") from None


def _as_json(value: Any) -> markupsafe.Markup:
    if isinstance(value, markupsafe.Markup):
        return value
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises with the name of what is undefined
    return markupsafe.Markup(yaml_json.dumps(value))  # noqa: S704


def _place(made: jinja2.Environment, name: str, error: Exception) -> str:
    """The innermost template and line in the traceback, which Jinja rewrites to those of templates."""
    folders = made.loader.searchpath if isinstance(made.loader, jinja2.FileSystemLoader) else []
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for folder in folders:
            if pathlib.Path(frame.filename).is_relative_to(folder):
                return f"{pathlib.Path(frame.filename).relative_to(folder)}, line {frame.lineno}"
    return name
