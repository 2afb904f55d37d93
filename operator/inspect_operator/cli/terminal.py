"""Where texts go: colours on a terminal only, columns that line up with Chinese names too."""

import dataclasses
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import IO

_CODES = {"red": "31", "green": "32", "yellow": "33", "magenta": "35", "grey": "90", "bold": "1"}
#: Of verdicts, results and states.
COLOURS = {
    "success": "green", "fail": "red", "error": "red", "unknown": "magenta", "warn": "yellow", "skipped": "grey",
    "running": "yellow", "waiting": "grey",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Terminal:
    """`colours`: whether stdout may have them."""

    out: IO[str]
    err: IO[str]
    colours: bool = False
    interactive: bool = False  # stdout is a terminal: a picture may be drawn anew

    def print(self, text: str = "") -> None:
        """A line, or several, of the result."""
        print(text, file=self.out, flush=True)

    def note(self, text: str) -> None:
        """To the person, beside the result."""
        print(text, file=self.err, flush=True)

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, by its name or by that of a verdict; without where there are none."""
        code = _CODES.get(COLOURS.get(colour, colour))
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and code and text else text


def of_process(environ: Mapping[str, str] = os.environ) -> Terminal:
    """That of this process. https://no-color.org: any value but an empty one switches colours off."""
    interactive = sys.stdout.isatty() and environ.get("TERM") != "dumb"
    return Terminal(sys.stdout, sys.stderr, interactive and not environ.get("NO_COLOR"), interactive)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One field of a table; `colour` is a verdict's or a colour's name."""

    text: str
    colour: str = ""


def table(terminal: Terminal, rows: Sequence[Sequence[Cell]]) -> str:
    """Columns as wide as their widest cell, three blanks between them; the last one ends where it ends. A row of one
    cell is a line of its own, as wide as it likes."""
    tabular = [row for row in rows if len(row) > 1]
    widths = [max(width(row[n].text) for row in tabular if n < len(row)) for n in range(_longest(tabular))]
    lines = []
    for row in rows:
        last = max((n for n, cell in enumerate(row) if cell.text), default=-1)
        cells = [
            terminal.paint(cell.text, cell.colour) + " " * (widths[n] - width(cell.text) if n < last else 0)
            for n, cell in enumerate(row[: last + 1])
        ]
        lines.append("   ".join(cells))
    return "\n".join(lines)


def width(text: str) -> int:
    """Columns that the text takes on a terminal: two for Chinese and full-width characters, none for accents."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def one_line(text: str, limit: int = 0) -> str:
    """In one line, cut to `limit` columns where that is not 0."""
    plain = " ".join(text.split())
    if not limit or width(plain) <= limit:
        return plain
    kept = ""
    for one in plain:
        if width(kept + one) > limit - 1:
            break
        kept += one
    return kept.rstrip() + "…"


def _longest(rows: Sequence[Sequence[Cell]]) -> int:
    return max((len(row) for row in rows), default=0)
