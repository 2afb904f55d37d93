"""The operator dies again and again in the middle of creating, editing and deleting: at rest the cluster is what the
objects say, and nothing ran twice."""

import random
import time

import pytest

from tests.e2e.harness import kube, marker, process

OBJECTS, DEATHS = 8, 5


@pytest.mark.timeout(400)
def test_operator_killed_at_random_moments(operator: process.Operator, namespace: str) -> None:
    # A seed that is told: the moments can be had again.
    dice = random.Random(20)
    with marker.Markers() as markers:
        operator.start()
        last: dict[str, str | None] = {}
        written: set[str] = set()
        for death in range(DEATHS):
            for number in range(OBJECTS):
                name = f"s{number}"
                if last.get(name) and dice.random() < 0.25:
                    kube.run("delete", "inspect", name, "-n", namespace, "--wait=false")
                    last[name] = None
                elif kube.get("inspect", namespace, name) is None or last.get(name):
                    # A name of its own for each content: what ran can be told apart outside the cluster.
                    word = f"{name}-{death}"
                    kube.apply(kube.inspect(name, {"name": "t", "script": markers.script(word)}), namespace)
                    last[name] = word
                    written.add(word)
            time.sleep(dice.random() * 2)
            operator.kill()
            operator.start()

        for name in [name for name, word in last.items() if word is None]:
            _gone(namespace, name)
        final = {name: word for name, word in last.items() if word}
        for name in final:
            found = kube.finished(namespace, name, 120)
            assert kube.row(found, "t")["verdict"] == "success", kube.row(found, "t")
            assert kube.condition(found, "Ready")["status"] == "True"
        wanted = {f"{name}--t" for name in final}
        _assert_only(namespace, wanted)
        # Every content ran at most once, and the last one exactly once.
        assert {word: count for word, count in markers.counts.items() if count > 1} == {}
        assert set(markers.counts) <= written
        assert set(final.values()) <= set(markers.counts)


def _gone(namespace: str, name: str) -> None:
    kube.until(f"{name} is gone", lambda: kube.get("inspect", namespace, name) is None, 120)


def _assert_only(namespace: str, wanted: set[str]) -> None:
    """These releases, all deployed, with one Job and one ConfigMap each, and nothing else."""
    deployed = dict.fromkeys(wanted, "deployed")
    kube.until("releases", lambda: {name: one["status"] for name, one in kube.releases(namespace).items()} == deployed)
    for kind in ("jobs", "configmaps"):
        items = kube.items(kind, namespace, "-l", "taskType=inspect")
        assert sorted(one["metadata"]["labels"]["app.kubernetes.io/instance"] for one in items) == sorted(wanted), kind
