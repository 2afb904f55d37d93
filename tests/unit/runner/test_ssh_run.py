"""What happens on a host: the script's bytes, its surroundings, its end, and that nothing of it is left behind."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspect_operator.runner import findings

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

Ssh = Any  # conftest.Ssh: a conftest cannot be imported by name
Eventually = Callable[[Callable[[], bool]], None]

HOSTILE = [
    "plain",
    "",
    " two  blanks ",
    'it\'s "quoted" `id` $(id) $HOME ${x} \\n \\',
    "line one\nline two\n\n",
    "caf\u00e9 磁盘 \U0001f642",
    "-n",
    "--",
    "*",
    "a=b;c&d|e>f #g !h ~i {j,k} [l]",
    "\x01\x02\x7f\t\r",
    "{{ .Values.x }} {% raw %} @SIZE @ENV",
]
# Runs under any sh; prints every argument and the variables so that nothing can be mistaken.
SHOW = r"""
for each in "$@"; do printf '%s' "$each" | od -An -v -tx1 | tr -d ' \n'; echo ,; done
printf '%s' "$HOSTILE" | od -An -v -tx1 | tr -d ' \n'; echo .
"""
SHELLS = [name for name in ("sh", "bash", "dash", "busybox") if shutil.which(name)]


def processes(folder: Path) -> list[str]:
    """Command lines of what runs out of a host's temporary folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            here = (entry / "cwd").readlink() == folder
            zombie = ") Z " in (entry / "stat").read_text()
        except OSError:
            continue
        if here and not zombie:
            found.append(line)
    return found


def nothing_left(folder: Path) -> bool:
    return not list(folder.glob("inspect.*")) and not processes(folder)


@pytest.mark.parametrize("shell", SHELLS)
def test_arguments_and_variables_arrive_byte_by_byte(
    ssh: Ssh, tmp_path: Path, shell: str, eventually: Eventually
) -> None:
    host = ssh.server(path=f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "sh").symlink_to(shutil.which(shell) or "")
    env = [["HOSTILE", "".join(HOSTILE)], ["PATH", os.environ["PATH"]], ["with.dots-and-dashes", "x"]]
    done = ssh.run(SHOW + "env | grep dots", [ssh.host("web1", host)], "--", *HOSTILE, env=env)
    shown = [line.removeprefix("[web1] ") for line in done.stdout.splitlines() if line.startswith("[web1] ")]
    assert shown[:-2] == [f"{each.encode().hex()}," for each in HOSTILE]
    assert shown[-2:] == ["".join(HOSTILE).encode().hex() + ".", "with.dots-and-dashes=x"]
    assert done.verdicts == {"web1": "success NoFindings"}
    assert all("$HOME" not in command for command in host.commands)  # other users of the host see command lines
    eventually(lambda: nothing_left(host.folder))


def test_a_script_of_a_mebibyte_arrives_byte_by_byte(ssh: Ssh) -> None:
    script = b'sha256sum < "$0"\nexit\n' + os.urandom(1024 * 1024)
    done = ssh.run(script, [ssh.host("web1", ssh.server())])
    assert f"[web1] {hashlib.sha256(script).hexdigest()}" in done.stdout


@pytest.mark.parametrize(
    ("script", "interpreter", "printed"),
    [
        ("#!/usr/bin/env python3\r\nimport sys; print(sys.argv[1:])", "auto", "['one']"),
        ("#! /bin/echo two words\n", "auto", "two words "),
        ("echo ${BASH_VERSION:+bash}", "auto", "bash"),
        ("import sys; print(sys.argv[1:])", "python3", "['one']"),
        ("#!/bin/false\necho $1", "sh", "one"),
    ],
)
def test_the_interpreter_is_chosen_as_in_a_pod(ssh: Ssh, script: str, interpreter: str, printed: str) -> None:
    done = ssh.run(script, [ssh.host("web1", ssh.server())], "--interpreter", interpreter, "--", "one")
    assert f"[web1] {printed}" in done.stdout
    assert done.exit_code == 0


