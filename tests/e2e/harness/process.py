"""The operator as a process outside the cluster, as `make run` starts it."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping

from tests.e2e.harness import kube

STOP_SECONDS = 30.0


def image_tag(root: pathlib.Path) -> str:
    """The tag under which this checkout's images are in the cluster."""
    if tag := os.environ.get("INSPECT_TAG"):
        return tag
    done = kube.run("dev/cluster", "images", binary=sys.executable, seconds=900)
    return next(line.removeprefix("TAG=") for line in done.splitlines() if line.startswith("TAG="))


def counting_helm(folder: pathlib.Path, calls: pathlib.Path) -> pathlib.Path:
    """A helm that notes each call before it becomes the real one."""
    path = folder / "helm"
    path.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\nexec "{shutil.which("helm")}" "$@"\n')
    path.chmod(0o755)
    return path


class Operator:
    """One operator for one namespace; its Lease is there too and short, so that a killed one is soon replaced."""

    def __init__(self, root: pathlib.Path, namespace: str, runner_image: str, folder: pathlib.Path) -> None:
        self.namespace = namespace
        self.settings: dict[str, str] = {
            "RUNNER_IMAGE": runner_image,
            "LEASE_NAMESPACE": namespace,
            "LEASE_SECONDS": "10",
        }
        self.environment: dict[str, str] = {}  # besides ours and the settings
        self.start_seconds = kube.DEADLINE_SECONDS
        self._root = root
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def start(self, *arguments: str, settings: Mapping[str, str] | None = None) -> "Operator":
        """Starts it and waits until it serves."""
        self.begin(*arguments, settings=settings)
        kube.until("operator started", lambda: self.serves() or self.ended(), self.start_seconds)
        assert not self.ended(), self.last_log()
        return self

    def begin(self, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
        """Starts it and waits for nothing."""
        assert self._process is None, "already started"
        self._starts += 1
        environment = os.environ | {"PYTHONPATH": str(self._root / "operator"), "PYTHONUNBUFFERED": "1"}
        environment |= self.environment
        for name, value in {**self.settings, **(settings or {})}.items():
            environment[f"INSPECT_OPERATOR_{name}"] = value
        with self._path().open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "inspect_operator", "-n", self.namespace, *arguments],
                env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder,
            )  # fmt: skip

    def serves(self) -> bool:
        """Whether it has the Lease and has looked around, since its last start."""
        return "inspect-operator started" in self.last_log()

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def ended(self) -> bool:
        """Whether the process has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def wait(self, seconds: float) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        code = self._process.wait(seconds)
        self._process = None
        return code

    def freeze(self) -> None:
        """SIGSTOP: it goes on later in the middle of what it does, and knows nothing of the time between."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """As a Deployment stops a pod: SIGTERM, and a deadline."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(number)
            self._process.wait(STOP_SECONDS)
            self._process = None

    def _path(self) -> pathlib.Path:
        return self._folder / f"operator-{self._starts}.log"

    def last_log(self) -> str:
        """What the operator logged since its last start."""
        return self._path().read_text() if self._path().exists() else ""

    def log(self) -> str:
        """What it logged in all."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("operator-*.log")))
