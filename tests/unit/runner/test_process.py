"""How the runner treats the script's process: output, end, time, signals, what it leaves behind."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

Runner = Any  # conftest.Runner: a conftest cannot be imported by name
Eventually = Callable[[Callable[[], bool]], None]
SOURCE = Path(__file__).resolve().parents[3] / "operator"
FAIL = "caseName:磁盘, caseDesc:, result:fail, resultDesc:满了, 91%"


def alive(pid_file: Path) -> bool:
    """Whether the process whose id a script wrote still runs (a zombie does not)."""
    try:
        status = Path(f"/proc/{pid_file.read_text().strip()}/status").read_text()
    except FileNotFoundError:
        return False
    return "State:\tZ" not in status


@pytest.mark.parametrize("content", [b"{{ .Values.x }} {% raw %} ${#a[@]}\n#} \t \r\n# yes \xf0\x9f\x99\x82 \xff"])
def test_a_script_sees_its_own_bytes(runner: Runner, content: bytes) -> None:
    script = b'sha256sum "$0" | cut -d" " -f1\nexit\n' + content
    done = runner.run(script)
    assert done.stdout.decode().strip() == hashlib.sha256(script).hexdigest()


@pytest.mark.parametrize(
    ("interpreter", "script", "printed"),
    [
        ("bash", 'a=(x y); echo "${#a[@]} $1"', "2 one two\n"),
        ("sh", 'echo "$# $1"', "2 one two\n"),
        ("python3", "import sys; print(len(sys.argv), sys.argv[1])", "3 one two\n"),
    ],
)
def test_interpreters_and_arguments(runner: Runner, interpreter: str, script: str, printed: str) -> None:
    done = runner("--interpreter", interpreter, str(runner.script(script)), "--", "one two", "--help")
    assert done.stdout.decode() == printed
    assert done.exit_code == 0


def test_bash_is_the_default(runner: Runner) -> None:
    assert runner.run("[[ a == a ]] && echo $BASH_VERSION").stdout.strip()


def test_stdout_and_stderr_stay_apart_and_both_are_read(runner: Runner) -> None:
    done = runner.run(f"echo '{FAIL}'; echo 'disk-usage warn 85%' >&2; printf 'no line end'")
    assert done.stdout.decode() == f"{FAIL}\nno line end"
    assert done.stderr.decode() == "disk-usage warn 85%\n"
    assert done.summary["counts"] == {"fail": 1, "unknown": 0, "warn": 1, "success": 0, "info": 0}
    assert done.summary["findings"][0] == {"name": "磁盘", "result": "fail", "message": "满了, 91%"}


def test_the_last_of_stderr_is_in_the_summary(runner: Runner) -> None:
    done = runner.run(r"seq 1000; seq 1000 1999 >&2; printf '\e[31mlast\0 words\e[0m\n' >&2")
    lines = done.summary["stderr"].split("\n")
    assert lines[-3:] == ["1998", "1999", "last words"]
    assert lines == [str(number) for number in range(2001 - len(lines), 2000)] + ["last words"]
    assert 900 < len(done.summary["stderr"]) <= 1024
    assert "stderr" not in runner.run("echo out").summary


REPORT = '<testsuite><testcase name="a"><failure message="full"/></testcase></testsuite>'


@pytest.mark.parametrize(
    ("left", "options", "findings"),
    [
        (f"echo '{REPORT}'", [], [("a", "fail", "full")]),
        (f"echo '{REPORT}'", ["--results", "junit"], [("a", "fail", "full")]),
        ("echo disk ok fine", [], [("disk", "success", "fine")]),
        ("echo disk ok fine", ["--results", "cases"], []),
        (
            "echo disk ok fine",
            ["--results", "junit"],
            [("FILE", "unknown", "not well-formed XML: line 1: syntax error")],
        ),
        ("head -c 20000000 /dev/zero", [], [("FILE", "unknown", "larger than 16 MiB")]),
        ("yes '<a>' | head -c 20000000", [], [("FILE", "unknown", "its root is a")]),
        ("true", [], []),
    ],
)
def test_findings_in_a_file_are_read_instead_of_what_is_printed(
    runner: Runner, left: str, options: list[str], findings: list[tuple[str, str, str]]
) -> None:
    file = runner.folder / "results"
    done = runner.run(f"{{ {left}; }} > {file}; echo printed-check fail x", "--results-file", str(file), *options)
    assert (done.exit_code, done.stdout) == (0, b"printed-check fail x\n")
    assert len(done.summary["findings"]) == len(findings)
    for found, (name, result, words) in zip(done.summary["findings"], findings, strict=True):
        assert (found["name"], found["result"]) == (name.replace("FILE", f"results file {file}"), result)
        assert words in found["message"]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ("true", "the script left no such file (No such file or directory)"),
        ("mkdir FILE", "this is no regular file"),
        ("mkfifo FILE", "this is no regular file"),
        ("ln -s /dev/zero FILE", "this is no regular file"),
        ("touch FILE; chmod 0 FILE", "Permission denied"),
    ],
)
def test_a_results_file_that_cannot_be_read_is_unknown(runner: Runner, left: str, words: str) -> None:
    if "chmod" in left and os.geteuid() == 0:
        left, words = "ln -s FILE FILE", "Too many levels of symbolic links"  # root may read everything else
    file = runner.folder / "results"
    done = runner.run(left.replace("FILE", str(file)), "--results-file", str(file))
    assert (done.summary["verdict"], done.summary["reason"]) == ("unknown", "UnknownResult")
    assert words in done.summary["findings"][0]["message"]
    assert done.seconds < 10


def test_a_failing_script_without_its_results_file_has_failed(runner: Runner) -> None:
    done = runner.run("exit 3", "--results-file", str(runner.folder / "none"))
    assert (done.summary["verdict"], done.summary["reason"]) == ("fail", "ExitCode")


def test_odd_bytes_pass_through_unchanged(runner: Runner) -> None:
    done = runner.run(r"""printf '\0\xff\xfe\r\n\x1b[31m'; head -c 1048576 /dev/zero; printf '\ndisk-usage fail x'""")
    assert done.stdout == b"\0\xff\xfe\r\n\x1b[31m" + b"\0" * 1048576 + b"\ndisk-usage fail x"
    assert done.summary["counts"]["fail"] == 1


def test_output_comes_while_the_script_runs(runner: Runner) -> None:
    for interpreter, script in (
        ("bash", "echo first; sleep 30"),
        ("python3", "print('first'); import time; time.sleep(30)"),
    ):
        with runner.start("--interpreter", interpreter, "--timeout", "2", str(runner.script(script))) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"first\n"
            process.terminate()
        (runner.folder / "script").unlink()


@pytest.mark.parametrize(
    ("script", "exit_code", "verdict", "reason"),
    [
        ("exit 0", 0, "success", "NoFindings"),
        ("echo disk-usage ok fine", 0, "success", "Passed"),
        ("exit 3", 3, "fail", "ExitCode"),
        (f"echo '{FAIL}'", 0, "fail", "Findings"),
        (f"echo '{FAIL}'; exit 7", 7, "fail", "Findings"),
        ("kill -SEGV $$", 139, "fail", "ExitCode"),
        ("no_such_command", 127, "error", "CommandNotFound"),
        ("/etc", 126, "error", "NotExecutable"),
        ("timeout 0.1 sleep 9", 124, "error", "DeadlineExceeded"),
    ],
)
def test_exit_codes_and_verdicts(runner: Runner, script: str, exit_code: int, verdict: str, reason: str) -> None:
    done = runner.run(script)
    assert done.exit_code == exit_code
    assert (done.summary["exitCode"], done.summary["verdict"], done.summary["reason"]) == (exit_code, verdict, reason)


def test_a_script_past_its_timeout_is_stopped_and_its_output_kept(runner: Runner) -> None:
    done = runner.run(f"echo '{FAIL}'; echo before; sleep 30; echo after", "--timeout", "0.5")
    assert done.exit_code == 124
    assert done.stdout.decode() == f"{FAIL}\nbefore\n"
    assert done.seconds < 3
    assert (done.summary["verdict"], done.summary["reason"]) == ("error", "DeadlineExceeded")
    assert done.summary["message"] == "stopped after its timeout of 0.5 s; 1 finding: 1 fail"
    assert "stopped after its timeout" in done.stderr.decode()


def test_a_script_may_clean_up_within_its_grace(runner: Runner) -> None:
    done = runner.run("trap 'echo cleaned; exit 9' TERM; sleep 30 & wait", "--timeout", "0.3")
    assert done.stdout == b"cleaned\n"
    assert (done.exit_code, done.summary["reason"]) == (124, "DeadlineExceeded")


def test_after_its_grace_the_whole_group_is_killed(runner: Runner, eventually: Eventually) -> None:
    script = f"""trap '' TERM
    (trap '' TERM; echo $BASHPID > {runner.folder}/grandchild; exec sleep 30) &
    echo hello; while :; do sleep 0.1; done"""
    done = runner.run(script, "--timeout", "0.4", "--grace", "0.4")
    assert (done.exit_code, done.stdout) == (124, b"hello\n")
    assert done.seconds < 4
    eventually(lambda: not alive(runner.folder / "grandchild"))


def test_a_grandchild_that_holds_the_output_does_not_hold_the_runner(runner: Runner, eventually: Eventually) -> None:
    done = runner.run(f"sleep 30 & echo $! > {runner.folder}/grandchild; echo started")
    assert (done.exit_code, done.stdout) == (0, b"started\n")
    assert done.seconds < 5
    assert "left processes" in done.stderr.decode()
    eventually(lambda: not alive(runner.folder / "grandchild"))


def test_a_grandchild_that_holds_nothing_is_not_left_behind_either(runner: Runner, eventually: Eventually) -> None:
    done = runner.run(f"sleep 30 > /dev/null 2>&1 & echo $! > {runner.folder}/grandchild")
    assert done.exit_code == 0
    assert done.seconds < 2
    eventually(lambda: not alive(runner.folder / "grandchild"))


def test_what_a_background_process_still_prints_is_read(runner: Runner) -> None:
    done = runner.run("(sleep 0.3; echo 'disk-usage fail late') &")
    assert (done.stdout, done.summary["verdict"]) == (b"disk-usage fail late\n", "fail")
    assert done.seconds < 2


@pytest.mark.parametrize(("script", "exit_code"), [("sleep 30", 143), ("trap 'exit 0' TERM; sleep 30 & wait", 143)])
def test_sigterm_reaches_the_script_and_the_summary_says_so(runner: Runner, script: str, exit_code: int) -> None:
    with runner.start(str(runner.script(f"echo ready; {script}"))) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == exit_code
    note = runner.log.read_text()
    assert '"verdict":"error","reason":"Terminated"' in note


def test_a_reader_that_went_away_does_not_stop_the_script(runner: Runner) -> None:
    script = runner.script(f"sleep 0.3; seq 100000; echo '{FAIL}'; touch {runner.folder}/done")
    with runner.start(str(script)) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(10) == 0
    assert (runner.folder / "done").exists()
    assert '"verdict":"fail"' in runner.log.read_text()


def test_orphans_are_reaped_and_none_is_mistaken_for_the_script(runner: Runner) -> None:
    done = runner.run("for i in 1 2 3 4 5; do (sleep 0.0$i; exit $i) & done; sleep 0.2; exit 42")
    assert done.exit_code == 42


@pytest.mark.parametrize(
    ("arguments", "exit_code", "reason", "words"),
    [
        (["/no/such/script"], 127, "CommandNotFound", "there is no script /no/such/script"),
        (["/etc"], 126, "NotExecutable", "the script /etc: Is a directory"),
    ],
)
def test_a_script_that_cannot_be_read(
    runner: Runner, arguments: list[str], exit_code: int, reason: str, words: str
) -> None:
    done = runner(*arguments)
    assert (done.exit_code, done.summary["verdict"], done.summary["reason"]) == (exit_code, "error", reason)
    assert done.summary["message"] == words
    assert words in done.stderr.decode()


def test_an_image_without_the_interpreter_is_told_so(runner: Runner) -> None:
    done = runner(str(runner.script("exit 0")), PATH="/nowhere")
    assert (done.exit_code, done.summary["message"]) == (127, "this image has no bash")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "SCRIPT"),
        (["--interpreter", "perl", "x"], "invalid choice: 'perl'"),
        (["--timeout", "0", "x"], "--timeout"),
        (["--timeout", "soon", "x"], "--timeout"),
        (["--wat", "x"], "--wat"),
        (["--results", "xml", "x"], "invalid choice: 'xml'"),
        (["--hosts", "/h", "--results-file", "/r", "x"], "--results-file: a file on hosts is not read"),
    ],
)
def test_a_wrong_command_line_is_no_failed_inspection(runner: Runner, arguments: list[str], words: str) -> None:
    done = runner(*arguments)
    assert done.exit_code == 126
    assert words in done.stderr.decode()


def test_a_summary_that_cannot_be_written_changes_nothing_else(runner: Runner) -> None:
    done = runner(str(runner.script("echo hi; exit 3")), "--termination-log", "/no/such/folder/log")
    assert (done.exit_code, done.stdout) == (3, b"hi\n")
    assert "could not be written" in done.stderr.decode()


def test_memory_is_bounded_and_the_last_line_still_counts(runner: Runner) -> None:
    script = runner.script(
        "head -c 100000000 /dev/zero; yes 'an ordinary line' | head -c 50000000; echo; echo d-u fail x"
    )
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", measure, *runner.command(str(script))]
    peak_kib = int(subprocess.run(command, env=runner.environment(), capture_output=True, check=True).stdout)
    assert peak_kib < 40 * 1024
    assert '"counts":{"fail":1,' in runner.log.read_text()


def test_the_image_s_command_ignores_what_a_task_tells_python(runner: Runner) -> None:
    launcher = SOURCE / "inspect_operator" / "runner" / "inspect-runner"
    (runner.folder / "json.py").write_text("raise SystemExit('shadowed')")
    script = runner.script("echo $PYTHONPATH")
    command = [str(launcher), "--termination-log", str(runner.log), str(script)]
    environment = os.environ | {"PYTHONPATH": str(runner.folder)}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.decode().strip() == str(runner.folder)


@pytest.mark.skipif(os.getuid() != 0, reason="a process namespace of its own takes root")
def test_as_process_1_it_leaves_nothing_running(runner: Runner, eventually: Eventually) -> None:
    """A daemon left the process group; it holds the output, and it ends with the container."""
    daemon = f"setsid sh -c 'trap \"\" TERM; touch {runner.folder}/daemon; while :; do sleep 0.05; done'"
    script = runner.script(f"{daemon} & while [ ! -e {runner.folder}/daemon ]; do sleep 0.02; done; echo up; exit 5")
    command = ["unshare", "--pid", "--fork", "--kill-child", *runner.command(str(script))]
    done = subprocess.run(command, env=runner.environment(), capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (5, b"up\n")
    pattern = f"{runner.folder}/daemon"
    eventually(lambda: subprocess.run(["pgrep", "-f", pattern], capture_output=True, check=False).returncode == 1)
