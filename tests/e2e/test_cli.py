"""kubectl inspections, typed into a shell, against the real cluster: what it prints and how it ends."""

import datetime
import json
import pathlib
import re
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
def test_results_are_read(shell: cli.Shell, operator: process.Operator, namespace: str, runner_image: str) -> None:
    assert shell("kubectl inspections get") == cli.Done(0, "", f"no Inspects in namespace '{namespace}'\n")
    operator.start()
    kube.apply(kube.inspect("health", *TASKS), namespace)
    kube.apply(kube.inspect("other", {"name": "a", "script": "sleep 1", "suspend": True}), namespace)
    kube.until("both seen", lambda: all(_settled(namespace, name) for name in ("health", "other")), 120)
    kube.finished(namespace, "health", 120)
    found = kube.until("full reports", lambda: _reported(namespace, "health"))
    node = kube.row(found, "kernel")["targets"][0]["target"]

    (shell.folder / "health.json").write_text(json.dumps(kube.inspect("health", *TASKS)))
    same = f"kubectl inspections diff -f health.json --set runner_image={runner_image}"
    assert shell(same) == cli.Done(0, "", ""), "what is there is what it would become"
    for name, (code, line) in {
        "get": (0, "kubectl inspections get"),
        "get-wide": (0, "kubectl inspections get health -o wide"),
        "describe": (0, "kubectl inspections describe inspect/health"),
        "report": (0, "kubectl inspections report health"),
        "logs": (0, "kubectl inspections logs health disk 网络 kernel"),
        "diff": (1, f"sed -i 's/0 3 1 1/0 4 1 1/' health.json; {same}"),
    }.items():
        done = shell(line)
        assert (done.code, done.err) == (code, ""), done
        plain, _, events = done.out.partition("\nEvents\n")  # their order is the API server's
        assert name != "describe" or "RunFailed  网络: fail/Findings" in events
        assert "\x1b" not in plain, "colours are for terminals"
        golden.check(f"cli-{name}.txt", cli.steady(plain, namespace).replace(node, "NODE").rstrip() + "\n")

    names = shell("kubectl inspections get -o name").out
    assert names.split() == ["inspect.api.practice.com/health", "inspect.api.practice.com/other"]
    # Whoever writes to it in between, such as the operator a mark of its own, makes it another object.
    kube.until("all show the same", lambda: _shown_alike(shell, namespace))
    kube.run("label", "inspect", "other", "-n", namespace, f"only={namespace}")
    everywhere = shell(f"kubectl inspections get -A -l only={namespace}").out.splitlines()
    assert everywhere[1].startswith(f"{namespace}/other ")

    # Logs: of one task as they are, of several with the task in front; of a pod that is gone what was kept.
    assert shell("kubectl inspections logs health disk").out == "disk ok 29% used\n"
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
    # Two runs go on at once, each in its own time, and not every state of theirs is seen: the rest is certain.
    progress, _, end = cli.steady(done.out, namespace).partition("\n\n")
    certain = sorted(line for line in progress.splitlines() if ": … " not in line)
    golden.check("cli-run.txt", "\n".join([*certain, "", end]))
    found = kube.get("inspect", namespace, "health") or {}
    assert len(kube.row(found, "disk")["history"]) == 1
    assert "history" not in kube.row(found, "slow")

    done = shell("kubectl inspections run health disk -o json")
    (told,) = json.loads(done.out)["inspects"]
    assert [(one["name"], one["verdict"], one["output"]) for one in told["tasks"]] == [
        ("disk", "success", "disk ok 29% used")
    ]
    assert "[disk] disk ok 29% used" in done.err

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


def test_commands_that_ask_no_cluster(tmp_path: pathlib.Path) -> None:
    shell = cli.Shell(ROOT, tmp_path)
    shell.environment |= {"KUBECONFIG": "/nowhere", "COLUMNS": "100"}
    (shell.folder / "one.json").write_text(json.dumps(kube.inspect("health", TASKS[0])))
    bad = {"name": "pod", "image": "registry.example/a:1", "schedule": "0 3 * *"}
    (shell.folder / "bad.json").write_text(json.dumps(kube.inspect("health", bad)))
    chart = ROOT / "examples" / "kinds" / "nginx" / "charts" / "nginx"
    words = "COMP_WORDS=(kubectl-inspections ''); COMP_CWORD=1; _shtab_kubectl_inspections 2> /dev/null"
    for name, (code, line) in {
        # Without the flags: each Python has them in a form of its own.
        "help": (0, "kubectl inspections --help | sed -n '/^  COMMAND/,/^$/p; /^exit codes/,$p'"),
        "checks": (0, "kubectl inspections checks"),
        "render": (0, "kubectl inspections render -f one.json --set runner_image=registry.example/runner:1"),
        "lint": (1, "kubectl inspections lint -f bad.json 2>&1"),
        "init": (0, f"kubectl inspections init kind --from-chart {chart} --group web.example.com --out made; ls made"),
        "completion": (0, f'source <(kubectl-inspections completion bash); {words}; printf "%s\n" "${{COMPREPLY[@]}}"'),
    }.items():
        done = shell(line)
        assert (done.code, done.err) == (code, ""), done
        golden.check(f"cli-{name}.txt", done.out)


