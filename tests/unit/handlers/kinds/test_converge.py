"""An object of a kind: spec → values → release → status."""

import time
from collections.abc import Callable

import pytest
from tests.unit.handlers.kinds import conftest
from tests.unit.handlers.kinds.conftest import Land

from inspect_operator import errors
from inspect_operator.plan import kind

REAL = time.monotonic


async def test_an_object_becomes_a_release_whose_values_are_its_spec(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    assert land.helm.values == [{"replicas": 2}]
    deployment = land.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 2}
    found = land.there("Web")
    assert found is not None
    assert found["metadata"]["finalizers"] == [kind.FINALIZER]
    assert land.conditions()["Deployed"] == ("True", "InstallSuccessful")
    assert land.status()["deployedRelease"]["name"] == "shop"
    assert [(one["kind"], one["name"]) for one in land.status()["dependents"]] == [
        ("Deployment", "shop"), ("Service", "shop"),
    ]  # fmt: skip
    assert ("InstallSuccessful", "shop: installed for generation 1") in land.events()
    assert land.called() == [("upgrade", "shop")]


async def test_helm_is_called_for_another_spec_and_for_nothing_else(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)
    land.called()
    await land.apply(replicas=2, labels={"team": "a"}, annotations={"note": "1"})
    await land.wake()
    await land.start()
    assert land.called() == [], "labels, annotations and a restart change no values"
    await land.apply(replicas=3)
    assert land.called() == [("upgrade", "shop")]
    assert land.conditions()["Deployed"] == ("True", "UpgradeSuccessful")
    assert ("UpgradeSuccessful", "shop: values or chart changed, generation 2") in land.events()


async def test_two_objects_are_two_releases(land: Land) -> None:
    await land.start()
    await land.apply("a", replicas=1)
    await land.apply("b", replicas=2)
    assert land.called() == [("upgrade", "a"), ("upgrade", "b")]
    await land.apply("a", replicas=3)
    await land.delete("b")
    assert land.called() == [("upgrade", "a"), ("uninstall", "b")]
    deployment = land.there("Deployment", "a")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 3}
    assert land.there("Deployment", "b") is None
    assert land.there("Web", "b") is None


async def test_what_helm_said_reaches_the_object_and_heals_with_its_spec(land: Land) -> None:
    await land.start()
    await land.apply(replicas=2)

    def refuse(_: str) -> None:
        raise errors.ReleaseRejected("upgrade of shop: Deployment.apps is invalid: spec.replicas: 'many'")

    land.helm.before = refuse
    await land.apply(replicas="many")
    assert land.conditions()["ReleaseFailed"] == ("True", "UpgradeError")
    assert "spec.replicas: 'many'" in land.message("ReleaseFailed")
    assert land.conditions()["Ready"] == ("False", "UpgradeError")
    assert land.conditions()["Deployed"] == ("True", "InstallSuccessful"), "what ran goes on running"
    assert ("UpgradeError", "upgrade of shop: Deployment.apps is invalid: spec.replicas: 'many'") in land.events()
    land.called()
    await land.wake()
    assert land.called() == [], "the same content would be refused again"
    land.helm.before = lambda _: None
    await land.apply(replicas=3)
    assert "ReleaseFailed" not in land.conditions()


async def test_a_failed_install_is_repaired_once_its_time_has_come(land: Land) -> None:
    await land.start()
    land.helm.leaves = "failed"
    await land.apply(replicas=2)
    assert land.conditions()["ReleaseFailed"][1] == "UpgradeError"
    land.helm.leaves = "deployed"
    await conftest.until("tried again", lambda: land.conditions().get("Deployed"))
    await land.settled()
    assert land.helm.calls[-1] == ("upgrade", "shop", "revision 1 had failed")
    assert "ReleaseFailed" not in land.conditions()


async def test_a_spec_that_is_no_mapping_is_refused_without_helm(land: Land) -> None:
    await land.start()
    body = {"apiVersion": "web.example.com/v1", "kind": "Web", "spec": [1]}
    land.cluster.put({**body, "metadata": {"name": "list", "namespace": "default", "generation": 1}})
    await land.settled()
    assert land.conditions("list")["Irreconcilable"] == ("True", "SpecInvalid")
    assert land.called() == []


