"""What runs a script: its first line where nobody says otherwise, read as the kernel reads it."""

from pathlib import Path
from typing import Any

import pytest

from inspect_operator.runner import shebang

Runner = Any  # conftest.Runner: a conftest cannot be imported by name


@pytest.mark.parametrize(
    ("head", "program", "argument"),
    [
        (b"#!/bin/sh\necho", "/bin/sh", None),
        (b"#!/usr/bin/env python3\n", "/usr/bin/env", "python3"),
        (b"#! \t /usr/bin/env  -S  python3 -I \n", "/usr/bin/env", "-S  python3 -I"),
        (b"#!/bin/sh -e\r\necho\r\n", "/bin/sh", "-e"),
        (b"#!/bin/sh\r\n", "/bin/sh", None),
        (b"#!/bin/sh", "/bin/sh", None),
        (b"#!\t/bin/awk\t-f\n", "/bin/awk", "-f"),
        (b"\xef\xbb\xbf#!/bin/sh\n", "/bin/sh", None),
        (b"#!/opt/\xff\n", "/opt/\udcff", None),
    ],
)
def test_the_first_line_is_read_as_the_kernel_reads_it(head: bytes, program: str, argument: str | None) -> None:
    found = shebang.read(head)
    assert found is not None
    assert (found.program, found.argument) == (program, argument)


@pytest.mark.parametrize("head", [b"", b"#", b"#!", b"#! \t\r\n", b" #!/bin/sh\n", b"\n#!/bin/sh\n", b"# !/bin/sh\n"])
def test_other_first_lines_name_no_program(head: bytes) -> None:
    assert shebang.read(head) is None


def test_a_bare_name_is_not_looked_up_along_the_path() -> None:
    found = shebang.read(b"#!python3 -u\n")
    assert found is not None
    assert found.command == ["./python3", "-u"]


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("#!/usr/bin/env python3\nimport sys; print(sys.argv[1:])", "['a b', '--x']\n"),
        ("#!/usr/bin/env python3\r\nimport sys; print(sys.argv[1:])\r\n", "['a b', '--x']\n"),
        ("#! /bin/echo one two \nrest", "one two {script} a b --x\n"),
        ('#!/bin/sh\necho "sh${BASH_VERSION:+ is bash} $1"', "sh a b\n"),
        ('echo "${BASH_VERSION:+bash} $1"', "bash a b\n"),
        ("\ufeff#!/bin/echo\n", "{script} a b --x\n"),
        ("", ""),
    ],
)
def test_a_script_is_run_by_what_its_first_line_says_else_by_bash(runner: Runner, script: str, printed: str) -> None:
    path = runner.script(script)
    done = runner(str(path), "--", "a b", "--x")
    assert done.stdout.decode() == printed.format(script=path)
    assert done.exit_code == 0


@pytest.mark.parametrize(("interpreter", "expected"), [("bash", "bash"), ("sh", "sh")])
def test_an_interpreter_that_is_asked_for_wins_over_the_first_line(
    runner: Runner, interpreter: str, expected: str
) -> None:
    script = '#!/bin/false\n[ "$BASH_VERSION" ] && echo bash || echo sh'
    done = runner("--interpreter", interpreter, str(runner.script(script)))
    assert done.stdout.decode().strip() in (expected, "bash")  # sh is bash on some systems
    assert done.exit_code == 0


@pytest.mark.parametrize("line", ["#!/no/such/program -x", "#!/etc", "#!python3"])
def test_a_program_that_is_not_there_is_named_with_the_line(runner: Runner, line: str) -> None:
    done = runner.run(f"{line}\r\n")
    assert done.exit_code == 127
    assert (done.summary["verdict"], done.summary["reason"]) == ("error", "CommandNotFound")
    program = line[2:].split()[0]
    assert done.summary["message"] == f"this image has no {program} (the script's first line is {line})"


def test_a_missing_script_is_told_by_its_path(runner: Runner, tmp_path: Path) -> None:
    done = runner(str(tmp_path / "configmaps/checks/disk.sh"))
    assert done.summary["message"] == f"there is no script {tmp_path}/configmaps/checks/disk.sh"
    assert (done.exit_code, done.summary["reason"]) == (127, "CommandNotFound")
