"""Metrics from statuses: what a scrape reads, and that there are never more series than the specs call for."""

import pathlib
from typing import Any

import pytest
from prometheus_client import parser

from inspect_operator import errors
from inspect_operator.publish import meters, metrics, metrics_generate

ROOT = pathlib.Path(__file__).parents[3]
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]
ROW = {
    "task_name": "disk", "verdict": "fail", "started": "2026-01-02T03:00:00Z", "finished": "2026-01-02T03:00:30Z",
    "counts": {"fail": 2, "success": 1}, "lastSuccess": "2026-01-01T03:00:30Z",
}  # fmt: skip


def _seen(*rows: dict[str, Any], name: str = "night", **status: Any) -> metrics.Seen:
    return metrics.Seen("default", name, {"observedGeneration": 1, "ready": "True", "results": list(rows), **status})


async def _scraped(*seen: metrics.Seen, texts: metrics.Texts | None = None) -> Series:
    """What a scrape reads of these objects."""
    text = await (texts or metrics.Texts()).text(seen)
    return _parsed(text)


def _parsed(text: bytes) -> Series:
    made: Series = {}
    for family in parser.text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            place = (sample.name, tuple(sorted(sample.labels.items())))
            assert place not in made, f"twice: {place}"
            made[place] = sample.value
    return made


def _of(series: Series, name: str, label: str) -> dict[str, float]:
    return {dict(labels)[label]: value for (found, labels), value in series.items() if found == name}


async def test_a_run_that_has_ended() -> None:
    series = await _scraped(_seen(ROW))
    assert _of(series, "inspect_task_result", "verdict") == {
        "error": 0, "fail": 1, "unknown": 0, "success": 0, "skipped": 0,
    }  # fmt: skip
    assert _of(series, "inspect_task_findings", "result") == {
        "fail": 2, "unknown": 0, "warn": 0, "success": 1, "info": 0,
    }  # fmt: skip
    assert _of(series, "inspect_task_duration_seconds", "task") == {"disk": 30}
    assert _of(series, "inspect_task_last_run_timestamp_seconds", "task") == {"disk": 1767322800}
    assert _of(series, "inspect_task_last_success_timestamp_seconds", "task") == {"disk": 1767322830 - 86400}
    assert _of(series, "inspect_ready", "inspect") == {"night": 1}
    assert _of(series, "inspect_task_schedule_missed", "task") == {}, "it has no schedule"


async def test_before_the_first_run_every_verdict_is_0_and_nothing_is_said_of_times() -> None:
    series = await _scraped(_seen({"task_name": "disk", "state": "waiting"}, ready="False"))
    assert set(_of(series, "inspect_task_result", "verdict").values()) == {0}
    assert {name for name, _ in series} == {"inspect_task_result", "inspect_ready"}
    assert _of(series, "inspect_ready", "inspect") == {"night": 0}


async def test_while_a_schedule_runs_again_its_last_run_counts() -> None:
    """The row then has the start and end of the run that its verdict is of."""
    series = await _scraped(_seen({**ROW, "state": "active", "schedule": "@daily"}))
    assert _of(series, "inspect_task_result", "verdict")["fail"] == 1
    assert _of(series, "inspect_task_schedule_missed", "task") == {"disk": 0}


async def test_a_missed_run_is_told() -> None:
    row = {**ROW, "schedule": "@daily", "missed": "2026-01-03T03:00:00Z", "verdict": "unknown"}
    assert _of(await _scraped(_seen(row)), "inspect_task_schedule_missed", "task") == {"disk": 1}


async def test_an_object_without_a_status_has_no_series() -> None:
    assert await _scraped(metrics.Seen("default", "new", {})) == {}


@pytest.mark.parametrize("name", ["磁盘 检查", 'quo"te', "back\\slash", "two\nlines", "caf\u00e9{}", "a=b,c"])
async def test_any_task_name_is_a_label_as_it_is(name: str) -> None:
    series = await _scraped(_seen({**ROW, "task_name": name}))
    assert _of(series, "inspect_task_duration_seconds", "task") == {name: 30}


async def test_what_is_gone_is_gone_with_the_next_scrape() -> None:
    texts = metrics.Texts()
    both = await _scraped(_seen(ROW), _seen(ROW, {**ROW, "task_name": "cpu"}, name="day"), texts=texts)
    assert _of(both, "inspect_task_duration_seconds", "task") == {"disk": 30, "cpu": 30}
    less = await _scraped(_seen(ROW, name="day"), texts=texts)
    assert {dict(labels)["inspect"] for _, labels in less} == {"day"}
    assert _of(less, "inspect_task_duration_seconds", "task") == {"disk": 30}
    assert await _scraped(texts=texts) == {}


async def test_a_changed_status_is_read_anew() -> None:
    texts = metrics.Texts()
    await _scraped(_seen(ROW), texts=texts)
    series = await _scraped(_seen({**ROW, "verdict": "success"}), texts=texts)
    assert _of(series, "inspect_task_result", "verdict")["success"] == 1


async def test_there_are_fourteen_series_for_a_task_and_one_for_an_object_whatever_its_runs_said() -> None:
    row = {**ROW, "schedule": "@daily", "findings": [{"name": f"f{n}", "result": "fail"} for n in range(100)]}
    row |= {"targets": [{"target": f"node-{n}", "verdict": "fail"} for n in range(100)], "reason": "Findings"}
    assert len(await _scraped(_seen(row))) == 15


async def test_remembered_texts_are_the_text_of_all_at_once() -> None:
    seen = [_seen(ROW, name=f"i{number}") for number in range(25)]
    at_once = b"".join(metrics._heads()[number] + metrics._lines(family)
                       for number, family in enumerate(metrics.families(seen)))  # fmt: skip
    assert await metrics.Texts().text(seen) == at_once


def test_helm_operations_are_counted_by_what_became_of_them() -> None:
    counted = meters.Meters()
    with counted.helm("install"):
        pass
    with pytest.raises(errors.ReleaseRejected), counted.helm("upgrade"):
        raise errors.ReleaseRejected("no")
    with pytest.raises(ZeroDivisionError), counted.helm("upgrade"):
        raise ZeroDivisionError
    outcomes = {
        (sample.labels["action"], sample.labels["outcome"]): sample.value
        for family in counted.registry.collect()
        for sample in family.samples
        if sample.name == "inspect_helm_operations_total"
    }
    assert outcomes == {("install", "success"): 1, ("upgrade", "ReleaseRejected"): 1, ("upgrade", "Unexpected"): 1}
    assert (
        counted.registry.get_sample_value("inspect_helm_operation_duration_seconds_count", {"action": "upgrade"}) == 2
    )


def test_the_reference_is_what_the_registry_holds() -> None:
    text = (ROOT / metrics_generate.REFERENCE).read_text(encoding="utf-8")
    assert text == metrics_generate.generated(ROOT)[ROOT / metrics_generate.REFERENCE], "`make generate`"
    assert text.count(metrics_generate.MARK) == 1
    for name in metrics.Name:
        assert f"| `{name}` | gauge |" in text


def test_notices_are_told_as_they_are_counted_elsewhere() -> None:
    counted, numbers = meters.Meters(), {("slack", "sent"): 0}
    counted.notifications(lambda: [(*pair, number) for pair, number in numbers.items()])
    labels = {"channel": "slack", "outcome": "sent"}
    assert counted.registry.get_sample_value("inspect_notifications_total", labels) == 0
    numbers["slack", "sent"] = 2
    assert counted.registry.get_sample_value("inspect_notifications_total", labels) == 2
