"""Starting components: what runs, is well and was started with today's command line and files is left alone."""

from __future__ import annotations

import re

from embedded import listeners, machine, processes, shell, steps
from embedded.cluster import Cluster
from embedded.components import Component
from embedded.errors import ClusterError

_PORT_SECONDS = 3.0
_PATIENCE_SECONDS = 20.0
_ROOMY_BYTES = 8 << 30
# klog, logrus, zap and Go's own last words.
_LOUD = re.compile(
    r"^[EF]\d{4} |level=(error|fatal)|\"level\":\"(error|fatal|panic)\"|^(panic|fatal error|Error|error):"
)


def is_current(cluster: Cluster, component: Component) -> bool:
    """Whether it runs, with what it would be started with now, and is well."""
    return _is_the_same(cluster, component) and component.is_healthy()


def launch(cluster: Cluster, component: Component) -> bool:
    """Starts a component if it is not current, without waiting for its health; True if it was started.

    Raises ClusterError if something else has its port.
    """
    # On a busy machine an answer may take its time: not to have it at once is no reason to end what others work with.
    if _is_the_same(cluster, component) and steps.wait(component.is_healthy, _PATIENCE_SECONDS):
        return False
    running = cluster.running(component.name)
    if running:
        processes.stop(running, component.stop_seconds)
    # The kernel takes a moment to give back the ports of what has just ended.
    if not steps.wait(lambda: not listeners.taken(component.ports, set()), _PORT_SECONDS):
        met = listeners.taken(component.ports, set())
        raise ClusterError(f"{component.name} cannot start, its port is taken: {'; '.join(met)}: end what listens")
    processes.spawn(
        component.name,
        component.argv,
        cluster.log(component.name),
        cluster.record(component.name),
        component.fingerprint(),
        _environment(),
    )
    return True


def _is_the_same(cluster: Cluster, component: Component) -> bool:
    running = cluster.running(component.name)
    try:
        return running is not None and running.fingerprint == component.fingerprint()
    except OSError:
        return False


def _environment() -> dict[str, str]:
    """What daemons run with. Where memory is plenty, Go collects garbage half as often."""
    return shell.environment(GOGC="200") if machine.memory_bytes() >= _ROOMY_BYTES else shell.environment()


def await_health(cluster: Cluster, component: Component) -> None:
    """Waits until it is well; ClusterError with the end of its log if it ended or took too long."""

    def settled() -> bool:
        return cluster.running(component.name) is None or component.is_healthy()

    steps.wait(settled, component.deadline_seconds, 0.05)
    if cluster.running(component.name) is None:
        raise ClusterError(f"{component.name} ended while it started. {_log_tail(cluster, component.name)}")
    if not component.is_healthy():
        raise ClusterError(
            f"{component.name} was not well after {component.deadline_seconds:.0f} s. "
            f"{_log_tail(cluster, component.name)}"
        )


def _log_tail(cluster: Cluster, name: str) -> str:
    log = cluster.log(name)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"From {log}:", *("  " + line[:300] for line in telling(lines))])


def telling(lines: list[str]) -> list[str]:
    """The lines of a log that say why its program ended: the last loud ones, or else just the last ones."""
    loud = [line for line in lines if _LOUD.search(line)]
    return loud[-6:] or lines[-12:]
