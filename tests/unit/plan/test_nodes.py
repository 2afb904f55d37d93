"""Which nodes a task inspects: selectors and taints, by Kubernetes' own rules."""

import itertools
from typing import Any

import pytest
from tests.unit import builders

from inspect_operator.api import task as tasks
from inspect_operator.plan import nodes

Object = dict[str, Any]


# -- labels --

LABELS = {"zone": "a", "gpu": "", "size": "l"}


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({}, True),
        ({"matchLabels": {}}, True),
        ({"matchLabels": {"zone": "a"}}, True),
        ({"matchLabels": {"zone": "b"}}, False),
        ({"matchLabels": {"zone": "a", "size": "l"}}, True),
        ({"matchLabels": {"zone": "a", "size": "m"}}, False),
        ({"matchLabels": {"gpu": ""}}, True),
        ({"matchLabels": {"absent": ""}}, False),
        ({"matchLabels": {"Zone": "a"}}, False),
        ({"matchExpressions": []}, True),
        ({"matchLabels": {"zone": "a"}, "matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"zone": "b"}, "matchExpressions": [{"key": "gpu", "operator": "Exists"}]}, False),
        ({"matchLabels": {"zone": "a"}, "matchExpressions": [{"key": "gpu", "operator": "Exists"}]}, True),
        (
            {"matchExpressions": [{"key": "gpu", "operator": "Exists"}, {"key": "size", "operator": "NotIn",
                                                                         "values": ["l"]}]}, False,
        ),
    ],
)  # fmt: skip
def test_a_selector_holds_where_all_of_it_does(selector: Object, fits: bool) -> None:
    assert nodes.selects(selector, LABELS) is fits


@pytest.mark.parametrize(
    ("operator", "values", "present", "other", "empty", "absent"),
    [
        ("In", ["a", "c"], True, False, False, False),
        ("In", ["a", ""], True, False, True, False),
        ("In", [], False, False, False, False),
        ("NotIn", ["a", "c"], False, True, True, True),
        ("NotIn", [""], True, True, False, True),
        ("NotIn", [], True, True, True, True),
        ("Exists", None, True, True, True, False),
        ("DoesNotExist", None, False, False, False, True),
    ],
)
def test_each_operator_of_a_label(
    operator: str, values: list[str] | None, present: bool, other: bool, empty: bool, absent: bool
) -> None:
    """Of a node whose label is `a`, is `b`, is empty, or isn't there (apimachinery, labels.Requirement.Matches)."""
    requirement = {"key": "zone", "operator": operator, **({} if values is None else {"values": values})}
    seen = [
        nodes.selects({"matchExpressions": [requirement]}, labels)
        for labels in ({"zone": "a"}, {"zone": "b"}, {"zone": ""}, {"size": "a"})
    ]
    assert seen == [present, other, empty, absent]


# -- taints --

TAINT = nodes.Taint("dedicated", "db", "NoSchedule")


def _fits(taint: nodes.Taint, *tolerations: Object) -> bool:
    found = nodes.members([nodes.Node("n", taints=(taint,))], tasks.Nodes({}, tolerations))
    assert [node.name for node in (*found.fitting, *found.tainted)] == ["n"]
    return bool(found.fitting)


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "dedicated", "operator": "Equal", "value": "db"}, True),
        ({"key": "dedicated", "value": "db"}, True),
        ({"key": "dedicated", "value": "web"}, False),
        ({"key": "dedicated"}, False),
        ({"key": "other", "value": "db"}, False),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "dedicated", "value": "db", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "value": "db", "effect": "PreferNoSchedule"}, False),
        ({"operator": "Exists", "effect": "NoExecute"}, False),
        ({"operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "operator": "Exists", "effect": "", "tolerationSeconds": 5}, True),
    ],
)
def test_a_toleration_covers_a_taint_as_in_kubernetes(toleration: Object, fits: bool) -> None:
    """k8s.io/api/core/v1, Toleration.ToleratesTaint."""
    assert _fits(TAINT, toleration) is fits


def test_a_taint_without_a_value_is_covered_by_its_key_alone() -> None:
    assert _fits(nodes.Taint("dedicated", "", "NoExecute"), {"key": "dedicated"})
    assert not _fits(nodes.Taint("dedicated", "", "NoExecute"), {"key": "dedicated", "value": "db"})


@pytest.mark.parametrize("toleration", [{}, {"operator": "Equal"}, {"effect": "NoSchedule"}, {"value": ""}])
def test_a_toleration_that_the_api_server_refuses_covers_nothing(toleration: Object) -> None:
    """Without a key the operator has to be Exists: a pod with such a toleration would not be made."""
    assert not _fits(nodes.Taint("dedicated", "", "NoSchedule"), toleration)


