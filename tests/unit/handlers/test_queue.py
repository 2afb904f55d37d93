"""A work queue as controllers have it: one run at a time for each key, once more when asked, with back-off."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from inspect_operator import errors
from inspect_operator.handlers import queue
from inspect_operator.publish import meters

A, B = ("default", "a"), ("default", "b")


class Work:
    """Work that waits at a gate and ends as the plan says: with seconds, None or an error."""

    def __init__(self, *plan: float | Exception | None) -> None:
        self.plan = list(plan)
        self.begun: list[queue.Key] = []
        self.active: list[queue.Key] = []
        self.most_active: dict[queue.Key, int] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, key: queue.Key) -> float | None:
        self.begun.append(key)
        self.active.append(key)
        self.most_active[key] = max(self.most_active.get(key, 0), self.active.count(key))
        try:
            await self.gate.wait()
        finally:
            self.active.remove(key)
        end = self.plan.pop(0) if self.plan else None
        if isinstance(end, Exception):
            raise end
        return end


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def _settled() -> None:
    """Everything that could run has run."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _short_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 0.001)


async def test_a_wake_up_is_one_run() -> None:
    work = Work()
    queue.Queue("test", work).wake(A)
    await _settled()
    assert work.begun == [A]


async def test_wake_ups_during_a_run_cause_one_more_and_never_two_at_once() -> None:
    work = Work()
    work.gate.clear()
    one = queue.Queue("test", work)
    one.wake(A)
    await _settled()
    for _ in range(5):
        one.wake(A)
    await _settled()
    assert work.begun == [A]
    work.gate.set()
    await _settled()
    assert work.begun == [A, A]
    assert work.most_active == {A: 1}


async def test_objects_do_not_wait_for_each_other() -> None:
    work = Work()
    work.gate.clear()
    one = queue.Queue("test", work)
    one.wake(A)
    one.wake(B)
    await _settled()
    assert sorted(work.active) == [A, B]
    await one.close()


async def test_work_may_ask_to_be_done_again() -> None:
    work = Work(0.001, 0.001, None)
    queue.Queue("test", work).wake(A)
    await _until(lambda: len(work.begun) == 3)
    await asyncio.sleep(0.01)
    assert work.begun == [A] * 3


async def test_a_wake_up_does_not_wait_for_the_time_asked_for() -> None:
    work = Work(1000.0, None)
    one = queue.Queue("test", work)
    one.wake(A)
    await _settled()
    one.wake(A)
    await _settled()
    assert work.begun == [A, A]


async def test_wake_ups_during_a_rest_are_one_run_after_it_and_others_do_not_rest_with_it() -> None:
    work = Work()
    one = queue.Queue("test", work, rest_seconds=0.1)
    one.wake(A)
    await _settled()
    for _ in range(5):
        one.wake(A)
        await _settled()
    assert work.begun == [A]
    one.wake(B)
    await _settled()
    assert work.begun == [A, B], "another object does not rest with it"
    await _until(lambda: len(work.begun) == 3)
    assert work.begun == [A, B, A]
    await one.close()


async def test_after_its_rest_an_object_that_nobody_woke_is_left_alone() -> None:
    work = Work()
    one = queue.Queue("test", work, rest_seconds=0.01)
    one.wake(A)
    await _until(lambda: not one._entries)
    assert work.begun == [A]


async def test_closing_ends_a_rest() -> None:
    work = Work()
    one = queue.Queue("test", work, rest_seconds=0.01)
    one.wake(A)
    await _settled()
    one.wake(A)
    await one.close()
    await asyncio.sleep(0.03)
    assert work.begun == [A]


