"""Run the runner as a pod would: a process of its own, its output in pipes, its summary in a file.

`ssh` runs it on hosts: servers on loopback, paramiko's log at DEBUG, and a look for secrets in all that was written.
"""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runner import ssh_server

from inspect_operator.runner import targets

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


# The runner with paramiko's log at DEBUG in the file of its first argument.
_WITH_LOG = """
import logging, sys
log = logging.getLogger("paramiko")
log.addHandler(logging.FileHandler(sys.argv.pop(1)))
log.setLevel(logging.DEBUG)
from inspect_operator.runner.__main__ import main
code = main()
# Its own: what getrusage tells begins with the memory of the process that it was forked from.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
log.debug("most memory: %d KiB", int(peak.split()[1]))
sys.exit(code)
"""


@dataclasses.dataclass(frozen=True)
class Outcome:
    exit_code: int
    stdout: str
    stderr: str
    summary: dict[str, Any]
    rows: dict[str, targets.Target]
    debug_log: str

    @property
    def most_memory_mib(self) -> int:
        return int(self.debug_log.rpartition("most memory: ")[2].split()[0]) >> 10

    @property
    def verdicts(self) -> dict[str, str]:
        """`verdict reason` of each host."""
        return {name: f"{row.judgement.verdict} {row.judgement.reason}" for name, row in self.rows.items()}


class Ssh:
    """Servers, secrets and runs of one test."""

    def __init__(self, folder: Path, runner: Runner) -> None:
        self.folder = folder
        self.runner = runner
        self.servers: list[ssh_server.Server] = []
        self.secrets: list[str] = []

    def server(self, **behaviour: Any) -> ssh_server.Server:
        """A host with a password, its name and user `user`, unless told otherwise."""
        behaviour.setdefault("password", self.secret())
        folder = self.folder / f"host{len(self.servers)}"
        made = ssh_server.Server(folder, ssh_server.new_key(), ssh_server.Behaviour(**behaviour))
        self.servers.append(made)
        return made

    def secret(self) -> str:
        """A password or passphrase that may appear nowhere."""
        made = ssh_server.canary()
        self.secrets.append(made)
        return made

    def file(self, content: str | bytes) -> str:
        """The path of a mounted file."""
        path = self.folder / f"mounted{len(list(self.folder.glob('mounted*')))}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def login(self, server: ssh_server.Server, **more: Any) -> dict[str, Any]:
        """Where the server is, and its password, unless another way to log in is given."""
        entry = {"address": "127.0.0.1", "port": server.port, "user": "user", **more}
        if not {"passwordFile", "keyFile"} & set(more):
            entry["passwordFile"] = self.file(server.behaviour.password + "\n")
        return entry

    def host(self, name: str, server: ssh_server.Server, **more: Any) -> dict[str, Any]:
        return {"name": name, **self.login(server, **more)}

    def start(self, script: str | bytes, hosts: list[dict[str, Any]], *arguments: str, **settings: Any) -> Any:
        """The runner as a process; all servers' keys are known unless `knownHosts` says otherwise."""
        settings.setdefault("knownHosts", self.file("".join(server.known for server in self.servers)))
        options = ["--hosts", self.file(json.dumps({"hosts": hosts, **settings})), "--grace", "1"]
        own_end = arguments.index("--") if "--" in arguments else len(arguments)
        command = [sys.executable, "-c", _WITH_LOG, str(self.folder / "debug.log"), *options, *arguments[:own_end]]
        command += ["--termination-log", str(self.runner.log), str(self.runner.script(script)), *arguments[own_end:]]
        (self.runner.folder / "script").chmod(0o644)
        return subprocess.Popen(command, env=self.runner.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def outcome(self, process: "subprocess.Popen[bytes]") -> Outcome:
        """Waits for the end. No secret may have been written anywhere, on any way through the code."""
        stdout, stderr = process.communicate(timeout=30)
        log = (self.folder / "debug.log").read_text()
        summary = json.loads(self.runner.log.read_bytes())
        rows = {row.name: row for row in targets.parse(stdout)}
        done = Outcome(process.returncode, stdout.decode(), stderr.decode(), summary, rows, log)
        commands = [command for server in self.servers for command in server.commands]
        written = "\n".join([done.stdout, done.stderr, json.dumps(summary), log, repr(process.args), *commands])
        assert [secret for secret in self.secrets if secret in written] == []
        return done

    def run(self, script: str | bytes, hosts: list[dict[str, Any]], *arguments: str, **settings: Any) -> Outcome:
        return self.outcome(self.start(script, hosts, *arguments, **settings))


@pytest.fixture
def ssh(tmp_path: Path, runner: Runner) -> Iterator[Ssh]:
    made = Ssh(tmp_path, runner)
    yield made
    for server in made.servers:
        server.close()
