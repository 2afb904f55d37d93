"""What makes a run a different run, and what does not."""

import dataclasses
import random
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator.api import task as tasks
from inspect_operator.plan import runkey, trigger
from inspect_operator.runner import stream

Trigger = trigger.Trigger
NONE = Trigger()
PLAIN = modern(script="true")
HOSTS = modern(target=builders.hosts("a", "b"))


def key(written: builders.Object, fired: Trigger = NONE, **spec: Any) -> str:
    return runkey.run_key(builders.task(written, **spec), fired)


@pytest.mark.parametrize(
    ("written", "fired", "expected"),
    [
        (modern(script="true"), NONE, "dd96251d8f"),
        (modern(script="true"), Trigger(2), "0c8fa2cdc6"),
        (modern(script="true"), Trigger(2, "abcdef0123"), "4b6d803068"),
        (modern(script="磁盘\n"), NONE, "858b5565b7"),
        (modern(script="true", interpreter="sh"), NONE, "da91d0d4fc"),
        (modern(script="true", args=["a"]), NONE, "166a746ea0"),
        (modern(image="try:1"), NONE, "732431484f"),
        (modern(check="disk-usage"), NONE, "0dbf3cd5fe"),
        (modern(check="disk-usage", parameters={"limitPercent": 7}), NONE, "132de0cc0a"),
        (modern(target={"nodes": {}}), NONE, "dc193a4681"),
        (HOSTS, NONE, "06aaf8d81b"),
        (modern(schedule="@daily"), NONE, "e240852f69"),
        (modern(schedule="@daily"), Trigger(2, "abcdef0123", "0123abcdef"), "a09e43fe35"),
        (original(type="script", source="cpu.sh"), NONE, "9fe4a75da3"),
    ],
)
def test_keys_stay_as_they_are_from_version_to_version(written: builders.Object, fired: Trigger, expected: str) -> None:
    """Were one to change, an update of the operator would run that task again."""
    assert key(written, fired) == expected


SECRET = tasks.KeyRef("Secret", "logins", "password")
LOGIN = tasks.Login("10.0.0.1", password=SECRET)
SCRIPT = tasks.Task("disk", tasks.Kind.SCRIPT, script="true")
CHECK = tasks.Task("disk", tasks.Kind.SCRIPT, check="disk-usage", interpreter="bash", parameters=(("CHECK_A", "1"),))
RUNNER = tasks.Task("disk", tasks.Kind.TEMPLATE, template="ansible", template_chosen={"playbook": "site.yaml"})
IMAGE = tasks.Task("disk", tasks.Kind.IMAGE, image="try:1", original=True)
SSH = tasks.Task("disk", tasks.Kind.SSH, script="true", hosts=(tasks.Host("a", LOGIN),))


def _login(**changed: Any) -> tuple[tasks.Host, ...]:
    return (tasks.Host("a", dataclasses.replace(LOGIN, **changed)),)


#: A task and a change of it that makes another run, by field. Each field of a task stands here, below, or in both.
IN_THE_KEY: list[tuple[str, tasks.Task, Any]] = [
    ("kind", SCRIPT, tasks.Kind.SSH),
    ("script", SCRIPT, "true "),
    ("script_from", SCRIPT, tasks.KeyRef("ConfigMap", "scripts", "a.sh")),
    ("check", CHECK, "memory.sh"),
    ("chosen", CHECK, (("CHECK_A", "1"),)),
    ("image", IMAGE, "try:2"),
    ("template", SCRIPT, "ansible"),
    ("template_chosen", RUNNER, {"playbook": "other.yaml"}),
    ("interpreter", SCRIPT, "sh"),
    ("args", SCRIPT, ("",)),
    ("env", SCRIPT, (("A", ""),)),
    ("env_from", SCRIPT, ({"secretRef": {"name": "s"}},)),
    ("original", IMAGE, False),
    ("location", IMAGE, "local"),
    ("nodes", SCRIPT, tasks.Nodes()),
    ("hosts", SSH, (tasks.Host("b", LOGIN),)),
    ("hosts", SSH, (*SSH.hosts, tasks.Host("b", LOGIN))),
    ("hosts", SSH, _login(address="10.0.0.2")),
    ("hosts", SSH, _login(port=2222)),
    ("hosts", SSH, _login(user="me")),
    ("service_account", SCRIPT, "reader"),
    ("profile", SCRIPT, "node"),
    ("schedule", SCRIPT, "@daily"),  # nothing is run once any more
]
#: The same of changes that start nothing.
NOT_IN_THE_KEY: list[tuple[str, tasks.Task, Any]] = [
    ("name", SCRIPT, "other"),  # it is in the release's
    ("parameters", CHECK, (("CHECK_A", "1"), ("CHECK_NEW", "a default of a later version"))),
    ("template_parameters", RUNNER, {"playbook": "site.yaml", "new": "a default of a later version"}),
    ("interpreter", CHECK, "python3"),  # the check's own
    ("asks_api", CHECK, True),
    ("cluster_wide", CHECK, True),
    ("timeout_seconds", SCRIPT, 1),
    ("retries", SCRIPT, 1),
    ("requests", SCRIPT, (("cpu", "1"),)),
    ("limits", SCRIPT, (("cpu", "1"),)),
    ("results_format", SCRIPT, stream.Format.JUNIT),  # how findings are read is no other run
    ("results_file", SCRIPT, "/tmp/report.xml"),
    ("restart", SCRIPT, True),
    ("original", SCRIPT, True),
    ("location", SCRIPT, "local"),
    ("nodes", dataclasses.replace(SCRIPT, nodes=tasks.Nodes()), tasks.Nodes({"matchLabels": {"a": "b"}})),
    ("hosts", SSH, _login(password=dataclasses.replace(SECRET, name="new"))),
    ("hosts", SSH, _login(password=None, private_key=SECRET, passphrase=SECRET)),
    ("hosts", SSH, _login(password=None, inline_password="s3cret")),
    ("hosts", SSH, (tasks.Host("a", LOGIN, LOGIN),)),
    ("ssh", SSH, tasks.Ssh(SECRET, True, 1, 1, 1)),
    ("node_selector", SCRIPT, (("a", "b"),)),
    ("tolerations", SCRIPT, ({"operator": "Exists"},)),
    ("image_pull_secrets", SCRIPT, ("registry",)),
    ("time_zone", SCRIPT, "Etc/UTC"),
    ("suspend", SCRIPT, True),
    ("depends_on", SCRIPT, ("other",)),
    ("schedule", dataclasses.replace(SCRIPT, schedule="@daily"), "@hourly"),
]


