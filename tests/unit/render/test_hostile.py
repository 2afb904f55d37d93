"""Text of a user is data: whatever it looks like, it arrives at its place, and nothing around it moves."""

import base64
import copy
import dataclasses
import json
import pathlib
import re
from typing import Any

import pytest
import yaml
from tests.unit import builders, hostile
from tests.unit.render import conftest

from inspect_operator import yaml_json
from inspect_operator.api import task as tasks
from inspect_operator.render import chart, library, manifest

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

MARK = "a-harmless-text"

SCRIPT = tasks.Task("disk", tasks.Kind.SCRIPT, script="true")
IMAGE = tasks.Task("disk", tasks.Kind.IMAGE, image="try:1")
CHECK = tasks.Task("disk", tasks.Kind.SCRIPT, check="disk-usage")
CRON = dataclasses.replace(SCRIPT, schedule="@hourly")
SSH = tasks.Task("disk", tasks.Kind.SSH, script="true", hosts=(tasks.Host("web", tasks.Login("10.0.0.1")),))


def _pod(text: str) -> dict[str, Any]:
    """Wherever the pod of a task has text, at once."""
    return {
        "env_from": ({"prefix": text, "secretRef": {"name": text}}, {"configMapRef": {"name": text}}),
        "parameters": (("CHECK_X", text),),
        "node_selector": (("pool", text),),
        "tolerations": ({"key": text, "value": text},),
        "image_pull_secrets": (text,),
        "service_account": text,
    }


def _login(text: str, secret: str, key: str) -> tasks.Login:
    return tasks.Login(text, user=text, password=tasks.KeyRef("Secret", secret, key))


def _hosts(text: str) -> dict[str, Any]:
    """The same of a task on hosts; the names of Secrets apart, by which volumes are sorted."""
    return {
        "hosts": (tasks.Host(text, _login(text, "logins", text), _login(text, "logins", text)),),
        "ssh": tasks.Ssh(tasks.KeyRef("ConfigMap", "known", text)),
        "env": ((text, text),),
        "args": (text,),
        "image_pull_secrets": (text,),
    }


FIELDS: dict[str, tuple[tasks.Task, Any]] = {
    "script": (SCRIPT, lambda text: {"script": text}),
    "args": (SCRIPT, lambda text: {"args": ("-x", text, "--")}),
    "env": (SCRIPT, lambda text: {"env": (("A", "1"), ("B", text))}),
    "quantity": (SCRIPT, lambda text: {"limits": (("cpu", text),)}),
    "resource": (SCRIPT, lambda text: {"limits": ((f"a{text}", "1"),)}),
    "name": (SCRIPT, lambda text: {"name": text}),
    "image": (IMAGE, lambda text: {"image": text}),
    "image args": (IMAGE, lambda text: {"args": (text,)}),
    "image env": (IMAGE, lambda text: {"env": ((text, text),)}),
    "script map": (SCRIPT, lambda text: {"script": "", "script_from": tasks.KeyRef("ConfigMap", text, "key")}),
    "script key": (SCRIPT, lambda text: {"script": "", "script_from": tasks.KeyRef("ConfigMap", "map", text)}),
    "pod": (CHECK, lambda text: _pod(text or "x")),
    "image pod": (IMAGE, lambda text: _pod(text or "x")),
    "schedule": (CRON, lambda text: {"schedule": text or "@hourly", "time_zone": text or "@hourly"}),
    "hosts": (SSH, _hosts),
    "host secret": (SSH, lambda text: {"hosts": (tasks.Host("web", _login("web", text, "password")),)}),
    "host password": (SSH, lambda text: {"hosts": (tasks.Host("a", tasks.Login("a", inline_password=text or "x")),)}),
    "host script": (SSH, lambda text: {"script": text}),
    "original name": (dataclasses.replace(IMAGE, original=True), lambda text: {"name": text}),
    "original location": (dataclasses.replace(IMAGE, original=True), lambda text: {"location": text}),
}


#: Without it another value stands there: the template asks whether there is any.
NEVER_EMPTY = {"schedule": "@hourly", "pod": "x", "image pod": "x"}
#: Where the text is part of a path in an argument, which the schema allows no dollar in.
PATHS = ("script map", "script key")


@pytest.fixture(scope="module")
def shipped() -> chart.Renderer:
    """One for all: reading templates is most of the time."""
    made = chart.Renderer(conftest.SETTINGS)
    made.checks = dict(builders.CHECKS)
    return made


def _objects(renderer: chart.Renderer, field: str, text: str) -> list[manifest.Object]:
    task, change = FIELDS[field]
    want = conftest.want(dataclasses.replace(task, **change(text)))
    return [_readable(item) for item in renderer.render(want, builders.OWNER).manifests]


