"""The operator dies again and again in the middle of creating, editing and deleting: at rest the cluster is what the
objects say, and nothing ran twice."""

import collections
import json
import random
import time

import pytest

from tests.e2e.harness import audit, kube, marker, process

OBJECTS, DEATHS = 20, 10


@pytest.mark.timeout(900)
def test_operator_killed_at_random_moments(operator: process.Operator, namespace: str) -> None:
    # A seed that is told: the moments can be had again.
    dice = random.Random(20)
    log = audit.Log(namespace)
    with marker.Markers() as markers:
        operator.start()
        last: dict[str, str | None] = {}
        written: set[str] = set()
        for death in range(DEATHS):
            gone = [name for name, word in last.items() if word and dice.random() < 0.25]
            if gone:
                kube.run("delete", "inspect", *gone, "-n", namespace, "--wait=false")
            last.update(dict.fromkeys(gone))
            there = kube.names("inspects", namespace)
            put = []
            for number in range(OBJECTS):
                name = f"s{number}"
                if name not in gone and (name not in there or last.get(name)) and dice.random() < 0.7:
                    # A name of its own for each content: what ran can be told apart outside the cluster.
                    word = f"{name}-{death}"
                    put.append(kube.inspect(name, *_tasks(number, markers, word)))
                    last[name] = word
                    written |= set(_words(number, word))
            body = {"apiVersion": "v1", "kind": "List", "items": put}
            kube.run("apply", "-n", namespace, "-f", "-", stdin=json.dumps(body))
            time.sleep(dice.random() * 3)
            operator.kill()
            operator.start()

        for name in [name for name, word in last.items() if word is None]:
            _gone(namespace, name)
        final = {name: word for name, word in last.items() if word}
        assert len(final) >= OBJECTS / 4  # how many are left depends on how fast deletions were
        for name in final:
            found = kube.finished(namespace, name, 240)
            verdicts = {row["task_name"]: row.get("verdict") for row in found["status"]["results"]}
            assert {verdict for task, verdict in verdicts.items() if task != "later"} == {"success"}, verdicts
            assert kube.condition(found, "Ready")["status"] == "True"
        _assert_only(namespace, {name: int(name[1:]) for name in final})
        # Every content ran at most once, and the last one exactly once: as the machines outside counted, and as the
        # API server noted which Jobs were made.
        assert {word: count for word, count in markers.counts.items() if count > 1} == {}
        assert set(markers.counts) <= written
        ran = {word for name, last_word in final.items() for word in _words(int(name[1:]), last_word)}
        assert ran <= set(markers.counts)
        made = collections.Counter(log.made("jobs"))
        assert {name: times for name, times in made.items() if times > 1} == {}
        assert set(kube.names("jobs", namespace)) <= set(made)


def _gone(namespace: str, name: str) -> None:
    kube.until(f"{name} is gone", lambda: kube.get("inspect", namespace, name) is None, 240)


def _tasks(number: int, markers: marker.Markers, word: str) -> list[kube.Object]:
    """Every third object has a task on the node, on a schedule, or after another one."""
    tasks: list[kube.Object] = [{"name": "t", "script": markers.script(word)}]
    on_linux = {"nodes": {"selector": {"matchLabels": {"kubernetes.io/os": "linux"}}}}
    more: list[list[kube.Object]] = [
        [{"name": "node", "script": markers.script(f"{word}-node"), "target": on_linux}],
        [{"name": "later", "script": f"echo {word}", "schedule": "0 3 1 1 *"}],
        [{"name": "after", "script": markers.script(f"{word}-after"), "dependsOn": ["t"]}],
    ]
    return [*tasks, *more[number % 3]]


def _words(number: int, word: str) -> list[str]:
    return [word, *[[f"{word}-node"], [], [f"{word}-after"]][number % 3]]


def _assert_only(namespace: str, final: dict[str, int]) -> None:
    """These releases, all deployed, with one Job or CronJob and one ConfigMap each, and nothing else."""
    second = ("node", "later", "after")
    wanted = {f"{name}--{task}" for name, number in final.items() for task in ("t", second[number % 3])}
    crons = {release for release in wanted if release.endswith("--later")}
    deployed = dict.fromkeys(wanted, "deployed")

    def seen() -> dict[str, str]:
        # helm list shows 256 at most.
        listed = json.loads(kube.helm("list", "-n", namespace, "-o", "json", "--max", "1000"))
        return {one["name"]: one["status"] for one in listed}

    kube.until("releases", lambda: seen() == deployed)
    for kind, expected in (("jobs", wanted - crons), ("cronjobs", crons), ("configmaps", wanted)):
        items = kube.items(kind, namespace, labels="taskType=inspect")
        assert sorted(one["metadata"]["labels"]["app.kubernetes.io/instance"] for one in items) == sorted(expected), (
            kind
        )
