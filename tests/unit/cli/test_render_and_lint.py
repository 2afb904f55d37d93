"""What authors of templates type: the exact manifests, and their mistakes, without a cluster."""

import argparse
import asyncio
import io
import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from tests.unit import hostile

from inspect_operator.cli import command, lint, render, terminal, yaml_text
from inspect_operator.render import contract_generate

#: The models of Kubernetes take seconds to load.
pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.yaml"))


def _call(which: command.Command, *arguments: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    which.configure(parser)
    out = io.StringIO()
    context = command.Context(parser.parse_args(arguments), parser, terminal.Terminal(out, io.StringIO()))
    code = asyncio.run(which.run(context))
    return int(code), out.getvalue()


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_printed_is_what_helm_gets(name: str, tmp_path: pathlib.Path) -> None:
    file = str(ROOT / "examples" / name)
    code, lines = _call(render.COMMAND, "-f", file, "-o", "json", "--chart-dir", str(tmp_path))
    assert code == 0
    _, text = _call(render.COMMAND, "-f", file)
    printed = [json.loads(line) for line in lines.splitlines()]
    assert list(yaml.load_all(text, Loader=yaml.CSafeLoader)) == printed, "for people the same"
    charts = [path.read_text() for path in sorted(tmp_path.glob("*/*/manifests/*.json"))]
    assert sorted(lines.splitlines()) == sorted(charts)
    assert _call(render.COMMAND, "-f", file, "-o", "json", "--chart-dir", str(tmp_path)) == (0, lines), "once more"


def test_settings_and_namespaces_are_as_the_operator_would_have_them(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "list.yaml"
    one = {"kind": "Inspect", "metadata": {"name": "a"}, "spec": {"tasks": [{"name": "b", "script": "true"}]}}
    file.write_text(json.dumps({"kind": "List", "items": [one]}))
    _, text = _call(render.COMMAND, "-f", str(file), "-o", "json", "--set", "runner_image=r:9", "-n", "ops")
    job = json.loads(text.splitlines()[1])
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "r:9"
    for wrong in ("runner=x", "runner_image", "active_runs=none"):
        with pytest.raises((command.Usage, Exception), match=r"--set|expected a int"):
            _call(render.COMMAND, "-f", str(file), "--set", wrong)


def test_a_folder_that_is_no_chart_is_left_alone(tmp_path: pathlib.Path) -> None:
    theirs = tmp_path / "default" / "in-order--names"
    theirs.mkdir(parents=True)
    (theirs / "precious").write_text("x")
    with pytest.raises(command.Usage, match="exists and is no chart"):
        _call(render.COMMAND, "-f", str(ROOT / "examples" / "in-order.yaml"), "--chart-dir", str(tmp_path))
    assert (theirs / "precious").exists()


def test_texts_for_people_are_read_back_as_they_are() -> None:
    for text in hostile.MANY:
        if not {"\x85", "\u2028", "\u2029"} & set(text):
            assert yaml.load(yaml_text.dumps({"a": [text]}), Loader=yaml.CSafeLoader) == {"a": [text]}, ascii(text)


@pytest.mark.parametrize("name", contract_generate.TITLES)
def test_every_example_is_without_mistakes_and_does_what_it_says(name: str) -> None:
    folder = ROOT / "examples" / "templates" / name
    assert _call(lint.COMMAND, "--templates", str(folder)) == (0, "")
    assert _call(lint.COMMAND, "--templates", str(folder), "-f", str(folder / "inspect.yaml")) == (0, "")
    _, text = _call(render.COMMAND, "--templates", str(folder), "-f", str(folder / "inspect.yaml"), "-o", "json")
    objects = [json.loads(line) for line in text.splitlines()]
    pods = [_pod(one) for one in objects if one["kind"] in ("Job", "CronJob")]
    assert pods
    images = {one["image"] for pod in pods for one in (*pod.get("initContainers", ()), *pod["containers"])}
    match name:
        case "sidecar":
            (sidecar,) = pods[0]["initContainers"]
            assert (sidecar["name"], sidecar["restartPolicy"]) == ("heartbeat", "Always")
        case "node-pool":
            assert images == {"registry.example/our-runner:7"}
            assert pods[0]["nodeSelector"] == {"zone": "a", "pool": "inspect"}
            assert "nodeSelector" not in pods[1]
            assert {"key": "inspect", "operator": "Exists"} in pods[1]["tolerations"]
        case "air-gapped":
            assert images == {
                "registry.site.example/inspect-operator/runner:0.1.0", "registry.site.example/vendor/check:2",
                "registry.site.example/busybox",
            }  # fmt: skip
        case "ansible":
            assert objects[0]["data"]["playbook.yaml"].startswith("- hosts: all\n")
            assert pods[0]["containers"][0]["command"][:2] == ["ansible-playbook", "--check"]
        case _:
            env = {one["name"]: one["value"] for one in pods[0]["containers"][0]["env"]}
            assert env["TF_VAR_region"] == "eu-1"
            assert env["MODULE"] == "git::https://git.example/infra.git//network?ref=main"


def _pod(one: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = one["spec"].get("jobTemplate", one)["spec"]["template"]["spec"]
    return pod


def test_our_own_templates_and_examples_are_without_mistakes() -> None:
    assert _call(lint.COMMAND) == (0, "")
    files = [part for name in EXAMPLES for part in ("-f", str(ROOT / "examples" / name))]
    assert _call(lint.COMMAND, *files) == (0, "")


POD = """spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: inspect
      image: {{ settings.runner_image }}
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
EXTRA = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
#: A mistake in a runner: its file, what is replaced there by what (nothing: it is the file), and what lint says of it.
SEEDED: dict[str, tuple[str, str, str, str]] = {
    "syntax": ("pod.yaml", "spec:", "spec:\n{% if x %}\n", r"ours/pod\.yaml:\d+: syntax: "),
    "undefined name": (
        "pod.yaml", "spec:", "spec:{% if false %}{{ tsak }}{% endif %}",
        r"ours/pod\.yaml:1: undefined: tsak is undefined; there are contract, inspect",
    ),
    "undefined attribute": (
        "pod.yaml", "  containers:", "{% if false %}\n  a: {{ task.nmae }}\n{% endif %}\n  containers:",
        r"ours/pod\.yaml:5: undefined: task\.nmae is undefined; there are args",
    ),
    "undefined when rendered": (
        "pod.yaml", "settings.runner_image", "parameters.nothing",
        r"rendering: template ours/pod\.yaml \(.*\), line 6: .*nothing",
    ),
    "unknown filter": (
        "pod.yaml", "settings.runner_image", "settings.runner_image | random",
        r"ours/pod\.yaml:6: unknown-filter: No filter named 'random'",
    ),
    "missing include": (
        "pod.yaml", "  containers:", "{% include 'a' ignore missing %}{% include 'gone.yaml' %}\n  containers:",
        r"ours/pod\.yaml:4: missing: there is no template gone\.yaml",
    ),
    "kind": (
        "extra.yaml", "", EXTRA.replace("ConfigMap", "Secret"),
        r"not-allowed: template ours/extra\.yaml .*Secret 'a' .*may not be in a release",
    ),
    "namespace": (
        "extra.yaml", "", EXTRA.replace("a}", "a, namespace: b}"), r"not-allowed: .*outside the Inspect's namespace",
    ),
    "hook": (
        "extra.yaml", "", EXTRA.replace("a}", "a, annotations: {helm.sh/hook: x}}"), r"not-allowed: .*is a Helm hook",
    ),
    "YAML": ("pod.yaml", "spec:", "spec: [", r"rendering: template ours/pod\.yaml \(.*\) rendered no YAML \(line \d"),
    "privileged": (
        "pod.yaml", "{allowPrivilegeEscalation: false", "{privileged: true",
        r"restricted: Job .*container inspect is privileged",
    ),
    "host path": (
        "pod.yaml", "  containers:", "  volumes: [{name: a, hostPath: {path: /}}]\n  containers:",
        r"restricted: Job .*volume a is a hostPath",
    ),
    "field": (
        "pod.yaml", "restartPolicy", "restartPolcy", r"schema: Job .*template\.spec\.restartPolcy: there is",
    ),
    "Python's name": ("pod.yaml", "restartPolicy", "restart_policy", r"schema: .*restart_policy: there is"),
    "type": ("pod.yaml", "spec:", "spec:\n  activeDeadlineSeconds: '60'", r"schema: .*activeDeadlineSeconds: Input"),
    "name": ("extra.yaml", "", EXTRA.replace("a}", "A_b}"), r"name: ConfigMap A_b: 'A_b' is no name"),
    "long name": ("extra.yaml", "", EXTRA.replace("a}", "a" * 64 + "}"), r"not-allowed: .* 1 to 63 characters"),
    "size": ("extra.yaml", "", EXTRA + "data: {a: {{ 'x' * 1100000 }}}\n", r"size: 110\d+ bytes"),
    "container": ("pod.yaml", "name: inspect", "name: main", r"container: .*no container is called inspect"),
    "order": ("extra.yaml", "", EXTRA + "data: {a: {{ parameters.map | list }}}\n", r"not-deterministic: template"),
    "schema": (
        "parameters.schema.json", '"object"', '"objekt"', r"schema-of-parameters: template ours/parameters\.schema",
    ),
    "endless": (
        "pod.yaml", "spec:", "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}\nspec:",
        r"rendering: .*line 1: rendering took more than",
    ),
}  # fmt: skip


SCHEMA = {"type": "object", "properties": {"map": {"type": "object", "default": {"b": 1, "a": 2}}}}
TEXTS = {"pod.yaml": POD, "parameters.schema.json": json.dumps(SCHEMA), "extra.yaml": ""}


def _runner(folder: pathlib.Path, texts: dict[str, str]) -> str:
    (folder / "ours").mkdir()
    for name, text in texts.items():
        (folder / "ours" / name).write_text(text)
    return str(folder)


@pytest.mark.parametrize("mistake", SEEDED)
def test_a_mistake_is_found(mistake: str, tmp_path: pathlib.Path) -> None:
    file, old, new, pattern = SEEDED[mistake]
    assert old in TEXTS[file]
    text = TEXTS[file].replace(old, new, 1) if old else new
    code, said = _call(lint.COMMAND, "--templates", _runner(tmp_path, {**TEXTS, file: text}))
    assert code == 1
    assert re.search(pattern, said), said


def test_without_it_there_is_none(tmp_path: pathlib.Path) -> None:
    assert _call(lint.COMMAND, "--templates", _runner(tmp_path, TEXTS)) == (0, "")


def test_it_is_called_as_people_call_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inspect_operator.cli.main", "lint", "-f", str(ROOT / "examples" / "original.yaml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
