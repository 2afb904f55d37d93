"""Warm helm: a child that stays, does helm's work over a pipe, and saves what each new helm process would cost.

It takes the command lines that helm takes and answers with the same output and exit code (see helm/ in this
repository). What it does not understand, and everything while it cannot be run, is for the real helm. When it dies, the
calls under way end as if their helm had been killed. Frames: four bytes of length, then JSON.
"""

import asyncio
import base64
import collections
import contextlib
import dataclasses
import itertools
import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from inspect_operator.release import child

logger = logging.getLogger(__name__)

START_SECONDS = 20.0
#: After a child that could not be started, or so many within this time, the real helm is used until it is over.
PAUSE_SECONDS = 60.0
STARTS = 4
#: How long a child gets to say that a call is dead, and to end when its pipe is closed.
_END_SECONDS = 2.0
_LENGTH = 4
_KILLED = -9


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a helm process would have left; `revisions` are the release's Secrets (metadata only) as the API server
    told of them during the call, None where not all of its answers are known."""

    code: int
    stdout: bytes = b""
    stderr: bytes = b""
    revisions: list[dict[str, Any]] | None = None


class Engine:
    """Runs command lines in a child, which is started by the first one. A child in which a call was cancelled is
    replaced once its other calls have ended: what Helm left behind in it goes with it."""

    def __init__(self, executable: str) -> None:
        self._executable = executable
        self._current: _Child | None = None
        self._children: set[_Child] = set()
        self._starting = asyncio.Lock()
        self._starts: collections.deque[float] = collections.deque(maxlen=STARTS)  # monotonic seconds
        self._not_before = 0.0

    async def run(
        self, arguments: Sequence[str], stdin: bytes | None, *, quiet: bool, patience: Callable[[], float]
    ) -> Answer | None:
        """The answer to helm's `arguments`; None: it is for the real helm. `quiet`: nobody reads the output.

        Cancelled, it returns once the call can write no more: by itself within `patience()` seconds, else killed.
        """
        async with self._starting:
            used = await self._child()
            if used is None:
                return None
            frame = {"args": list(arguments), "stdin": base64.b64encode(stdin or b"").decode(), "quiet": quiet}
            number, answered = used.call(frame)
        try:
            got = await asyncio.shield(answered)
        except asyncio.CancelledError:
            await used.end(number, answered, patience())
            raise
        if got is None:  # it died
            return Answer(_KILLED)
        if got.get("unknown"):
            return None
        return Answer(got["code"], _bytes(got, "stdout"), _bytes(got, "stderr"), got.get("revisions"))

    async def close(self) -> None:
        """Ends the children; calls under way die."""
        self._not_before = float("inf")
        for one in tuple(self._children):
            await one.close()

    async def _child(self) -> "_Child | None":
        if self._current is not None and self._current.usable:
            return self._current
        now = time.monotonic()
        if len(self._starts) == STARTS and now - self._starts[0] < PAUSE_SECONDS:
            self._not_before = max(self._not_before, self._starts[0] + PAUSE_SECONDS)
        if now < self._not_before:
            return None
        self._starts.append(now)
        made = _Child(self._children.discard)
        self._children.add(made)
        try:
            async with asyncio.timeout(START_SECONDS):
                version = await made.start(self._executable)
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            await made.close()
            self._not_before = time.monotonic() + PAUSE_SECONDS
            logger.warning("warm helm can't be run, helm is started for each call error=%r", error)
            return None
        self._current = made
        logger.info("warm helm was started pid=%d helm=%s", made.pid, version)
        return made


class _Child:
    """One process and the calls that it works on."""

    def __init__(self, ended: Any) -> None:
        self._ended = ended
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._numbers = itertools.count(1)
        self._retired = False

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def usable(self) -> bool:
        """Whether it takes another call."""
        return not self._retired and self._reading is not None and not self._reading.done()

    async def start(self, executable: str) -> str:
        """Returns the version of Helm in it.

        :raises OSError: it can't be run
        :raises EOFError: it ended at once
        """
        self._process = await asyncio.create_subprocess_exec(
            executable,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # It writes nothing there but the stacks of a crash, which may quote anything.
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=child.die_with_parent,
            env=child.environment(),
        )
        version = str((await self._receive())["version"])
        self._reading = asyncio.create_task(self._read(), name="warm helm")
        return version

    def call(self, frame: dict[str, Any]) -> tuple[int, "asyncio.Future[dict[str, Any] | None]"]:
        """Number of the call, and what becomes of it: the answer, or None where the child died."""
        number = next(self._numbers)
        answered: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        self._send({"id": number, **frame})
        return number, answered

    async def end(
        self, number: int, answered: "asyncio.Future[dict[str, Any] | None]", terminate_seconds: float
    ) -> None:
        """Ends one call as signals end a process, or the whole child where there is no time to ask."""
        self._retired = True
        if terminate_seconds > 0:
            for how, seconds in (("terminate", terminate_seconds), ("kill", _END_SECONDS)):
                self._send({"id": number, "cancel": how})
                if (await asyncio.wait([answered], timeout=seconds))[0]:
                    break
        if not answered.done():
            self._kill()
            await asyncio.wait([answered])
        self._close_when_idle()

    async def close(self) -> None:
        """Closes the pipe, which ends it; kills it where it does not."""
        self._retired = True
        if self._process is None:
            self._ended(self)
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._process.wait()), _END_SECONDS)
        except TimeoutError:
            self._kill()
            await self._process.wait()
        if self._reading is not None:
            await asyncio.wait([self._reading])
        self._ended(self)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                self._process.kill()

    def _send(self, frame: dict[str, Any]) -> None:
        body = json.dumps(frame).encode()
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(len(body).to_bytes(_LENGTH, "big") + body)

    async def _receive(self) -> dict[str, Any]:
        assert self._process is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        length = int.from_bytes(await self._process.stdout.readexactly(_LENGTH), "big")
        frame: dict[str, Any] = json.loads(await self._process.stdout.readexactly(length))
        return frame

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._receive()
                if answered := self._waiting.pop(frame["id"], None):
                    answered.set_result(frame)
                self._close_when_idle()
        except (EOFError, OSError, ValueError) as error:
            self._kill()  # of a stream that makes no sense nothing more can be understood
            code = await self._process.wait() if self._process else None
            if not self._retired or self._waiting:
                logger.warning("warm helm ended code=%s calls=%d error=%r", code, len(self._waiting), error)
        finally:
            self._retired = True
            for answered in self._waiting.values():
                if not answered.done():
                    answered.set_result(None)
            self._waiting.clear()
            self._ended(self)

    def _close_when_idle(self) -> None:
        if self._retired and not self._waiting and self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


def _bytes(frame: dict[str, Any], name: str) -> bytes:
    return base64.b64decode(frame.get(name) or b"")
