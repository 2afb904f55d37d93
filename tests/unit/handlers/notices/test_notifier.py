"""Workers of channels: what is sent when, what goes wrong on the way, and what is left for the next operator."""

import asyncio
import dataclasses
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from tests.unit import builders

from inspect_operator import errors
from inspect_operator.api import notice
from inspect_operator.api import task as tasks
from inspect_operator.handlers.notices import notifier
from inspect_operator.publish.notices import alertmanager, due, message

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

KEY = ("default", "night")
CHAT = {"name": "chat", "type": "slack", "secretRef": {"name": "s"}}


class _Http:
    def close(self) -> None:
        """As the real one."""


@dataclasses.dataclass
class _Delivery:
    """Notes what would be sent; what stands in `failing` is raised by the next ones, `hold` keeps them on their way."""

    http: _Http = dataclasses.field(default_factory=_Http)
    sent: list[list[tuple[str, str]]] = dataclasses.field(default_factory=list)
    at: list[float] = dataclasses.field(default_factory=list)
    failing: list[Exception] = dataclasses.field(default_factory=list)
    one_each: bool = False
    hold: asyncio.Event | None = None
    prepared: dict[message.Request, tuple[due.Change, ...]] = dataclasses.field(default_factory=dict)

    async def prepare(
        self, policy: notice.Policy, inspection: tasks.Inspection, changes: Sequence[due.Change]
    ) -> tuple[str, tuple[message.Parcel, ...]]:
        groups = [(change,) for change in changes] if self.one_each else [tuple(changes)]
        made = []
        for group in groups:
            request = message.AppriseCall("", str(len(self.prepared)), "", False)
            self.prepared[request] = group
            made.append(message.Parcel(request, group))
        return "title", tuple(made)

    async def send(self, request: message.Request) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.failing:
            raise self.failing.pop(0)
        self.sent.append([(one.task, one.kind.value) for one in self.prepared[request]])
        self.at.append(time.monotonic())


