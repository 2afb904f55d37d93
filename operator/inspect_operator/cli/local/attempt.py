"""One run of the runner on this machine: its output passed on as it comes, and how it ended."""

import asyncio
import dataclasses
import datetime
from collections.abc import Callable

from inspect_operator.cli.local import container as containers
from inspect_operator.run import tail
from inspect_operator.runner import lines

#: The runner gives a script five seconds to end; then it has to end itself.
STOP_SECONDS = 15.0
_PIECE = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Ended:
    """As a kubelet would tell it. `note` is what the runner left, `log` the end of what was printed: as much of it as
    the operator reads."""

    exit_code: int
    note: str
    log: bytes
    started: datetime.datetime
    finished: datetime.datetime


async def run(made: containers.Container, write: Callable[[bytes], None]) -> Ended:
    """To its end; where it is cancelled, the script is ended first. `write` gets each line."""
    started = datetime.datetime.now(datetime.UTC)
    process = await asyncio.create_subprocess_exec(
        *made.command, env=made.environment, cwd=made.work, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us; we tell the runner
    )  # fmt: skip
    try:
        log = await _read(process.stdout, write) if process.stdout else b""
        code = await process.wait()
    finally:
        await _stop(process)
    note = made.note.read_text(encoding="utf-8", errors="replace") if made.note.exists() else ""
    exit_code = code if code >= 0 else 128 - code
    return Ended(exit_code, note, log, started, datetime.datetime.now(datetime.UTC))


async def _read(output: asyncio.StreamReader, write: Callable[[bytes], None]) -> bytes:
    splitter, log = lines.Splitter(), b""
    while piece := await output.read(_PIECE):
        log = (log + piece)[-tail.LOG_BYTES :]
        if block := splitter.feed(piece):
            for line in lines.split(block):
                write(line)
    if rest := splitter.close():
        write(rest)
    return log


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            if process.stdout is not None:
                await process.stdout.read()  # a runner that can't print any more could not end
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
