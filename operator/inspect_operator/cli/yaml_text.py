"""Objects as YAML for people, which every parser of YAML 1.1 or 1.2 reads back as the same values."""

import io
import json
import re
from typing import Any

import ruamel.yaml
import ruamel.yaml.representer

#: Texts that stand without quotes: what no version of YAML takes for something else.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def dumps(value: Any) -> str:
    """Block style; texts of several lines as blocks, unclear ones in quotes."""
    made = ruamel.yaml.YAML(typ="rt")
    made.representer.add_representer(str, _text)
    made.default_flow_style = False
    made.width = 10_000
    stream = io.StringIO()
    made.dump(json.loads(json.dumps(value)), stream)
    return stream.getvalue()


def _text(representer: ruamel.yaml.representer.RoundTripRepresenter, text: str) -> Any:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return representer.represent_scalar("tag:yaml.org,2002:str", text)
    lines = text.split("\n")
    if len(lines) > 1 and all(line.isprintable() and line == line.rstrip() for line in lines) and lines[0][:1] != " ":
        return representer.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style='"')
