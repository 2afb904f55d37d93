"""The command: its exit codes and its log lines."""

import json
import logging
import os
import pathlib
import subprocess
import sys

import pytest

import inspect_operator
from inspect_operator import __main__ as command

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
