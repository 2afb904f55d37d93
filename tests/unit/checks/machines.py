"""A prepared machine: a folder in place of /proc and /sys, and commands in front of PATH."""

import contextlib
import dataclasses
import io
import os
import pathlib
import runpy
import subprocess
import sys
import time
from typing import Any
from unittest import mock

from inspect_operator.api import check
from inspect_operator.render import checks
from inspect_operator.runner import findings, stream

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHECKS = ROOT / "checks"
LIBRARY = ROOT / "operator" / "inspect_operator" / "runner" / "lib"
SHIPPED = checks.load(CHECKS)


def environment(name: str, parameters: dict[str, Any]) -> dict[str, str]:
    """Parameters of a built-in check as the operator hands them over, defaults included."""
    return dict(check.environment(check.parameters(SHIPPED[name], parameters, "parameters")))


def script(name: str) -> pathlib.Path:
    """The script of a built-in check."""
    return next((CHECKS / name).glob("script.*"))


def run_here(file: pathlib.Path, variables: dict[str, str]) -> str:
    """What a Python script prints. In this process, since starting one takes longer than most of them run.

    Between attempts it waits for a moment only.
    """
    printed, sleep = io.StringIO(), time.sleep
    with (
        mock.patch.dict(os.environ, variables, clear=True),
        mock.patch.object(sys, "path", [str(LIBRARY), *sys.path]),
        mock.patch.object(time, "sleep", lambda seconds: sleep(min(seconds, 0.02))),
        contextlib.redirect_stdout(printed),
    ):
        runpy.run_path(str(file), run_name="__main__")
    return printed.getvalue()


@dataclasses.dataclass(frozen=True)
class Machine:
    folder: pathlib.Path

    def proc(self, name: str, content: str) -> None:
        (self.folder / "proc").mkdir(exist_ok=True)
        (self.folder / "proc" / name).write_text(content)

    def command(self, name: str, script: str) -> None:
        (self.folder / "bin").mkdir(exist_ok=True)
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def run(self, file: pathlib.Path, more: dict[str, str] | None = None) -> list[findings.Finding]:
        """What the script tells, in its order; it must end with 0."""
        variables = os.environ | {
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "PROC": str(self.folder / "proc"),
            "SYS": str(self.folder / "sys"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(LIBRARY),
            **(more or {}),
        }
        if file.suffix == ".py":
            printed = run_here(file, variables)
        else:
            done = subprocess.run(["bash", file], env=variables, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), done
            printed = done.stdout
        lines = [stream.parse(line.encode()).findings for line in printed.splitlines()]
        assert all(len(found) == 1 for found in lines), f"each line is a finding: {printed}"
        return [found[0] for found in lines]

    def check(self, name: str, parameters: dict[str, Any] | None = None, **more: str) -> dict[str, tuple[str, str]]:
        """What a built-in check tells: result and message by case, in its order. Of what fails it says what to do."""
        found = self.run(script(name), environment(name, parameters or {}) | more)
        assert [finding for finding in found if finding.result == "fail" and not finding.remediation] == []
        assert [finding for finding in found if finding.result in ("success", "info") and finding.remediation] == []
        return {finding.name: (finding.result.value, finding.message) for finding in found}
