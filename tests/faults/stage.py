"""One plan, played: a namespace, a proxy and an operator of its own, the workload, the fault, and what came of it."""

import asyncio
import contextlib
import dataclasses
import os
import pathlib
import secrets
import signal
import tempfile
import time
from collections.abc import AsyncIterator

from inspect_operator.cluster import client, resources
from tests.e2e.harness import audit, marker, process, upstream
from tests.faults import injection as injections
from tests.faults import oracles, proxy, state, truth, workloads
from tests.faults import plan as plans

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: From the end of the fault on.
END_SECONDS = 60.0
FIRED_SECONDS = 45.0
#: What leads there has time, however busy the machine is.
SET_UP_SECONDS = 240.0
REST_SECONDS, SAMPLED_REST_SECONDS = 3.0, 30.0
#: Of an operator that is killed the next one waits for the Lease's end; any other must not lose it on a busy machine.
LEASE_SECONDS, LONG_LEASE_SECONDS = 30, 60


@dataclasses.dataclass(frozen=True)
class Tools:
    """What all plans of a campaign share."""

    cluster: client.Cluster
    target: upstream.Upstream
    markers: marker.Markers
    runner_image: str
    audit_log: pathlib.Path
    patience: float = 1.0  # how much longer than promised the end may take, on a machine that others keep busy


@dataclasses.dataclass
class Played:
    """`problems` are what the oracles said; empty, where `met`, is green. `end_state` is what there was at the end."""

    plan: plans.Plan
    met: bool = True
    problems: list[str] = dataclasses.field(default_factory=list)
    end_state: state.State = dataclasses.field(default_factory=dict)
    injection: injections.Injection = dataclasses.field(default_factory=injections.Injection)
    log: str = ""
    writes: list[str] = dataclasses.field(default_factory=list)
    recovery_seconds: float = 0.0  # from the end of the fault to the end state
    seconds: float = 0.0


async def play(plan: plans.Plan, tools: Tools, expected: state.State | None, *, long_rest: bool = False) -> Played:
    """`expected` is the end state of the fault-free run; None: this is one."""
    played, began = Played(plan), time.monotonic()
    subject = workloads.WORKLOADS[plan.workload].subject
    namespace = f"f-{plan.workload}-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        async with (
            _namespace(tools.cluster, namespace, subject.resource),
            proxy.Proxy(tools.target, pathlib.Path(folder)) as between,
            truth.Truth(tools.cluster, namespace, subject) as seen,
        ):
            scene = workloads.Scene(tools.cluster, namespace, tools.markers, subject, lambda: between.injection)
            operator = _Supervised(tools, namespace, pathlib.Path(folder), plan, between)
            try:
                await _act(plan, tools, scene, between, seen, operator, played, expected, long_rest)
            except (AssertionError, TimeoutError) as error:
                played.problems.append(f"{type(error).__name__}: {error}")
            finally:
                await operator.stop()
                played.log = operator.log()
                played.problems += oracles.log(played.log) + operator.exits
                played.writes = [f"{one.place} {one.code}" for one in between.writes]
    played.seconds = time.monotonic() - began
    return played


async def _act(
    plan: plans.Plan,
    tools: Tools,
    scene: workloads.Scene,
    between: proxy.Proxy,
    seen: truth.Truth,
    operator: "_Supervised",
    played: Played,
    expected: state.State | None,
    long_rest: bool,
) -> None:
    workload, subject = workloads.WORKLOADS[plan.workload], scene.subject
    log = audit.Log(scene.namespace, tools.audit_log)
    await operator.start()
    if workload.exists:
        await scene.create()
        await _until(lambda: subject.finished(seen.now()), SET_UP_SECONDS, "the object to begin with")
        await _until(lambda: between.quiet_seconds() > 1.5, SET_UP_SECONDS, "rest before the change")

    changed = 0

    def may_be_over() -> bool:
        return seen.version >= changed and oracles.ended(seen.now(), workload) and _wrote(between, workload.needs)

    injection = played.injection = await between.arm(plan.fault, plan.place)
    await workload.change(scene)
    changed = await scene.version()
    if plan.fault is not None:
        await _fired(injection, between, may_be_over)
        played.met = injection.fired.is_set()
    over = max(time.monotonic(), injection.over_seconds)
    deadline = over + (END_SECONDS if expected is not None else SET_UP_SECONDS) * tools.patience
    while True:
        late = time.monotonic() > deadline
        if late or (may_be_over() and between.quiet_seconds() > REST_SECONDS):
            played.end_state = await state.read(scene.cluster, scene.namespace, subject.resource)
            if not late and (expected is None or not state.differences(expected, played.end_state)):
                break
        if late:
            played.problems += oracles.end(expected, played.end_state, between.quiet_seconds(), seen.now())
            break
        await asyncio.sleep(0.5)
    played.recovery_seconds = max(0.0, time.monotonic() - between.quiet_seconds() - over)
    if long_rest:
        await asyncio.sleep(SAMPLED_REST_SECONDS)
        played.problems += oracles.rest(between.quiet_seconds(), SAMPLED_REST_SECONDS, between.writes)
    played.problems += seen.lies()
    if expected is None:
        injection.close()  # what its end would meet is no part of the workload
    elif not workload.gone:
        await scene.delete()
        await _until(lambda: seen.now() is None, SET_UP_SECONDS, "the object's end")
    if expected is not None or workload.gone:
        await _nothing_left(scene, played)
    made = await asyncio.to_thread(log.made, "jobs")
    played.problems += oracles.runs(scene, workload, made)