@pytest.mark.timeout(300)
def test_the_doctor_tells_what_is_wrong_and_how_to_mend_it(
    shell: cli.Shell, operator: process.Operator, namespace: str
) -> None:
    operator.start()
    pulled: kube.Object = {"name": "pulled", "image": "registry.invalid/no/such:1"}
    kube.apply(kube.inspect("health", TASKS[0], pulled), namespace)
    kube.until("the image is waited for", lambda: "Pull" in json.dumps(kube.items("pods", namespace)))
    well = _findings(shell, namespace)
    (image,) = [one for one in well if one["level"] == "error"]
    assert image["what"] == "1 pod waits for the image registry.invalid/no/such:1"
    assert shell(image["fix"]).code == 0
    words = [one["what"] for one in well if one["level"] == "ok"]
    assert any(one.startswith("the CRD is served, as this program") for one in words)
    assert any("answers, and its clock is ours" in one for one in words)

    # An operator that was killed in the midst of its work, and what is then in nobody's hands.
    operator.kill()
    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=3, minutes=1)
    owner = (kube.get("inspect", namespace, "health") or {})["metadata"]["uid"]
    kube.apply(_secret("health--disk", 9, "pending-upgrade", owner, old), namespace)
    kube.apply(_secret("lost--a", 1, "deployed", "gone", old), namespace)
    kube.run("label", "namespace", namespace, f"only={namespace}")
    kube.run("create", "-f", "-", stdin=json.dumps(_webhook(namespace)))
    try:
        ours = [one for one in _findings(shell, namespace) if namespace in json.dumps(one) and one["level"] != "ok"]
        done = shell(f"kubectl inspections doctor -n {namespace} --quiet")
    finally:
        kube.run("delete", "mutatingwebhookconfiguration", namespace)
    told = "".join(f"{one['level']}: {one['what']}\n    {one['evidence']}\n    → {one['fix']}\n" for one in ours)
    told = re.sub(r"(ErrImagePull|ImagePullBackOff): .*", "PULL", cli.steady(told, namespace))
    told = re.sub(r"-HASH-\w{5}", "-HASH-POD", re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", told))
    golden.check("cli-doctor.txt", told)
    assert (done.code, done.err) == (1, "")
    for one in ours:
        mark = {"error": "✘", "warn": "!"}[one["level"]]
        assert f"{mark} {one['level']}: {one['what']}\n" in done.out
    errors = sum(line.startswith("✘ error: ") for line in done.out.splitlines())
    assert done.out.splitlines()[-1].startswith(f"{errors} error, ")

    # Somebody who may read nothing is told so, and not that all is well, or that nothing is there.
    token = kube.run("create", "token", "default", "-n", namespace).strip()
    shell("cp $KUBECONFIG poor")
    kube.run("config", "set-credentials", "nobody", f"--token={token}", f"--kubeconfig={shell.folder / 'poor'}")
    kube.run("config", "set-context", "--current", "--user=nobody", f"--kubeconfig={shell.folder / 'poor'}")
    poor = shell(f"kubectl inspections doctor -n {namespace} --kubeconfig poor -o json")
    found = [(one["level"], one["what"].partition(":")[0]) for one in json.loads(poor.out)["findings"]]
    unread = (
        "the CRD",
        "which operators there are",
        "releases",
        "images",
        "the nodes' clocks",
        "webhooks",
        "deletions",
    )
    assert {what for level, what in found if level == "unknown"} == set(unread)
    assert (poor.code, [level for level, _ in found if level not in ("unknown", "ok")]) == (0, ["warn"])


def _findings(shell: cli.Shell, namespace: str) -> list[kube.Object]:
    """Those about the namespace, and about the cluster as a whole; not about operators of others."""
    done = shell(f"kubectl inspections doctor -n {namespace} -o json")
    assert (done.code, done.err) == (1, ""), done
    listed: list[kube.Object] = json.loads(done.out)["findings"]
    return [one for one in listed if "operator" not in one["what"]]


def _secret(release: str, revision: int, status: str, owner: str, changed: datetime.datetime) -> kube.Object:
    labels = {"owner": "helm", "name": release, "status": status, "version": str(revision)}
    labels |= {"modifiedAt": str(int(changed.timestamp())), "api.practice.com/owner-uid": owner}
    meta = {"name": f"sh.helm.release.v1.{release}.v{revision}", "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": meta}


def _webhook(namespace: str) -> kube.Object:
    """Of objects that carry a label which none has: it is in nobody's way."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "jobs.example.com",
                "clientConfig": {"service": {"namespace": namespace, "name": "hook"}, "caBundle": ""},
                "rules": [
                    {"apiGroups": ["batch"], "apiVersions": ["*"], "resources": ["jobs"], "operations": ["CREATE"]}
                ],
                "namespaceSelector": {"matchLabels": {"only": namespace}},
                "objectSelector": {"matchLabels": {"no-such": "label"}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def _shown_alike(shell: cli.Shell, namespace: str) -> bool:
    """Whether an Inspect is the same object alone, in a list, and as kubectl shows it; which takes the list, too."""
    alone = json.loads(shell("kubectl inspections get health -o json").out)
    listed = shell("kubectl inspections get -o yaml | tee all.yaml | kubectl apply --dry-run=server -f -")
    assert listed.code == 0, listed
    items = yaml.safe_load((shell.folder / "all.yaml").read_text(encoding="utf-8"))["items"]
    assert [one["metadata"]["name"] for one in items] == ["health", "other"]
    return bool(items[0] == alone == json.loads(kube.run("get", "inspect", "health", "-n", namespace, "-o", "json")))


def _settled(namespace: str, name: str) -> bool:
    """Whether its releases are there: what is told of it then changes no more, but for its runs."""
    return kube.condition(kube.get("inspect", namespace, name), "Ready").get("status") == "True"


def _reported(namespace: str, name: str) -> kube.Object:
    """The Inspect, once the full report of each run that has ended is kept."""
    found = kube.get("inspect", namespace, name) or {}
    rows = [row for row in found["status"]["results"] if row.get("verdict")]
    return found if rows and all(row.get("report") for row in rows) else {}
