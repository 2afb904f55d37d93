"""What makes a run a different run, and what does not."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator.plan import runkey

PLAIN = modern(script="true")


@pytest.mark.parametrize(
    ("written", "trigger", "expected"),
    [
        (modern(script="true"), "", "dd96251d8f"),
        (modern(script="true"), "g2", "0c8fa2cdc6"),
        (modern(script="磁盘\n"), "", "858b5565b7"),
        (modern(script="true", interpreter="sh"), "", "da91d0d4fc"),
        (modern(script="true", args=["a"]), "", "166a746ea0"),
        (modern(image="try:1"), "", "732431484f"),
        (original(type="script", source="cpu.sh"), "", "9fe4a75da3"),
    ],
)
def test_keys_stay_as_they_are_from_version_to_version(written: builders.Object, trigger: str, expected: str) -> None:
    """Were one to change, an update of the operator would run that task again."""
    assert runkey.run_key(builders.task(written), trigger) == expected


@pytest.mark.parametrize(
    "changed",
    [
        modern(script="true "),
        modern(script="true", interpreter="sh"),
        modern(script="true", args=[""]),
        modern(script="true", args=["a"]),
        modern(script="true", env=[{"name": "A", "value": ""}]),
        modern(script="true", env=[{"name": "A", "value": "1"}]),
        modern(image="true"),
        original(type="script", source="cpu.sh"),
    ],
)
def test_what_a_task_runs_is_in_the_key(changed: builders.Object) -> None:
    assert runkey.run_key(builders.task(changed), "") != runkey.run_key(builders.task(PLAIN), "")


@pytest.mark.parametrize(
    ("fields", "spec"),
    [
        ({"timeout": "1h"}, {}),
        ({"retries": 3}, {}),
        ({"resources": {"limits": {"memory": "1Gi"}}}, {}),
        ({"restart": True}, {}),
        ({"interpreter": "bash"}, {}),
        ({"args": [], "env": []}, {}),
        ({}, {"timeout": "1h", "retries": 3}),
    ],
)
def test_how_a_task_is_run_is_not_in_the_key(fields: dict[str, Any], spec: dict[str, Any]) -> None:
    changed = builders.task(modern(script="true", **fields), **spec)
    assert runkey.run_key(changed, "") == runkey.run_key(builders.task(PLAIN), "")


def test_the_name_of_the_task_is_not_in_the_key_for_it_is_in_the_releases() -> None:
    assert runkey.run_key(builders.task(modern("a")), "") == runkey.run_key(builders.task(modern("b")), "")


def test_the_same_content_in_the_other_spelling_is_the_same_run() -> None:
    one, other = builders.task(PLAIN), builders.task(original(type="script", script="true"))
    assert runkey.run_key(one, "g3") == runkey.run_key(other, "g3")


def test_an_original_image_is_told_more_and_so_is_another_run() -> None:
    tasks = [original(type="image", source="try:1", **where) for where in ({}, {"script_location": "local"})]
    keys = {runkey.run_key(builders.task(one), "") for one in (modern(image="try:1"), *tasks)}
    assert len(keys) == 3


def test_fields_do_not_run_into_each_other() -> None:
    keys = {
        runkey.run_key(builders.task(modern(script="true", args=args)), "")
        for args in (["a", "b"], ["ab"], ["a b"], ["b", "a"], ["a", "", "b"])
    }
    assert len(keys) == 5


def test_the_digest_follows_the_key() -> None:
    one, other = builders.want(), builders.want(trigger="g2")
    assert one.digest == runkey.digest(one.run_key) != other.digest
    assert (len(one.digest), len(one.run_key)) == (32, 10)


@pytest.mark.parametrize(
    ("why", "restart", "generation", "stored", "accepted"),
    [
        ("restart is not asked for", False, 7, None, ""),
        ("an earlier trigger stands, so that taking restart away starts nothing", False, 7, "g3", "g3"),
        ("no trigger stands", False, 7, "", ""),
        ("first seen", True, 7, None, "g7"),
        ("the generation is new", True, 8, "g7", "g8"),
        ("the generation is the same", True, 7, "g7", "g7"),
        ("the generation is lower", True, 6, "g7", "g7"),
        ("restart came with this generation", True, 2, "", "g2"),
        ("a number is compared, not a text", True, 10, "g9", "g10"),
        ("a trigger of another form", True, 2, "token", "g2"),
    ],
)
def test_which_trigger_is_accepted(why: str, restart: bool, generation: int, stored: str | None, accepted: str) -> None:
    assert runkey.accepted_trigger(restart, generation, stored) == accepted, why
