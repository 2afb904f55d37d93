"""Plays many plans side by side, each against the end state of the fault-free run of its workload."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Callable, Sequence

from inspect_operator.cluster import client
from tests.e2e.harness import audit, kube, marker, upstream
from tests.faults import ledger, stage, workloads
from tests.faults import plan as plans

#: Of so many plans one is watched for half a minute at its end: nothing may be written at rest.
LONG_REST_OF = 5


class Campaign:
    """`say` is told of each plan as it ends."""

    def __init__(
        self, tools: stage.Tools, notes: ledger.Ledger, at_once: int, say: Callable[[ledger.Entry], None]
    ) -> None:
        self._tools = tools
        self._notes = notes
        self._slots = asyncio.Semaphore(at_once)
        self._say = say

    async def play(self, chosen: Sequence[plans.Plan]) -> list[ledger.Entry]:
        """One entry a plan. Fault-free runs that nobody has made with this build come first; one engine's end state is
        the other's, which is proved by holding both against it."""
        lacking = {one.workload: one for one in chosen if self._notes.reference(one) is None}
        first = [plans.Plan(one.workload, plans.ENGINES[0]) for one in lacking.values()]
        entries = await asyncio.gather(*(self._reference(one) for one in first))
        bad = [entry for entry in entries if not entry.green]
        playable = [one for one in chosen if self._notes.reference(one) is not None]
        return bad + list(await asyncio.gather(*(self._one(one) for one in playable)))

    async def learn(self, workload: str) -> dict[str, list[str]]:
        """The places that fault-free runs by both engines met.

        :raises RuntimeError: they are not without problems
        """
        pair = [plans.Plan(workload, engine) for engine in plans.ENGINES]
        one, other = await asyncio.gather(*(self._played(plan) for plan in pair))
        for played in (one, other):
            self._note(played)
        if one.problems or other.problems:
            raise RuntimeError(f"{workload}: {[*one.problems, *other.problems]}")
        if self._notes.reference(one.plan) is None:
            self._notes.keep_reference(one.plan, one.end_state)
        return {
            kind.value: [place for place in one.injection.met[kind] if place in set(other.injection.met[kind])]
            for kind in plans.Kind
        }

    async def _reference(self, plan: plans.Plan) -> ledger.Entry:
        played = await self._played(plan)
        if not played.problems:
            self._notes.keep_reference(plan, played.end_state)
        return self._note(played)

    async def _one(self, plan: plans.Plan) -> ledger.Entry:
        return self._note(await self._played(plan, zlib.crc32(plan.id.encode()) % LONG_REST_OF == 0))

    async def _played(self, plan: plans.Plan, long_rest: bool = False) -> stage.Played:
        async with self._slots:
            return await stage.play(plan, self._tools, self._notes.reference(plan), long_rest=long_rest)

    def _note(self, played: stage.Played) -> ledger.Entry:
        entry = self._notes.note(played)
        self._say(entry)
        return entry


@contextlib.asynccontextmanager
async def open_campaign(
    build: str, at_once: int, say: Callable[[ledger.Entry], None], patience: float = 1.0
) -> AsyncIterator[tuple[Campaign, ledger.Ledger]]:
    """With the images of this build in the cluster that the environment names."""
    notes = ledger.Ledger(build)
    await asyncio.to_thread(_install_kinds)
    with marker.Markers() as markers:
        async with await client.Cluster.connect(agent="tests-faults") as cluster:
            image = f"docker.io/inspect-operator/runner:{build}"
            tools = stage.Tools(cluster, upstream.current(), markers, image, audit.path(), patience)
            yield Campaign(tools, notes, at_once, say), notes


def _install_kinds() -> None:
    for crd in {one.subject.crd for one in workloads.WORKLOADS.values()} - {None}:
        kube.run("apply", "--server-side", "--force-conflicts", "-f", str(crd))
        kube.run("wait", "--for=condition=Established", "-f", str(crd), "--timeout=30s")


def told(entry: ledger.Entry) -> str:
    """One line, and where it failed the command that plays it again."""
    word = "green" if entry.green else "never got there" if not entry.problems else "FAILED"
    line = f"{word:6} {entry.id:40} {entry.seconds:5.0f} s  {entry.place}"
    if entry.green:
        return line
    return "\n".join([line, *(f"    {one}" for one in entry.problems), f"    again: make faults PLANS={entry.id}"])


async def learn_all(campaign: Campaign, only: str = "") -> None:
    """Writes places.json anew."""
    known = plans.places()
    todo = [name for name in workloads.WORKLOADS if not only or name in only.split(",")]
    learned = await asyncio.gather(*(campaign.learn(name) for name in todo), return_exceptions=True)
    for name, met in zip(todo, learned, strict=True):
        if isinstance(met, BaseException):
            print(f"not learned: {met}")
        else:
            known[name] = met
    ordered = {name: known[name] for name in workloads.WORKLOADS if name in known}
    plans.PLACES.write_text(json.dumps(ordered, indent=1) + "\n")
