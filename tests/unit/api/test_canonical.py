"""Both spellings become one canonical task."""

import pathlib

import pytest
import yaml
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator.api import canonical, inspect
from inspect_operator.api import task as tasks

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (modern("a", script="echo 1"), original("a", type="script", script="echo 1")),
        (
            modern("a", script="echo 1", restart=True),
            original("a", type="script", script="echo 1", restart=True),
        ),
        (modern("a", image="try:1"), original("a", type="image", source="try:1")),
    ],
)
def test_both_spellings_say_the_same(one: builders.Object, other: builders.Object) -> None:
    first, second = builders.task(one), builders.task(other)
    assert (first.original, second.original) == (False, True)
    for field in ("name", "kind", "script", "check", "image", "interpreter", "restart", "timeout_seconds", "retries"):
        assert getattr(first, field) == getattr(second, field), field


def test_every_field_of_the_modern_spelling_arrives() -> None:
    written = modern(
        "Disk, 磁盘",
        script="#!/usr/bin/env python3\n",
        interpreter="python3",
        args=["-x", "", "{{ a }}"],
        env=[{"name": "B", "value": "2"}, {"name": "A", "value": ""}],
        timeout="1h2m3s",
        retries=2,
        restart=True,
        resources={"requests": {"cpu": 1, "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
    )
    assert builders.task(written) == tasks.Task(
        name="Disk, 磁盘",
        kind=tasks.Kind.SCRIPT,
        script="#!/usr/bin/env python3\n",
        interpreter=inspect.Interpreter.PYTHON3,
        args=("-x", "", "{{ a }}"),
        env=(("B", "2"), ("A", "")),
        timeout_seconds=3723,
        retries=2,
        restart=True,
        requests=(("cpu", "1"), ("memory", "64Mi")),
        limits=(("memory", "1Gi"),),
    )


def test_defaults() -> None:
    made = builders.task(modern(script="true"))
    assert (made.interpreter, made.timeout_seconds, made.retries) == (inspect.Interpreter.BASH, 600, 0)
    assert (made.restart, made.args, made.env, made.requests, made.limits) == (False, (), (), (), ())
    assert not made.unsupported


def test_the_owner_and_the_generation_are_the_objects_own() -> None:
    made = canonical.read(builders.body(modern(), generation=7, name="a.b", uid="u"), builders.CHECKS)
    assert (made.owner, made.generation) == (tasks.Owner("default", "a.b", "u"), 7)


@pytest.mark.parametrize(
    ("source", "interpreter"), [("cpu.sh", inspect.Interpreter.BASH), ("site.py", inspect.Interpreter.PYTHON3)]
)
def test_source_of_a_script_task_names_a_shipped_script(source: str, interpreter: inspect.Interpreter) -> None:
    made = builders.task(original(type="script", source=source))
    assert (made.kind, made.check, made.script, made.interpreter) == (tasks.Kind.SCRIPT, source, "", interpreter)


def test_script_wins_over_source_which_is_then_not_looked_at() -> None:
    made = builders.task(original(type="script", script="echo 1", source="no-such.py"))
    assert (made.script, made.check, made.interpreter) == ("echo 1", "", inspect.Interpreter.BASH)


def test_an_image_task_does_not_carry_a_script_along() -> None:
    made = builders.task(original(type="image", source="try:latest", script="echo 1"))
    assert (made.image, made.script, made.check) == ("try:latest", "", "")


@pytest.mark.parametrize(
    ("location", "supported"), [(None, True), ("", True), ("local", True), ("remote", False), ("all", False)]
)
def test_scripts_for_hosts_and_nodes_are_not_supported_yet(location: str | None, supported: bool) -> None:
    where = {} if location is None else {"script_location": location}
    made = builders.task(original(type="script", script="true", **where))
    assert made.location == (location or "")
    assert (not made.unsupported) is supported
    assert supported or (location and location in made.unsupported and "script_location" in made.unsupported)


def test_script_location_does_not_matter_for_an_image() -> None:
    made = builders.task(original(type="image", source="try:1", script_location="all"))
    assert (made.location, made.unsupported) == ("all", "")


@pytest.mark.parametrize("where", ["task", "remote_ips"])
def test_unknown_fields_of_the_original_spelling_survive(where: str) -> None:
    written = original(remote_ips=[{"ip": "1.2.3.4"}])
    place = written["task"] if where == "task" else written["task"]["remote_ips"][0]
    place["futureField"] = {"any": ["thing", None]}
    assert builders.task(written).name == "disk"


@pytest.mark.parametrize("spell", [modern, original])
def test_what_the_spec_says_for_all_applies_to_either_spelling(spell: type) -> None:
    made = builders.task(spell("a"), timeout="30s", retries=3, resources={"limits": {"cpu": "1"}})
    assert (made.timeout_seconds, made.retries, made.requests, made.limits) == (30, 3, (), (("cpu", "1"),))


def test_what_a_task_says_itself_wins_over_the_spec() -> None:
    own = modern(timeout="20s", retries=0, resources={"requests": {"cpu": "2"}})
    made = builders.task(own, timeout="30s", retries=3, resources={"limits": {"cpu": "1"}})
    assert (made.timeout_seconds, made.retries) == (20, 0)
    assert (made.requests, made.limits) == ((("cpu", "2"),), ())


@pytest.mark.parametrize("text", ["\x7f\x85\ufeff", "\x00\x1b", "{{ x }}", "\r\n"])
def test_a_script_may_hold_any_character(text: str) -> None:
    assert builders.task(modern(script=text)).script == text
    assert builders.task(original(type="script", script=text)).script == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2h5s", 7205), ("1h1m1s", 3661)]
)
def test_durations(text: str, seconds: int) -> None:
    assert builders.task(modern(timeout=text)).timeout_seconds == seconds


def test_the_original_example_is_understood_as_it_stands() -> None:
    written = yaml.safe_load((EXAMPLES / "original.yaml").read_text(encoding="utf-8"))
    written["metadata"] |= {"namespace": "default", "uid": "u", "generation": 1}
    first, second, third = canonical.read(written, builders.CHECKS).tasks
    assert (first.name, first.kind, first.location, first.check) == ("task1", tasks.Kind.SCRIPT, "local", "")
    assert first.script.startswith("# 检查是否有CPU降频\ncount=0\n")
    assert first.script.endswith("fi\n")
    assert (second.name, second.kind, second.image, second.restart) == ("task2", tasks.Kind.IMAGE, "try:latest", True)
    assert (third.name, third.location) == ("task3", "remote")
    assert "not supported" in third.unsupported
    assert not first.unsupported
    assert not second.unsupported
