"""The shell program that runs a script on a host, in POSIX sh, so that it runs wherever there is a shell.

It comes through the standard input of one exec channel: no SFTP, no second channel, nothing in a command line that
other users of the host could read. The input is first the program, then the script, then nothing for as long as the
script may run: its end (ours, or the connection's) tells the host to stop the script and to tidy up.

    LAUNCH reads the program (its size is known) and runs it
    the program    makes a private folder, copies the script, starts it in a process group of its own
      watcher      waits for the end of the input
      timer        the same after a time, should the end of the connection not be noticed there
    when the script ends, or was ended, the folder is removed and the script's exit code is told

It tells where it is by lines that begin with a word drawn at random: `<word> begin` in front of the script's output
on both streams, `<word> failed <why>` on stderr. A login shell's own greetings come before.
"""

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from inspect_operator.runner import shebang

LINGER_SECONDS = 2
"""How long what the script left behind may still print after its end."""

# In braces: a program that did not arrive whole is a syntax error, and none of it is run.
_PROGRAM = r"""{
say() { printf '%s %s\n' @WORD "$1"; }
failed() { say "failed $1" >&2; exit 1; }
mask=$(umask)
umask 077
folder=
trap 'rm -rf "$folder"' EXIT
trap 'exit 129' HUP INT TERM PIPE
folder=$(mktemp -d "${TMPDIR:-/tmp}/inspect.XXXXXXXXXX" 2>/dev/null) || folder=$(mktemp -d 2>/dev/null) \
  || failed folder
script=$folder/script
if [ "$(printf xyz | head -c 2 2>/dev/null)" = xy ]; then head -c @SIZE; else dd bs=1 count=@SIZE 2>/dev/null; fi \
  > "$script" || failed copy
[ "$(($(wc -c < "$script")))" = @SIZE ] || failed copy
program=
for name in @PROGRAMS; do
  case $name in
    */*) if [ -f "$name" ] && [ -x "$name" ]; then program=$name; break; fi ;;
    *) program=$(command -v "$name") && break; program= ;;
  esac
done
[ -n "$program" ] || failed program
group() { kill -s "$1" -- "-$child" 2>/dev/null; }
stop() {
  group TERM || kill -s TERM "$child" 2>/dev/null
  sleep @GRACE & wait "$!"
  group KILL || kill -s KILL "$child" 2>/dev/null
}
if command -v setsid >/dev/null 2>&1; then new='setsid'
elif command -v perl >/dev/null 2>&1; then new='perl -e setpgrp(0,0);exec(@ARGV)'
else new=
fi
exec 3<&0
say begin
say begin >&2
( umask "$mask"; exec 3<&-; exec $new env @ENV "$program" @ARGUMENT "$script" @ARGUMENTS ) </dev/null &
child=$!
exec </dev/null >/dev/null 2>&1
trap stop HUP INT
trap - TERM  # a watcher that is ended before it has a trap of its own would lose the signal to ours
trap '' PIPE
( trap 'kill -s KILL "$!"; exit' TERM; cat <&3 & exec 3<&-; wait "$!"; stop ) &
watcher=$!
( trap 'kill -s KILL "$!"; exit' TERM; exec 3<&-; sleep @LIFETIME & wait "$!"; stop ) &
timer=$!
trap stop TERM
exec 3<&-
wait "$child"
code=$?
while kill -s 0 "$child"; do wait "$child"; code=$?; done
turn=0
while [ $turn -lt @LINGER ] && group 0; do sleep 1; turn=$((turn + 1)); done
group KILL
kill "$watcher" "$timer"
rm -rf "$folder"
trap - EXIT
exit "$code"
}
"""

_PLACE = re.compile("@(?!ARGV)[A-Z]+")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What runs the script on a host: the first of `programs` that is there."""

    programs: tuple[str, ...]  # names, or paths as a shebang has them
    argument: str | None = None
    line: str = ""  # the shebang's line, where it came from one


def interpreter(choice: str, script: bytes) -> Interpreter:
    """`auto` is the shebang's program, else bash, else sh: not every host has bash."""
    if choice != "auto":
        return Interpreter((choice,))
    first = shebang.read(script[: shebang.HEAD_BYTES])
    return Interpreter((first.path,), first.argument, first.line) if first else Interpreter(("bash", "sh"))


def launch(program: bytes) -> str:
    """The command of the exec request: quoted so that csh and fish, as login shells, read it like sh does."""
    return f"exec sh -c 'eval \"$(dd bs=1 count={len(program)} 2>/dev/null)\"'"


def compose(
    *,
    word: str,
    script_bytes: int,
    interpreter: Interpreter,
    arguments: Sequence[str],
    env: Sequence[tuple[str, str]],
    grace_seconds: float,
    lifetime_seconds: float,
) -> bytes:
    """The program; `env` and `arguments` arrive on the host byte by byte."""
    # As in a pod: else a killed Python script loses what it printed.
    variables = {"PYTHONUNBUFFERED": "1", **dict(env)}
    values = {
        "@WORD": word,
        "@SIZE": str(script_bytes),
        "@PROGRAMS": _quoted(interpreter.programs),
        "@ENV": _quoted([f"{name}={value}" for name, value in variables.items()]),
        "@ARGUMENTS": _quoted(arguments),
        "@ARGUMENT": "" if interpreter.argument is None else shlex.quote(interpreter.argument),
        "@GRACE": str(math.ceil(grace_seconds)),
        "@LIFETIME": str(math.ceil(lifetime_seconds)),
        "@LINGER": str(LINGER_SECONDS),
    }
    # One pass: what is put in is not looked at again.
    return _PLACE.sub(lambda place: values[place[0]], _PROGRAM).encode("utf-8", "surrogateescape")


def _quoted(words: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, words))