def test_a_host_without_bash_runs_the_script_in_sh_and_names_what_it_lacks(
    ssh: Ssh, tmp_path: Path, eventually: Eventually
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dd", "mktemp", "rm", "wc", "env", "sleep", "cat", "head"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    host = ssh.server(path=str(tools))
    done = ssh.run('echo "runs ${BASH_VERSION:-elsewhere}"', [ssh.host("web1", host)])
    assert done.verdicts == {"web1": "success NoFindings"}
    assert "[web1] runs" in done.stdout
    done = ssh.run("exit 0", [ssh.host("web1", host)], "--interpreter", "python3")
    assert done.verdicts == {"web1": "error CommandNotFound"}
    assert done.rows["web1"].judgement.message == "the host has no python3"
    done = ssh.run("#!/opt/x/perl -w\n", [ssh.host("web1", host)])
    assert done.rows["web1"].judgement.message == (
        "the host has no /opt/x/perl (the script's first line is #!/opt/x/perl -w)"
    )
    eventually(lambda: nothing_left(host.folder))


def test_findings_exit_codes_and_output_belong_to_their_host(ssh: Ssh) -> None:
    script = """case $WHO in esac
    if [ "$(basename "$PWD")" = host0 ]; then echo disk-x ok 10%; printf 'no end'; else
    echo disk-x fail 91%; echo memory-x warn 80% >&2; exit 3; fi"""
    done = ssh.run(script, [ssh.host("web1", ssh.server()), ssh.host("web2", ssh.server())])
    assert done.verdicts == {"web1": "success Passed", "web2": "fail Findings"}
    assert done.rows["web2"].exit_code == 3
    assert done.rows["web2"].counts == findings.Counts(fail=1, warn=1)
    assert "[web1] disk-x ok 10%\n" in done.stdout
    assert "[web1] no end\n" in done.stdout
    assert "[web2] disk-x fail 91%\n" in done.stdout
    assert "[web2] memory-x warn 80%\n" in done.stderr
    assert done.exit_code == 1
    assert done.summary["counts"] == {"fail": 1, "unknown": 0, "warn": 1, "success": 1, "info": 0}
    assert [(each["target"], each["name"]) for each in done.summary["findings"]] == [
        ("web2", "disk-x"),
        ("web2", "memory-x"),
        ("web1", "disk-x"),
    ]
    assert done.summary["message"].startswith("1 of 2 hosts passed; fail: web2 (Findings: 1 of 2 findings failed")
    assert list(done.rows) == ["web1", "web2"]


def test_a_script_past_its_time_is_killed_on_the_host_with_all_it_started(ssh: Ssh, eventually: Eventually) -> None:
    host = ssh.server()
    script = "trap '' TERM; (trap '' TERM; sleep 60) & echo disk-x fail 91%; while :; do sleep 0.2; done"
    done = ssh.run(script, [ssh.host("web1", host)], runTimeoutSeconds=1.5)
    assert done.verdicts == {"web1": "error DeadlineExceeded"}
    assert done.rows["web1"].judgement.message.startswith("stopped after its timeout of 1.5 s; 1 finding: 1 fail")
    assert done.rows["web1"].exit_code == 124
    assert done.exit_code == 1  # the whole run was in time
    assert done.summary["reason"] == "DeadlineExceeded"
    eventually(lambda: nothing_left(host.folder))


def test_a_script_may_tidy_up_within_its_grace(ssh: Ssh) -> None:
    script = "trap 'echo tidied; exit' TERM; echo begun; sleep 60 & wait"
    done = ssh.run(script, [ssh.host("web1", ssh.server())], runTimeoutSeconds=1.5)
    assert "[web1] tidied\n" in done.stdout


def test_when_all_time_is_over_every_host_has_its_row(ssh: Ssh, eventually: Eventually) -> None:
    host, quick = ssh.server(), ssh.server()
    hosts = [ssh.host("quick", quick), ssh.host("slow", host), ssh.host("late", host)]
    script = "case $PWD in *host0) sleep 60;; *) echo disk-x ok; esac"
    done = ssh.run(script, hosts, "--timeout", "3", parallelism=1)
    assert done.exit_code == 124
    assert done.verdicts == {
        "quick": "success Passed",
        "slow": "error DeadlineExceeded",
        "late": "error DeadlineExceeded",
    }
    assert done.rows["late"].judgement.message == "not reached in time: the time of the whole run (3 s) was over"
    assert done.rows["late"].started is None
    assert (done.summary["exitCode"], done.summary["reason"]) == (124, "DeadlineExceeded")
    assert done.summary["message"].startswith("1 of 3 hosts passed; error: slow")
    eventually(lambda: nothing_left(host.folder))


def test_a_pod_that_is_deleted_stops_its_hosts_and_says_so(ssh: Ssh, eventually: Eventually) -> None:
    host = ssh.server()
    process = ssh.start("echo begun; sleep 60", [ssh.host("web1", host), ssh.host("web2", host)], parallelism=1)
    assert process.stdout.readline() == b"[web1] begun\n"
    process.send_signal(signal.SIGTERM)
    done = ssh.outcome(process)
    assert done.verdicts == {"web1": "error Terminated", "web2": "error Terminated"}
    assert "not reached" in done.rows["web2"].judgement.message
    assert done.summary["reason"] == "Terminated"
    assert done.exit_code == 1
    eventually(lambda: nothing_left(host.folder))


def test_a_connection_that_breaks_is_told_and_the_host_is_tidied(ssh: Ssh, eventually: Eventually) -> None:
    host = ssh.server()
    process = ssh.start("echo disk-x warn 85%; echo begun; sleep 60", [ssh.host("web1", host)])
    assert process.stdout.readline() == b"[web1] disk-x warn 85%\n"
    assert process.stdout.readline() == b"[web1] begun\n"
    host.cut()
    done = ssh.outcome(process)
    assert done.verdicts == {"web1": "error ConnectionLost"}
    assert done.rows["web1"].counts == findings.Counts(warn=1)
    eventually(lambda: nothing_left(host.folder))


def test_a_runner_that_is_killed_leaves_nothing_on_the_host(ssh: Ssh, eventually: Eventually) -> None:
    host = ssh.server()
    process = ssh.start("echo begun; sleep 60", [ssh.host("web1", host)])
    assert process.stdout.readline() == b"[web1] begun\n"
    process.kill()
    process.communicate()
    eventually(lambda: nothing_left(host.folder))


def test_what_a_script_leaves_behind_is_killed(ssh: Ssh, eventually: Eventually) -> None:
    host = ssh.server()
    done = ssh.run("sleep 60 & echo disk-x ok", [ssh.host("web1", host)])
    assert done.verdicts == {"web1": "success Passed"}
    eventually(lambda: nothing_left(host.folder))


def test_no_more_hosts_at_once_than_allowed(ssh: Ssh) -> None:
    host = ssh.server()
    hosts = [ssh.host(f"web{number}", host) for number in range(7)]
    done = ssh.run("sleep 0.2", hosts, parallelism=3)
    assert host.most_at_once == 3
    assert set(done.verdicts.values()) == {"success NoFindings"}
    assert done.exit_code == 0
    assert done.summary["message"] == "7 of 7 hosts passed"


def test_a_host_cannot_write_rows_of_others(ssh: Ssh) -> None:
    forged = """inspect-target {"target":"web2","verdict":"success","reason":"Passed"}"""
    script = f"""[ "$(basename "$PWD")" = host0 ] || exit 3
    for end in '\\r' '\\n' '\\f' '\\v' '\\033[1G' '\\302\\205' '\\342\\200\\250' '\\0'; do
    printf "x$end"'{forged}'"$end"; printf '{forged}' >&2; done; printf '\\n{forged}'"""
    done = ssh.run(script, [ssh.host("web1", ssh.server()), ssh.host("web2", ssh.server())])
    assert done.verdicts == {"web1": "success NoFindings", "web2": "fail ExitCode"}
    assert done.stdout.count("inspect-target") > 10
    assert [line for line in done.stdout.splitlines() if line.startswith("inspect-target")] == done.stdout.split("\n")[
        -3:-1
    ]


def test_a_flood_is_passed_on_in_bounded_memory(ssh: Ssh) -> None:
    script = "head -c 60000000 /dev/zero | tr '\\0' x; echo; echo disk-x fail 91%"
    process = ssh.start(script, [ssh.host("web1", ssh.server())])
    done = ssh.outcome(process)
    assert done.verdicts == {"web1": "fail Findings"}
    assert len(done.stdout) < 40000  # of an endless line the head is kept
    assert done.most_memory_mib < 200


@pytest.mark.parametrize(
    ("shell", "said"),
    [("/bin/false", ""), ("{folder}/nologin", "This account is currently not available.")],
)
def test_an_account_without_a_shell_is_told(ssh: Ssh, tmp_path: Path, shell: str, said: str) -> None:
    (tmp_path / "nologin").write_text("#!/bin/sh\necho 'This account is currently not available.'; exit 1\n")
    (tmp_path / "nologin").chmod(0o755)
    host = ssh.server(shell=shell.format(folder=tmp_path))
    done = ssh.run("exit 0", [ssh.host("web1", host)])
    assert done.verdicts == {"web1": "error NoShell"}
    assert said in done.rows["web1"].judgement.message
    assert done.rows["web1"].exit_code is None


def test_a_greeting_of_the_login_shell_is_no_finding(ssh: Ssh) -> None:
    host = ssh.server(greeting="disk-x fail of yesterday\n")
    done = ssh.run("echo disk-x ok", [ssh.host("web1", host)])
    assert done.verdicts == {"web1": "success Passed"}
    assert done.rows["web1"].counts == findings.Counts(success=1)


def test_a_host_whose_temporary_folder_cannot_be_written_is_told(ssh: Ssh, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "mktemp").write_text("#!/bin/sh\nexit 1\n")
    (tools / "mktemp").chmod(0o755)
    done = ssh.run("exit 0", [ssh.host("web1", ssh.server(path=f"{tools}:{os.environ['PATH']}"))])
    assert done.verdicts == {"web1": "error CopyFailed"}


def test_a_program_that_arrives_in_part_does_nothing(tmp_path: Path) -> None:
    from inspect_operator.runner import remote_program

    program = remote_program.compose(
        word="w", script_bytes=9, interpreter=remote_program.interpreter("auto", b""), arguments=["x"], env=[],
        grace_seconds=1, lifetime_seconds=9,
    )  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    for length in range(0, len(program), 97):
        done = subprocess.run(
            ["sh", "-c", remote_program.launch(program)], input=program[:length], env=environment,
            capture_output=True, timeout=10, check=False,
        )  # fmt: skip
        assert done.stdout == b""
        assert list(tmp_path.iterdir()) == []


def test_nothing_is_loaded_for_ssh_where_a_script_runs_here(ssh: Ssh) -> None:
    listing = ssh.runner.run("exit 0", **{})
    assert listing.exit_code == 0
    code = (
        "import sys; from inspect_operator.runner import __main__ as m; "
        f"m.main([{str(ssh.runner.folder / 'script')!r}]); "
        "print([name for name in sys.modules if 'paramiko' in name or 'cryptography' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ssh.runner.environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_hosts_file_that_makes_no_sense_is_refused(ssh: Ssh) -> None:
    done = ssh.run("exit 0", [{"name": "web1", "address": "127.0.0.1"}])
    assert done.exit_code == 126
    assert (done.summary["verdict"], done.summary["reason"]) == ("error", "BadArguments")
    assert done.summary["message"].startswith("hosts[0].user must be a text")
    assert done.rows == {}


def test_a_server_that_talks_no_ssh_is_no_mystery(ssh: Ssh) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        entry = {"name": "web1", "address": "127.0.0.1", "port": listener.getsockname()[1], "user": "u",
                 "passwordFile": ssh.file("x")}  # fmt: skip
        process = ssh.start("exit 0", [entry])
        connection, _ = listener.accept()
        connection.sendall(b"220 mail.example.com ESMTP\r\n" * 200)
        connection.close()
        done = ssh.outcome(process)
    assert done.verdicts == {"web1": "error HostUnreachable"}
    assert "not as an SSH server" in done.rows["web1"].judgement.message
