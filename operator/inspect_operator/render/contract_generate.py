"""What docs/templates.md says of the contract, and its examples: `python -m inspect_operator.render.contract_generate
CHECKOUT` writes them below what people wrote there.
"""

import pathlib
import sys
import types
import typing
from collections.abc import Iterator

from inspect_operator.render import contract

REFERENCE = pathlib.Path("docs/templates.md")
EXAMPLES = pathlib.Path("examples/templates")
#: Above it a person writes, below it the generator.
MARK = "<!-- Generated from render/contract.py and examples/templates by `make generate`. -->\n"
#: In this order, with what each is for.
TITLES = {
    "sidecar": "A container beside every task",
    "node-pool": "Another image, and nodes of their own",
    "air-gapped": "A registry of the site's own",
    "ansible": "A runner for Ansible",
    "terraform": "A runner for Terraform",
}


def generated(root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Every generated file below the checkout's root, with its content."""
    head, mark, _ = (root / REFERENCE).read_text(encoding="utf-8").partition(MARK)
    lines = [*_reference(), *_examples(root)]
    text = head + mark + "\n" + "\n".join(lines)
    return {root / REFERENCE: text.rstrip("\n") + "\n"}


def _reference() -> Iterator[str]:
    yield f"## What templates see: version {contract.VERSION}\n"
    for name, hint in typing.get_type_hints(contract.Context, include_extras=True).items():
        if typing.is_typeddict(hint):
            yield f"**{name}**: {(hint.__doc__ or '').strip().rstrip('.')}.\n\n| Name | Type | |\n| --- | --- | --- |"
            for member, inner in typing.get_type_hints(hint, include_extras=True).items():
                kind, words = _told(inner)
                yield f"| `{name}.{member}` | {kind} | {words} |"
            yield ""
        else:
            kind, words = _told(hint)
            yield f"**{name}** ({kind}): {words}.\n"


def _told(hint: typing.Any) -> tuple[str, str]:
    """The type in a word or two, and what is said about it."""
    kind, words = typing.get_args(hint)
    return _kind(kind), words


def _kind(kind: typing.Any) -> str:
    parts = typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        return " or ".join(_kind(part) for part in parts)
    if typing.is_typeddict(kind):
        return "mapping of " + ", ".join(kind.__annotations__)
    if typing.get_origin(kind) is list:
        return f"list of {_kind(parts[0])}s" if parts[0] is str else f"list of {_kind(parts[0])}"
    words = {str: "text", int: "number", bool: "boolean", type(None): "none"}
    return words.get(kind, "mapping")


def _examples(root: pathlib.Path) -> Iterator[str]:
    yield "## Examples\n\nEach is a folder in [examples/templates](../examples/templates), and is tried by our tests.\n"
    for name, title in TITLES.items():
        folder = root / EXAMPLES / name
        yield f"### {title}\n"
        for path in sorted(folder.rglob("*.*"), key=lambda one: (len(one.relative_to(folder).parts) == 1, str(one))):
            text = path.read_text(encoding="utf-8").rstrip("\n")
            yield f"`{path.relative_to(folder)}`\n\n```{_language(path)}\n{text}\n```\n"


def _language(path: pathlib.Path) -> str:
    """A template becomes YAML only when it is rendered."""
    return "json" if path.suffix == ".json" else "yaml" if path.name == "inspect.yaml" else "jinja"


if __name__ == "__main__":
    for path, content in generated(pathlib.Path(sys.argv[1])).items():
        path.write_text(content, encoding="utf-8")
