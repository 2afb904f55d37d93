"""`run --local`, typed into a shell: real scripts in real processes, and what is left of them."""

import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.unit import golden
from tests.unit.runner import ssh_server

pytestmark = pytest.mark.slow

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "operator"
BASH = "#!/bin/bash\n"
FAILING = "caseName:网关, caseDesc:, result:fail, resultDesc:不通"


class Shell:
    """The program in an empty folder; what it makes for a while is below `folder/tmp`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        own = {"PYTHONPATH": str(SOURCE), "TMPDIR": str(self.tmp), "KUBECONFIG": "/nowhere", "OF_SHELL": "mine"}
        self.environment = os.environ | own

    def file(self, *bodies: dict[str, Any], name: str = "a.yaml") -> None:
        (self.folder / name).write_text(yaml.safe_dump_all(bodies, allow_unicode=True, sort_keys=False))

    def start(self, line: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "inspect_operator.cli.main", *line.split()]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # As a terminal has it: what a shell starts with `&` inherits SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    def __call__(self, line: str, stdin: str | None = None) -> tuple[int, str, str]:
        """Exit code, stdout and stderr; nothing may be left behind."""
        process = self.start(line)
        out, err = process.communicate(stdin, timeout=50)
        assert "Traceback" not in err, err
        assert list(self.tmp.iterdir()) == []
        return process.returncode, out, err


@pytest.fixture
def shell(tmp_path: pathlib.Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Iterator[ssh_server.Server]:
    made = ssh_server.Server(
        tmp_path / "host", ssh_server.new_key(), ssh_server.Behaviour(password=ssh_server.canary())
    )
    yield made
    made.close()


def inspect(*tasks: dict[str, Any], name: str = "health", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "api.practice.com/v1alpha1",
        "kind": "Inspect",
        "metadata": {"name": name},
        "spec": {"tasks": list(tasks), **spec},
    }


def rows(out: str) -> dict[str, dict[str, Any]]:
    """The tasks of a JSON report by name."""
    return {task["name"]: task for one in json.loads(out)["inspects"] for task in one["tasks"]}


def test_every_task_is_told_as_in_the_cluster(shell: Shell) -> None:
    shell.file(
        inspect(
            {"name": "disk", "script": "echo 'disk ok 29% used'\n"},
            {"name": "网络", "script": f"echo '{FAILING}'; echo oops >&2; exit 3"},
            {"name": "slow", "script": "echo 'first ok x'; sleep 50", "timeout": "1s"},
            {"name": "perl", "script": "#!/usr/bin/no-such-perl\n"},
            {"name": "image", "image": "registry.example/a:1"},
            {"name": "night", "script": "echo 'night ok fine'", "schedule": "0 3 * * *", "suspend": True},
            {"name": "after disk", "script": "true", "dependsOn": ["disk"]},
            {"name": "after 网络", "script": "echo never", "dependsOn": ["网络"]},
            {"name": "after that", "script": "echo never", "dependsOn": ["after 网络", "disk"]},
            {"name": "after image", "script": "echo never", "dependsOn": ["image"]},
        )
    )  # fmt: skip
    code, out, err = shell("run --local -f a.yaml")
    assert (code, err) == (1, "")
    assert "never" not in out
    plain = re.sub(r"(?<=\S) {2,}", "  ", re.sub(r" +\d+s$", "  AGE", out, flags=re.MULTILINE))
    golden.check("cli-run-local.txt", plain)


def test_programs_read_the_result_and_people_the_rest(shell: Shell) -> None:
    shell.file(inspect({"name": "a", "script": "echo 'disk warn b'; echo more >&2"}))
    code, out, err = shell("run --local -f a.yaml -o json")
    assert code == 0
    (task,) = rows(out).values()
    assert (task["verdict"], task["reason"], task["exitCode"]) == ("success", "Passed", 0)
    assert task["findings"][0] == {"name": "disk", "result": "warn", "severity": "low", "message": "b"}
    assert task["output"] == "disk warn b\nmore"
    assert task["stderr"] == "more"
    assert not {"job", "release", "revision"} & task.keys(), "there is no cluster where these would be"
    assert "[a] disk warn b\n" in err
    code, out, err = shell("run --local -f a.yaml -o junit --quiet")
    assert out.startswith("<?xml")
    assert "disk warn b" not in err
    assert shell("run --local -f - -q", (shell.folder / "a.yaml").read_text())[0] == 0, "from standard input"


def test_a_script_has_what_it_has_in_a_pod(shell: Shell) -> None:
    script = (
        "echo \"args:$#:$1:$2\"; echo \"a:$A b:$B t:$TOKEN f:$PRE_FROM\"; echo \"shell:${OF_SHELL-none}\"\n"
        "echo \"lang:$LANG\"; python3 -c 'import inspect_check; print(\"library\")'; id -u; "
        "[ \"$HOME\" = \"$PWD\" ] && echo home; cat || true; echo {{ x }} ${#BASH_SOURCE[@]}"
    )  # fmt: skip
    shell.file(
        inspect(
            {
                "name": "t",
                "script": script,
                "args": ["--x", "$(A) y"],
                "env": [{"name": "A", "value": "$(B) $$"}, {"name": "B", "value": "own"}],
                "envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}, "prefix": "PRE_"}],
            }
        ),
        {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"TOKEN": "t", "B": "hidden by env"}},
        {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"FROM": "map"}},
    )
    code, out, _ = shell("run --local -f a.yaml -o json")
    assert code == 0
    assert rows(out)["t"]["output"].splitlines() == [
        "args:2:--x:$(A) y", "a:$(B) $$ b:own t:t f:map", "shell:none", "lang:C.UTF-8", "library", str(os.getuid()),
        "home", "{{ x }} 1",
    ]  # fmt: skip


def test_a_script_of_a_config_map_finds_what_lies_beside_it(shell: Shell) -> None:
    run = {"name": "t", "scriptFrom": {"configMapKeyRef": {"name": "scripts", "key": "run.sh"}}}
    lost = {"name": "lost", "scriptFrom": {"configMapKeyRef": {"name": "scripts", "key": "no.sh"}}}
    shell.file(inspect(run, lost))
    content = {"run.sh": '. "$(dirname "$0")/lib.sh"\n', "lib.sh": "echo 'lib ok read'\n"}
    shell.file({"kind": "ConfigMap", "metadata": {"name": "scripts"}, "data": content}, name="b.yaml")
    code, out, _ = shell("run --local -f a.yaml -f b.yaml -o json")
    assert code == 1
    assert rows(out)["t"]["findings"][0]["name"] == "lib"
    assert (rows(out)["lost"]["verdict"], rows(out)["lost"]["reason"]) == ("error", "ConfigMapMissing")
    code, out, _ = shell("run --local -f a.yaml -o json")
    assert {one["reason"] for one in rows(out).values()} == {"NotLocal"}


def test_results_are_read_from_a_file_and_an_old_one_is_not_taken_for_new(shell: Shell) -> None:
    file = shell.folder / "results.json"
    line = json.dumps({"name": "a", "result": "fail", "message": "b"})
    task = {"name": "t", "script": f"echo '{line}' > {file}", "results": {"format": "jsonLines", "file": str(file)}}
    shell.file(inspect(task))
    for _ in range(2):
        code, out, _ = shell("run --local -f a.yaml -o json")
        assert (code, rows(out)["t"]["reason"]) == (1, "Findings"), out
        assert not file.exists(), "a pod's would be gone, too"
    file.write_text(line.replace("fail", "success"))
    code, out, _ = shell("run --local -f a.yaml -o json")
    assert (code, rows(out)["t"]["reason"]) == (1, "ResultsFileExists")
    assert file.exists(), "it is somebody else's"


def test_some_tasks_run_with_those_that_they_wait_for(shell: Shell) -> None:
    first = {"name": "a", "script": "echo 'a ok 1'"}
    shell.file(
        inspect(first, {"name": "b", "script": "true", "dependsOn": ["a"]}, {"name": "c", "script": "exit 9"}),
        inspect({"name": "x", "script": "exit 8"}, name="other"),
    )
    code, out, _ = shell("run --local -f a.yaml inspect/health b -o json")
    assert (code, list(rows(out))) == (0, ["a", "b"])
    assert shell("run --local -f a.yaml -q")[0] == 1, "all of all Inspects"


def test_a_task_is_tried_again_as_its_job_would(shell: Shell, tmp_path: pathlib.Path) -> None:
    seen = tmp_path / "seen"
    shell.file(inspect({"name": "t", "script": f"[ -e {seen} ] && exit 0; touch {seen}; exit 5", "retries": 2}))
    began = time.monotonic()
    code, out, err = shell("run --local -f a.yaml")
    assert code == 0, out
    assert err == "t: attempt 1 of 3 ended with exit code 5; the next one begins in 10 s, as a Job's would\n"
    assert "(attempt 2 of 3)" in out
    assert time.monotonic() - began >= 10


def test_hosts_are_logged_in_to_with_the_secrets_of_the_file(shell: Shell, host: ssh_server.Server) -> None:
    where = {"name": "web1", "address": "127.0.0.1", "port": host.port}
    password = {"secretKeyRef": {"name": "logins", "key": "password"}}
    known = {"configMapKeyRef": {"name": "known", "key": "hosts"}}
    wrong = {"secretKeyRef": {"name": "logins", "key": "none"}}
    task = {
        "script": 'echo "up ok on $A"; pwd >&2',
        "env": [{"name": "A", "value": "it"}],
        "ssh": {"knownHostsFrom": known},
    }
    inline = {"ip": "127.0.0.1", "user": "root", "password": host.behaviour.password}
    original = {
        "task_name": "v",
        "type": "script",
        "script": "true",
        "script_location": "remote",
        "remote_ips": [inline],
    }
    shell.file(
        inspect(
            {"name": "t", "target": {"hosts": [where | {"passwordFrom": password}]}, **task},
            {"name": "u", "target": {"hosts": [where | {"passwordFrom": wrong}]}, **task},
            {"task": original},
        ),
        {"kind": "Secret", "metadata": {"name": "logins"}, "stringData": {"password": host.behaviour.password}},
        {"kind": "ConfigMap", "metadata": {"name": "known"}, "data": {"hosts": host.known}},
    )
    code, out, err = shell("run --local -f a.yaml health t u -o json")
    assert code == 1
    assert (rows(out)["t"]["verdict"], rows(out)["t"]["targets"][0]["name"]) == ("success", "web1"), out
    assert "[t] [web1] up ok on it" in err
    assert "inspect-target" not in err
    assert host.logins == ["password root"]
    assert rows(out)["u"]["targets"][0]["reason"] == "SecretMissing", out
    assert "there is no key none of Secret logins" in rows(out)["u"]["targets"][0]["message"]
    _, tree, notes = shell("run --local -f a.yaml health v")
    for said in (out, err, tree, notes):
        assert host.behaviour.password not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_ends_the_script_and_leaves_no_secret(shell: Shell, number: signal.Signals) -> None:
    marker = shell.folder / "ended"
    script = BASH + f"trap 'touch {marker}; exit 3' TERM\necho $$ $PPID\nwhile :; do sleep 0.1; done\n"
    shell.file(inspect({"name": "t", "script": script}))
    process = shell.start("run --local -f a.yaml")
    assert process.stdout is not None
    line = ""
    while not line.startswith("[t] "):
        line = process.stdout.readline()
    (folder,) = shell.tmp.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    pids = [int(word) for word in line.split()[1:]]
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, ""), out
    assert marker.exists(), "the script was told"
    assert list(shell.tmp.iterdir()) == []
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids), "neither script nor runner goes on"


def test_no_longer_than_it_may(shell: Shell) -> None:
    shell.file(inspect({"name": "t", "script": "sleep 40"}, {"name": "u", "script": "true"}))
    code, out, err = shell("run --local -f a.yaml --timeout 2s")
    assert (code, err) == (1, "error: not every run ended within 2 s; what ran was stopped\n")
    assert out == "running t, u, on this machine\n"


@pytest.mark.parametrize("line", ["--help", "render -f a.yaml", "run --local -f a.yaml", "lint -f a.yaml"])
def test_what_asks_no_cluster_does_not_load_its_client(shell: Shell, line: str) -> None:
    shell.file(inspect({"name": "a", "script": "true"}))
    program = (
        "import sys\nfrom inspect_operator.cli import main\ntry:\n    main.main(sys.argv[1:])\nfinally:\n"
        "    sys.exit('kubernetes' in sys.modules)"
    )
    command = [sys.executable, "-c", program, *line.split()]
    done = subprocess.run(
        command, cwd=shell.folder, env=shell.environment, capture_output=True, timeout=50, check=False
    )
    # Manifests are judged by the client's own models.
    assert done.returncode == (line == "lint -f a.yaml"), done.stderr
