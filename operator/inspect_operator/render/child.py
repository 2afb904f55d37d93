"""The process that renders a site's templates: whatever they do, they do it here, within bounded time and memory.

Started by render/bounds.py. The first line of JSON brings the templates; each other one asks, and one line answers.
"""

import json
import os
import resource
import signal
import sys
from typing import Any, NoReturn

from inspect_operator import errors
from inspect_operator.render import compose, template

MEMORY_BYTES = 256 * 2**20  # beyond what the process has at its start
ANSWER_BYTES = 8 * 2**20
#: Ended this much later by the kernel, where Python doesn't come to it: in one long step of a library in C.
GRACE_SECONDS = 2


class TooLong(BaseException):
    """The time is over. Not an Exception, so that nothing in a template swallows it."""


def main() -> None:
    """Answers until nobody asks any more."""
    signal.signal(signal.SIGPROF, _stop)
    _bound()
    first = json.loads(sys.stdin.buffer.readline())
    made = template.environment(first["texts"], first["places"])
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(_answer(made, json.loads(line)) + b"\n")
        sys.stdout.buffer.flush()


def _answer(made: Any, asked: dict[str, Any]) -> bytes:
    """Objects, or what failed; a process that is `spent` has to be replaced."""
    seconds = asked["seconds"]
    groups = [compose.Group(**one) for one in asked["groups"]]

    def failed(words: str, error: BaseException | None = None) -> bytes:
        name, line = template.place(groups[0].pod, error) if error is not None else (groups[0].pod, 0)
        if line:  # Jinja counts for us only where it is told of an Exception
            line = made.get_template(name).get_corresponding_lineno(line)
        return json.dumps({"failed": str(template.failed(made, name, line, words)), "spent": True}).encode()

    try:
        _alarm(seconds)
        found = compose.parts(made, asked["data"], groups)
        answer = json.dumps([[one.group, one.run, one.template, one.item] for one in found]).encode()
        _alarm(0)
    except errors.TemplateFailed as error:
        _alarm(0)
        return json.dumps({"failed": str(error), "spent": template.OUT_OF_MEMORY in str(error)}).encode()
    except TooLong as error:
        return failed(f"rendering took more than {seconds:g} s of CPU time and was stopped", error)
    except (MemoryError, RecursionError, ValueError) as error:
        _alarm(0)
        return failed(f"renders what is out of all bounds ({type(error).__name__})")
    if len(answer) > ANSWER_BYTES:
        return failed(f"renders {len(answer)} bytes; at most {ANSWER_BYTES}")
    return answer


def _alarm(seconds: float) -> None:
    """Stops what takes longer than that, in CPU time: first by an exception, which knows the line, then for good."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    until = int(usage.ru_utime + usage.ru_stime + seconds) + 1 + GRACE_SECONDS if seconds else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _stop(*_: Any) -> NoReturn:
    raise TooLong


def _bound() -> None:
    """Memory, and what no template has any business with: files, processes, core dumps."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        pages = int(file.read().split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))


if __name__ == "__main__":
    main()
