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
    """Objects as kubectl shows them: documents of YAML, fields in the order of the template."""
    return str(yaml.dump_all(objects, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120))
