"""A plan is one workload, done by one engine, with one fault at one place. Which plans there are follows from the
places that fault-free runs met (places.json), so a plan's id means the same tomorrow."""

import collections
import dataclasses
import enum
import json
import pathlib
import random

#: Of every workload and engine, so many places are tried for each fault.
PLACES_EACH = 2
PLACES = pathlib.Path(__file__).parent / "places.json"
ENGINES = ("exec", "warm")
#: Workloads of the sample.
SAMPLED = ("create", "edit", "run-now", "delete")
#: Plans that fail and are not mended yet, and why; docs/reliability.md tells of them. They are no part of the sample.
OPEN = {"run-now/exec/stale-list/14": "after a list from before the run the history has one run too many"}


class Fault(enum.StrEnum):
    KILLED_BEFORE = "killed-before"  # the operator, before the write was applied
    KILLED_AFTER = "killed-after"
    HELM_KILLED = "helm-killed"  # helm alone, after the write was applied
    ERROR = "500"  # none of these three is applied
    CONFLICT = "409"
    THROTTLED = "429"
    RESET = "reset"  # the connection, after the write was applied
    HANG = "hang"  # applied so late that who asked for it has given up
    DROPPED = "watch-dropped"  # before the event was delivered
    SILENT = "watch-silent"  # nothing comes any more, the connection stands
    DUPLICATED = "watch-duplicated"
    REORDERED = "watch-reordered"  # delivered after the event that follows it
    GONE = "watch-410"
    REFUSED = "watch-500"  # an error in the stream that is not 410
    STALE = "stale-list"  # the operator is killed at the event; what it lists then is older than that


#: The operator has to be started again.
DEADLY = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.STALE)
#: Seconds until the fault is over.
LASTS = {Fault.HANG: 30.0, Fault.SILENT: 80.0, Fault.REORDERED: 2.0}


class Kind(enum.StrEnum):
    """What can be met at a place."""

    WRITES = "writes"
    EVENTS = "events"


@dataclasses.dataclass(frozen=True, order=True)
class Plan:
    """`number` is the place's in places.json; without a fault it is a run to learn from and to compare with."""

    workload: str
    engine: str
    fault: Fault | None = None
    number: int = 0
    place: str = dataclasses.field(default="", compare=False)

    @property
    def id(self) -> str:
        """As the command line names it."""
        return f"{self.workload}/{self.engine}/{self.fault}/{self.number}" if self.fault else self.reference

    @property
    def reference(self) -> str:
        """Of the fault-free run."""
        return f"{self.workload}/{self.engine}/none"


Places = dict[str, dict[str, list[str]]]  # by workload and kind


def places(path: pathlib.Path = PLACES) -> Places:
    """What fault-free runs met, with either engine."""
    read: Places = json.loads(path.read_text()) if path.exists() else {}
    return read


def kind(fault: Fault) -> Kind:
    """Where the fault happens."""
    return Kind.EVENTS if fault.startswith("watch-") or fault is Fault.STALE else Kind.WRITES


def fits(fault: Fault, place: str) -> bool:
    """Whether the fault can happen there."""
    return fault is not Fault.HELM_KILLED or place.startswith("helm ")


def plans(known: Places) -> list[Plan]:
    """All there are, in an order of which every beginning is spread over faults and workloads."""
    found = []
    for workload, met in known.items():
        for engine in ENGINES:
            dice = random.Random(f"{workload} {engine}")
            turn = {one: dice.sample(range(len(met[one])), len(met[one])) for one in Kind}
            for fault in Fault:
                numbers = turn[kind(fault)]
                chosen = [number for number in numbers if fits(fault, met[kind(fault)][number])][:PLACES_EACH]
                found += [Plan(workload, engine, fault, one, met[kind(fault)][one]) for one in chosen]
                # The next fault goes on where this one stopped: together they come by every place.
                turn[kind(fault)] = [one for one in numbers if one not in chosen] + chosen
    random.Random("order").shuffle(found)
    pairs: collections.Counter[tuple[str, Fault | None]] = collections.Counter()
    faults: collections.Counter[tuple[int, Fault | None]] = collections.Counter()
    ranks = {}
    for one in found:
        pairs[one.workload, one.fault] += 1
        turns = pairs[one.workload, one.fault]
        faults[turns, one.fault] += 1
        ranks[one] = (turns, faults[turns, one.fault])
    return sorted(found, key=lambda one: ranks[one])


def sample(every: list[Plan], size: int = 20) -> list[Plan]:
    """For a test that must be short: a silence takes too long, and each workload costs a fault-free run besides."""
    short = [one for one in every if one.fault is not Fault.SILENT and one.workload in SAMPLED and one.id not in OPEN]
    before: collections.Counter[Fault | None] = collections.Counter()
    turns = []
    for one in short:
        before[one.fault] += 1
        turns.append(before[one.fault])
    ordered = sorted(zip(turns, range(len(short)), strict=True))
    return [short[number] for _, number in ordered][:size]


def named(every: list[Plan], identity: str, known: Places) -> Plan:
    """The plan of an id, also one that is not in the selection.

    :raises ValueError: there is no such place, fault or workload
    """
    for one in every:
        if one.id == identity:
            return one
    try:
        workload, engine, fault, *number = identity.split("/")
        met = known.get(workload, {})
        if fault == "none":
            return Plan(workload, engine)
        (place,) = number
        return Plan(workload, engine, Fault(fault), int(place), met[kind(Fault(fault))][int(place)])
    except (ValueError, KeyError, IndexError) as error:
        raise ValueError(f"no plan {identity!r}: {error}; --list prints them") from None
