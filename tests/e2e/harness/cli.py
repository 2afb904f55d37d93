"""kubectl inspections as it is typed into a shell: kubectl finds our program on PATH."""

import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import tomllib


@dataclasses.dataclass(frozen=True)
class Done:
    """How a command line ended."""

    code: int
    out: str
    err: str


class Shell:
    """A shell in an empty folder, with the program as the wheel would install it and no terminal."""

    def __init__(self, root: pathlib.Path, folder: pathlib.Path) -> None:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        module, _, function = project["project"]["scripts"]["kubectl-inspections"].partition(":")
        programs, self.folder = folder / "bin", folder / "work"
        programs.mkdir()
        self.folder.mkdir()
        program = programs / "kubectl-inspections"
        program.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
        program.chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(root / "operator"),
            "PYTHONWARNINGS": "error,ignore::ResourceWarning",  # of connections that end with the process
            "PYTHONUNBUFFERED": "1",
        }

    def __call__(self, line: str, seconds: float = 90.0) -> Done:
        """One command line, to its end."""
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, line: str) -> subprocess.Popen[str]:
        """One that goes on: what it prints can be read as it comes."""
        return subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            # As a terminal has it: what a shell starts with `&` inherits SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip


def steady(text: str, namespace: str) -> str:
    """Without what is another each time: times, ages, hashes, the namespace, the width of columns."""
    text = text.replace(namespace, "NAMESPACE")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME", text)
    text = re.sub(r"\b\d+(s|m|h)(\d+(s|m))?(?=\s|$|,)", "AGE", text)
    text = re.sub(r"-[0-9a-f]{10}\b", "-HASH", text)
    return re.sub(r"(?<=\S) {2,}", "  ", text)
