"""The command: its exit codes and its log lines."""

import asyncio
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from tests.unit import cluster_in_memory

import inspect_operator
from inspect_operator import __main__ as command
from inspect_operator import errors
from inspect_operator.cluster import lease
from inspect_operator.handlers import web
from inspect_operator.publish import meters

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

SOURCE = str(pathlib.Path(inspect_operator.__file__).parents[1])


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with no cluster to be found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INSPECT_OPERATOR_", "KUBE"))}
    return subprocess.run(
        [sys.executable, "-m", "inspect_operator", *arguments],
        env={**kept, "PYTHONPATH": SOURCE, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_its_version() -> None:
    ended = _run("--version")
    assert (ended.returncode, ended.stdout) == (0, f"inspect-operator {inspect_operator.__version__}\n")


def test_arguments_that_do_not_exist() -> None:
    assert _run("--log-level", "LOUD").returncode == 2


def test_a_setting_that_cannot_be_used_is_told_in_one_line(tmp_path: pathlib.Path) -> None:
    ended = _run(INSPECT_OPERATOR_HELM_CONCURRENCY="many")
    assert ended.returncode == 1
    assert "INSPECT_OPERATOR_HELM_CONCURRENCY=many" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_helm_it_does_not_start(tmp_path: pathlib.Path) -> None:
    ended = _run("--log-format", "json", INSPECT_OPERATOR_HELM=str(tmp_path / "helm"))
    assert ended.returncode == 1
    line = json.loads(ended.stderr.splitlines()[-1])
    assert line["level"] == "ERROR"
    assert "reason=SettingsInvalid" in line["message"]
    assert "install helm v4" in line["message"]


def test_a_log_line_in_json_is_one_line_whatever_it_says() -> None:
    try:
        raise ValueError("first\nsecond 磁盘")
    except ValueError:
        record = logging.LogRecord("name", logging.ERROR, "file", 1, "a\nb %s", ("c",), sys.exc_info())
    text = command._Json().format(record)
    assert len(text.splitlines()) == 1
    said = json.loads(text)
    assert (said["level"], said["logger"], said["message"]) == ("ERROR", "name", "a\nb c")
    assert said["error"].endswith("ValueError: first\nsecond 磁盘")
    assert said["time"].endswith("+00:00")


async def test_one_that_stands_by_is_ended_by_a_signal() -> None:
    """As the first process of a container it would ignore SIGTERM else, and be killed after the grace period."""
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
    assert await command._unless_stopped(asyncio.sleep(20)) is False
    assert await command._unless_stopped(asyncio.sleep(0)) is True


async def test_what_goes_wrong_while_it_waits_is_told() -> None:
    async def wait() -> None:
        raise errors.LeaseHeld("by another")

    with pytest.raises(errors.LeaseHeld):
        await command._unless_stopped(wait())


async def test_whether_it_stands_by_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = cluster_in_memory.Cluster()
    first, second = (lease.Lease(cluster, "default", "l", 0.3, name) for name in ("first", "second"))
    await first.acquire()
    holding = asyncio.create_task(first.hold())
    served = web.Web(0, meters.Meters())
    with pytest.raises(errors.LeaseHeld, match="another inspect-operator is at work: first"):
        await command._take(second, False, served)
    assert served.state.value == "starting"
    taking = asyncio.create_task(command._take(second, True, served))
    async with asyncio.timeout(10):
        while served.state is not web.State.STANDING_BY:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        holding.cancel()
        await taking
