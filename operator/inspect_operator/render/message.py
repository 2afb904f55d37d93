"""Renders the template of a notice; a program of its own, with a limit of time and memory.

Whoever writes an Inspect writes the template: the sandbox keeps it from our objects, but not from counting to a billion
or from doubling a text until memory is full. Reads {"template", "data", "json"} and answers {"text"} or {"error"}.
With `json` every value leaves as JSON, as in templates of manifests; else as it is.
"""

import json
import resource
import sys
from typing import Any

import jinja2
import jinja2.sandbox
import markupsafe

from inspect_operator import yaml_json

CPU_SECONDS = 2
MEMORY_BYTES = 512 * 1024 * 1024
MAX_TEXT = 64 * 1024


def text(template: str, data: dict[str, Any], *, as_json: bool) -> str:
    """:raises jinja2.TemplateError: and whatever else an expression in a template may raise"""
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=as_json,  # so that macros return what is finished
        finalize=_as_json if as_json else None,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["tojson"] = _as_json
    return made.from_string(template).render(data)


def main() -> None:
    """One message."""
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        made = text(request["template"], request["data"], as_json=request["json"])
        answer = {"text": made} if len(made) <= MAX_TEXT else {"error": f"makes more than {MAX_TEXT} characters"}
    except jinja2.TemplateSyntaxError as error:
        answer = {"error": f"line {error.lineno}: {error.message}"}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    json.dump(answer, sys.stdout)


def _as_json(value: Any) -> markupsafe.Markup:
    if isinstance(value, markupsafe.Markup):
        return value
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises with the name of what is undefined
    return markupsafe.Markup(yaml_json.dumps(value))  # noqa: S704


if __name__ == "__main__":
    main()
