"""Every field that may be written does something: with another value the object makes something else."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fuzz import objects, places
from tests.unit import corpus

from inspect_operator import errors
from inspect_operator.handlers import schedules
from inspect_operator.render import chart, hosts

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

#: What changes nothing that is rendered, and why. docs/reliability.md tells it.
INERT = {
    "tasks[].dependsOn[]": "decides when a release is installed, not what it holds",
    "tasks[].target.pod": "says what is so without it",
}

#: Where the corpus has a field only at places where another one counts in its stead.
_LOGIN = {"secretKeyRef": {"name": "bastion", "key": "password"}}
_MORE: tuple[Any, ...] = (
    {
        "tasks": [
            {
                "name": "through a machine of the task",
                "script": "uptime",
                "target": {"hosts": [{"address": "10.0.0.1", "passwordFrom": _LOGIN}]},
                "ssh": {
                    "jumpHost": {
                        "address": "bastion.example", "port": 2022, "user": "jump",
                        "privateKeyFrom": _LOGIN, "passphraseFrom": _LOGIN,
                    }
                },
            },
            {"name": "by templates that it names", "script": "uptime", "template": "script"},
        ]
    },
)  # fmt: skip

#: Values to change a leaf to, of those that the schema takes.
_OTHERS: dict[str, tuple[Any, ...]] = {
    "string": ("other", "/other", "2m", "@weekly", "UTC", "image", "script", "remote", "ssh", "cpu.sh", "dns"),
    "integer": (7,),
    "boolean": (True, False),
}


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chart.Renderer]:
    made = corpus.renderer(tmp_path_factory.mktemp("templates"))
    yield made
    made.close()


def test_every_leaf_of_the_schema_changes_what_is_made(renderer: chart.Renderer) -> None:
    silent = {leaf for leaf, _ in places.leaves(objects.SCHEMA)}
    for spec in (*objects.CORPUS, *_MORE):
        before = _made(spec, renderer)
        assert before is not None, spec
        for place in places.of(objects.SCHEMA, spec):
            if not place.there or place.leaf not in silent:
                continue
            for other in _others(spec, place):
                made = _made(places.put(spec, place.path, other), renderer)
                if made is not None and made != before:
                    silent.discard(place.leaf)
                    break
    assert sorted(silent) == sorted(INERT)


def _others(spec: Any, place: places.Place) -> Iterator[Any]:
    value: Any = spec
    for part in place.path:
        value = value[part]
    node = place.node
    if "enum" in node:
        candidates: tuple[Any, ...] = tuple(node["enum"])
    elif "additionalProperties" in node:
        candidates = ({**value, "other": "1"}, {})
    elif node.get("x-kubernetes-preserve-unknown-fields"):
        candidates = ({**value, "limitPercent": 51}, {**value, "playbook": "other"})
    else:
        candidates = _OTHERS.get(node.get("type", ""), ())
    yield from (one for one in candidates if one != value)


def _made(spec: Any, renderer: chart.Renderer) -> str | None:
    """Everything that an object makes outside of the operator; None where it is refused."""
    body = objects.body(spec)
    body["metadata"]["generation"] = 2
    try:
        inspection, wanted = corpus.wanted(body, renderer)
        wanted = asyncio.run(schedules.Schedules(renderer).digested(wanted, inspection.owner))
        charts = [renderer.render(want, inspection.owner).manifests for want in wanted if not want.refused]
    except errors.InspectError:
        return None
    about = [[want.release, want.run_key, want.trigger, want.held and want.held.reason] for want in wanted]
    passwords = [hosts.inline_passwords(want.task) for want in wanted]
    notices = [dataclasses.asdict(policy) for policy in inspection.notifications or ()]
    return json.dumps([about, charts, passwords, notices], sort_keys=True, default=str)
