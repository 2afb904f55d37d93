"""A site's own templates on a real cluster: what changes with them, what doesn't, and what is said."""

import functools
import json
import pathlib
import subprocess
import sys

import pytest

from tests.e2e.harness import kube, process

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Templates are looked for every ten seconds.
SOON = 60.0
LABEL = "api.practice.com/inspect-templates"
#: A macro that leaves a mark in every pod.
METADATA = "{% macro metadata() %}\nmetadata: {labels: {cost-centre: {{ WHAT }}}}\n{% endmacro %}\n"
RUNNER = """# Says what it was told, by the runner of scripts.
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: inspect
      image: {{ settings.runner_image }}
      imagePullPolicy: {{ settings.image_pull_policy }}
      command: [/bin/sh, -c, 'echo "greeting $RESULT $WORDS"']
      env:
        - {name: WORDS, value: {{ parameters.words | join(" ") | replace("$", "$$") }}}
        - {name: RESULT, value: {{ parameters.result }}}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
"""
SCHEMA = {
    "type": "object",
    "required": ["words"],
    "properties": {
        "words": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "result": {"enum": ["ok", "error"], "default": "ok"},
    },
}


#: A runner that uses none of our macros, and needs nothing.
PLAIN = """spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: inspect
      image: {{ settings.runner_image }}
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
ENDLESS = "spec: {a: {% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}}\n"


def put(namespace: str, folder: str, **files: str) -> None:
    """A ConfigMap with templates; `__` is a dot."""
    data = {name.replace("__", "."): text for name, text in files.items()}
    metadata = {"name": f"site-{folder}", "labels": {LABEL: folder}}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, namespace)


def revisions(namespace: str) -> dict[str, int]:
    """Of every release, its number."""
    return {name: int(one["revision"]) for name, one in kube.releases(namespace).items()}


def ready(namespace: str, name: str) -> tuple[str, str]:
    """Reason and message of the condition."""
    found = kube.condition(kube.get("inspect", namespace, name), "Ready")
    return found.get("reason", ""), found.get("message", "")


def says(namespace: str, name: str, reason: str, words: str = "") -> bool:
    """Whether the condition does."""
    found = ready(namespace, name)
    return found[0] == reason and words in found[1]


def mark(namespace: str, cron: str) -> str:
    """The label that the macro gives to pods of a schedule."""
    found = kube.there("cronjob", namespace, cron)
    labels = found["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    return str(labels.get("cost-centre", ""))


@pytest.mark.timeout(400)
def test_a_macro_a_broken_one_and_back(operator: process.Operator, namespace: str) -> None:
    yearly = {"schedule": "0 3 1 1 *"}
    put(namespace, "plain", pod__yaml=PLAIN)
    operator.start()
    kube.apply(
        kube.inspect(
            "night",
            {"name": "plain", "template": "plain", **yearly},
            {"name": "script", "script": "true", **yearly},
            {"name": "image", "image": "registry.invalid/none:1", **yearly},
            {"name": "once", "script": "echo once ok 1"},
            {"name": "later", "script": "echo later ok 1", "suspend": True},
        ),
        namespace,
    )
    kube.apply(kube.inspect("over", {"name": "over", "script": "true"}), namespace)
    kube.apply(kube.inspect("other", {"name": "script", "script": "true", **yearly}), namespace)
    kube.finished(namespace, "over")
    kube.until("the first run", lambda: kube.row(kube.get("inspect", namespace, "night") or {}, "once").get("verdict"))
    crons = {
        name: kube.there("cronjob", namespace, name)["metadata"]["uid"] for name in ("night--script", "night--image")
    }
    jobs = kube.names("jobs", namespace)
    kube.until("the other one", lambda: "other--script" in kube.releases(namespace))
    before = revisions(namespace)
    using = ("night--script", "night--image", "other--script")
    assert before == dict.fromkeys((*using, "night--plain", "night--once", "over--over"), 1)

    put(namespace, "macros", metadata__yaml=METADATA.replace("WHAT", '"b-17"'))
    kube.until("the mark", lambda: mark(namespace, "night--script") == mark(namespace, "night--image") == "b-17", SOON)
    after = before | dict.fromkeys(using, 2)
    kube.until("one revision each", lambda: revisions(namespace) == after)
    kube.until("advice", lambda: "templates have changed" in
               kube.row(kube.get("inspect", namespace, "over") or {}, "over").get("advice", ""))  # fmt: skip
    assert "advice" not in kube.row(kube.there("inspect", namespace, "night"), "script")

    put(namespace, "macros", metadata__yaml="# ours\n" + METADATA.replace("WHAT", "wrong"))
    words = f"template macros/metadata.yaml (ConfigMap {namespace}/site-macros), line 3: 'wrong' is undefined"
    for name in ("night", "other"):
        kube.until("the place of the mistake", functools.partial(says, namespace, name, "TemplateFailed", words), SOON)
    assert ready(namespace, "over")[0] == "ReleasesDeployed", "nothing of it is to be rendered"
    assert revisions(namespace) == after
    assert mark(namespace, "night--script") == "b-17"

    # A run that has not begun takes what there is when it begins.
    put(namespace, "macros", metadata__yaml=METADATA.replace("WHAT", '"b-18"'))
    kube.until("healed", lambda: mark(namespace, "night--image") == "b-18", SOON)
    for name in ("night", "other"):
        kube.until("ready", functools.partial(says, namespace, name, "ReleasesDeployed"))
    assert revisions(namespace) == before | dict.fromkeys(using, 3)
    kube.run("annotate", "inspect", "night", "-n", namespace, "api.practice.com/run-requested-at=now for later")
    kube.until("the later run", lambda: kube.row(kube.get("inspect", namespace, "night") or {}, "later").get("verdict"))
    (later,) = kube.items("pods", namespace, labels="app.kubernetes.io/instance=night--later")
    assert later["metadata"]["labels"]["cost-centre"] == "b-18"

    kube.run("delete", "configmap", "site-macros", "-n", namespace)
    kube.until("back", lambda: mark(namespace, "night--script") == mark(namespace, "night--image") == "", SOON)
    end = before | dict.fromkeys(using, 4) | {"night--later": 1}
    kube.until("one more revision each", lambda: revisions(namespace) == end)
    same = {name: kube.there("cronjob", namespace, name)["metadata"]["uid"] for name in crons}
    assert same == crons, "changed in place"
    assert kube.names("jobs", namespace) - jobs == {later["metadata"]["labels"]["job-name"]}, "and nothing fired"


@pytest.mark.timeout(300)
def test_a_runner_added_by_a_config_map_alone(operator: process.Operator, namespace: str) -> None:
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    operator.start()
    put(namespace, "greeting", pod__yaml=RUNNER, parameters__schema__json=json.dumps(SCHEMA))
    hello = {"name": "hello", "template": "greeting", "parameters": {"words": ["it's", "$HOME", "{{ 7 * 7 }}"]}}
    kube.apply(kube.inspect("greetings", hello), namespace)
    row = kube.row(kube.finished(namespace, "greetings", SOON), "hello")
    assert row["verdict"] == "success"
    assert row["findings"][0] == {"name": "greeting", "result": "success", "message": "it's $HOME {{ 7 * 7 }}"}
    # Beside a script it finds the script, and does with it what it likes.
    kube.apply(
        kube.inspect("greetings", {**hello, "parameters": {"words": ["no"], "result": "error"}}, {
            "name": "beside", "template": "greeting", "script": "true", "parameters": {"words": ["beside"]},
        }),
        namespace,
    )  # fmt: skip
    found = kube.finished(namespace, "greetings", SOON)
    assert [kube.row(found, name)["verdict"] for name in ("hello", "beside")] == ["fail", "success"]
    kube.apply(kube.inspect("greetings", {**hello, "parameters": {"words": [1]}}), namespace)
    words = "spec.tasks[0].parameters.words[0]: expected string, not 1; parameters of greeting: words"
    kube.until("refused", lambda: words in ready(namespace, "greetings")[1])
    # A hostile one is stopped, and says so; who doesn't use it is served by the same operator meanwhile.
    put(namespace, "endless", pod__yaml=ENDLESS)
    kube.apply(
        kube.inspect("stopped", {"name": "a", "template": "endless"}, {"name": "b", "script": "true"}), namespace
    )
    kube.until("stopped", lambda: "took more than" in ready(namespace, "stopped")[1], SOON)
    kube.until("served", lambda: kube.row(kube.get("inspect", namespace, "stopped") or {}, "b").get("verdict"))
    with pytest.raises(
        kube.Failed, match="a task needs exactly one of script, scriptFrom, image, check, or template alone"
    ):
        kube.apply(kube.inspect("none", {"name": "none"}), namespace)
    with pytest.raises(kube.Failed, match="a task needs exactly one of"):
        kube.apply(kube.inspect("two", {"name": "a", "template": "a", "script": "true", "image": "b"}), namespace)
    with pytest.raises(kube.Failed, match="parameters belong to check and template"):
        kube.apply(kube.inspect("three", {"name": "a", "script": "true", "parameters": {"a": 1}}), namespace)


@pytest.mark.timeout(300)
def test_what_render_prints_is_what_is_installed(
    operator: process.Operator, namespace: str, runner_image: str, tmp_path: pathlib.Path
) -> None:
    sidecar = ROOT / "examples" / "templates" / "sidecar"
    operator.start(settings={"SITE_TEMPLATES": str(sidecar)})
    script = '#!/bin/bash\na=(1 2)\necho "{{ x }} ${#a[@]} 磁盘"\r\n'
    written = kube.inspect(
        "same",
        {"name": "Script, 磁盘", "script": script, "env": [{"name": "A", "value": "yes $HOME"}], "args": ["1e3"]},
        {"name": "nightly", "check": "disk-usage", "schedule": "@daily", "timeZone": "Asia/Shanghai"},
        {"name": "nodes", "script": "true", "target": {"nodes": {}}, "schedule": "@daily"},
        {"name": "account", "check": "pods-abnormal", "schedule": "@weekly"},
        {"name": "image", "image": "registry.invalid/a:1", "schedule": "@daily", "resources": {"limits": {"cpu": 1}}},
    )
    file, nodes = tmp_path / "inspect.json", tmp_path / "nodes.json"
    file.write_text(json.dumps(written))
    nodes.write_text(kube.run("get", "nodes", "-o", "json"))
    kube.apply(written, namespace)
    kube.until("installed", lambda: len(kube.releases(namespace)) == 5)
    kube.until("ready", lambda: ready(namespace, "same")[0] == "ReleasesDeployed")

    def call(command: str, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "inspect_operator.cli.main", command, "-f", str(file), "-n", namespace,
             "--templates", str(sidecar), "--set", f"runner_image={runner_image}", *arguments],
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, done.stdout

    _, printed = call("render", "-o", "json", "--nodes", str(nodes))
    stored = {name: kube.helm("get", "manifest", name, "-n", namespace) for name in kube.releases(namespace)}
    installed = [line for name in stored for line in stored[name].splitlines() if line.startswith("{")]
    assert sorted(printed.splitlines()) == sorted(installed), "byte for byte"
    for name, text in stored.items():
        lines = [line for line in printed.splitlines() if line in text]
        assert lines == [line for line in text.splitlines() if line.startswith("{")], f"{name}: in Helm's order"
    assert call("diff") == (0, "")
    written["spec"]["tasks"][4]["schedule"] = "@hourly"
    file.write_text(json.dumps(written))
    code, difference = call("diff")
    assert code == 1
    changes = [line for line in difference.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changes == ['-  schedule: "@daily"', '+  schedule: "@hourly"']
