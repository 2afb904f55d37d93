"""A kind: which of its objects are served, how many at once, and what its chart's changes come to."""

import asyncio
import json
import logging

import pytest
from tests.unit.handlers.kinds import conftest
from tests.unit.handlers.kinds.conftest import Land

from inspect_operator.cluster import discovery, resources
from inspect_operator.handlers.kinds import controller


async def test_a_changed_chart_is_another_release_of_every_object(land: Land) -> None:
    await land.start()
    await land.apply("a", replicas=1)
    await land.apply("b", replicas=1)
    land.called()
    await land.look()
    assert land.called() == [], "nothing changed"
    land.chart(conftest.DEPLOYMENT, version="1.1.0")
    await land.look()
    assert sorted(land.called()) == [("upgrade", "a"), ("upgrade", "b")]
    assert land.there("Service", "a") is None
    assert land.conditions("a")["Ready"][1] == "DependentsNotReady"


async def test_a_chart_that_breaks_leaves_releases_alone_and_heals(
    land: Land, caplog: pytest.LogCaptureFixture
) -> None:
    await land.start()
    await land.apply("a", replicas=1)
    land.called()
    (land.folder / "chart" / "Chart.yaml").write_text("name: [")
    for _ in range(3):
        await land.look()
    await land.apply("b", replicas=1)
    assert land.called() == [("upgrade", "b")], "by the chart as it was read last"
    said = [one.message for one in caplog.records if one.levelno == logging.ERROR]
    assert len(said) == 1, "told once, not with every look"
    assert said[0].startswith("chart can't be used kind=web.example.com/v1 Web error=chart: chart: no chart there")
    land.chart(conftest.DEPLOYMENT, conftest.SERVICE)
    await land.look()
    assert land.called() == [], "as it was before"


async def test_only_objects_under_the_selector_are_served(land: Land) -> None:
    land.entry = {"selector": {"matchLabels": {"tier": "web"}}}
    await land.start()
    await land.apply("other", replicas=1)
    assert land.called() == []
    assert land.status("other") == {}
    await land.apply("other", labels={"tier": "web"}, replicas=1)
    assert land.called() == [("upgrade", "other")]
    await land.apply("other", labels={}, replicas=2)
    assert land.called() == [], "no longer: neither upgraded nor uninstalled"
    assert land.there("Deployment", "other") is not None


@pytest.mark.parametrize(("said", "at_once"), [(1, 1), (3, 3), (None, 4)])
async def test_so_many_objects_are_worked_on_at_once(land: Land, said: int | None, at_once: int) -> None:
    land.entry = {} if said is None else {"maxConcurrentReconciles": said}
    go = asyncio.Event()
    land.helm.slow = go.wait
    await land.start()
    for number in range(8):
        name = f"web-{number}"
        metadata = {"name": name, "namespace": "default", "uid": name, "generation": 1}
        land.cluster.put({"apiVersion": "web.example.com/v1", "kind": "Web", "metadata": metadata, "spec": {}})
    await conftest.until("as many as may", lambda: land.helm.active == at_once)
    go.set()
    await land.settled()
    assert land.helm.active == at_once
    assert len(land.called()) == 8


async def test_a_kind_without_its_crd_is_named_and_served_once_it_is_there(
    land: Land, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(controller, "ABSENT_SECONDS", 0.01)
    monkeypatch.setattr(discovery, "ABSENT_SECONDS", 0.0)
    land.cluster.kinds = set()
    await land.start()
    await conftest.until("told", lambda: "kind is not served yet" in caplog.text)
    assert "kind=web.example.com/v1 Web" in caplog.text
    assert "install its CustomResourceDefinition" in caplog.text
    land.cluster.kinds = set(conftest.SERVED)
    await conftest.until("served", lambda: land.cluster.watched(1))
    assert caplog.text.count("kind is not served yet") == 1, "told once"
    await land.apply(replicas=1)
    assert land.called() == [("upgrade", "shop")]


async def test_a_cluster_scoped_kind_is_refused_in_words(land: Land, caplog: pytest.LogCaptureFixture) -> None:
    land.cluster.kinds = {resources.Resource("Web", "/apis/web.example.com/v1", "webs", namespaced=False)}
    await land.start()
    await conftest.until("told", lambda: "it is cluster-scoped" in caplog.text)


async def test_an_object_that_another_takes_the_place_of_is_not_forgotten(land: Land) -> None:
    """The late end of the first one must not end the second."""
    await land.start()
    await land.apply(replicas=1)
    first = land.cluster.objects[("Web", "default", "shop")]
    second = {**first, "metadata": {**first["metadata"], "uid": "another"}}
    land.controller.notice(json.loads(json.dumps(second)), False)
    land.controller.notice(json.loads(json.dumps(first)), True)
    assert land.controller.objects[("default", "shop")]["metadata"]["uid"] == "another"
