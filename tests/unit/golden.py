"""Golden files: what people read, kept in tests/golden and compared as text.

After a change that is meant: `UPDATE_GOLDEN=1 pytest tests/unit`, then look at `git diff tests/golden`.
"""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import yaml

FOLDER = pathlib.Path(__file__).parents[1] / "golden"
HEADER = "# Written by `UPDATE_GOLDEN=1 pytest tests/unit`; compared by tests/unit/golden.py.\n"


def check(name: str, text: str) -> None:
    """The text is what the golden file says, or becomes it where UPDATE_GOLDEN is set."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(HEADER + text, encoding="utf-8")
    assert path.is_file(), f"{name} is not there yet: UPDATE_GOLDEN=1 pytest tests/unit"
    assert HEADER + text == path.read_text(encoding="utf-8"), "if it is meant: UPDATE_GOLDEN=1 pytest tests/unit"


class _Readable(yaml.SafeDumper):
    """Texts of several lines stand as they are, in a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)


def manifests(objects: Sequence[dict[str, Any]]) -> str:
    """Objects as people write them: documents of YAML, of everything in a list its name first."""
    return str(
        yaml.dump_all(_name_first(list(objects)), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)
    )


def _name_first(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _name_first(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_name_first({"name": None} | one if isinstance(one, dict) and "name" in one else one) for one in node]
    return node
