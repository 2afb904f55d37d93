"""What kopf is told: which kinds are watched, under which labels, and what it may not do by itself."""

import asyncio
import datetime

import kopf
import pytest
from tests.unit import cluster_in_memory

from inspect_operator import settings
from inspect_operator.handlers import operator as operators


@pytest.fixture
def operator() -> operators.Operator:
    return operators.Operator(settings.Settings(), cluster_in_memory.Cluster(), datetime.datetime.now(datetime.UTC))


def test_kopf_watches_inspects_and_nothing_else(operator: operators.Operator) -> None:
    handlers = operator.registry()._watching.get_all_handlers()
    watched = {(handler.selector.group, handler.selector.any_name) for handler in handlers if handler.selector}
    assert watched == {("api.practice.com", "inspects")}


@pytest.mark.parametrize("namespaces", [(), ("one", "two")])
async def test_what_releases_hold_is_watched_where_it_is_ours_and_nothing_else(namespaces: tuple[str, ...]) -> None:
    cluster = cluster_in_memory.Cluster()
    made = operators.Operator(settings.Settings(namespaces=namespaces), cluster, datetime.datetime.now(datetime.UTC))
    await made.prime()
    await asyncio.sleep(0)
    watched = [request for request in cluster.requests if request[0] == "watch"]
    await made.close()
    kinds = ("Job", "CronJob", "Pod", "ConfigMap", "ServiceAccount", "RoleBinding")
    expected = [("watch", kind, "taskType=inspect") for kind in kinds] * (len(namespaces) or 1)
    assert sorted(watched) == sorted([*expected, ("watch", "Node", "")]), (
        "never Secrets: a watch would bring every password of the namespace into our memory"
    )


def test_kopf_changes_no_object(operator: operators.Operator) -> None:
    """No finalizer, no annotation, no progress in the status: only handlers of events are registered."""
    registry = operator.registry()
    assert list(registry._changing.get_all_handlers()) == []
    assert list(registry._spawning.get_all_handlers()) == []
    assert list(registry._webhooks.get_all_handlers()) == []


async def test_log_lines_do_not_become_events(operator: operators.Operator) -> None:
    made = kopf.OperatorSettings()
    await operator._configure(made)
    assert made.posting.loggers is False
    assert made.scanning.disabled is True
