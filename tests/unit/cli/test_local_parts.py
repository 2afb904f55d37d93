"""Running on this machine: what is read out of files, and which tasks can't run here."""

import base64
import pathlib
from typing import Any

import pytest
import yaml
from tests.unit import builders

from inspect_operator.cli import command, main
from inspect_operator.cli.local import given, obstacle
from inspect_operator.runner import verdict

SECRET = "h\u00fcsh-hush"


def _read(*bodies: dict[str, Any]) -> given.Given:
    return given.read([("a.yaml", body) for body in bodies], "default")


def _object(kind: str, name: str = "one", **content: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **content}


def test_content_is_read_as_the_api_server_does() -> None:
    encoded = base64.b64encode(b"\xff\n").decode()
    secret = _object("Secret", data={"a": encoded, "b": encoded}, stringData={"b": SECRET})
    config = _object("ConfigMap", data={"run.sh": "true\r\n"}, binaryData={"raw": f" {encoded}\n"})
    other = _object("Secret", stringData={"a": "other"})
    other["metadata"]["namespace"] = "ops"
    read = _read(secret, config, other, {"kind": "Inspect"})
    assert read.of("Secret", "default", "one") == {"a": b"\xff\n", "b": SECRET.encode()}, "stringData wins"
    assert read.of("ConfigMap", "default", "one") == {"run.sh": b"true\r\n", "raw": b"\xff\n"}
    assert read.of("Secret", "ops", "one") == {"a": b"other"}
    assert read.of("Secret", "other", "one") is None
    assert SECRET not in repr(read)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (_object("Secret", data={"a": SECRET}), "a.yaml: Secret one: data.a is no base64"),
        (_object("Secret", stringData={"a": 17}), "stringData.a is no text; put it into quotes"),
        (_object("Secret", data=[SECRET]), "Secret one: data has to be a mapping"),
        (_object("ConfigMap", data={"../a": SECRET}), "'../a' is no key"),
        (_object("ConfigMap", data={"..": SECRET}), "'..' is no key"),
        (_object("ConfigMap", data={True: SECRET}), "True is no key"),
        (_object("Secret", name="../one", stringData={"a": SECRET}), "a Secret needs a name in metadata.name"),
        ({"kind": "Secret", "metadata": None}, "a Secret needs a name"),
    ],
)
def test_a_mistake_is_told_without_what_is_secret(body: dict[str, Any], words: str) -> None:
    with pytest.raises(command.Usage, match=r"^a\.yaml: ") as told:
        _read(body)
    assert words in str(told.value)
    assert SECRET not in str(told.value)
    assert "17" not in str(told.value)


def _of(**task: Any) -> verdict.Judgement | None:
    read = builders.inspection({"name": "t", **task}).tasks[0]
    bodies = (_object("Secret", stringData={"p": "x"}), _object("ConfigMap", data={"a.sh": "true"}))
    return obstacle.of(read, "default", "i--t", _read(*bodies))


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"image": "a:1"}, "an image runs in a pod only"),
        ({"script": "true", "target": {"nodes": {}}}, "without target its script can be tried here"),
        ({"script": "true", "profile": "node"}, "the profile node is about a node"),
        ({"script": "true", "serviceAccountName": "robot"}, "the rights of the ServiceAccount robot"),
        ({"check": "pods-well"}, "the check pods-well asks the Kubernetes API"),
        ({"script": "true", "envFrom": [{"secretRef": {"name": "none"}}]}, "it needs Secret none; put it into a file"),
        ({"scriptFrom": {"configMapKeyRef": {"name": "none", "key": "a"}}}, "it needs ConfigMap none"),
        ({"script": "true", "target": builders.hosts("a")}, "it needs Secret logins; put it into a file"),
    ],
)  # fmt: skip
def test_what_only_a_pod_has_is_missing_here(task: dict[str, Any], words: str) -> None:
    told = _of(**task)
    assert told is not None
    assert (told.verdict, told.reason) == (verdict.Verdict.UNKNOWN, "NotLocal")
    assert told.message.startswith("not on this machine: ")
    assert words in told.message


def test_a_key_that_its_config_map_does_not_have_is_the_error_of_a_pod() -> None:
    told = _of(scriptFrom={"configMapKeyRef": {"name": "one", "key": "b.sh"}})
    assert told == verdict.error("ConfigMapMissing", "the ConfigMap one has no key b.sh")


@pytest.mark.parametrize(
    "task",
    [
        {"script": "true"},
        {"check": "disk-usage"},
        {"script": "true", "target": {"pod": {}}, "schedule": "@daily", "suspend": True},
        {"script": "true", "envFrom": [{"secretRef": {"name": "one"}}, {"configMapRef": {"name": "one"}}]},
        {"scriptFrom": {"configMapKeyRef": {"name": "one", "key": "a.sh"}}},
        {
            "script": "true",
            "target": {"hosts": [{"address": "a", "passwordFrom": {"secretKeyRef": {"name": "one", "key": "no"}}}]},
        },
    ],
)
def test_everything_else_runs_here(task: dict[str, Any]) -> None:
    assert _of(**task) is None


SCRIPT = builders.body({"name": "a", "script": "exit 1"}, name="health")


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ({"kind": "Secret", "metadata": {"name": "a"}}, "", "error: a.yaml: no Inspect in it"),
        (SCRIPT, "none", "no Inspect 'none' is given; there is health"),
        (SCRIPT, "health b", "health has no task 'b'; it has: a"),
        (SCRIPT, "--set none=1", "--set none=1: write NAME=VALUE"),
        (SCRIPT, "-A", "-A is about a cluster; leave it out with --local"),
        (builders.body({"name": "a", "script": "true", "dependsOn": ["b"]}), "", "'b'"),
        (builders.body({"name": "a", "check": "none"}), "", "spec.tasks[0].check: no check named 'none'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    body: dict[str, Any],
    line: str,
    words: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(body))
    ended = main.main(["run", "--local", "-f", "a.yaml", *line.split()])
    said = capsys.readouterr()
    assert (ended, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert words in said.err


@pytest.mark.parametrize(
    "text", ["password: [hush\n", "a: hush\na: hush2\n", "a: 'hush\n", "a: {b: hush\n", "a: hush\x01"]
)
def test_broken_yaml_is_told_without_its_content(
    text: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    assert main.main(["run", "--local", "-f", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no YAML" in said.err
    assert "hush" not in said.err
