"""A helm executable of a few lines, that writes down how it was called."""

import dataclasses
import json
import os
import pathlib
import sys

import pytest

SCRIPT = f"""#!{sys.executable} -IS
import json, os, signal, sys, time
here = os.path.dirname(os.path.abspath(__file__))
plan = json.load(open(here + "/plan.json"))
call = {{"argv": sys.argv[1:], "stdin": sys.stdin.read(), "pid": os.getpid(),
        "leads_session": os.getsid(0) == os.getpid(),
        "environment": {{k: v for k, v in os.environ.items() if k.startswith(("HELM_", "KUBE"))}}}}
if plan["deaf"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(here + "/call.tmp" + str(os.getpid()), "w") as file:
    json.dump(call, file)
os.rename(file.name, here + "/call." + str(time.time_ns()))
if plan["hang"]:
    time.sleep(60)
running = here + "/running." + str(os.getpid())
open(running, "w").close()
with open(here + "/together", "a") as file:
    file.write(str(sum(name.startswith("running.") for name in os.listdir(here))) + "\\n")
time.sleep(plan["seconds"])
os.remove(running)
sys.stdout.write(plan["stdout"])
sys.stderr.buffer.write(plan["stderr"].encode("utf-8", "surrogateescape"))
sys.exit(plan["code"])
"""


@dataclasses.dataclass
class FakeHelm:
    """`plan()` says what the next calls do; `calls` are those that were made, oldest first."""

    folder: pathlib.Path

    @property
    def program(self) -> pathlib.Path:
        return self.folder / "helm"

    @property
    def executable(self) -> str:
        return str(self.program)

    def plan(self, *, code: int = 0, stdout: str = '{"name": "x"}', stderr: str = "", hang: bool = False,
             deaf: bool = False, seconds: float = 0) -> None:  # fmt: skip
        words = {"code": code, "stdout": stdout, "stderr": stderr, "hang": hang, "deaf": deaf, "seconds": seconds}
        (self.folder / "plan.json").write_text(json.dumps(words))

    @property
    def calls(self) -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("call.[0-9]*"))]

    @property
    def most_together(self) -> int:
        return max(int(line) for line in (self.folder / "together").read_text().split())


@pytest.fixture
def fake_helm(tmp_path: pathlib.Path) -> FakeHelm:
    """It succeeds until it is told otherwise."""
    made = FakeHelm(tmp_path)
    made.program.write_text(SCRIPT)
    made.program.chmod(0o755)
    made.plan()
    return made


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
