"""Lines and outputs as scripts and tools print them, and what is to be found in them.

`line` and `output` are text, `latin1` is bytes, one character each; `{x*1000}` is a thousand times x, `{(xy)*1000}` a
thousand times xy. Findings are told by what they have besides the defaults, worst first.
"""

import pathlib
import re
from typing import Any

import yaml

from inspect_operator.runner import findings

FOLDER = pathlib.Path(__file__).parent
LINES = ("case_name", "check_word", "json_lines")
OUTPUTS = ("outputs", "junit")

_REPEATED = re.compile(r"\{(?:\((.*?)\)|(.))\*(\d+)\}", re.DOTALL)


def read(name: str) -> list[Any]:
    entries: list[Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return entries


def output(entry: dict[str, Any]) -> bytes:
    """The bytes that an entry's script prints."""
    text = entry.get("output") or entry.get("latin1") or entry["line"]
    return expanded(text).encode("latin-1" if "latin1" in entry else "utf-8")


def finding(entry: dict[str, Any]) -> findings.Finding:
    severity = findings.Severity(entry["severity"]) if "severity" in entry else None
    texts = {name: expanded(value) for name, value in entry.items() if name not in ("result", "severity")}
    return findings.Finding(result=findings.Result(entry["result"]), severity=severity, **texts)


def expanded(text: str) -> str:
    return _REPEATED.sub(lambda match: (match[1] or match[2]) * int(match[3]), text)