def _wrote(between: proxy.Proxy, place: str) -> bool:
    return any(one.startswith(place) for one in between.injection.met[plans.Kind.WRITES]) if place else True


async def _fired(injection: injections.Injection, between: proxy.Proxy, ended: "oracles.Probe") -> None:
    """Until it happened, or never will: all is over and at rest."""
    deadline = time.monotonic() + FIRED_SECONDS
    while not injection.fired.is_set() and time.monotonic() < deadline:
        if ended() and between.quiet_seconds() > 2 * REST_SECONDS:
            return
        await asyncio.sleep(0.1)


async def _nothing_left(scene: workloads.Scene, played: Played) -> None:
    """The cluster's garbage collector has its pace."""
    deadline = time.monotonic() + SET_UP_SECONDS
    while left := state.left(await state.read(scene.cluster, scene.namespace, scene.subject.resource)):
        if time.monotonic() > deadline:
            played.problems.append(f"left behind: {', '.join(left)}")
            return
        await asyncio.sleep(1.0)


async def _until(probe: "oracles.Probe", seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def _namespace(cluster: client.Cluster, name: str, held: resources.Resource) -> AsyncIterator[None]:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await cluster.create(resources.NAMESPACES, "", body)
    try:
        yield
    finally:
        for item in await cluster.list(held, name):
            patch = {"metadata": {"finalizers": None}}
            await cluster.merge(held, name, item["metadata"]["name"], patch)
        await cluster.delete(resources.NAMESPACES, "", name)


class _Supervised:
    """The operator, started again after the fault killed it, as a Deployment would; its own ends are noted."""

    def __init__(
        self, tools: Tools, namespace: str, folder: pathlib.Path, plan: plans.Plan, between: proxy.Proxy
    ) -> None:
        self.exits: list[str] = []
        self._between = between
        self._killed = False
        self._watching: asyncio.Task[None] | None = None
        self._process = process.Operator(ROOT, namespace, tools.runner_image, folder)
        subject = workloads.WORKLOADS[plan.workload].subject
        lease_seconds = LEASE_SECONDS if plan.fault in plans.DEADLY else LONG_LEASE_SECONDS
        self._process.start_seconds = SET_UP_SECONDS
        self._process.environment |= {**dict(subject.environment), "KUBECONFIG": str(between.kubeconfig)}
        self._process.settings |= {"HELM_ENGINE": plan.engine, "LEASE_SECONDS": str(lease_seconds)}
        between.kill = self._kill

    async def start(self) -> None:
        """Returns once it watches."""
        self._between.starting = True
        await asyncio.to_thread(self._process.start)
        await _until(
            lambda: self._process.ended() or self._between.watches >= len(WATCHED),
            SET_UP_SECONDS,
            "watches of the operator",
        )
        self._between.starting = False
        self._watching = asyncio.create_task(self._watch(), name="supervisor")

    async def stop(self) -> None:
        """As a Deployment stops it."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.to_thread(self._process.stop)

    def log(self) -> str:
        """Of all its lives."""
        return self._process.log()

    def _kill(self) -> None:
        self._killed = True
        os.kill(self._process.pid, signal.SIGKILL)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            if not self._process.ended():
                continue
            if not self._killed:
                self.exits.append(f"the operator ended by itself: {self._process.last_log()[-600:]}")
            self._killed = False
            await asyncio.to_thread(self._process.kill)
            try:
                await asyncio.to_thread(self._process.start)
            except AssertionError as error:
                self.exits.append(f"the operator did not start again: {str(error)[-600:]}")


#: What the operator watches besides nodes.
WATCHED = (resources.INSPECTS, *resources.RELEASED, resources.PODS)
