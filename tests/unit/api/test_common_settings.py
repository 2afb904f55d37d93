"""Settings that a task has of its own, or of the spec, or by default."""

import operator
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator.api import inspect

Written = Any
HOURLY = {"schedule": "@hourly"}

#: Field; as the spec has it and as a task has it, each with what becomes of it; what the task has where nobody says
#: anything; what else has to stand on the task for it to matter.
ROWS: list[tuple[str, str, tuple[Written, Any], tuple[Written, Any], Any, dict[str, Any]]] = [
    ("schedule", "schedule", ("0 3 * * 1-5", "0 3 * * 1-5"), ("@hourly", "@hourly"), "", {}),
    ("timeZone", "time_zone", ("Asia/Shanghai", "Asia/Shanghai"), ("Etc/UTC", "Etc/UTC"), "", HOURLY),
    ("suspend", "suspend", (True, True), (True, True), False, {}),
    ("timeout", "timeout_seconds", ("30s", 30), ("1h", 3600), 600, {}),
    ("retries", "retries", (3, 3), (1, 1), 0, {}),
    ("resources", "requests", ({"requests": {"cpu": 2}}, (("cpu", "2"),)), ({}, ()), (), {}),
    ("resources", "limits", ({"limits": {"cpu": "2"}}, (("cpu", "2"),)), ({"requests": {"cpu": 1}}, ()), (), {}),
    ("nodeSelector", "node_selector", ({"b": "1", "a": "2"}, (("a", "2"), ("b", "1"))), ({"c": ""}, (("c", ""),)), (),
     {}),
    ("tolerations", "tolerations", ([{"operator": "Exists"}], ({"operator": "Exists"},)),
     ([{"key": "a", "value": "b"}], ({"key": "a", "value": "b"},)), (), {}),
    ("imagePullSecrets", "image_pull_secrets", ([{"name": "b"}, {"name": "a"}], ("b", "a")), ([{"name": "c"}], ("c",)),
     (), {}),
    ("profile", "profile", ("node", "node"), ("other", "other"), "", {}),
    ("ssh", "ssh.parallelism", ({"parallelism": 3}, 3), ({"parallelism": 4}, 4), 10, {"target": builders.hosts("a")}),
]  # fmt: skip
ROW = ("field", "canonical", "common", "own", "default", "also")
NAMES = [f"{row[0]}-{row[1]}" for row in ROWS]


def test_every_common_setting_stands_in_this_table() -> None:
    assert {row[0] for row in ROWS} == set(inspect.Common.model_fields)


@pytest.mark.parametrize(ROW, ROWS, ids=NAMES)
def test_a_setting_of_the_spec_holds_for_tasks_that_say_nothing(
    field: str,
    canonical: str,
    common: tuple[Written, Any],
    own: tuple[Written, Any],
    default: Any,
    also: dict[str, Any],
) -> None:
    read = operator.attrgetter(canonical)
    assert read(builders.task(modern(**also))) == default
    first, second = builders.inspection(modern("a", **also), modern("b", **also, **{field: own[0]}),
                                        **{field: common[0]}).tasks  # fmt: skip
    assert (read(first), read(second)) == (common[1], own[1])


@pytest.mark.parametrize(ROW, ROWS, ids=NAMES)
def test_a_setting_of_the_spec_holds_for_the_original_spelling(
    field: str,
    canonical: str,
    common: tuple[Written, Any],
    own: tuple[Written, Any],
    default: Any,
    also: dict[str, Any],
) -> None:
    remote: dict[str, Any] = {"script_location": "remote", "remote_ips": [{"ip": "10.0.0.1", "password": "x"}]}
    written = original(type="script", script="true", **(remote if "target" in also else {}))
    spec = {key: value for key, value in also.items() if key != "target"}
    read = operator.attrgetter(canonical)
    assert read(builders.task(written, **spec)) == default
    assert read(builders.task(written, **spec, **{field: common[0]})) == common[1]


@pytest.mark.parametrize(
    ("field", "canonical", "common", "nothing", "expected"),
    [
        ("retries", "retries", 3, 0, 0),
        ("resources", "limits", {"limits": {"cpu": "1"}}, {}, ()),
        ("nodeSelector", "node_selector", {"a": "b"}, {}, ()),
        ("tolerations", "tolerations", [{"operator": "Exists"}], [], ()),
        ("imagePullSecrets", "image_pull_secrets", [{"name": "a"}], [], ()),
    ],
)
def test_a_task_may_say_none_where_the_spec_says_some(
    field: str, canonical: str, common: Written, nothing: Written, expected: Any
) -> None:
    made = builders.task(modern(**{field: nothing}), **{field: common})
    assert getattr(made, canonical) == expected


def test_a_task_takes_all_of_its_own_resources_and_none_of_the_specs() -> None:
    made = builders.task(modern(resources={"requests": {"cpu": "2"}}), resources={"limits": {"memory": "1Gi"}})
    assert (made.requests, made.limits) == ((("cpu", "2"),), ())


@pytest.mark.parametrize(("spec", "own", "suspended"), [
    (None, None, False), (None, True, True), (None, False, False), (False, None, False), (False, True, True),
    (True, None, True), (True, False, True), (True, True, True),
])  # fmt: skip
def test_the_spec_suspends_every_task_whatever_it_says_itself(
    spec: bool | None, own: bool | None, suspended: bool
) -> None:
    fields: dict[str, Any] = {} if own is None else {"suspend": own}
    made = builders.task(modern(**fields), **({} if spec is None else {"suspend": spec}))
    assert made.suspend is suspended


@pytest.mark.parametrize("written", [modern(), original()])
def test_a_time_zone_of_the_spec_is_no_trouble_for_tasks_without_a_schedule(written: builders.Object) -> None:
    first, second = builders.inspection(modern("scheduled", **HOURLY), written, timeZone="Asia/Shanghai").tasks
    assert (first.time_zone, second.time_zone) == ("Asia/Shanghai", "")


@pytest.mark.parametrize(
    ("own", "spec", "expected"),
    [
        ({"schedule": "@daily"}, {"schedule": "@hourly", "timeZone": "Etc/UTC"}, ("@daily", "Etc/UTC")),
        ({"timeZone": "Etc/UTC"}, {"schedule": "@hourly"}, ("@hourly", "Etc/UTC")),
        ({}, {"schedule": "@hourly"}, ("@hourly", "")),
    ],
)
def test_schedule_and_time_zone_may_come_from_different_places(
    own: dict[str, Any], spec: dict[str, Any], expected: tuple[str, str]
) -> None:
    made = builders.task(modern(**own), **spec)
    assert (made.schedule, made.time_zone) == expected


@pytest.mark.parametrize(
    "schedule",
    ["* * * * *", "*/5 0-23/2 1,15 JAN-DEC MON-FRI", "0  3 * * ?", "@yearly", "@annually", "@monthly", "@weekly",
     "@daily", "@midnight", "@hourly",  "60 25 99 99 99"],
)  # fmt: skip
def test_schedules_as_kubernetes_takes_them(schedule: str) -> None:
    """What stands in the five fields is Kubernetes' to judge."""
    assert builders.task(modern(schedule=schedule)).schedule == schedule
