"""Warm helm's child as the operator drives it: answers, deaths, cancelled calls, and when the real helm is used."""

import asyncio
import base64
import json
import logging
import pathlib
import sys
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from tests.unit.release import conftest

from inspect_operator import errors
from inspect_operator.release import helm, warm

pytestmark = pytest.mark.slow

#: Does what the first argument says; notes every frame.
CHILD = f"""#!{sys.executable} -IS
import json, os, sys, threading
here = os.path.dirname(os.path.abspath(__file__))
def send(frame):
    body = json.dumps(frame).encode()
    sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
    sys.stdout.buffer.flush()
with open(here + "/starts", "a") as file:
    file.write(str(os.getpid()) + "\\n")
if os.path.exists(here + "/mute"):
    sys.exit(3)
send({{"version": "v4.3.1"}})
def answer(frame, code=0, out=""):
    told = {{"id": frame["id"], "code": code, "stdout": out, "revisions": []}}
    told["stderr"] = "Q2hpbGQgc2FpZA=="
    send(told)
while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    frame = json.loads(sys.stdin.buffer.read(int.from_bytes(head, "big")))
    with open(here + "/frames", "a") as file:
        file.write(json.dumps(frame | {{"helm": [k for k in os.environ if k.startswith("HELM_")]}}) + "\\n")
    word = (frame.get("args") or [""])[0]
    if frame.get("cancel"):
        deaf = os.path.exists(here + "/deaf") and open(here + "/deaf").read()
        if not deaf or deaf == "terminate" and frame["cancel"] == "kill":
            answer(frame, -9)
    elif word == "echo":
        answer(frame, 0, frame["stdin"])
    elif word == "late":
        threading.Timer(0.3, answer, [frame, 0, frame["stdin"]]).start()
    elif word == "fail":
        answer(frame, 1)
    elif word == "crash":
        os._exit(2)
    elif word == "unknown":
        send({{"id": frame["id"], "unknown": True, "code": 0, "revisions": None}})
    elif word == "nonsense":
        sys.stdout.buffer.write(b"\\0\\0\\0\\4????")
        sys.stdout.buffer.flush()
"""


