"""Do the clocks agree: ours, the API server's, and those of the nodes, by which they renew their Leases?"""

import datetime
import json

from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, named
from inspect_operator.cluster import client, resources

NODES = "kube-node-lease"
#: Times of runs look odd; then certificates and tokens are refused, and schedules begin at another time.
WARN_SECONDS, ERROR_SECONDS = 5.0, 60.0
#: A kubelet renews its Lease every ten seconds.
SILENT_SECONDS = 60.0


async def server(cluster: client.Cluster) -> tuple[list[Finding], datetime.datetime]:
    """What the API server is, and its time.

    :raises errors.InspectError: it doesn't answer
    """
    before = datetime.datetime.now(datetime.UTC)
    body, told = await cluster.ask("/version")
    ours = before + (datetime.datetime.now(datetime.UTC) - before) / 2
    version = json.loads(body).get("gitVersion", "?")
    if told is None:
        words = f"the API server ({version}) answers, and doesn't tell its time"
        return [
            Finding(Level.UNKNOWN, words, "its answers have no Date header: a proxy in between takes it away?")
        ], ours
    # Its time is cut to the second: half of one is the best guess.
    apart = (told + datetime.timedelta(seconds=0.5) - ours).total_seconds()
    level = _level(abs(apart))
    if level is Level.OK:
        return [Finding(level, f"the API server ({version}) answers, and its clock is ours")], told
    words = f"this machine's clock is {abs(apart):.0f} s {'behind' if apart > 0 else 'ahead of'} the API server's"
    seen = f"API server {told:%H:%M:%S}, here {ours:%H:%M:%S} UTC"
    return [Finding(level, words, seen, "timedatectl status")], told


async def look(place: places.Place) -> list[Finding]:
    """The nodes' clocks."""
    leases = await place.cluster.list(resources.LEASES, NODES, full=True)
    found, silent = [], []
    for one in leases:
        name, renewed = one["metadata"]["name"], places.moment((one.get("spec") or {}).get("renewTime"))
        ahead = (renewed - place.now).total_seconds() if renewed else 0.0
        if (level := _level(ahead)) is not Level.OK:
            words = f"the clock of node {name} is {ahead:.0f} s ahead of the API server's"
            seen = f"it renewed its Lease at {renewed:%H:%M:%S}, when it was {place.now:%H:%M:%S} UTC"
            found.append(Finding(level, words, seen, "timedatectl status # on the node"))
        elif ahead < -SILENT_SECONDS:
            silent.append(f"{name} ({-ahead:.0f} s ago)")
    if silent:
        words = f"{len(silent)} of {len(leases)} nodes don't renew their Leases, or their clocks are behind"
        found.append(Finding(Level.WARN, words, named(silent), f"kubectl describe node {silent[0].partition(' ')[0]}"))
    return found or [Finding(Level.OK, f"the clocks of {len(leases)} nodes agree with the API server's")]


def _level(seconds: float) -> Level:
    return Level.ERROR if seconds > ERROR_SECONDS else Level.WARN if seconds > WARN_SECONDS else Level.OK