async def test_a_release_of_somebody_else_is_not_touched(land: Land) -> None:
    await land.start()
    await land.apply("a", replicas=1)
    for (kind_, _, name), item in list(land.cluster.objects.items()):
        if kind_ == "Secret":  # as helm leaves it without an operator
            item["metadata"]["labels"] = {
                key: value for key, value in item["metadata"]["labels"].items() if "/" not in key
            } | {"name": "b"}
            land.cluster.objects[("Secret", "default", name.replace(".a.", ".b."))] = item
            del land.cluster.objects[("Secret", "default", name)]
    land.called()
    await land.apply("b", replicas=1)
    assert land.conditions("b")["Irreconcilable"] == ("True", "ReleaseNotOwned")
    assert "was not made by inspect-operator; name the object otherwise" in land.message("Irreconcilable", "b")
    assert land.called() == []


async def test_values_of_the_administrator_win_and_are_told_without_those_of_the_environment(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    land.entry = {"overrideValues": {"replicas": "5", "token": "$TOKEN"}}
    await land.start()
    await land.apply(replicas=2, colour="blue")
    assert land.helm.values == [{"replicas": "5", "colour": "blue", "token": "s3cret"}]
    assert ("OverrideValuesInUse", 'Chart value "replicas" overridden to "5" by operator\'s watches.yaml') in (
        land.events()
    )
    assert "s3cret" not in str(land.events())


async def test_what_a_release_may_not_hold_is_refused_before_anything_is_written(land: Land) -> None:
    land.entry = {"allowedKinds": ["Deployment"]}
    await land.start()
    await land.apply(replicas=2)
    assert land.conditions()["ReleaseFailed"] == ("True", "InstallError")
    assert "the chart renders Service; allowedKinds of watches.yaml are Deployment" in land.message("ReleaseFailed")
    assert land.called() == [("dry-run", "shop")]
    assert land.there("Deployment") is None


async def test_with_every_period_an_object_is_looked_at_anew(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Deployment that somebody changed unseen, and a status that somebody took away."""
    land.entry = {"reconcilePeriod": "1h", "watchDependentResources": False}
    await land.start()
    await land.apply(replicas=2)
    await land.edit("Deployment", replicas=0)
    await land.wake()
    deployment = land.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 0}, "not watched, and not its time yet"
    await land.apply(replicas=2, annotations={kind.RECONCILE_PERIOD: "1s"})
    monkeypatch.setattr("time.monotonic", _later(2))
    await land.wake()
    deployment = land.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 2}
    assert land.called() == [("upgrade", "shop")], "without a new revision"


async def test_it_wakes_by_itself_when_the_period_is_over(land: Land) -> None:
    land.entry = {"reconcilePeriod": "1s", "watchDependentResources": False}
    await land.start()
    await land.apply(replicas=2)
    await land.edit("Deployment", replicas=0)

    def replicas() -> object:
        return (land.there("Deployment") or {})["spec"]["replicas"]

    assert replicas() == 0
    await conftest.until("put right", lambda: replicas() == 2)


async def test_what_a_chart_looks_up_is_looked_up_with_every_period(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land.entry = {"dryRunOption": "server"}
    await land.start()
    await land.apply(replicas=2)
    land.called()
    await land.wake()
    assert land.called() == [], "not its time yet"
    monkeypatch.setattr("time.monotonic", _later(601))
    await land.wake()
    assert land.called() == [("dry-run", "shop")], "nothing changed"
    rendered = land.helm.rendered

    async def another(*given: object, **named: object) -> dict[str, object]:
        made = await rendered(*given, **named)  # type: ignore[arg-type]
        return {"manifest": made["manifest"].replace("ClusterIP", "NodePort")}

    monkeypatch.setattr(land.helm, "rendered", another)
    monkeypatch.setattr("time.monotonic", _later(1202))
    await land.wake()
    assert land.called() == [("dry-run", "shop"), ("upgrade", "shop")]
    assert ("default", "shop") in land.controller.objects
    assert land.conditions()["Deployed"] == ("True", "UpgradeSuccessful")


def _later(seconds: float) -> Callable[[], float]:
    return lambda: REAL() + seconds
