"""run --local against the cluster: the same file, the same verdicts."""

import json
import pathlib
from typing import Any

import pytest

from tests.e2e.harness import cli, kube, process

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: What depends on whether other tests keep the machine busy, or on processes that a pod doesn't see.
OF_THE_MOMENT = {"cpu.sh", "t.sh"}
JUNIT = '<testsuite name="s"><testcase name="a"><failure message="b"/></testcase><testcase name="c"/></testsuite>'
JSON_LINE = '{"name": "disk", "result": "unknown", "message": "who knows"}'


def _checks(api: str, known: list[kube.Object]) -> dict[str, kube.Object]:
    """Every built-in check that doesn't ask the Kubernetes API, with parameters that both sides see alike."""
    url, slow = f"https://{api}/version", {"timeoutSeconds": 60}
    parameters: dict[str, tuple[str, dict[str, Any]]] = {
        "cpu": ("cpu-usage", {"limitPercent": 1, "seconds": 3}),
        "frequency": ("cpu-frequency", {"minimumMegahertz": 1}),
        "no frequency": ("cpu-frequency", {"minimumMegahertz": 20000}),
        "load": ("load-average", {"limitPerCpu": 1000}),
        "any load": ("load-average", {"limitPerCpu": 0.000001, "minutes": 15}),
        "memory": ("memory-usage", {"limitPercent": 100}),
        "any memory": ("memory-usage", {"limitPercent": 1}),
        "disk": ("disk-usage", {"limitPercent": 100, "paths": ["/tmp"]}),
        "any disk": ("disk-usage", {"limitPercent": 1, "paths": ["/tmp"]}),
        "no such disk": ("disk-usage", {"paths": ["/no/such"]}),
        "inodes": ("inode-usage", {"limitPercent": 100, "paths": ["/tmp"]}),
        "zombies": ("zombie-processes", {"limit": 100000}),
        "units": ("systemd-units", {}),
        "dns": ("dns", {"names": ["localhost"], "limitMilliseconds": 60000, **slow}),
        "no dns": ("dns", {"names": ["no-such-name.invalid"], **slow}),
        "http": ("http", {"urls": [url], "verifyTls": False, **slow}),
        "not trusted": ("http", {"urls": [url], **slow}),
        "tcp": ("tcp", {"targets": [api], **slow}),
        "no tcp": ("tcp", {"targets": ["127.0.0.1:1"]}),
        "tls": ("tls-expiry", {"targets": [api], "warnDays": 0, "failDays": 1, **slow}),
        "old tls": ("tls-expiry", {"targets": [api], "failDays": 36500, **slow}),
    }
    made: dict[str, kube.Object] = {
        name: {"name": name, "check": check, "parameters": given} for name, (check, given) in parameters.items()
    }
    originals = {
        one["name"]: {"name": one["name"], "check": one["name"]} for one in known if one["name"].endswith(".sh")
    }
    tried = {check for check, _ in parameters.values()} | set(originals)
    assert tried == {one["name"] for one in known if not one["asksApi"]}, "a check is not tried"
    return made | originals


def _scripts() -> dict[str, kube.Object]:
    """Ways in which a script can end, be run, and tell what it found."""
    scripts = {
        "exit 3": "exit 3", "exit 124": "exit 124", "exit 126": "exit 126", "exit 127": "nosuchcommand",
        "killed": "kill -9 $$", "fails": "echo 'disk error full'", "warns": "echo 'disk warn fullish'",
        "fails and exits": "echo 'caseName:a, caseDesc:, result:fail, resultDesc:不通'; exit 4",
        "junit": f"echo '{JUNIT}'", "unknown": f"echo '{JSON_LINE}'",
        "python": "#!/usr/bin/env python3\nimport inspect_check as ic\nic.finding('a', 'success', 'b')\n",
        "no interpreter": "#!/usr/bin/no-such\n", "crlf": "echo 'disk ok fine'\r\nexit 0\r\n",
        "background": "sleep 100 &\necho 'disk ok fine'",
        "many": "for n in $(seq 200); do echo \"n$n error bad\"; done",
    }  # fmt: skip
    made: dict[str, kube.Object] = {name: {"name": name, "script": script} for name, script in scripts.items()}
    more: list[kube.Object] = [
        {"name": "too slow", "script": "echo 'disk ok fine'; sleep 100", "timeout": "2s"},
        {"name": "deaf", "script": "trap '' TERM; sleep 100 & wait; sleep 100", "timeout": "1s"},
        {"name": "only its exit code", "script": "echo 'disk error full'", "results": {"format": "none"}},
        {"name": "variables", "script": '[ "$A$1$FROM" = "\\$(B)c d$(B)map" ]', "args": ["c d$(B)"],
         "env": [{"name": "A", "value": "\\$(B)"}], "envFrom": [{"configMapRef": {"name": "given"}}]},
        {"name": "from", "scriptFrom": {"configMapKeyRef": {"name": "given", "key": "run.sh"}}},
        {"name": "from nothing", "scriptFrom": {"configMapKeyRef": {"name": "given", "key": "none"}}},
        {"name": "after", "script": "true", "dependsOn": ["from"]},
        {"name": "after a failure", "script": "true", "dependsOn": ["exit 3"]},
    ]  # fmt: skip
    return made | {str(one["name"]): one for one in more}


@pytest.mark.timeout(480)
def test_a_file_has_the_same_verdicts_here_and_in_the_cluster(
    operator: process.Operator, namespace: str, tmp_path: pathlib.Path
) -> None:
    found = kube.items("endpointslices", "default", labels="kubernetes.io/service-name=kubernetes")[0]
    api = f"{found['endpoints'][0]['addresses'][0]}:{found['ports'][0]['port']}"
    shell = cli.Shell(ROOT, tmp_path)
    shell.environment["KUBECONFIG"] = "/nowhere"
    tasks = _checks(api, json.loads(shell("kubectl-inspections checks -o json").out)) | _scripts()
    given = {"FROM": "map", "run.sh": '. "$(dirname "$0")/lib"', "lib": "echo 'lib ok read'"}
    written = kube.inspect("same", *tasks.values(), timeout="4m")
    objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "given"}, "data": given}, written]
    operator.start(settings={"ACTIVE_RUNS_PER_NAMESPACE": "12"})  # fifty pods at once are too many for a busy node
    for one in objects:
        kube.apply(one, namespace)
    (shell.folder / "same.json").write_text(json.dumps({"kind": "List", "items": objects}))
    done = shell("kubectl-inspections run --local -f same.json -o json", 400)
    assert done.code == 1, done.err
    (one,) = json.loads(done.out)["inspects"]
    here = {task["name"]: task for task in one["tasks"]}
    there = {row["task_name"]: row for row in kube.finished(namespace, "same", 300)["status"]["results"]}
    assert here.keys() == there.keys() == tasks.keys()
    told = ("verdict", "reason", "exitCode", "counts")
    differing = {
        name: [{word: side[name].get(word) for word in (*told, "message")} for side in (here, there)]
        for name in tasks
        if name not in OF_THE_MOMENT and any(here[name].get(word) != there[name].get(word) for word in told)
    }
    assert not differing, json.dumps(differing, indent=1, ensure_ascii=False)
    for name in OF_THE_MOMENT:
        assert {here[name]["verdict"], there[name]["verdict"]} <= {"success", "fail"}, name
    verdicts = {side["verdict"] for side in there.values()}
    assert verdicts == {"success", "fail", "error", "unknown", "skipped"}, "each is among them"
