"""Two Inspects live through whatever may happen; at rest they are as desired, and nothing waits for ever."""

import copy
import dataclasses
import random
from typing import Any

import pytest
from tests.unit.builders import modern, node
from tests.unit.handlers.conftest import House

from inspect_operator import errors

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

NAMES = ("night", "other")
STEPS = 25
VERBS = ("apply", "apply", "ask", "end", "end", "end", "restart", "fail", "tick", "nodes", "lose")
OPTIONS: tuple[tuple[str, Any, float], ...] = (
    ("target", {"nodes": {}}, 0.3),
    ("suspend", True, 0.15),
    ("restart", True, 0.2),
)


#: Of sixty, those that once found a fault, and some more.
@pytest.mark.parametrize("seed", [0, 7, 8, 15, 16, 23, 42, 59])
async def test_whatever_happens_it_comes_to_rest(house: House, seed: int) -> None:
    dice = random.Random(seed)
    most = dice.choice([1, 2, 100])
    house.configured = dataclasses.replace(house.configured, active_runs=most, active_runs_per_namespace=most)
    await house.start()
    await house.nodes(node("a"), node("b"))
    life = _Life(house, dice)
    told = []
    for _ in range(STEPS):
        told.append(await life.step())
        assert len(_active(house)) <= most, (told, _active(house))
    house.helm.before = lambda _: None
    await life.to_the_end()
    calls = len(house.helm.calls)
    for name in life.there():
        await house.wake(name)
        await house.wake(name)
        await house.report()
        assert house.condition("Ready", name)[0] == "True", told
        waiting = [row for row in house.status(name)["results"] if row.get("reason") in ("Queued", "Starting")]
        assert waiting == [], told
    assert house.helm.calls[calls:] == []
    assert house.operator._memory.active == set()


class _Life:
    """What happens, by the dice."""

    def __init__(self, house: House, dice: random.Random) -> None:
        self._house = house
        self._dice = dice
        self._requests = 0

    def there(self) -> list[str]:
        return [name for name in NAMES if ("Inspect", "default", name) in self._house.cluster.objects]

    async def step(self) -> tuple[str, str]:
        name = self._dice.choice(NAMES)
        verb = self._dice.choice(VERBS)
        await getattr(self, f"_{verb}")(name)
        return verb, name

    async def to_the_end(self) -> None:
        """Every run ends, and what failed is tried again."""
        for _ in range(60):
            for name in self.there():
                self._house.operator._converges._work.__self__._attempts._failures.clear()  # type: ignore[attr-defined]
                await self._house.wake(name)
            jobs = self._house.open_jobs()
            if not jobs:
                return
            await self._house.end(jobs[0])
        raise AssertionError("runs never end")

    async def _apply(self, name: str) -> None:
        tasks: list[Any] = []
        for number in range(3):
            fields: dict[str, Any] = {"script": f"s{self._dice.randint(0, 2)}"}
            if self._dice.random() < 0.3:
                fields["schedule"] = self._dice.choice(["0 3 * * *", "0 4 * * *"])
            elif number and self._dice.random() < 0.3 and "schedule" not in tasks[0]:
                fields["dependsOn"] = ["t0"]
            for field, value, share in OPTIONS:
                if self._dice.random() < share:
                    fields[field] = value
            tasks.append(modern(f"t{number}", **fields))
        await self._house.apply(*tasks, name=name)

    async def _ask(self, name: str) -> None:
        if name in self.there():
            self._requests += 1
            await self._house.ask(str(self._requests), name=name)

    async def _end(self, name: str) -> None:
        if jobs := self._house.open_jobs("", name=name):
            await self._house.end(self._dice.choice(jobs), self._dice.choice(["disk ok 1\n", "disk fail 1\n"]))

    async def _restart(self, _: str) -> None:
        await self._house.start()

    async def _fail(self, _: str) -> None:
        left = [1]

        def fail(_: str) -> None:
            if left:
                left.pop()
                raise errors.ReleaseUnavailable("hiccup")

        self._house.helm.before = fail

    async def _tick(self, _: str) -> None:
        if not (crons := self._house.cluster.names("CronJob")):
            return
        cron = self._house.cluster.objects[("CronJob", "default", self._dice.choice(crons))]
        if cron["spec"]["suspend"]:
            return
        self._house.ticks += 1
        metadata = copy.deepcopy(cron["spec"]["jobTemplate"]["metadata"])
        owner = {"kind": "CronJob", "name": cron["metadata"]["name"], "uid": cron["metadata"]["uid"]}
        metadata |= {"name": f"{owner['name']}-{29_000_000 + self._house.ticks}", "namespace": "default"}
        metadata["ownerReferences"] = [owner]
        spec = copy.deepcopy(cron["spec"]["jobTemplate"]["spec"])
        self._house.cluster.put({"kind": "Job", "metadata": metadata, "spec": spec})
        await self._house.sync()

    async def _nodes(self, _: str) -> None:
        await self._house.nodes(*(node(name) for name in self._dice.sample("abc", 2)))

    async def _lose(self, _: str) -> None:
        if jobs := self._house.cluster.names("Job"):
            del self._house.cluster.objects[("Job", "default", self._dice.choice(jobs))]
            await self._house.sync()


def _active(house: House) -> list[str]:
    """Jobs that count: not ended, and not a schedule's."""
    jobs = [item for (kind, _, _), item in house.cluster.objects.items() if kind == "Job"]
    return [
        job["metadata"]["name"]
        for job in jobs
        if not (job.get("status") or {}).get("conditions") and not job["metadata"].get("ownerReferences")
    ]
