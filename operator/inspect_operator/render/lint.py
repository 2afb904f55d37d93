"""Mistakes in templates that can be seen without rendering them, also in a branch that no task takes."""

import dataclasses
import typing
from collections.abc import Iterator

import jinja2
import jinja2.meta
import jinja2.nodes

from inspect_operator.render import contract, library

_NAMES = typing.get_type_hints(contract.Context)
#: Of names that have others in them, these.
_MEMBERS = {name: set(hint.__annotations__) for name, hint in _NAMES.items() if typing.is_typeddict(hint)}


@dataclasses.dataclass(frozen=True)
class Mistake:
    """`line` is 0 where it is about the whole file."""

    template: str
    line: int
    rule: str
    message: str


def mistakes(templates: library.Library, names: typing.Iterable[str]) -> Iterator[Mistake]:
    """Of these templates."""
    for name in sorted(names):
        if name.endswith((".yaml", ".yml", ".jinja", ".j2")) and name.rpartition("/")[2] not in library.SCHEMAS:
            yield from _template(templates, name)
    for runner in templates.runners.values():
        if runner.problem:
            yield Mistake(f"{runner.name}/parameters.schema", 0, "schema-of-parameters", runner.problem)


def _template(templates: library.Library, name: str) -> Iterator[Mistake]:
    try:
        tree = templates.environment.parse(templates.texts[name], name)
        undeclared = jinja2.meta.find_undeclared_variables(tree) - set(_NAMES)
    except jinja2.TemplateSyntaxError as error:
        rule = "unknown-filter" if isinstance(error, jinja2.TemplateAssertionError) else "syntax"
        yield Mistake(name, error.lineno, rule, str(error.message))
        return
    for node in tree.find_all(jinja2.nodes.Name):
        if node.ctx == "load" and node.name in undeclared:
            known = ", ".join(sorted(_NAMES))
            yield Mistake(name, node.lineno, "undefined", f"{node.name} is undefined; there are {known}")
    bound = {node.name for node in tree.find_all(jinja2.nodes.Name) if node.ctx in ("store", "param")}
    for attribute in tree.find_all(jinja2.nodes.Getattr):
        root = attribute.node.name if isinstance(attribute.node, jinja2.nodes.Name) else ""
        if root in _MEMBERS and root not in bound and attribute.attr not in _MEMBERS[root]:
            known = ", ".join(sorted(_MEMBERS[root]))
            words = f"{root}.{attribute.attr} is undefined; there are {known}"
            yield Mistake(name, attribute.lineno, "undefined", words)
    kinds = (jinja2.nodes.Include, jinja2.nodes.FromImport, jinja2.nodes.Import, jinja2.nodes.Extends)
    for reference in tree.find_all(kinds):
        target = getattr(reference, "template", None)
        missing = isinstance(target, jinja2.nodes.Const) and target.value not in templates.texts
        if missing and not getattr(reference, "ignore_missing", False):
            yield Mistake(name, reference.lineno, "missing", f"there is no template {getattr(target, 'value', '')}")