class Child:
    """The program, and what it noted."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.program = folder / "warm-helm"
        self.program.write_text(CHILD)
        self.program.chmod(0o755)

    def pids(self) -> list[int]:
        starts = self.folder / "starts"
        return [int(line) for line in starts.read_text().split()] if starts.exists() else []

    def frames(self) -> list[dict[str, object]]:
        frames = self.folder / "frames"
        return [json.loads(line) for line in frames.read_text().splitlines()] if frames.exists() else []


@pytest.fixture
def child(tmp_path: pathlib.Path) -> Child:
    return Child(tmp_path)


@pytest_asyncio.fixture
async def engine(child: Child) -> AsyncIterator[warm.Engine]:
    made = warm.Engine(str(child.program))
    yield made
    await made.close()
    assert not any(conftest.is_alive(pid) for pid in child.pids())


async def run(engine: warm.Engine, *arguments: str, stdin: bytes | None = None) -> warm.Answer | None:
    return await engine.run(arguments, stdin, quiet=True, patience=lambda: 10.0)


async def until(probe: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not probe():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_one_child_answers_all_calls_each_its_own(
    engine: warm.Engine, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_DRIVER", "memory")
    bytes_of = {number: bytes([number]) * 200_000 for number in range(4)}
    calls = [run(engine, "late" if number % 2 else "echo", stdin=text) for number, text in bytes_of.items()]
    for number, got in enumerate(await asyncio.gather(*calls)):
        assert got == warm.Answer(0, bytes_of[number], b"Child said", [])
    assert len(child.pids()) == 1
    frame = child.frames()[0]
    assert (frame["args"], frame["quiet"]) == (["echo"], True)
    assert base64.b64decode(str(frame["stdin"])) == bytes_of[0]
    assert frame["helm"] == ["HELM_PLUGINS"]  # nothing that leads it to another cluster or storage


async def test_a_failure_is_helms_failure(engine: warm.Engine) -> None:
    assert await run(engine, "fail") == warm.Answer(1, b"", b"Child said", [])


async def test_what_it_does_not_understand_is_for_the_real_helm(engine: warm.Engine, child: Child) -> None:
    assert await run(engine, "unknown") is None
    assert await run(engine, "echo") is not None
    assert len(child.pids()) == 1


@pytest.mark.parametrize("absent", ["no such file", "ends at once"])
async def test_without_a_child_the_real_helm_is_used_and_that_is_told_once(
    absent: str, engine: warm.Engine, child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    if absent == "no such file":
        child.program.unlink()
    else:
        (child.folder / "mute").touch()
    for _ in range(3):
        assert await run(engine, "echo") is None
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "warm helm can't be run" in told[0].getMessage()
    assert len(child.pids()) <= 1


@pytest.mark.parametrize("how", ["crash", "nonsense"])
async def test_a_dead_child_ends_its_calls_as_killed_helms_and_the_next_call_has_another(
    how: str, engine: warm.Engine, child: Child
) -> None:
    waiting = asyncio.create_task(run(engine, "never"))
    await until(child.frames)
    assert await run(engine, how) == warm.Answer(-9)
    assert await waiting == warm.Answer(-9)
    assert await run(engine, "echo", stdin=b"x") == warm.Answer(0, b"x", b"Child said", [])
    assert len(child.pids()) == 2


async def test_one_that_dies_again_and_again_gives_way_to_the_real_helm(engine: warm.Engine, child: Child) -> None:
    answers = [await run(engine, "crash") for _ in range(warm.STARTS + 2)]
    assert answers == [warm.Answer(-9)] * warm.STARTS + [None] * 2
    assert len(child.pids()) == warm.STARTS


@pytest.mark.parametrize("deaf", ["", "terminate", "all"])
async def test_a_cancelled_call_is_asked_then_killed_then_taken_along(
    deaf: str, engine: warm.Engine, child: Child
) -> None:
    if deaf:
        (child.folder / "deaf").write_text(deaf)
    task = asyncio.create_task(engine.run(["never"], None, quiet=True, patience=lambda: 0.3))
    await until(child.frames)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    words = [frame["cancel"] for frame in child.frames() if frame.get("cancel")]
    assert words == (["terminate"] if not deaf else ["terminate", "kill"])
    # What Helm left behind in that child goes with it.
    await until(lambda: not conftest.is_alive(child.pids()[0]))
    assert await run(engine, "echo") is not None
    assert len(child.pids()) == 2


async def test_other_calls_of_a_child_that_gives_way_still_end_well(engine: warm.Engine, child: Child) -> None:
    other = asyncio.create_task(run(engine, "late", stdin=b"other"))
    task = asyncio.create_task(run(engine, "never"))
    await until(lambda: len(child.frames()) == 2)
    task.cancel()
    assert await other == warm.Answer(0, b"other", b"Child said", [])
    await asyncio.wait([task])
    await until(lambda: not conftest.is_alive(child.pids()[0]))


async def test_where_the_lease_is_lost_the_child_is_killed_at_once(child: Child, fake_helm: conftest.FakeHelm) -> None:
    (child.folder / "deaf").write_text("all")
    one = helm.Helm(fake_helm.executable, 1, str(child.program))
    task = asyncio.create_task(one.uninstall("night--disk", "default", timeout_seconds=30))
    await until(child.frames)
    one.terminate_seconds = 0.0
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 2
    assert not conftest.is_alive(child.pids()[0])
    await one.close()


async def test_a_child_that_dies_is_a_release_that_may_be_tried_again(
    child: Child, fake_helm: conftest.FakeHelm
) -> None:
    child.program.write_text(CHILD.replace('(frame.get("args") or [""])[0]', '"crash"'))
    one = helm.Helm(fake_helm.executable, 1, str(child.program))
    with pytest.raises(errors.ReleaseUnavailable, match="uninstall of night--disk: helm ended with code -9"):
        await one.uninstall("night--disk", "default", timeout_seconds=30)
    assert fake_helm.calls == []  # it may have written already: what is stored has to be looked at first
    await one.close()


async def test_the_real_helm_gets_the_same_command_line(child: Child, fake_helm: conftest.FakeHelm) -> None:
    child.program.write_text(CHILD.replace('(frame.get("args") or [""])[0]', '"unknown"'))
    one = helm.Helm(fake_helm.executable, 1, str(child.program))
    assert await one.uninstall("night--disk", "default", timeout_seconds=30) is None
    assert [call["argv"] for call in fake_helm.calls] == [child.frames()[0]["args"]]
    await one.close()
