"""Jinja, kept on a short lead: sandboxed, undefined names are errors, and every value leaves as JSON.

JSON is YAML, so a value can't break out of its place: `{{ x }}` and `{{ x | tojson }}` come to the same. Macros and
`tojson` return Markup, which is already JSON or template text and passes unchanged; put together with anything else it
becomes a value again. What could render otherwise the next time (`random`, `lipsum`) is not there.
"""

import functools
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jinja2
import jinja2.compiler
import jinja2.filters
import jinja2.nodes
import jinja2.runtime
import jinja2.sandbox
import markupsafe

from inspect_operator import errors, yaml_json

#: Before a template's name, where Python wants the name of a file.
_FILE = "inspect-template:"
_PLACES = "_places"
OUT_OF_MEMORY = "out of memory"
#: Filters that make text pass unchanged that is no JSON, or that render otherwise each time.
_GONE = ("safe", "escape", "e", "forceescape", "xmlattr", "urlize", "striptags", "random")


class _CodeGenerator(jinja2.compiler.CodeGenerator):
    """`a ~ b` is a value, also where one of them is Markup: Jinja would put the other in between with HTML's escapes,
    which are none in YAML."""

    def visit_Concat(self, node: jinja2.nodes.Concat, frame: jinja2.compiler.Frame) -> None:  # noqa: N802
        """Writes the call that joins them."""
        self.write("str_join((")
        for one in node.nodes:
            self.visit(one, frame)
            self.write(", ")
        self.write("))")

    def visit_Getitem(self, node: jinja2.nodes.Getitem, frame: jinja2.compiler.Frame) -> None:  # noqa: N802
        """A piece of a text goes through the environment's own getitem() too."""
        if not isinstance(node.arg, jinja2.nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.getitem(")
        self.visit(node.node, frame)
        self.write(", slice(")
        for part in (node.arg.start, node.arg.stop, node.arg.step):
            self.visit(part or jinja2.nodes.Const(None), frame)
            self.write(", ")
        self.write("))")


class _Environment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """The same of operators, and of methods: those of Markup escape for HTML."""

    code_generator_class = _CodeGenerator
    intercepted_binops = frozenset(("+", "%"))

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """An operator on values."""
        return super().call_binop(context, operator, _plain(left), _plain(right))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An entry of something, or a piece of a text."""
        return super().getitem(_plain(obj), argument)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """The sandbox's own way of formatting."""
        return (
            None if isinstance(getattr(value, "__self__", None), markupsafe.Markup) else super().wrap_str_format(value)
        )

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may have this attribute."""
        return not isinstance(obj, markupsafe.Markup) and super().is_safe_attribute(obj, attr, value)


def environment(texts: Mapping[str, str], places: Mapping[str, str] | None = None) -> jinja2.Environment:
    """Templates by name, such as script/pod.yaml; `places` tells where those of a site come from."""
    made = _Environment(
        loader=jinja2.FunctionLoader(_loader(texts)),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_as_json,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters = {name: _of_values(one) for name, one in made.filters.items() if name not in _GONE}
    made.filters |= {
        "tojson": _as_json,
        "join": _join,
        "indent": _indent,
        "default": _default,
        "d": _default,
        "trim": _trim,
    }
    del made.globals["lipsum"]
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


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, markupsafe.Markup) else value


def _of_values(filtering: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which gets values only: cut or changed, Markup would no longer be JSON."""
    first = int(hasattr(filtering, "jinja_pass_arg"))  # the environment or the like comes before

    @functools.wraps(filtering)
    def made(*given: Any, **named: Any) -> Any:
        values = map(_plain, given[first:])
        return filtering(*given[:first], *values, **{name: _plain(value) for name, value in named.items()})

    return made


def _join(values: Iterable[Any], separator: str = "") -> str:
    return str(separator).join(str(_plain(value)) for value in values)


def _indent(text: str, width: int = 4, first: bool = False) -> str:
    """Of what a macro made, too."""
    blanks = " " * int(width)
    made = (blanks if first else "") + str(text).replace("\n", "\n" + blanks)
    return markupsafe.Markup(made) if isinstance(text, markupsafe.Markup) else made  # noqa: S704


def _trim(text: str) -> str:
    return text.strip()  # of Markup it is Markup


_default = jinja2.filters.do_default


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
