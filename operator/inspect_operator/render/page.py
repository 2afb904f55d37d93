"""Pages of HTML: sandboxed as templates of tasks are, but every value leaves escaped instead of as JSON."""

import pathlib
from typing import Any

import jinja2
import jinja2.sandbox

from inspect_operator.render import template


def text(folder: pathlib.Path, name: str, data: dict[str, Any]) -> str:
    """Renders the page template `name` of a folder; whatever stands in `data` is text, never markup.

    :raises errors.TemplateFailed: with template and line
    """
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return template.text(made, name, data)
