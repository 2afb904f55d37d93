"""Objects as YAML are read back as they were, by parsers of YAML 1.1 and 1.2."""

from typing import Any

import pytest
import ruamel.yaml
import yaml

from inspect_operator.cli import yaml_text

TEXTS = [
    "", "yes", "NO", "on", "null", "~", "1e3", "0x1f", "010", "1_000", "12:30:45", "2026-01-01", "a: b", "- a", "# c",
    "a #b", " lead", "trail ", "a\nb\n", "a\nb", "\n", "a\n\n", " a\nb", "a \nb", "a\tb", "\x00\x1b\x85\u2028",
    "中文：好", "'", '"', "\\", "{{ x }}", "%a", "@a", "`a`", "!!str x", "&a", "*a", "|", ">", "=", "<<",
    "#!/bin/sh\necho ${#a[@]}\n",
    "😀", "a\r\nb\r\n", ".5", ".inf", "/a/b", "a" * 500,
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read_back(text: str) -> None:
    value: Any = {"plain": text, "list": [text, {"deep": text}], text or "key": 1}
    written = yaml_text.dumps(value)
    assert yaml.safe_load(written) == value
    assert ruamel.yaml.YAML(typ="safe").load(written) == value


def test_it_reads_well() -> None:
    value = {
        "script": "set -e\necho 'a'\n",
        "number": 1,
        "b": True,
        "none": None,
        "empty": [],
        "s": "yes",
        "l": ["a", {"b": "c d"}],
    }
    assert yaml_text.dumps(value) == (
        "script: |\n  set -e\n  echo 'a'\nnumber: 1\nb: true\nnone:\nempty: []\ns: \"yes\"\nl:\n- a\n- b: c d\n"
    )