def test_every_field_of_a_task_is_in_the_key_or_is_known_not_to_be() -> None:
    fields = {field.name for field in dataclasses.fields(tasks.Task)}
    assert {row[0] for row in IN_THE_KEY + NOT_IN_THE_KEY} == fields


@pytest.mark.parametrize(("field", "task", "value"), IN_THE_KEY, ids=[row[0] for row in IN_THE_KEY])
@pytest.mark.parametrize("fired", [NONE, Trigger(3, "abcdef0123")])
def test_what_a_task_runs_is_in_the_key(fired: Trigger, field: str, task: tasks.Task, value: Any) -> None:
    changed = dataclasses.replace(task, **{field: value})
    assert runkey.run_key(changed, fired) != runkey.run_key(task, fired)


@pytest.mark.parametrize(("field", "task", "value"), NOT_IN_THE_KEY, ids=[row[0] for row in NOT_IN_THE_KEY])
@pytest.mark.parametrize("fired", [NONE, Trigger(3, "abcdef0123")])
def test_how_a_task_is_run_is_not_in_the_key(fired: Trigger, field: str, task: tasks.Task, value: Any) -> None:
    changed = dataclasses.replace(task, **{field: value})
    assert runkey.run_key(changed, fired) == runkey.run_key(task, fired)


@pytest.mark.parametrize(("field", "task", "value"), [row for row in IN_THE_KEY if row[0] != "nodes"])
def test_what_a_schedule_runs_is_for_its_next_time(field: str, task: tasks.Task, value: Any) -> None:
    """A run that was asked for beside it isn't done again because the script changed since."""
    changed = dataclasses.replace(task, **{"schedule": "@daily", field: value})
    fired = Trigger(3, "abcdef0123", "0123abcdef")
    assert runkey.run_key(changed, fired) == runkey.run_key(dataclasses.replace(task, schedule="@daily"), fired)


def test_a_password_in_the_inspect_is_not_in_the_key() -> None:
    one, other = (
        original(type="script", script="true", script_location="remote", remote_ips=[{"ip": "a", "password": word}])
        for word in ("s3cret", "changed")
    )
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("fields", "spec"),
    [
        ({"interpreter": "bash"}, {}),
        ({"args": [], "env": [], "envFrom": [], "dependsOn": []}, {}),
        ({"target": {"pod": {}}}, {}),
        ({"suspend": False, "retries": 0, "timeout": "10m", "restart": False}, {}),
        ({}, {"timeout": "1h", "retries": 3, "nodeSelector": {"a": "b"}}),
    ],
)
def test_saying_what_holds_anyway_is_no_change(fields: dict[str, Any], spec: dict[str, Any]) -> None:
    assert key(modern(script="true", **fields), **spec) == key(PLAIN)


