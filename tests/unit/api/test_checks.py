"""A task with a check: its parameters with defaults, what differs from them, and what it asks of Kubernetes."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern

from inspect_operator import errors
from inspect_operator.api import canonical, check
from inspect_operator.api import task as tasks

LIMIT, PATHS = "CHECK_LIMIT_PERCENT", "CHECK_PATHS"


@pytest.mark.parametrize(
    ("written", "parameters", "chosen"),
    [
        (None, {LIMIT: "80", PATHS: ""}, {}),
        ({}, {LIMIT: "80", PATHS: ""}, {}),
        ({"limitPercent": 80, "paths": []}, {LIMIT: "80", PATHS: ""}, {}),
        ({"limitPercent": 90}, {LIMIT: "90", PATHS: ""}, {LIMIT: "90"}),
        ({"limitPercent": 80.0}, {LIMIT: "80", PATHS: ""}, {}),
        ({"paths": ["/", "/var"]}, {LIMIT: "80", PATHS: "/\n/var"}, {PATHS: "/\n/var"}),
    ],
)
def test_parameters_are_all_there_and_those_that_were_chosen_are_known(
    written: dict[str, Any] | None, parameters: dict[str, str], chosen: dict[str, str]
) -> None:
    fields: dict[str, Any] = {} if written is None else {"parameters": written}
    made = builders.task(modern(check="disk-usage", **fields))
    assert (made.kind, made.check, made.script) == (tasks.Kind.SCRIPT, "disk-usage", "")
    assert (dict(made.parameters), dict(made.chosen)) == (parameters, chosen)
    assert made.parameters == tuple(sorted(made.parameters))


def test_a_check_that_knows_no_parameters_hands_on_those_it_is_given() -> None:
    made = builders.task(modern(check="memory.sh", parameters={"anyThing": "x", "on": True}))
    assert dict(made.parameters) == dict(made.chosen) == {"CHECK_ANY_THING": "x", "CHECK_ON": "true"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"check": "no-such"}, "spec.tasks[0].check: no check named 'no-such'; there are cpu.sh, disk-usage, everywh"),
        ({"check": ""}, "spec.tasks[0].check: "),
        ({"check": "c" * 254}, "spec.tasks[0].check: "),
        ({"check": "disk-usage", "parameters": {"limit": 1}}, "spec.tasks[0].parameters.limit: check disk-usage knows"),
        (
            {"check": "disk-usage", "parameters": {"limitPercent": 0}},
            "spec.tasks[0].parameters.limitPercent: 0 is less than 1",
        ),
        (
            {"check": "disk-usage", "parameters": {"limitPercent": "80"}},
            "spec.tasks[0].parameters.limitPercent: expected integer, not '80'",
        ),
        (
            {"check": "disk-usage", "parameters": {"paths": ["/", 7]}},
            "spec.tasks[0].parameters.paths[1]: expected string, not 7",
        ),
        (
            {"check": "disk-usage", "parameters": {"paths": ["/\x7f"]}},
            "spec.tasks[0].parameters.paths: the character U+007F can't be handed to a script",
        ),
        ({"check": "disk-usage", "parameters": ["limitPercent"]}, "spec.tasks[0].parameters: "),
        (
            {"check": "memory.sh", "parameters": {f"a{number}": 1 for number in range(65)}},
            "spec.tasks[0].parameters: ",
        ),
        (
            {"script": "true", "parameters": {"limitPercent": 1}},
            "spec.tasks[0].parameters belong to check, not to script; leave them out",
        ),
        ({"image": "try:1", "parameters": {}}, "spec.tasks[0].parameters belong to check, not to image"),
        (
            {"check": "disk-usage", "interpreter": "sh"},
            "spec.tasks[0].interpreter belongs to script, not to check; leave it out",
        ),
        (
            {"check": "everywhere", "target": builders.hosts("a")},
            "spec.tasks[0]: the check everywhere asks the Kubernetes API; hosts have no access to it",
        ),
    ],
)
def test_a_check_is_refused_by_the_name_of_its_field(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.SpecInvalid) as refused:
        builders.task(modern(**fields))
    assert str(refused.value).startswith(words)


BESIDE: list[tuple[str, Any]] = [
    ("env", [{"name": "PYTHONPATH", "value": "/tmp"}]), ("envFrom", [{"secretRef": {"name": "s"}}]), ("args", ["-x"]),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BESIDE)
@pytest.mark.parametrize("name", ["pods-well", "everywhere"])
def test_a_check_with_rights_of_its_own_is_told_nothing_but_its_parameters(name: str, field: str, value: Any) -> None:
    """A variable such as PYTHONPATH would let whoever writes the task use these rights for what they like."""
    with pytest.raises(errors.SpecInvalid) as refused:
        builders.task(modern(check=name, **{field: value}))
    assert str(refused.value) == (
        f"spec.tasks[0].{field}: the check {name} runs with rights of its own and takes parameters only; "
        f"leave {field} out"
    )


@pytest.mark.parametrize(("field", "value"), BESIDE)
def test_other_checks_and_those_with_a_named_account_may_be_told_more(field: str, value: Any) -> None:
    assert builders.task(modern(check="disk-usage", **{field: value})).check == "disk-usage"
    assert builders.task(modern(check="pods-well", serviceAccountName="me", **{field: value})).check == "pods-well"


def test_a_check_that_asks_nothing_of_kubernetes_runs_on_hosts_too() -> None:
    made = builders.task(modern(check="disk-usage", parameters={"limitPercent": 7}, target=builders.hosts("a")))
    assert (made.kind, made.check, dict(made.parameters)[LIMIT]) == (tasks.Kind.SSH, "disk-usage", "7")


def test_a_default_that_a_later_version_adds_is_not_chosen() -> None:
    added = {"type": "integer", "default": 5, "description": "New."}
    known = {"old": check.Check("old", "true"), "new": check.Check(
        "new", "true", parameters={"type": "object", "properties": {"added": added}})}  # fmt: skip
    first, second = canonical.read(builders.body(modern("a", check="old"), modern("b", check="new")), known).tasks
    assert (dict(first.parameters), dict(second.parameters)) == ({}, {"CHECK_ADDED": "5"})
    assert first.chosen == second.chosen == ()


def test_only_a_check_that_asks_about_its_own_namespace_has_an_account_in_its_release() -> None:
    made = {
        "a script": builders.task(modern()),
        "a check that asks nothing": builders.task(modern(check="disk-usage")),
        "about its namespace": builders.task(modern(check="pods-well")),
        "about its namespace, by a named account": builders.task(modern(check="pods-well", serviceAccountName="me")),
        "about all namespaces": builders.task(modern(check="pods-well", parameters={"allNamespaces": True})),
        "always about the whole cluster": builders.task(modern(check="everywhere")),
    }
    assert [name for name, task in made.items() if task.own_account] == ["about its namespace"]
    wide = ["about all namespaces", "always about the whole cluster"]
    assert [name for name, task in made.items() if task.cluster_wide] == wide
    assert [name for name, task in made.items() if not task.asks_api] == ["a script", "a check that asks nothing"]