def _readable(node: Any) -> Any:
    """With the runner's file of hosts as what it says, and the names of volumes without their hash."""
    if isinstance(node, dict):
        return {key: json.loads(value) if key == "hosts.json" else _readable(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_readable(value) for value in node]
    return re.sub("^ssh-[0-9a-f]{12}$", "ssh-hash", node) if isinstance(node, str) else node


def _with(node: Any, text: str, doubled: str | None = None) -> Any:
    """A copy in which the text stands wherever the mark stood; in arguments and values of variables with each dollar
    doubled, of which Kubernetes makes one."""
    doubled = text.replace("$", "$$") if doubled is None else doubled
    if isinstance(node, dict):
        if isinstance(node.get("env"), list) and "image" in node:
            env = [
                {"name": _with(one["name"], text), "value": _with(one["value"], doubled, doubled)}
                for one in node["env"]
            ]
            args = _with(node["args"], doubled, doubled)
            return {key: _with(value, text, doubled) for key, value in node.items()} | {"env": env, "args": args}
        if "image" in node:
            return {key: _with(value, doubled if key == "args" else text, doubled) for key, value in node.items()}
        return {_with(key, text, doubled): _with(value, text, doubled) for key, value in node.items()}
    if isinstance(node, list):
        return [_with(value, text, doubled) for value in node]
    return node.replace(MARK, text) if isinstance(node, str) else node


def _expected(harmless: list[manifest.Object], field: str, text: str) -> list[manifest.Object]:
    """The same objects with the text in them; a script that YAML can't hold is there as bytes, a name has blanks."""
    if field in ("script", "host script") and yaml_json.unholdable(text):
        config_map, job = harmless
        data = {name: value for name, value in config_map.pop("data").items() if name != "script"}
        script = {"script": base64.b64encode(text.encode()).decode()}
        return [config_map | {"binaryData": script} | ({"data": data} if data else {}), job]
    if field in ("name", "original name"):
        text = yaml_json.holdable(text)
    text = text or NEVER_EMPTY.get(field, "")
    made: list[manifest.Object] = _with(harmless, text, text if field in PATHS else None)
    return made


def test_there_are_enough_of_them() -> None:
    assert len(set(hostile.MANY)) > 500


@pytest.mark.parametrize("field", FIELDS)
def test_the_text_stands_at_its_place_and_nothing_else_changed(shipped: chart.Renderer, field: str) -> None:
    harmless = _objects(shipped, field, MARK)
    assert (MARK in json.dumps(harmless)) is (field != "host password"), "a password stands in no chart"
    for text in hostile.MANY:
        assert _objects(shipped, field, text) == _expected(copy.deepcopy(harmless), field, text), ascii(text)


EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples" / "templates"
RUNNERS: dict[str, Any] = {
    "ansible": lambda text: {"playbook": text, "inventory": text, "keySecret": text or "x", "image": text},
    "terraform": lambda text: {
        "module": text, "variables": {f"A{text}": text, "z": "z"}, "credentials": text or "x", "image": text,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", RUNNERS)
def test_so_do_the_parameters_of_a_runner(name: str) -> None:
    """Of the examples that people begin with."""
    renderer = chart.Renderer(conftest.SETTINGS)
    files, _ = library.read(EXAMPLES / name)
    renderer.templates = library.Library({**renderer.shipped, **files})

    def made(text: str) -> list[manifest.Object]:
        task = tasks.Task("t", tasks.Kind.TEMPLATE, template=name, template_parameters=RUNNERS[name](text))
        return list(renderer.render(conftest.want(task), builders.OWNER).manifests)

    def expected(node: Any, text: str) -> Any:
        if isinstance(node, dict) and isinstance(node.get("env"), list):
            env = [{key: expected(one[key], by) for key, by in (("name", text), ("value", text.replace("$", "$$")))}
                   for one in node["env"]]  # fmt: skip
            return {key: expected(value, text or "x" if key == "envFrom" else text) for key, value in node.items()} | {
                "env": env
            }
        if isinstance(node, dict):
            return {key: expected(value, text) for key, value in node.items()}
        if isinstance(node, list):
            return [expected(value, text) for value in node]
        return node.replace(MARK, text) if isinstance(node, str) else node

    harmless = made(MARK)
    assert MARK in json.dumps(harmless)
    for text in hostile.MANY:
        if text:  # without it there is no Secret to mount
            assert made(text) == expected(copy.deepcopy(harmless), text), ascii(text)


@pytest.mark.parametrize("text", hostile.LONG, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize("field", ["script", "args", "env", "pod", "hosts", "host script"])
def test_so_does_long_text(shipped: chart.Renderer, field: str, text: str) -> None:
    assert _objects(shipped, field, text) == _with(_objects(shipped, field, MARK), text)


@pytest.mark.parametrize("field", ["script", "args"])
def test_the_chart_on_disk_says_the_same_to_yaml_and_json(
    shipped: chart.Renderer, field: str, tmp_path: pathlib.Path
) -> None:
    """Helm reads the files as YAML 1.1; what it stored is read back line by line as JSON."""
    (reference,) = [item for item in _objects(shipped, field, MARK) if MARK in json.dumps(item)][-1:]
    objects = tuple(_with(reference, text) for text in hostile.TEXTS)
    shipped.write(chart.Chart(objects, "0.1.0+d"), tmp_path / "chart")
    written = [path.read_bytes().decode() for path in sorted((tmp_path / "chart" / "manifests").iterdir())]
    for text, item, file in zip(hostile.TEXTS, objects, written, strict=True):
        assert len(file.splitlines()) == 1, ascii(text)
        assert json.loads(file) == item, ascii(text)
        assert yaml.load(file, Loader=yaml.CSafeLoader) == item, ascii(text)
