"""People at work: Inspects that are written, edited and deleted at random, and what has to be true of them at rest."""

import collections
import json
import random
from collections.abc import Collection

from tests.e2e.harness import audit, kube, marker

#: Every third object has a second task: on the node, on a schedule, or after the first one.
SECOND = ("node", "later", "after")


class Load:
    """Some objects of one namespace. Each content that is written says a word of its own, once, outside the cluster:
    what ran can be told, also of what is long gone. `others` are Helm releases there that are no inspections."""

    def __init__(
        self,
        namespace: str,
        markers: marker.Markers,
        dice: random.Random,
        objects: int = 20,
        others: Collection[str] = (),
    ) -> None:
        self._namespace = namespace
        self._markers = markers
        self._dice = dice
        self._objects = objects
        self._others = others
        self._log = audit.Log(namespace)
        self._last: dict[str, str | None] = {}  # None: deleted
        self._written: set[str] = set()
        self._turns = 0

    def turn(self) -> None:
        """Deletes some, where enough are left, and writes most of the others. What goes slowly is written later."""
        alive = [name for name, word in self._last.items() if word]
        spare = max(0, len(alive) - self._objects // 2)
        gone = [name for name in alive if self._dice.random() < 0.25][:spare]
        if gone:
            kube.run("delete", "inspect", *gone, "-n", self._namespace, "--wait=false")
        self._last.update(dict.fromkeys(gone))
        there = kube.names("inspects", self._namespace)
        put = []
        for number in range(self._objects):
            name = f"s{number}"
            if name not in gone and (name not in there or self._last.get(name)) and self._dice.random() < 0.7:
                word = f"{name}-{self._turns}"
                put.append(kube.inspect(name, *self._tasks(number, word)))
                self._last[name] = word
                self._written |= set(_words(number, word))
        body = {"apiVersion": "v1", "kind": "List", "items": put}
        kube.run("apply", "-n", self._namespace, "-f", "-", stdin=json.dumps(body))
        self._turns += 1

    def assert_all_is_well(self, seconds: float = 240.0) -> None:
        """At rest, within so many seconds, the cluster is what the objects say, nothing is lost, nothing ran twice."""
        for name in [name for name, word in self._last.items() if word is None]:
            kube.until(f"{name} is gone", lambda name=name: kube.get("inspect", self._namespace, name) is None, seconds)  # type: ignore[misc]
        final = {name: word for name, word in self._last.items() if word}
        assert len(final) >= self._objects / 4
        for name in final:
            found = kube.finished(self._namespace, name, seconds)
            verdicts = {row["task_name"]: row.get("verdict") for row in found["status"]["results"]}
            assert {verdict for task, verdict in verdicts.items() if task != "later"} == {"success"}, verdicts
            assert kube.condition(found, "Ready")["status"] == "True"
        self._assert_only({name: int(name[1:]) for name in final})
        # Every content ran at most once, and the last one exactly once: as the machines outside counted, and as the
        # API server noted which Jobs were made.
        counts = self._markers.counts
        assert {word: count for word, count in counts.items() if count > 1} == {}
        assert set(counts) <= self._written
        ran = {word for name, last_word in final.items() for word in _words(int(name[1:]), last_word)}
        assert ran <= set(counts)
        made = collections.Counter(self._log.made("jobs"))
        assert {name: times for name, times in made.items() if times > 1} == {}
        assert set(kube.names("jobs", self._namespace)) <= set(made)

    def assert_only_who_held_the_lease_wrote(self) -> set[str]:
        """From each take-over on, nothing more was accepted of who held the Lease before. Returns who held it."""
        holder, holders, late = "", set(), []
        for write in self._log.accepted():
            if write.resource == "leases":
                holder = write.who
                holders.add(holder)
            elif write.who != holder:
                late.append(write)
        assert not late, f"held by {holder}"
        return holders

    def _tasks(self, number: int, word: str) -> list[kube.Object]:
        script = self._markers.script
        on_linux = {"nodes": {"selector": {"matchLabels": {"kubernetes.io/os": "linux"}}}}
        more: dict[str, kube.Object] = {
            "node": {"name": "node", "script": script(f"{word}-node"), "target": on_linux},
            "later": {"name": "later", "script": f"echo {word}", "schedule": "0 3 1 1 *"},
            "after": {"name": "after", "script": script(f"{word}-after"), "dependsOn": ["t"]},
        }
        return [{"name": "t", "script": script(word)}, more[SECOND[number % 3]]]

    def _assert_only(self, final: dict[str, int]) -> None:
        """These releases, all deployed, with one Job or CronJob and one ConfigMap each, and nothing else."""
        wanted = {f"{name}--{task}" for name, number in final.items() for task in ("t", SECOND[number % 3])}
        crons = {release for release in wanted if release.endswith("--later")}
        deployed = dict.fromkeys(wanted, "deployed")

        def seen() -> dict[str, str]:
            # helm list shows 256 at most.
            listed = json.loads(kube.helm("list", "-n", self._namespace, "-o", "json", "--max", "1000"))
            return {one["name"]: one["status"] for one in listed if one["name"] not in self._others}

        kube.until("releases", lambda: seen() == deployed)
        for kind, expected in (("jobs", wanted - crons), ("cronjobs", crons), ("configmaps", wanted)):
            items = kube.items(kind, self._namespace, labels="taskType=inspect")
            found = sorted(one["metadata"]["labels"]["app.kubernetes.io/instance"] for one in items)
            assert found == sorted(expected), kind


def _words(number: int, word: str) -> list[str]:
    """What the tasks of such an object say."""
    return [word, *{"node": [f"{word}-node"], "later": [], "after": [f"{word}-after"]}[SECOND[number % 3]]]
