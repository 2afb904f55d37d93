"""kubectl inspections, typed into a shell, against the real cluster: what it prints and how it ends."""

import json
import pathlib
import signal

import junitparser
import pytest
import yaml

from tests.e2e.harness import cli, kube, process
from tests.unit import golden

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS: list[kube.Object] = [
    {"name": "disk", "script": "echo 'disk ok 29% used'\n"},
    {
        "name": "网络",
        "script": "echo 'caseName:网关, caseDesc:, result:fail, resultDesc:不通 <b>'; echo oops >&2; exit 3\n",
    },
    {"name": "kernel", "script": "uname -s\n", "target": {"nodes": {}}},
    {"name": "night", "script": "echo 'night ok fine'\n", "schedule": "0 3 1 1 *"},
]


@pytest.fixture
def shell(tmp_path: pathlib.Path, namespace: str) -> cli.Shell:
    made = cli.Shell(ROOT, tmp_path)
    config = tmp_path / "config"
    config.write_text(kube.run("config", "view", "--raw", "--flatten"))
    kube.run("config", "set-context", "--current", f"--namespace={namespace}", f"--kubeconfig={config}")
    made.environment["KUBECONFIG"] = str(config)
    return made


@pytest.mark.timeout(300)
def test_results_are_read(shell: cli.Shell, operator: process.Operator, namespace: str) -> None:
    assert shell("kubectl inspections get") == cli.Done(0, "", f"no Inspects in namespace '{namespace}'\n")
    operator.start()
    kube.apply(kube.inspect("health", *TASKS), namespace)
    kube.apply(kube.inspect("other", {"name": "a", "script": "sleep 1", "suspend": True}), namespace)
    kube.until("both seen", lambda: all(_settled(namespace, name) for name in ("health", "other")), 120)
    kube.finished(namespace, "health", 120)
    found = kube.until("full reports", lambda: _reported(namespace, "health"))
    node = kube.row(found, "kernel")["targets"][0]["target"]

    for name, line in {
        "get": "kubectl inspections get",
        "get-wide": "kubectl inspections get health -o wide",
        "describe": "kubectl inspections describe inspect/health",
        "report": "kubectl inspections report health",
    }.items():
        done = shell(line)
        assert (done.code, done.err) == (0, ""), done
        plain, _, events = done.out.partition("\nEvents\n")  # their order is the API server's
        assert name != "describe" or "RunFailed  网络: fail/Findings" in events
        assert "\x1b" not in plain, "colours are for terminals"
        golden.check(f"cli-{name}.txt", cli.steady(plain, namespace).replace(node, "NODE").rstrip() + "\n")

    names = shell("kubectl inspections get -o name").out
    assert names.split() == ["inspect.api.practice.com/health", "inspect.api.practice.com/other"]
    alone = json.loads(shell("kubectl inspections get health -o json").out)
    assert alone == kube.get("inspect", namespace, "health")
    listed = shell("kubectl inspections get -o yaml | tee all.yaml | kubectl apply --dry-run=server -f -")
    assert listed.code == 0, listed
    items = yaml.safe_load((shell.folder / "all.yaml").read_text(encoding="utf-8"))["items"]
    assert [one["metadata"]["name"] for one in items] == ["health", "other"]
    assert items[0] == alone
    kube.run("label", "inspect", "other", "-n", namespace, f"only={namespace}")
    everywhere = shell(f"kubectl inspections get -A -l only={namespace}").out.splitlines()
    assert everywhere[1].startswith(f"{namespace}/other ")

    # Logs: of one task as they are, of several with the task in front; of a pod that is gone what was kept.
    assert shell("kubectl inspections logs health disk").out == "disk ok 29% used\n"
    several = shell("kubectl inspections logs health disk kernel").out.splitlines()
    assert several == ["[disk] disk ok 29% used", f"[kernel {node}] Linux"]
    assert "oops" in shell("kubectl inspections logs health 网络 --tail 1").out
    job = kube.row(found, "disk")["job"]
    kube.run("delete", "pod", "-n", namespace, "-l", f"job-name={job}", "--timeout=60s")
    kept = shell("kubectl inspections logs health disk")
    assert kept.out == "disk ok 29% used\n"
    assert "its pod is gone; this was kept" in kept.err

    # Reports in every form.
    for form in ("html", "xml", "json"):
        assert shell(f"kubectl inspections report --output out.{form}").err == f"wrote out.{form}\n"
    page = (shell.folder / "out.html").read_text()
    assert "不通 &lt;b&gt;" in page
    assert json.loads((shell.folder / "out.json").read_text())["summary"]["verdict"] == "fail"
    suites = {suite.name: suite for suite in junitparser.JUnitXml.fromfile(str(shell.folder / "out.xml"))}
    assert suites["网络"].failures == 1


