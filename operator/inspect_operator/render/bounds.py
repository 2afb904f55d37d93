"""Has templates of a site rendered by a child process (render/child.py), which may be stopped, and is kept warm."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator.render import child, compose, library

#: CPU time for one release, and for each of its runs beyond the first.
SECONDS, SECONDS_A_RUN = 2.0, 0.02
#: How much longer it may take than its CPU time, where the machine is busy.
PATIENCE = 15
_SOURCES = pathlib.Path(__file__).resolve().parents[2]


class Spent(errors.TemplateFailed):
    """It took too much time or memory."""


class Child:
    """One child at most, started when it is first needed and for each new library."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._library: library.Library | None = None

    def parts(
        self, templates: library.Library, data: Mapping[str, Any], groups: Sequence[compose.Group]
    ) -> list[compose.Part]:
        """The same as compose.parts().

        :raises errors.TemplateFailed: names template and line; also where it took too much time or memory
        """
        seconds = SECONDS + SECONDS_A_RUN * sum(len(group.runs) for group in groups)
        asked = {"data": data, "groups": [dataclasses.asdict(group) for group in groups], "seconds": seconds}
        line = json.dumps(asked).encode() + b"\n"
        with self._lock:
            told = self._ask(templates, line, seconds)
        if told is None:
            raise Spent(
                f"template {groups[0].pod} and what it uses: rendering took more than {seconds:g} s of CPU time, or "
                "more memory than there is for it, and was stopped"
            )
        if isinstance(told, dict):
            raise (Spent if told["spent"] else errors.TemplateFailed)(told["failed"])
        return [compose.Part(*one) for one in told]

    def close(self) -> None:
        """Ends the child, where there is one."""
        with self._lock:
            self._end()

    def _ask(self, templates: library.Library, line: bytes, seconds: float) -> Any:
        """The answer, None where there was none. A child that has had trouble is not asked again."""
        process = self._started(templates)
        timer = threading.Timer(seconds * PATIENCE, process.kill)
        timer.start()
        told = None
        try:
            with contextlib.suppress(BrokenPipeError):
                _write(process, line)
                answer = _read(process)
                told = json.loads(answer) if answer.endswith(b"\n") else None
        finally:
            timer.cancel()
            if told is None or (isinstance(told, dict) and told["spent"]):
                self._end()
        return told

    def _started(self, templates: library.Library) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._library is not templates or self._process.poll() is not None):
            self._end()
        if self._process is None:
            # Nothing of our environment: no address, no path of a credential.
            environment = {"PYTHONPATH": str(_SOURCES), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PATH": os.defpath}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", child.__name__],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=environment, cwd="/", start_new_session=True,
            )  # fmt: skip
            self._library = templates
            with contextlib.suppress(BrokenPipeError):
                _write(
                    self._process, json.dumps({"texts": templates.texts, "places": templates.places}).encode() + b"\n"
                )
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
        self._process = None


def _write(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None  # noqa: S101
    process.stdin.write(line)
    process.stdin.flush()


def _read(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None  # noqa: S101
    return process.stdout.readline(2 * child.ANSWER_BYTES)
