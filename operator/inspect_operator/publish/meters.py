"""Metrics about the operator itself, counted as things happen: reconciles, Helm operations, notifications, process.

Reconciles and queues go by the names that controller-runtime and client-go gave them, so that dashboards and alerts for
controllers work here too.
"""

import contextlib
import platform
import time
from collections.abc import Callable, Iterable, Iterator

import prometheus_client
from prometheus_client import core, process_collector, registry

from inspect_operator import __version__, errors

#: controller-runtime's and client-go's own, thinned out.
_RECONCILE_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_QUEUE_SECONDS = (0.001, 0.01, 0.1, 1, 10, 100)
_HELM_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Meters:
    """All of them in one registry; `controller` gives a queue its own."""

    def __init__(self) -> None:
        self.registry = prometheus_client.CollectorRegistry()
        process_collector.ProcessCollector(registry=self.registry)
        here = self.registry
        self._build = prometheus_client.Gauge(
            "inspect_operator_build_info", "1; the labels say which versions are at work.",
            ("version", "helm_version", "python_version"), registry=here,
        )  # fmt: skip
        self._leader = prometheus_client.Gauge(
            "leader_election_master_status", "1 where this operator holds the Lease, 0 where it stands by.",
            ("name",), registry=here,
        )  # fmt: skip
        self._helm = prometheus_client.Counter(
            "inspect_helm_operations",
            "What was done to releases; the outcome is success, or the reason of the failure.",
            ("action", "outcome"), registry=here,
        )  # fmt: skip
        self._helm_seconds = prometheus_client.Histogram(
            "inspect_helm_operation_duration_seconds",
            "How long that took: from rendering to the stored revision, waiting for a free helm included.",
            ("action",), buckets=_HELM_SECONDS, registry=here,
        )  # fmt: skip
        self._reconciles = prometheus_client.Counter(
            "controller_runtime_reconcile",
            "Passes over an object: converge brings the releases of an Inspect about, report writes its status.",
            ("controller", "result"), registry=here,
        )  # fmt: skip
        self._reconcile_errors = prometheus_client.Counter(
            "controller_runtime_reconcile_errors", "Passes that failed.", ("controller",), registry=here
        )
        self._reconcile_seconds = prometheus_client.Histogram(
            "controller_runtime_reconcile_time_seconds", "How long a pass took.",
            ("controller",), buckets=_RECONCILE_SECONDS, registry=here,
        )  # fmt: skip
        self._active = prometheus_client.Gauge(
            "controller_runtime_active_workers", "Passes under way.", ("controller",), registry=here
        )
        names = ("name", "controller")
        self._depth = prometheus_client.Gauge(
            "workqueue_depth", "Objects that wait for their pass.", names, registry=here
        )  # fmt: skip
        self._adds = prometheus_client.Counter(
            "workqueue_adds", "Objects that came to wait for a pass.", names, registry=here
        )  # fmt: skip
        self._retries = prometheus_client.Counter(
            "workqueue_retries", "Passes that are tried again after a failure.", names, registry=here
        )
        self._waited = prometheus_client.Histogram(
            "workqueue_queue_duration_seconds", "How long an object waited for its pass.",
            names, buckets=_QUEUE_SECONDS, registry=here,
        )  # fmt: skip
        self._worked = prometheus_client.Histogram(
            "workqueue_work_duration_seconds", "How long a pass took.", names, buckets=_QUEUE_SECONDS, registry=here
        )

    def built(self, helm_version: str) -> None:
        """Which versions are at work."""
        self._build.labels(__version__, helm_version, platform.python_version()).set(1)

    def leads(self, name: str, leads: bool) -> None:
        """Whether this process holds the Lease `name`."""
        self._leader.labels(name).set(leads)

    @contextlib.contextmanager
    def helm(self, action: str) -> Iterator[None]:
        """Around one operation on a release; `action` is a verb of plan/steps.py."""
        began, outcome = time.perf_counter(), "Cancelled"
        try:
            yield
            outcome = "success"
        except errors.InspectError as error:
            outcome = error.reason
            raise
        except Exception:
            outcome = "Unexpected"
            raise
        finally:
            self._helm.labels(action, outcome).inc()
            self._helm_seconds.labels(action).observe(time.perf_counter() - began)

    def notifications(self, counted: Callable[[], Iterable[tuple[str, str, int]]]) -> None:
        """Where to ask for the kind of channel (never the name of one: label sets have to stay few), outcome and number
        of notices."""
        self.registry.register(_Notifications(counted))

    def controller(self, name: str) -> "Controller":
        """The meters of one queue."""
        return Controller(self, name)


class _Notifications(registry.Collector):
    """Counted where they are sent."""

    def __init__(self, counted: Callable[[], Iterable[tuple[str, str, int]]]) -> None:
        self._counted = counted

    def collect(self) -> list[core.Metric]:
        """One family."""
        words = "Notices that were sent, and attempts that failed, by kind of channel."
        made = core.CounterMetricFamily("inspect_notifications", words, labels=("channel", "outcome"))
        for channel, outcome, number in self._counted():
            made.add_metric((channel, outcome), number)
        return [made]


class Controller:
    """What happens in one queue."""

    def __init__(self, meters: Meters, name: str) -> None:
        self._reconciles = {
            result: meters._reconciles.labels(name, result) for result in ("success", "error", "requeue_after")
        }
        self._errors = meters._reconcile_errors.labels(name)
        self._seconds = meters._reconcile_seconds.labels(name)
        self._active = meters._active.labels(name)
        self.depth = meters._depth.labels(name, name)
        self._adds = meters._adds.labels(name, name)
        self._retries = meters._retries.labels(name, name)
        self._waited = meters._waited.labels(name, name)
        self._worked = meters._worked.labels(name, name)

    def added(self) -> float:
        """Something waits for its pass; returns since when, for began()."""
        self._adds.inc()
        self.depth.inc()
        return time.perf_counter()

    def began(self, since: float) -> float:
        """Its pass begins; returns when, for ended()."""
        now = time.perf_counter()
        self.depth.dec()
        self._active.inc()
        self._waited.observe(now - since)
        return now

    def ended(self, began: float, *, failed: bool, again: bool) -> None:
        """Its pass is over; `again`: it is due once more after a while."""
        seconds = time.perf_counter() - began
        self._active.dec()
        self._seconds.observe(seconds)
        self._worked.observe(seconds)
        self._reconciles["error" if failed else "requeue_after" if again else "success"].inc()
        if failed:
            self._errors.inc()
            if again:
                self._retries.inc()