class _House:
    """A notifier over one Inspect, whose rows the test says; reports as the operator would."""

    def __init__(self, *notifications: Any, sender: _Delivery | None = None, tasks: Sequence[str] = ("disk",)) -> None:
        self.sender = sender or _Delivery()
        self.inspection = builders.inspection(*(builders.modern(one) for one in tasks), notifications=notifications)
        self.rows: list[Any] = []
        self.status: list[Any] = []
        self.written = 0
        self.start()

    def start(self) -> None:
        """As after a restart: what is known stands in the status."""
        sender: Any = self.sender
        self.notifier = notifier.Notifier(sender, lambda _: self.report(), message_center=False)

    def report(self) -> None:
        """A pass over the status."""
        made = self.notifier.note(KEY, self.inspection, self.rows, self.status)
        if made != self.status:
            self.status, self.written = made, self.written + 1
        self.notifier.dispatch(KEY)

    def run(self, verdict: str, run: str, task: str = "disk") -> None:
        """A run of a task has ended."""
        row = {"task_name": task, "state": "finished", "verdict": verdict, "runUid": run, "finished": "then"}
        self.rows = [one for one in self.rows if one["task_name"] != task] + [row]
        self.report()

    async def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        """Waits until something holds."""
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    @property
    def heard(self) -> list[list[tuple[str, str]]]:
        """What was sent, a list a message."""
        return self.sender.sent


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the real times."""
    monkeypatch.setattr(notifier, "GATHER_SECONDS", 0.02)
    monkeypatch.setattr(notifier, "PAUSE_SECONDS", 0.3)
    monkeypatch.setattr(notifier, "FIRST_BACKOFF_SECONDS", 0.05)


@pytest.fixture
async def houses() -> AsyncIterator[Callable[..., _House]]:
    """Closes them."""
    made: list[_House] = []

    def make(*notifications: Any, **more: Any) -> _House:
        made.append(_House(*notifications, **more))
        return made[-1]

    yield make
    for house in made:
        await house.notifier.close()


async def test_what_happens_close_together_is_told_together(houses: Any) -> None:
    house = houses(CHAT, tasks=("disk", "net"))
    house.run("fail", "1")
    house.run("fail", "2", "net")
    await house.until(lambda: bool(house.heard))
    assert house.heard == [[("disk", "failing"), ("net", "failing")]]
    (entry,) = house.status
    assert (entry["outcome"], entry["lastTitle"], entry["type"]) == ("sent", "title", "slack")
    assert {name: text.split()[0] for name, text in entry["told"].items()} == {"disk": "fail", "net": "fail"}
    counted = {(kind, outcome): number for kind, outcome, number in house.notifier.counters.items()}
    assert counted["slack", "sent"] == 1


async def test_a_storm_of_fifty_changes_yields_a_message_a_pause_and_the_last_word(houses: Any) -> None:
    """A minute, at a hundredth of the time: with 30 s between two messages there is room for three."""
    house = houses(CHAT)
    for number in range(51):
        house.run("fail" if number % 2 == 0 else "success", str(number))
        await asyncio.sleep(0.012)
    await house.until(lambda: house.status[0].get("told", {}).get("disk", "").startswith("fail"))
    await asyncio.sleep(0.5)  # nothing more comes
    assert 1 <= len(house.heard) <= 4
    assert house.heard[-1] == [("disk", "failing")]
    assert all(later - earlier >= 0.3 for earlier, later in itertools.pairwise(house.sender.at))
    kinds = [kind for ((_, kind),) in house.heard]
    assert all(one != other for one, other in itertools.pairwise(kinds)), "nothing was said twice"


async def test_what_is_over_before_it_is_told_is_not_told(houses: Any) -> None:
    house = houses(CHAT)
    house.run("fail", "1")
    house.run("success", "2")
    await asyncio.sleep(0.1)
    assert house.heard == []
    assert house.status == [{"name": "chat", "type": "slack"}]


async def test_an_endpoint_that_is_down_is_tried_again_and_told_once_in_the_status(houses: Any) -> None:
    house = houses(CHAT)
    house.sender.failing = [errors.NotifyFailed("the endpoint answered 500") for _ in range(3)]
    house.run("fail", "1")
    await house.until(lambda: bool(house.status[0].get("failing")))
    assert house.status[0]["outcome"] == "not sent: the endpoint answered 500"
    written = house.written
    await house.until(lambda: len(house.sender.failing) == 0)
    assert house.written == written, "the same once more is no news"
    await house.until(lambda: house.heard == [[("disk", "failing")]])
    await house.until(lambda: house.status[0]["outcome"] == "sent")
    assert "failing" not in house.status[0]
    counted = {(kind, outcome): number for kind, outcome, number in house.notifier.counters.items()}
    assert (counted["slack", "failed"], counted["slack", "sent"]) == (3, 1)


async def test_it_waits_as_long_as_the_endpoint_asks(houses: Any) -> None:
    house = houses(CHAT)
    house.sender.failing = [errors.NotifyFailed("the endpoint answered 429", after_seconds=0.5)]
    began = time.monotonic()
    house.run("fail", "1")
    await house.until(lambda: bool(house.heard))
    assert house.sender.at[0] - began >= 0.5


async def test_changes_while_it_waits_don_t_make_it_hurry(houses: Any) -> None:
    house = houses(CHAT)
    house.sender.failing = [errors.NotifyFailed("the endpoint answered 429", after_seconds=0.4)]
    began = time.monotonic()
    house.run("fail", "1")
    await house.until(lambda: not house.sender.failing)
    for number in range(5):
        house.run("error" if number % 2 else "unknown", f"x{number}")
    await house.until(lambda: bool(house.heard))
    assert house.sender.at[0] - began >= 0.4
    assert len(house.heard) == 1


async def test_a_new_address_is_tried_at_once(houses: Any) -> None:
    house = houses(CHAT)
    house.sender.failing = [errors.NotifyFailed("there is no Secret s", after_seconds=60)]
    house.run("fail", "1")
    await house.until(lambda: bool(house.status[0].get("failing")))
    house.inspection = builders.inspection(
        builders.modern("disk"), notifications=[CHAT | {"secretRef": {"name": "other"}}]
    )
    house.report()
    await house.until(lambda: house.heard == [[("disk", "failing")]])


async def test_what_changes_while_a_message_is_on_its_way_is_told_by_the_next(houses: Any) -> None:
    house = houses(CHAT)
    house.sender.hold = asyncio.Event()
    house.run("fail", "1")
    await asyncio.sleep(0.1)
    house.run("success", "2")
    house.sender.hold.set()
    await house.until(lambda: len(house.heard) == 2)
    assert house.heard == [[("disk", "failing")], [("disk", "recovered")]]


async def test_of_several_requests_those_that_were_taken_are_not_sent_again(houses: Any) -> None:
    house = houses(CHAT, sender=_Delivery(one_each=True), tasks=("a", "b", "c"))
    house.sender.failing = [RuntimeError("CANARY")]
    house.run("fail", "1", "a")
    house.run("fail", "2", "b")
    await house.until(lambda: len(house.heard) == 2)
    assert house.heard == [[("a", "failing")], [("b", "failing")]]


async def test_a_fault_of_ours_is_told_without_its_words(houses: Any, caplog: pytest.LogCaptureFixture) -> None:
    house = houses(CHAT)
    house.sender.failing = [RuntimeError("https://CANARY")]
    house.run("fail", "1")
    await house.until(lambda: bool(house.heard))
    assert "RuntimeError" in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize("moment", ["before", "during"])
async def test_a_crash_repeats_at_most_and_never_forgets(houses: Any, moment: str) -> None:
    house = houses(CHAT)
    house.sender.hold = asyncio.Event()
    house.run("fail", "1")
    if moment == "during":
        await asyncio.sleep(0.1)
    await house.notifier.close()
    assert house.heard == []
    house.start()
    house.sender.hold = None
    house.report()
    await house.until(lambda: house.heard == [[("disk", "failing")]])
    await house.until(lambda: bool(house.status[0].get("told")))
    await house.notifier.close()
    house.start()
    written = house.written
    house.report()
    await asyncio.sleep(0.1)
    assert house.heard == [[("disk", "failing")]], "told is told"
    assert house.written == written


async def test_each_channel_goes_its_own_way(houses: Any) -> None:
    log = {"name": "log", "type": "webhook", "secretRef": {"name": "s"}, "when": "always"}
    house = houses(CHAT, log)
    house.run("success", "1")
    await house.until(lambda: house.heard == [[("disk", "passed")]])
    names = [entry["name"] for entry in house.status]
    assert names == ["chat", "log"]
    assert "outcome" not in house.status[0]


async def test_a_channel_that_is_taken_away_says_nothing_more(houses: Any) -> None:
    house = houses(CHAT)
    house.run("fail", "1")
    house.inspection = builders.inspection(builders.modern("disk"))
    house.report()
    await asyncio.sleep(0.1)
    assert house.heard == []
    assert house.status == []


async def test_nothing_is_told_of_an_object_that_is_gone(houses: Any) -> None:
    house = houses(CHAT)
    house.run("fail", "1")
    house.notifier.forget(KEY)
    await asyncio.sleep(0.1)
    assert house.heard == []


async def test_another_object_of_that_name_begins_anew(houses: Any) -> None:
    house = houses(CHAT)
    house.run("fail", "1")
    await house.until(lambda: len(house.heard) == 1)
    owner = dataclasses.replace(house.inspection.owner, uid="another")
    house.inspection, house.status = dataclasses.replace(house.inspection, owner=owner), []
    house.run("fail", "2")
    await house.until(lambda: len(house.heard) == 2)


async def test_alerts_are_sent_again_while_they_fire_and_never_written(
    houses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alertmanager, "REFRESH_SECONDS", 0.35)
    house = houses({"name": "am", "type": "alertmanager", "secretRef": {"name": "s"}})
    house.run("fail", "1")
    await house.until(lambda: len(house.heard) == 1)
    written = house.written
    await house.until(lambda: len(house.heard) == 3)
    assert house.heard == [[("disk", "failing")]] * 3
    assert house.written == written
    house.run("success", "2")
    await house.until(lambda: house.heard[-1] == [("disk", "recovered")])
    number = len(house.heard)
    await asyncio.sleep(0.6)
    assert len(house.heard) == number


async def test_alerts_that_fire_are_sent_again_after_a_restart(houses: Any) -> None:
    house = houses({"name": "am", "type": "alertmanager", "secretRef": {"name": "s"}})
    house.run("fail", "1")
    await house.until(lambda: len(house.heard) == 1)
    await house.notifier.close()
    house.start()
    house.report()
    await house.until(lambda: len(house.heard) == 2)


async def test_slow_endpoints_of_one_namespace_leave_room_for_another() -> None:
    began: list[str] = []

    class Noting(_Delivery):
        async def prepare(self, policy: Any, inspection: tasks.Inspection, changes: Any) -> Any:
            began.append(inspection.owner.namespace)
            return await super().prepare(policy, inspection, changes)

    sender: Any = Noting(hold=asyncio.Event())
    made = notifier.Notifier(sender, lambda _: None, message_center=False)
    row = {"task_name": "disk", "state": "finished", "verdict": "fail", "runUid": "1"}
    for namespace, name in [("slow", str(number)) for number in range(10)] + [("quick", "one")]:
        inspection = builders.inspection(builders.modern("disk"), notifications=[CHAT])
        owner = dataclasses.replace(inspection.owner, namespace=namespace, name=name)
        made.note((namespace, name), dataclasses.replace(inspection, owner=owner), [row], [])
        made.dispatch((namespace, name))
    async with asyncio.timeout(10):
        while "quick" not in began:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert began.count("slow") <= notifier.AT_ONCE
    await made.close()
