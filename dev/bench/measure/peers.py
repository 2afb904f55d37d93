"""The operators that are measured, each as its users start it."""

import contextlib
import enum
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from measure import account

ROOT = pathlib.Path(__file__).resolve().parents[3]
NAIVE = ROOT / "dev" / "bench" / "naive" / "peer.py"
START_SECONDS = 60.0
STOP_SECONDS = 60.0


class Kind(enum.Enum):
    EXEC = "ours, helm by exec"
    WARM = "ours, warm helm"
    NAIVE = "naive kopf + pyhelm3"


class Peer:
    """One operator for one namespace. Every helm that it starts as a process is noted in a file."""

    def __init__(self, kind: Kind, namespace: str, kubeconfig: str, folder: pathlib.Path) -> None:
        self.kind = kind
        self.namespace = namespace
        self.account = account.Account()
        self._kubeconfig = kubeconfig
        self._folder = folder
        self._calls = folder / "helm.calls"
        self._log = folder / "operator.log"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "bin").mkdir(parents=True)
        helm = folder / "bin" / "helm"
        helm.write_text(f'#!/bin/sh\necho "$1" >> "{self._calls}"\nexec "{shutil.which("helm")}" "$@"\n')
        helm.chmod(0o755)
        self._calls.touch()

    def start(self) -> None:
        """Returns once it serves."""
        environment = os.environ | {
            "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
            "KUBECONFIG": self._kubeconfig,
            "PYTHONPATH": str(ROOT / "operator"),
            "PYTHONUNBUFFERED": "1",
        }
        if self.kind is Kind.NAIVE:
            command = [sys.executable, "-m", "kopf", "run", "-n", self.namespace, "--standalone", str(NAIVE)]
            word = "Initial authentication has finished"
        else:
            command = [sys.executable, "-m", "inspect_operator", "-n", self.namespace]
            environment |= {
                "INSPECT_OPERATOR_LEASE_NAMESPACE": self.namespace,
                "INSPECT_OPERATOR_TEMPLATES": str(_suspended_templates(self._folder)),
                "INSPECT_OPERATOR_HELM_ENGINE": "warm" if self.kind is Kind.WARM else "exec",
                "INSPECT_OPERATOR_ACTIVE_RUNS": "100000",
                "INSPECT_OPERATOR_ACTIVE_RUNS_PER_NAMESPACE": "100000",
            }
            word = "inspect-operator started"
        with self._log.open("ab") as log:
            begins = log.tell()
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder,
                preexec_fn=self.account.enter,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while word.encode() not in self._log.read_bytes()[begins:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind.value} did not start:\n{self._log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """As a Deployment stops a pod."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_SECONDS)
            self._process = None

    def helm_processes(self) -> int:
        """How many helms it has started so far."""
        return len(self._calls.read_text().splitlines())

    def tracebacks(self) -> int:
        """In all of its log."""
        return self._log.read_text().count("Traceback (most recent call last)")


def _suspended_templates(folder: pathlib.Path) -> pathlib.Path:
    """Ours, with Jobs that start no pod: what kubelet and scheduler do is not the operator's."""
    made = folder / "templates"
    if not made.exists():
        shutil.copytree(ROOT / "templates", made)
        job = made / "job.yaml"
        before, mark, after = job.read_text().partition("\nspec:\n")
        if not mark:
            raise RuntimeError(f"{job} has no spec to suspend")
        job.write_text(f"{before}{mark}  suspend: true\n{after}")
    return made
