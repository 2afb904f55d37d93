"""Starting etcd, also over a database that a power cut has spoiled."""

from __future__ import annotations

import time

from embedded import atomic, processes, start, steps
from embedded.cluster import Cluster
from embedded.components import Component
from embedded.errors import ClusterError


def start_etcd(ours: Cluster, etcd: Component) -> None:
    """Starts etcd and waits for it. Raises ClusterError.

    It writes without waiting for the disk: a killed etcd loses nothing by that, a machine that loses power may. So a
    database that was last used before this boot, and that etcd cannot open, is set aside and begun anew.
    """
    marker = ours.state / "etcd.boot"
    used_before = marker.exists() and marker.read_text() != processes.boot_id()
    try:
        start.launch(ours, etcd)
        start.await_health(ours, etcd)
    except ClusterError as error:
        if not used_before:
            hint = "if nothing else helps, `python3 dev/cluster down --purge` begins anew"
            raise ClusterError(f"{error}\n{hint}") from None
        aside = ours.state / f"etcd.spoiled-{time.strftime('%Y%m%d-%H%M%S')}"
        running = ours.running(etcd.name)
        if running:
            processes.stop(running, etcd.stop_seconds)
        (ours.state / "etcd").rename(aside)
        (ours.state / "etcd").mkdir(mode=0o700)
        steps.say(f"  the database did not survive the machine's restart; beginning anew (it is kept in {aside})")
        steps.say(f"  {str(error).splitlines()[0]}")
        start.launch(ours, etcd)
        start.await_health(ours, etcd)
    atomic.write(marker, processes.boot_id())