@pytest.mark.parametrize("error", [errors.ClusterUnavailable("later"), RuntimeError("a bug"), KeyError("a bug")])
async def test_a_failure_is_tried_again(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    work = Work(error, error, None)
    queue.Queue("test", work).wake(A)
    await _until(lambda: len(work.begun) == 3)
    await asyncio.sleep(0.01)
    assert work.begun == [A] * 3


async def test_what_no_retry_helps_waits_for_a_wake_up() -> None:
    work = Work(errors.SpecInvalid("no"), None)
    one = queue.Queue("test", work)
    one.wake(A)
    await asyncio.sleep(0.02)
    assert work.begun == [A]
    one.wake(A)
    await _settled()
    assert work.begun == [A, A]


async def test_a_bug_with_one_object_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def work(key: queue.Key) -> float | None:
        if key == A:
            raise RuntimeError("a bug")
        done.append(key)
        return None

    done: list[queue.Key] = []
    one = queue.Queue("test", work)
    one.wake(A)
    one.wake(B)
    await _settled()
    await one.close()
    assert done == [B]
    assert "test failed unexpectedly object=default/a" in caplog.text
    assert "RuntimeError: a bug" in caplog.text, "a bug is logged with its traceback"


async def test_an_expected_failure_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    one = queue.Queue("test", Work(errors.SpecInvalid("spec.tasks: none")))
    one.wake(A)
    await _settled()
    (record,) = caplog.records
    assert record.getMessage() == "test failed object=default/a reason=SpecInvalid error=spec.tasks: none"
    assert record.exc_info is None


def test_back_off_doubles_up_to_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 1.0)
    assert [queue.backoff_seconds(times) for times in range(10)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert queue.backoff_seconds(10_000) == 300


async def test_success_begins_the_back_off_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def soon(times: int) -> float:
        asked.append(times)
        return 0.001

    monkeypatch.setattr(queue, "backoff_seconds", soon)
    error = errors.ClusterUnavailable("later")
    work = Work(error, error, 0.001, error, None)
    queue.Queue("test", work).wake(A)
    await _until(lambda: len(work.begun) == 5)
    assert asked == [0, 1, 0]


async def test_closing_cancels_what_runs_and_what_is_due() -> None:
    work = Work(30.0)
    one = queue.Queue("test", work)
    one.wake(A)  # is due again
    await _settled()
    timer = one._entries[A].timer
    work.gate.clear()
    one.wake(B)  # runs
    await _settled()
    one.wake(B)  # shall run once more
    await one.close()
    assert work.active == []
    assert timer is not None
    assert timer.cancelled()
    work.gate.set()
    one.wake(A)
    await _settled()
    assert work.begun == [A, B]


async def test_closing_waits_until_the_work_has_ended() -> None:
    ended: list[str] = []

    async def work(key: queue.Key) -> float | None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("cleaned up")
        return None

    one = queue.Queue("test", work)
    one.wake(A)
    await _settled()
    await one.close()
    assert ended == ["cleaned up"]


async def test_what_happens_close_together_is_worked_on_together() -> None:
    runs: list[float] = []
    twice = asyncio.Event()

    async def work(_: queue.Key) -> None:
        runs.append(asyncio.get_running_loop().time())
        if len(runs) == 2:
            twice.set()

    one = queue.Queue("test", work, rest_seconds=0.2)
    for _ in range(5):
        one.wake(A)
        await asyncio.sleep(0.01)
    assert len(runs) == 1, "the first at once"
    await asyncio.wait_for(twice.wait(), 5)
    assert runs[1] - runs[0] >= 0.19
    await asyncio.sleep(0.3)
    assert len(runs) == 2, "the other four as one"
    await one.close()


def _value(counted: meters.Meters, metric: str, **labels: str) -> float | None:
    return counted.registry.get_sample_value(metric, labels)


async def test_what_waits_and_what_runs_is_counted() -> None:
    counted, work = meters.Meters(), Work(errors.ClusterUnavailable("away"), None, 3600.0)
    work.gate.clear()
    one = queue.Queue("test", work, counted=counted)
    both = {"name": "test", "controller": "test"}
    one.wake(A)
    await _settled()
    assert _value(counted, "controller_runtime_active_workers", controller="test") == 1
    for _ in range(3):
        one.wake(A)
    assert _value(counted, "workqueue_depth", **both) == 1, "three wake-ups are one more pass"
    work.gate.set()
    await _until(lambda: len(work.begun) == 2 and not work.active)
    await _settled()
    assert _value(counted, "workqueue_depth", **both) == 0
    assert _value(counted, "workqueue_adds_total", **both) == 2
    assert _value(counted, "workqueue_retries_total", **both) == 1
    one.wake(A)
    await _settled()
    results = {
        result: _value(counted, "controller_runtime_reconcile_total", controller="test", result=result)
        for result in ("success", "error", "requeue_after")
    }
    assert results == {"success": 1, "error": 1, "requeue_after": 1}
    assert _value(counted, "controller_runtime_reconcile_errors_total", controller="test") == 1
    assert _value(counted, "controller_runtime_reconcile_time_seconds_count", controller="test") == 3
    assert _value(counted, "controller_runtime_active_workers", controller="test") == 0
    await one.close()


async def test_what_can_wait_is_worked_on_in_time_and_with_what_comes_before() -> None:
    work = Work()
    waiting = queue.Queue("test", work)
    waiting.wake(A, 0.05)
    waiting.wake(A, 60.0)
    waiting.wake(B, 60.0)
    assert not work.begun
    waiting.wake(B)
    await _begun(work, 2)
    assert work.begun == [B, A], "each once: at once where asked, else when its time has come"
    await waiting.close()


async def test_a_wake_up_that_could_wait_is_not_lost_in_a_run() -> None:
    work = Work()
    work.gate.clear()
    waiting = queue.Queue("test", work)
    waiting.wake(A)
    await _begun(work, 1)
    waiting.wake(A, 60.0)
    work.gate.set()
    await _begun(work, 2)
    await waiting.close()


async def _begun(work: Work, number: int) -> None:
    async with asyncio.timeout(10):
        while len(work.begun) < number:  # noqa: ASYNC110  # the work itself tells nobody
            await asyncio.sleep(0.01)