def test_parameters_count_where_they_are_not_the_default() -> None:
    plain = key(modern(check="disk-usage"))
    assert key(modern(check="disk-usage", parameters={"limitPercent": 80, "paths": []})) == plain
    others = [{"limitPercent": 81}, {"paths": ["/"]}, {"limitPercent": 81, "paths": ["/"]}]
    keys = {key(modern(check="disk-usage", parameters=one)) for one in others}
    assert len(keys | {plain}) == 4


def test_the_same_content_in_the_other_spelling_is_the_same_run() -> None:
    assert key(PLAIN, Trigger(3)) == key(original(type="script", script="true"), Trigger(3))
    assert key(modern(check="cpu.sh")) == key(original(type="script", source="cpu.sh"))


def test_an_original_image_is_told_more_and_so_is_another_run() -> None:
    written = [original(type="image", source="try:1", **where) for where in ({}, {"script_location": "local"})]
    assert len({key(one) for one in (modern(image="try:1"), *written)}) == 3


def test_fields_do_not_run_into_each_other() -> None:
    keys = {key(modern(script="true", args=args)) for args in (["a", "b"], ["ab"], ["a b"], ["b", "a"], ["a", "", "b"])}
    assert len(keys) == 5


@pytest.mark.parametrize(("one", "other"), [
    (Trigger(1), Trigger(2)), (NONE, Trigger(1)), (NONE, Trigger(0, "a")), (Trigger(1, "a"), Trigger(1, "b")),
])  # fmt: skip
def test_another_trigger_is_another_run(one: Trigger, other: Trigger) -> None:
    assert key(PLAIN, one) != key(PLAIN, other)


def test_beside_a_schedule_only_the_run_that_was_asked_for_counts() -> None:
    scheduled = modern(schedule="@daily")
    assert key(scheduled, Trigger(7, "abcdef0123")) == key(scheduled)
    assert key(scheduled, Trigger(7, "abcdef0123", "a")) == key(scheduled, Trigger(now="a"))
    assert key(scheduled, Trigger(now="a")) != key(scheduled, Trigger(now="b"))


def test_each_node_has_a_key_of_its_own() -> None:
    keys = {runkey.member_key(run, node) for run in ("a" * 10, "b" * 10) for node in ("n1", "n2", "n.1")}
    assert len(keys) == 6
    assert {len(one) for one in keys} == {runkey.KEY_HEX}
    assert runkey.member_key("a" * 10, "") == "a" * 10, "the only pod has that of the task"


def test_the_digest_follows_the_key_the_jobs_and_the_objects() -> None:
    made = [
        runkey.digest("a"), runkey.digest("b"), runkey.digest("a", ["x"]), runkey.digest("a", ["x", "y"]),
        runkey.digest("a", ["xy"]), runkey.digest("a", (), [{"a": 1}]), runkey.digest("a", ["x"], [{"a": 1}]),
        runkey.digest("a", (), [{"a": 2}]),
    ]  # fmt: skip
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {32}
    assert runkey.digest("a", (), [{"a": 1, "b": 2}]) == runkey.digest("a", (), [{"b": 2, "a": 1}])
    assert builders.want().digest == runkey.digest(builders.want().run_key)


def _edit(chosen: random.Random) -> dict[str, Any]:
    """What may be edited without starting anything, said at random."""
    said: dict[str, Any] = {
        "timeout": f"{chosen.randint(1, 99999)}s",
        "retries": chosen.randint(0, 10),
        "resources": {"limits": {"cpu": chosen.randint(1, 64), "memory": f"{chosen.randint(1, 999)}Mi"}},
        "suspend": chosen.choice([True, False]),
        "nodeSelector": {"zone": chosen.choice("abc")},
        "tolerations": [{"operator": "Exists", "effect": chosen.choice(["NoSchedule", "NoExecute"])}],
        "imagePullSecrets": [{"name": chosen.choice("abc")}],
        "ssh": {"parallelism": chosen.randint(1, 64), "trustOnFirstUse": chosen.choice([True, False])},
    }
    return {name: value for name, value in said.items() if chosen.random() < 0.5}


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("schedule", ["", "0 3 * * *"])
def test_no_edit_of_when_and_how_starts_a_run(schedule: str, seed: int) -> None:
    chosen = random.Random(seed)
    what = chosen.choice([{"script": "true"}, {"image": "a:1"}, {"check": "disk-usage"}, HOSTS])
    keys = set()
    for _ in range(10):
        when = {}
        if schedule:
            when = {"schedule": f"{chosen.randint(0, 59)} {chosen.randint(0, 23)} * * *"}
            when |= chosen.choice([{}, {"timeZone": chosen.choice(["Etc/UTC", "Asia/Shanghai"])}])
        own = {**_edit(chosen), **when, "restart": chosen.choice([True, False])}
        keys.add(key(modern(**{**what, **own}), Trigger(3, "abcdef0123", "a"), **_edit(chosen)))
    assert len(keys) == 1