def _kubernetes(toleration: Object, taint: nodes.Taint) -> bool:
    """ToleratesTaint as it is written in Go, for tolerations that the API server takes."""
    effect, key = toleration.get("effect", ""), toleration.get("key", "")
    if effect != "" and effect != taint.effect:  # noqa: PLC1901, RUF100
        return False
    if key != "" and key != taint.key:  # noqa: PLC1901, RUF100
        return False
    match toleration.get("operator", ""):
        case "" | "Equal":
            return bool(toleration.get("value", "") == taint.value)
        case "Exists":
            return True
    raise AssertionError(toleration)


def test_every_toleration_and_every_taint_meet_as_in_kubernetes() -> None:
    choices: list[tuple[str, list[str | None]]] = [
        ("key", [None, "a", "b"]), ("operator", [None, "Equal", "Exists"]), ("value", [None, "", "1", "2"]),
        ("effect", [None, "NoSchedule", "NoExecute"]),
    ]  # fmt: skip
    seen = set()
    for picked in itertools.product(*(values for _, values in choices)):
        toleration = {name: value for (name, _), value in zip(choices, picked, strict=True) if value is not None}
        if "key" not in toleration and toleration.get("operator") != "Exists":
            continue  # refused by the API server: operator must be Exists when key is empty
        for key, value, effect in itertools.product("ab", ("", "1"), ("NoSchedule", "NoExecute")):
            taint = nodes.Taint(key, value, effect)
            expected = _kubernetes(toleration, taint)
            assert _fits(taint, toleration) is expected, (toleration, taint)
            seen.add(expected)
    assert seen == {True, False}


@pytest.mark.parametrize(
    "key",
    ["not-ready", "unreachable", "unschedulable", "disk-pressure", "memory-pressure", "pid-pressure"],
)  # fmt: skip
@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_what_kubernetes_says_of_a_nodes_health_is_no_reason_to_leave_it_out(key: str, effect: str) -> None:
    assert _fits(nodes.Taint(f"node.kubernetes.io/{key}", "", effect))


@pytest.mark.parametrize(
    ("taint", "fits"),
    [
        (nodes.Taint("dedicated", "db", "PreferNoSchedule"), True),
        (nodes.Taint("node-role.kubernetes.io/control-plane", "", "NoSchedule"), False),
        (nodes.Taint("node.kubernetes.io/out-of-service", "", "NoExecute"), False),
        (nodes.Taint("node.cloudprovider.kubernetes.io/uninitialized", "true", "NoSchedule"), False),
        (nodes.Taint("not-ready", "", "NoSchedule"), False),
    ],
)
def test_other_taints_leave_a_node_out(taint: nodes.Taint, fits: bool) -> None:
    assert _fits(taint) is fits
    assert _fits(taint, {"operator": "Exists"})


def test_every_taint_has_to_be_tolerated() -> None:
    two = nodes.Node("n", taints=(TAINT, nodes.Taint("other", "", "NoExecute")))
    some, all_ = {"key": "dedicated", "operator": "Exists"}, {"key": "other", "operator": "Exists"}
    assert nodes.members([two], tasks.Nodes({}, (some,))).tainted == (two,)
    assert nodes.members([two], tasks.Nodes({}, (some, all_))).fitting == (two,)


def test_nodes_come_by_name_and_those_that_are_not_selected_not_at_all() -> None:
    listed = [
        nodes.Node("c", {"zone": "a"}), nodes.Node("a", {"zone": "a"}, (TAINT,)), nodes.Node("b", {"zone": "a"}),
        nodes.Node("d", {"zone": "b"}), nodes.Node("e", {"zone": "b"}, (TAINT,)),
    ]  # fmt: skip
    found = nodes.members(listed, tasks.Nodes({"matchLabels": {"zone": "a"}}))
    assert [node.name for node in found.fitting] == ["b", "c"]
    assert [node.name for node in found.tainted] == ["a"]


# -- as the API server serves it --


def test_a_node_is_read_as_the_api_server_serves_it() -> None:
    taints = [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}, {"key": "k", "effect": "NoExecute"}]
    body = builders.node("n1", labels={"a": "b"}, taints=taints)
    assert nodes.read(body) == nodes.Node("n1", {"a": "b"}, (TAINT, nodes.Taint("k", "", "NoExecute")))


@pytest.mark.parametrize(
    ("changed", "ready", "cordoned"),
    [
        ({}, True, False),
        ({"spec": {"unschedulable": True}}, True, True),
        ({"spec": {"unschedulable": False, "taints": None}}, True, False),
        ({"spec": None}, True, False),
        ({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, False, False),
        ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, False, False),
        ({"status": {"conditions": [{"type": "DiskPressure", "status": "True"}]}}, False, False),
        ({"status": {"conditions": None}}, False, False),
        ({"status": None}, False, False),
        ({"metadata": {"name": "n1", "labels": None}}, True, False),
        ({"metadata": {"name": "n1", "deletionTimestamp": "2026-01-02T03:04:05Z"}}, False, False),
    ],
)
def test_a_node_is_ready_where_it_says_so(changed: Object, ready: bool, cordoned: bool) -> None:
    node = nodes.read({**builders.node("n1"), **changed})
    assert (node.name, node.labels, node.taints, node.ready, node.cordoned) == ("n1", {}, (), ready, cordoned)
