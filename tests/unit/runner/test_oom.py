"""The kernel's count of processes killed for memory, and what the runner makes of it."""

from pathlib import Path

import pytest

from inspect_operator.runner import __main__ as entry
from inspect_operator.runner import arguments, findings, oom, process


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", 2),  # cgroup v2
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", 7),  # cgroup v1
        ("oom_kill_disable 0\nunder_oom 0\n", 0),  # a kernel before 4.13
        ("oom_kill what\n", 0),
        ("", 0),
    ],
)
def test_the_counter_is_read(tmp_path: Path, content: str, expected: int) -> None:
    counter = tmp_path / "memory"
    counter.write_text(content)
    assert oom.kills((tmp_path / "missing", counter)) == expected


def test_no_counter_is_no_kill(tmp_path: Path) -> None:
    assert oom.kills((tmp_path / "missing",)) == 0


@pytest.mark.parametrize("exit_code", [137, 1, 0])
def test_a_kill_for_memory_is_an_error_whatever_the_script_made_of_it(exit_code: int) -> None:
    given = arguments.parse(["script"])
    code, judgement = entry.judge(process.Ending(exit_code), given, findings.Report(), oom_killed=True)
    assert code == exit_code
    assert (judgement.verdict, judgement.reason) == ("error", "OOMKilled")
    assert "raise the memory limit" in judgement.message


def test_what_stopped_the_script_first_is_named() -> None:
    given = arguments.parse(["--timeout", "5", "script"])
    ending = process.Ending(137, timed_out=True)
    code, judgement = entry.judge(ending, given, findings.Report(), oom_killed=False)
    assert (code, judgement.reason) == (124, "DeadlineExceeded")
