"""The CEL rules of the CustomResourceDefinition, read as text: the API server runs them, tests/e2e see it do so.

A rule that lists fields goes wrong the day somebody adds one; here that day is noticed.
"""

import re
from typing import Any

import pydantic
import pytest

from inspect_operator.api import crd, fields, inspect, notifications, target

Node = dict[str, Any]

CONTENT = ["script", "scriptFrom", "image", "check"]


def _rules(node: Node, path: str) -> dict[tuple[str, str], str]:
    """Every rule at or below a node, by its path and message."""
    found = {(path, rule["message"]): rule["rule"] for rule in node.get("x-kubernetes-validations", ())}
    for name, child in node.get("properties", {}).items():
        found |= _rules(child, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            found |= _rules(node[word], f"{path}[]")
    return found


RULES = _rules(crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], "spec")


def _asked(path: str, message: str) -> list[str]:
    """The fields whose presence the rule asks for."""
    return re.findall(r"has\(self\.(\w+)\)", RULES[path, message])


def test_the_original_spelling_refuses_every_field_of_the_modern_one_beside_it() -> None:
    listed = _asked("spec.tasks[]", "the original spelling takes all its fields inside task:")
    # `name` has a rule of its own, and `task` is the original spelling.
    assert sorted(listed) == sorted(["task", *set(inspect.TaskItem.model_fields) - {"task", "name"}])
    assert sorted(_asked("spec.tasks[]", _starting("a task has a name"))) == ["name", "task"]


def test_a_task_runs_exactly_one_thing() -> None:
    message = "a task needs exactly one of script, scriptFrom, image, check, or template alone"
    assert _asked("spec.tasks[]", message) == ["task", *CONTENT, "template", *CONTENT]
    assert ".filter(x, x).size() == 1 || (has(self.template) && ![" in RULES["spec.tasks[]", message]


@pytest.mark.parametrize(
    ("path", "model", "also"),
    [
        ("spec.tasks[].target", target.Target, set()),
        ("spec.tasks[].envFrom[]", fields.EnvFrom, {"prefix"}),
        ("spec.tasks[].ssh.knownHostsFrom", fields.FileValue, set()),
        ("spec.ssh.knownHostsFrom", fields.FileValue, set()),
    ],
)
def test_exactly_one_of_all_that_there_are(path: str, model: type[pydantic.BaseModel], also: set[str]) -> None:
    ((_, message),) = [key for key in RULES if key[0] == path]
    names = [name for name in model.model_fields if name not in also]
    assert _asked(path, message) == names
    assert message.endswith(f"exactly one of {', '.join(names)}")


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("interpreter belongs to", ["interpreter", "script", "scriptFrom"]),
        ("parameters belong", ["parameters", "check", "template"]),
    ],
)
def test_what_belongs_to_something_else(message: str, named: list[str]) -> None:
    assert _asked("spec.tasks[]", _starting(message)) == named


def _starting(words: str) -> str:
    (message,) = [message for _, message in RULES if message.startswith(words)]
    return message


@pytest.mark.parametrize(("place", "rule"), RULES.items(), ids=[f"{path}: {message}" for path, message in RULES])
def test_every_rule_guards_each_optional_field_it_reads(place: tuple[str, str], rule: str) -> None:
    """Reading a field that isn't there ends the evaluation with `no such key` instead of our message."""
    read = set(re.findall(r"\b(self|t|u)\.(\w+)", rule)) - {("self", "all"), ("self", "exists_one")}
    assert read
    for subject, name in read:
        assert f"has({subject}.{name})" in rule, place


def test_every_field_that_a_rule_names_exists() -> None:
    """A rule about a field that the schema doesn't have is refused with the whole definition."""
    known: dict[str, type[pydantic.BaseModel]] = {
        "spec.tasks[]": inspect.TaskItem, "spec.tasks": inspect.TaskItem, "spec.tasks[].target": target.Target,
        "spec.tasks[].envFrom[]": fields.EnvFrom, "spec.tasks[].ssh.knownHostsFrom": fields.FileValue,
        "spec.ssh.knownHostsFrom": fields.FileValue, "spec.notifications[]": notifications.Notification,
    }  # fmt: skip
    assert {path for path, _ in RULES} == set(known)
    for (path, _), rule in RULES.items():
        assert set(re.findall(r"has\(\w\w*\.(\w+)\)", rule)) <= set(known[path].model_fields)


def test_the_names_of_tasks_are_compared_across_spellings() -> None:
    rule = RULES["spec.tasks", "task names must be unique"]
    for subject in "tu":
        assert f"has({subject}.name) ? {subject}.name : (has({subject}.task) ? {subject}.task.task_name : '')" in rule
