"""Run the runner as a pod would: a process of its own, its output in pipes, its summary in a file."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "operator"


@dataclasses.dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: bytes
    stderr: bytes
    summary: dict[str, Any]
    seconds: float


@dataclasses.dataclass(frozen=True)
class Runner:
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "termination-log"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "inspect_operator.runner", "--termination-log", str(self.log), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return inherited | {"PYTHONPATH": str(SOURCE)} | more

    def script(self, content: str | bytes) -> Path:
        path = self.folder / "script"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o444)
        return path

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command(*arguments), env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def __call__(self, *arguments: str, **environment: str) -> Result:
        begin = time.monotonic()
        done = subprocess.run(
            self.command(*arguments), env=self.environment(**environment), capture_output=True, timeout=30, check=False
        )
        seconds = time.monotonic() - begin
        summary = json.loads(self.log.read_bytes()) if self.log.exists() else {}
        return Result(done.returncode, done.stdout, done.stderr, summary, seconds)

    def run(self, content: str | bytes, *arguments: str) -> Result:
        return self(*arguments, str(self.script(content)))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until a condition holds, five seconds at most."""

    def wait(condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < until, "the condition never held"
            time.sleep(0.02)

    return wait
