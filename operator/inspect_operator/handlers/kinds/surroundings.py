"""What the controllers of all kinds have in common."""

import dataclasses
import datetime
from collections.abc import Awaitable, Callable, Collection

from inspect_operator.cluster import client, discovery
from inspect_operator.handlers.kinds import dependents
from inspect_operator.publish import meters
from inspect_operator.release import objects
from inspect_operator.release import store as stores

#: Which uids, of some that own releases in a namespace, are of objects that exist.
Living = Callable[[str, Collection[str]], Awaitable[frozenset[str]]]


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """`at_once` objects of a kind are worked on at the same time, where its entry doesn't say otherwise; a helm that
    began before `dead_before` is at work no more."""

    cluster: client.Cluster
    discovery: discovery.Discovery
    releases: objects.ObjectReleases
    store: stores.Store
    dependents: dependents.Dependents
    namespaces: Collection[str]
    living: Living
    dead_before: datetime.datetime
    at_once: int
    counted: meters.Meters
