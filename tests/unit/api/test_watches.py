"""watches.yaml: operator-sdk's fields, ours, and errors that name the entry."""

import pytest

from inspect_operator import errors
from inspect_operator.api import watches

NGINX = {"group": "web.example.com", "version": "v1", "kind": "Nginx", "chart": "charts/nginx"}


def read(*entries: object) -> tuple[watches.Entry, ...]:
    return watches.read(list(entries), "watches.yaml")


def test_every_documented_field_is_read() -> None:
    (entry,) = read(
        {
            **NGINX,
            "watchDependentResources": False,
            "overrideValues": {"image.repository": "$IMAGE"},
            "selector": {
                "matchLabels": {"a": "b"},
                "matchExpressions": [
                    {"key": "testLabel", "operator": "Exists", "values": []},
                    {"key": "tier", "operator": "In", "values": ["x", "y"]},
                    {"key": "old", "operator": "DoesNotExist"},
                    {"key": "at", "operator": "NotIn", "values": ["z"]},
                ],
            },
            "reconcilePeriod": "1h2m4s",
            "maxConcurrentReconciles": 3,
            "dryRunOption": "server",
            "allowedKinds": ["Deployment"],
        }
    )
    assert entry.label_selector == "a=b,testLabel,tier in (x,y),!old,at notin (z)"
    assert (entry.period_seconds, entry.maxConcurrentReconciles) == (3724, 3)
    assert str(entry) == "web.example.com/v1 Nginx"


def test_what_is_not_said_is_as_operator_sdk_documents_it() -> None:
    (entry,) = read(NGINX)
    assert entry.watchDependentResources is True
    assert (entry.label_selector, entry.overrideValues) == ("", {})
    assert watches.read(None, "watches.yaml") == () == watches.read([], "watches.yaml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chrat": "x"}, "entry 1 (web.example.com/v1/Nginx): chrat: Extra inputs are not permitted; known are group"),
        ({"chart": None}, "say where the chart is"),
        ({"template": "t"}, "say where the chart is (or template, but not both)"),
        ({"version": ""}, "version: "),
        ({"kind": "nginx"}, "kind: "),
        ({"reconcilePeriod": "soon"}, "reconcilePeriod: 'soon'; write 30s, 10m or 1h"),
        ({"reconcilePeriod": "0s"}, "reconcilePeriod: '0s'"),
        ({"maxConcurrentReconciles": 0}, "maxConcurrentReconciles: "),
        (
            {"overrideValues": {"replicas": 3}},
            "overrideValues.replicas: Input should be a valid string; put it in quotes",
        ),
        ({"dryRunOption": "maybe"}, "dryRunOption: "),
        ({"selector": {"matchLabel": {}}}, "selector.matchLabel: "),
        ({"allowedKinds": []}, "allowedKinds: "),
        ({"group": "api.practice.com", "kind": "Inspect"}, "Inspects are made by templates"),
    ],
)
def test_a_wrong_entry_is_named_with_its_field(change: dict[str, object], words: str) -> None:
    with pytest.raises(errors.SettingsInvalid) as caught:
        read({**NGINX, **change})
    assert words in str(caught.value)
    assert str(caught.value).startswith("watches.yaml, entry 1 (")


def test_a_kind_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(errors.SettingsInvalid, match=r"entry 2: web.example.com/v1 Nginx stands there twice"):
        read(NGINX, {**NGINX, "chart": "charts/other"})
    assert len(read(NGINX, {**NGINX, "version": "v2"})) == 2


@pytest.mark.parametrize("written", [{"group": "x"}, "text", 3])
def test_what_is_no_list_is_refused(written: object) -> None:
    with pytest.raises(errors.SettingsInvalid, match="has to be a list"):
        watches.read(written, "watches.yaml")


def test_an_entry_for_inspects_may_stand_there() -> None:
    (entry,) = read({"group": "api.practice.com", "version": "v1alpha1", "kind": "Inspect"})
    assert entry.serves_inspects
