"""Whatever people write into the annotation, in whatever order things happen: a request runs a task at most once.

A small world is played through at random: the annotation, edits that are none, tasks that come and go, runs that
begin and end, slots. The seed makes each play the same on every run.
"""

import collections
import dataclasses
import random

import pytest
from tests.unit import builders
from tests.unit.builders import modern, release, revision

from inspect_operator.plan import desired, observed, trigger

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

ONCE, DAILY, NODES, NODES_DAILY = "once", "daily", "nodes", "nodes-daily"
FIELDS: dict[str, builders.Object] = {
    ONCE: {},
    DAILY: {"schedule": "@daily"},
    NODES: {"target": {"nodes": {}}},
    NODES_DAILY: {"target": {"nodes": {}}, "schedule": "@daily"},
}
REQUESTS = ["", "t1", "t2", "t3", "t1 for once", "t2 for daily, nodes", "t3 for nodes-daily", "t4 for once, daily"]


@dataclasses.dataclass
class World:
    """What Helm and the cluster hold, and what was begun since the task was written, by release and node."""

    stored: dict[str, observed.Release] = dataclasses.field(default_factory=dict)
    made: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    active: set[str] = dataclasses.field(default_factory=set)
    begun: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)

    def converge(self, names: list[str], request: str, free: int, generation: int, edits: builders.Object) -> None:
        """What the operator does with one look at it all."""
        written = [modern(name, **FIELDS[name], **edits) for name in names]
        inspection = builders.inspection(*written, request=request, generation=generation)
        facts = builders.on_nodes("n1", "n2", made=self.made, active=frozenset(self.active), free=free)
        wanted = desired.releases(inspection, self.stored, facts)
        for gone in set(self.stored) - {want.release for want in wanted}:
            self.stored.pop(gone)
            self.made.pop(gone, None)
            self.active.discard(gone)
            for key in [key for key in self.begun if key[0] == gone]:
                del self.begun[key]
        starting = 0
        for want in wanted:
            if want.held or want.refused:
                continue
            for member in want.jobs:
                if member.name in want.starting:
                    starting += 1
                    self.begun[want.release, member.target] += 1
                    assert want.task.nodes or want.release not in self.active, "a run-now waits for the run before"
            if want.starting:
                self.active.add(want.release)
            self.made[want.release] = frozenset(member.name for member in (*want.jobs, *want.crons))
            self.stored[want.release] = release(revision(want), name=want.release)
        assert starting <= max(free, 0)


def _named(request: str) -> set[str]:
    return set(request.split(" for ")[1].split(", ")) if " for " in request else set()


def _concerns(request: str, name: str) -> bool:
    return bool(request) and (" for " not in request or name in _named(request))


@pytest.mark.parametrize("seed", range(60))
def test_a_request_runs_a_task_at_most_once(seed: int) -> None:
    chosen = random.Random(seed)
    world, request, names = World(), "", list(FIELDS)
    heard: dict[str, str] = {}  # the last request that concerned a task
    allowed = {name: 0 if "daily" in name else 1 for name in FIELDS}  # what is done once runs at first
    for generation in range(1, 60):
        if chosen.random() < 0.1:
            absent = chosen.choice(list(FIELDS))
            names = [name for name in FIELDS if name != absent or _concerns(request, name)]
        if chosen.random() < 0.4:
            # One that names a task which isn't there would be refused.
            request = chosen.choice([one for one in REQUESTS if _named(one) <= set(names)])
        for name in FIELDS:
            if name not in names:
                heard.pop(name, None)
                allowed[name] = 0 if "daily" in name else 1
            elif _concerns(request, name) and heard.get(name) != request:
                heard[name] = request
                allowed[name] += 1
        edits = {"timeout": f"{chosen.randint(1, 99)}s", "retries": chosen.randint(0, 3)}
        for _ in range(chosen.randint(1, 3)):
            world.converge(names, request, chosen.choice([0, 1, 2, 9]), generation, edits)
            world.active -= {one for one in sorted(world.active) if chosen.random() < 0.5}
        for (name, target), count in world.begun.items():
            assert count <= allowed[name.removeprefix("night--")], (name, target, generation)

    # Nothing is lost either: once runs have ended and there is room, the last request is done, and then all is calm.
    for _ in range(3):
        world.active.clear()
        world.converge(names, request, 99, 99, {})
    for name in names:
        if _concerns(request, name):
            token = trigger.request(builders.inspection(*map(modern, FIELDS), request=request)).token
            assert trigger.parse(world.stored[f"night--{name}"].newest.trigger).request == token
    calm = collections.Counter(world.begun)
    world.active.clear()
    world.converge(names, request, 99, 99, {})
    world.converge(names, "", 99, 100, {"timeout": "7s"})
    assert world.begun == calm
    assert sum(calm.values()) > 0
