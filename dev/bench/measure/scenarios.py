"""The life of some objects under one operator, and what each part of it costs."""

import asyncio
import collections
import contextlib
import dataclasses
import os
import pathlib
import secrets
import statistics
import tempfile
import time
from typing import Any

from measure import connection, counting, peers, workload

#: After the last release is deployed, status and events follow.
SETTLE_SECONDS = 4.0


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much of what."""

    objects: int
    tasks: int
    latencies: int
    idle_seconds: float


@dataclasses.dataclass(frozen=True)
class Part:
    """What one part of the run cost. `requests` only where they were counted, by `METHOD kind`."""

    name: str
    seconds: float
    cpu_seconds: float
    helm_processes: int
    requests: dict[str, int] | None


@dataclasses.dataclass
class Result:
    """One run of one peer."""

    peer: str
    plan: Plan
    parts: list[Part] = dataclasses.field(default_factory=list)
    latencies: list[float] = dataclasses.field(default_factory=list)
    peak_mib: float = 0.0
    used_mib: float = 0.0
    tracebacks: int = 0

    def part(self, name: str) -> Part:
        """By name."""
        return next(part for part in self.parts if part.name == name)

    def latency(self, percent: int) -> float:
        """Seconds from object to Job that so many in a hundred stay below."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1]


class Run:
    """One peer from start to stop."""

    def __init__(self, kind: peers.Kind, plan: Plan, counted: bool) -> None:
        self._kind = kind
        self._plan = plan
        self._counted = counted
        self._result = Result(kind.value, plan)

    async def measure(self) -> Result:
        """Leaves nothing behind."""
        namespace = f"bench-{secrets.token_hex(3)}"
        upstream = connection.current()
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inspect-bench-")))
            kubeconfig = os.environ["KUBECONFIG"]
            self._proxy = stack.enter_context(counting.Proxy(upstream)) if self._counted else None
            if self._proxy is not None:
                kubeconfig = str(connection.kubeconfig(self._proxy.server, folder / "proxied.kubeconfig"))
            connection.kubectl("create", "namespace", namespace)
            stack.callback(connection.kubectl, "delete", "namespace", namespace, "--wait=false")
            self._peer = peers.Peer(self._kind, namespace, kubeconfig, folder)
            stack.callback(self._peer.account.close)
            stack.callback(self._peer.stop)
            async with workload.Workload(upstream, namespace, self._plan.tasks) as load:
                await self._life(load)
            self._result.tracebacks = self._peer.tracebacks()
        return self._result

    async def _life(self, load: workload.Workload) -> None:
        names = [f"o{number}" for number in range(self._plan.objects)]
        releases = self._plan.objects * self._plan.tasks
        self._peer.start()
        await asyncio.sleep(SETTLE_SECONDS)
        with self._part("install") as part:
            await load.create(names, "one")
            part.ended = await load.until_deployed(releases, 1)
            await asyncio.sleep(SETTLE_SECONDS)
        self._result.peak_mib, self._result.used_mib = self._peer.account.peak_mib(), self._peer.account.used_mib()
        with self._part("change a script") as part:
            await load.change(names, "two")
            part.ended = await load.until_deployed(releases, 2)
            await asyncio.sleep(SETTLE_SECONDS)
        with self._part("idle"):
            await asyncio.sleep(self._plan.idle_seconds)
        self._peer.stop()
        with self._part("restart, nothing changed"):
            self._peer.start()
            await asyncio.sleep(self._plan.idle_seconds)
        for number in range(self._plan.latencies):
            self._result.latencies.append(await load.latency(f"l{number}", "one"))
            await asyncio.sleep(0.3)
        with self._part("delete") as part:
            await load.delete([*names, *(f"l{number}" for number in range(self._plan.latencies))])
            part.ended = await load.until_gone()

    @contextlib.contextmanager
    def _part(self, name: str) -> Any:
        clock = _Clock()
        before = (self._peer.account.cpu_seconds(), self._peer.helm_processes())
        position = self._proxy.position() if self._proxy else 0
        yield clock
        counted: collections.Counter[str] | None = self._proxy.since(position) if self._proxy else None
        self._result.parts.append(
            Part(
                name,
                (clock.ended or time.monotonic()) - clock.began,
                self._peer.account.cpu_seconds() - before[0],
                self._peer.helm_processes() - before[1],
                dict(counted) if counted is not None else None,
            )
        )


class _Clock:
    """When a part began, and when what it was about had happened; settling afterwards costs CPU, not seconds."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.ended = 0.0
