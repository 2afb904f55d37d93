"""What kopf is told: which kinds are watched, under which labels, and what it may not do by itself."""

import datetime

import kopf
import pytest
from kopf._cogs.structs import references
from tests.unit import cluster_in_memory

from inspect_operator import settings
from inspect_operator.cluster import resources
from inspect_operator.handlers import operator as operators


@pytest.fixture
def operator() -> operators.Operator:
    return operators.Operator(settings.Settings(), cluster_in_memory.Cluster(), datetime.datetime.now(datetime.UTC))


def test_kinds_as_kopf_names_them() -> None:
    assert operators._place(resources.PODS) == ("", "v1", "pods")
    assert operators._place(resources.JOBS) == ("batch", "v1", "jobs")
    assert operators._place(resources.INSPECTS) == ("api.practice.com", "v1alpha1", "inspects")


def test_inspects_and_their_children_are_watched_and_nothing_else(operator: operators.Operator) -> None:
    handlers = operator.registry()._watching.get_all_handlers()
    watched = {(handler.selector.group, handler.selector.any_name) for handler in handlers if handler.selector}
    assert watched == {
        ("api.practice.com", "inspects"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        *(("", plural) for plural in ("pods", "configmaps", "serviceaccounts", "nodes")),
    }, "never Secrets: a watch would bring every password of the namespace into our memory"


def test_kopf_changes_no_object(operator: operators.Operator) -> None:
    """No finalizer, no annotation, no progress in the status: only handlers of events are registered."""
    registry = operator.registry()
    assert list(registry._changing.get_all_handlers()) == []
    assert list(registry._spawning.get_all_handlers()) == []
    assert list(registry._webhooks.get_all_handlers()) == []


async def test_only_objects_of_ours_come_over_the_watch(operator: operators.Operator) -> None:
    made = kopf.OperatorSettings()
    await operator._configure(made)
    selectors = made.watching.label_selectors
    assert set(selectors.values()) == {"taskType=inspect"}
    assert {place.any_name for place in selectors if isinstance(place, references.Selector)} == {
        "jobs", "cronjobs", "pods", "configmaps", "serviceaccounts", "rolebindings",
    }  # fmt: skip


async def test_log_lines_do_not_become_events(operator: operators.Operator) -> None:
    made = kopf.OperatorSettings()
    await operator._configure(made)
    assert made.posting.loggers is False
    assert made.posting.reporting_component == "inspect-operator"
    assert made.scanning.disabled is True