@pytest.mark.timeout(300)
def test_runs_are_asked_for_and_their_verdict_is_the_exit_code(
    shell: cli.Shell, operator: process.Operator, namespace: str
) -> None:
    slow = {"name": "slow", "script": "for n in 1 2 3 4 5 6; do echo line $n; sleep 1; done\n"}
    kube.apply(kube.inspect("health", *TASKS, slow), namespace)
    operator.start()
    kube.finished(namespace, "health", 120)

    done = shell("kubectl inspections run health disk night")
    assert (done.code, done.err) == (0, ""), done
    assert "[disk] disk ok 29% used" in done.out
    assert "[night] night ok fine" in done.out, "what is scheduled runs now too"
    assert done.out.startswith("asked for a run of disk, night\n")
    lines = cli.steady(done.out, namespace).splitlines()
    assert "disk: ✔ success Passed: 1 finding: 1 success" in lines
    assert lines[-3:] == [
        "health  ✔ success  AGE",
        "├─ disk  ✔ success  Passed  AGE",
        "└─ night  ✔ success  Passed  AGE",
    ]
    found = kube.get("inspect", namespace, "health") or {}
    assert len(kube.row(found, "disk")["history"]) == 1
    assert "history" not in kube.row(found, "slow")

    done = shell("kubectl inspections run health 网络 kernel --quiet")
    assert done.code == 1
    assert "[" not in done.out
    assert "网络: ✘ fail Findings" in done.out
    late = shell("kubectl inspections run health slow --timeout 2s")
    assert (late.code, late.err) == (1, "error: not every run ended within 2 s; they go on\n")
    following = shell("kubectl inspections logs health slow -f")
    assert following.out.splitlines() == [f"line {n}" for n in range(1, 7)], "from the first line to the last"
    assert shell("kubectl inspections run health disk --no-wait") == cli.Done(0, "asked for a run of disk\n", "")

    # --watch tells what changes, until it is interrupted.
    watching = shell.start("kubectl inspections get health --watch")
    assert watching.stdout is not None
    shell("kubectl inspections run health slow --no-wait")
    seen = ""
    while "slow  … running" not in cli.steady(seen, namespace):
        line = watching.stdout.readline()
        assert line, seen
        seen += line
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 130
    watching.stdout.close()


def test_what_goes_wrong_is_told_in_words_and_exit_codes(shell: cli.Shell, namespace: str) -> None:
    kube.apply(kube.inspect("health", TASKS[0]), namespace)
    kube.run("create", "serviceaccount", "nobody", "-n", namespace)
    token = kube.run("create", "token", "nobody", "-n", namespace).strip()
    shell("cp $KUBECONFIG poor")
    kube.run("config", "set-credentials", "nobody", f"--token={token}", f"--kubeconfig={shell.folder / 'poor'}")
    kube.run("config", "set-context", "--current", "--user=nobody", f"--kubeconfig={shell.folder / 'poor'}")
    kube.run("config", "set-cluster", "away", "--server=https://127.0.0.1:9", f"--kubeconfig={shell.folder / 'poor'}")
    kube.run(
        "config", "set-context", "away", "--cluster=away", "--user=nobody", f"--kubeconfig={shell.folder / 'poor'}"
    )
    for line, code, words in (
        ("get nothing", 3, f"error: no Inspect 'nothing' in namespace '{namespace}'; see: kubectl inspections get -A"),
        ("run health nope", 2, "error: health has no task 'nope'; it has: disk"),
        ("report --output none/report.md", 2, "error: none/report.md: No such file or directory"),
        ("get --context none", 3, "error: no way to the API server: the kubeconfig is not usable"),
        ("get --kubeconfig poor", 3, "what you may do is shown by: kubectl auth can-i --list"),
        ("--kubeconfig poor --context away get", 3, "Cannot connect to host 127.0.0.1:9"),
        ("get health | head -n 1", 0, ""),
    ):
        done = shell(f"set -o pipefail; kubectl inspections {line}")
        assert (done.code, words in done.err) == (code, True), (line, done)
    hint = shell.start("kubectl inspections run health")
    assert hint.stdout is not None
    assert hint.stdout.readline() == "asked for a run of disk\n"
    assert hint.stdout.readline().startswith("nobody has taken the request up yet: does the operator run?")
    hint.send_signal(signal.SIGINT)
    assert hint.wait(20) == 130
    hint.stdout.close()


def _settled(namespace: str, name: str) -> bool:
    """Whether its releases are there: what is told of it then changes no more, but for its runs."""
    return kube.condition(kube.get("inspect", namespace, name), "Ready").get("status") == "True"


def _reported(namespace: str, name: str) -> kube.Object:
    """The Inspect, once the full report of each run that has ended is kept."""
    found = kube.get("inspect", namespace, name) or {}
    rows = [row for row in found["status"]["results"] if row.get("verdict")]
    return found if rows and all(row.get("report") for row in rows) else {}
