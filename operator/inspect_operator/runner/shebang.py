"""The first line of a script, read as the kernel reads it (execve(2), fs/binfmt_script.c).

`#!`, blanks, a program, and at most one argument: all that follows the program, blanks inside it kept. Told apart
from the kernel on purpose: a CR before the line end is dropped, since scripts edited on Windows mean nothing by it,
and a byte order mark before `#!` is overlooked.

Pure: no I/O.
"""

import os
from dataclasses import dataclass

HEAD_BYTES = 4096
"""How much of a script has to be read to know its first line; the kernel itself looks at 256 bytes."""

_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t"


@dataclass(frozen=True, slots=True)
class Shebang:
    program: str
    argument: str | None
    line: str  # as it stands in the script, for messages

    @property
    def path(self) -> str:
        """The program's path: the kernel does not look along PATH for a bare name."""
        return self.program if "/" in self.program else f"./{self.program}"

    @property
    def command(self) -> list[str]:
        """What stands before the script's path on the command line."""
        return [self.path] if self.argument is None else [self.path, self.argument]


def read(head: bytes) -> Shebang | None:
    """The shebang in the first bytes of a script; None where there is none, or where it names no program."""
    head = head.removeprefix(_BOM)
    if not head.startswith(b"#!"):
        return None
    line = head[:HEAD_BYTES].split(b"\n", 1)[0].split(b"\0", 1)[0].rstrip(b"\r").rstrip(_BLANKS)
    content = line[2:].lstrip(_BLANKS)
    end = min((at for at in (content.find(b" "), content.find(b"\t")) if at >= 0), default=len(content))
    program, argument = content[:end], content[end:].strip(_BLANKS)
    if not program:
        return None
    return Shebang(os.fsdecode(program), os.fsdecode(argument) if argument else None, line.decode("utf-8", "replace"))
