"""A pid alone never decides what is ours."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import processes


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[processes.Process]:
    process = processes.spawn("s", ["/bin/sleep", "100"], tmp_path / "log", tmp_path / "s.json", "f1", dict(os.environ))
    yield process
    processes.kill([process.pid])


def test_a_started_daemon_is_found_again(sleeper: processes.Process, tmp_path: Path) -> None:
    assert processes.load(tmp_path / "s.json") == sleeper


def test_a_daemon_leads_a_session_of_its_own(sleeper: processes.Process) -> None:
    assert os.getsid(sleeper.pid) == sleeper.pid


def test_a_reused_pid_is_not_taken_for_ours(sleeper: processes.Process) -> None:
    assert not processes.is_alive(dataclasses.replace(sleeper, started_ticks=sleeper.started_ticks - 1))


def test_a_process_of_an_earlier_boot_is_not_taken_for_ours(sleeper: processes.Process) -> None:
    assert not processes.is_alive(dataclasses.replace(sleeper, boot="another"))


@pytest.mark.parametrize("text", ["", "{", '{"name": "s"}', "[]", "null"])
def test_a_half_written_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    assert processes.load(tmp_path / "r.json") is None


def test_stop_ends_it_and_repeating_does_no_harm(sleeper: processes.Process) -> None:
    processes.stop(sleeper, 5)
    processes.stop(sleeper, 5)
    assert not processes.is_alive(sleeper)


def test_stop_spares_a_process_that_only_has_the_pid(sleeper: processes.Process) -> None:
    processes.stop(dataclasses.replace(sleeper, started_ticks=1), 0.1)
    assert processes.is_alive(sleeper)


def test_a_zombie_does_not_count_as_alive(sleeper: processes.Process) -> None:
    processes.kill([sleeper.pid])
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert processes.started_ticks(sleeper.pid) is None
