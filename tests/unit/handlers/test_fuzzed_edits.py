"""Edits of any kind, and back again: what an object has made doesn't depend on what it was in between."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.fuzz import effort, objects
from tests.unit import builders, corpus
from tests.unit.handlers.conftest import House

from inspect_operator.api import group
from inspect_operator.release import stored

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

EDITS = 40


@st.composite
def edits(draw: st.DrawFn) -> tuple[Any, Any]:
    """A spec that its object comes back to, and what it is in between: without what makes a task run once more, or not
    yet, since a run that was made stays."""
    first = draw(objects.edited(1, faults=False))
    other = draw(st.one_of(objects.edit(first, faults=True), objects.specs()))
    return objects.without(first, "restart", "suspend"), objects.without(other, "restart", "suspend")


async def test_back_to_what_it_was_is_as_it_was(house: House, caplog: pytest.LogCaptureFixture) -> None:
    problems, began = [], 0
    for first, other in effort.drawn(edits(), EDITS):
        house.cluster.objects = {key: one for key, one in house.cluster.objects.items() if key[0] == "Namespace"}
        caplog.clear()
        await house.start()
        await house.nodes(*corpus.NODES)
        await _put(house, first)
        found: list[str] = []
        if house.condition("Ready")[0] == "True":
            began += 1
            found = [problem async for problem in _there_and_back(house, first, other)]
        found += [one.getMessage() for one in caplog.records if one.exc_info or one.levelno >= logging.ERROR]
        if found:
            problems.append(
                "\n".join([*found, f"first {json.dumps(first)[:8000]}", f"then {json.dumps(other)[:8000]}"])
            )
    assert not problems, "\n\n".join([*problems, effort.again("tests/unit/handlers/test_fuzzed_edits.py")])
    assert began >= EDITS / 4  # those that begin as nothing prove nothing


async def _there_and_back(house: House, first: Any, other: Any) -> AsyncIterator[str]:
    """What is wrong on the way."""
    before, uids = _made(house), _uids(house)
    await _put(house, other)
    if house.condition("Ready")[1] == "SpecInvalid" and _uids(house) != uids:
        yield "refused, and yet something was done"
    await _put(house, first)
    now = _made(house)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield f"{name} is not as it was:\n  {before.get(name)}\n  {now.get(name)}"[:4000]
    if house.condition("Ready")[0] != "True":
        yield f"Ready {house.condition('Ready')}"


async def _put(house: House, spec: Any) -> None:
    """kubectl apply, and every run that comes of it ends well."""
    before = house.cluster.objects.get(("Inspect", "default", "night"))
    made = {**objects.body(spec, "night")}
    if before is not None:
        metadata = {**before["metadata"], "generation": before["metadata"]["generation"] + 1}
        made |= {"metadata": metadata, "status": before.get("status") or {}}
    house.cluster.put(made)
    await house.sync()
    while jobs := house.open_jobs():
        await house.end(jobs[0])


def _made(house: House) -> dict[str, Any]:
    """Of each release what its newest revision holds, and beside it the names of what is there, but
    for reports of runs."""
    there = (key for key in house.cluster.objects if key[0] in _WATCHED and not key[2].endswith(".report"))
    found: dict[str, Any] = {"there": sorted(there)}
    for (kind, _, _), item in sorted(house.cluster.objects.items()):
        if kind == "Secret" and item["metadata"]["labels"].get("owner") == "helm":
            labels = item["metadata"]["labels"]
            about = {name: labels.get(name) for name in (group.LABEL_DIGEST, group.LABEL_RUN_KEY, group.LABEL_TRIGGER)}
            number, release = int(labels["version"]), labels["name"]
            if number > found.get(release, {}).get("number", 0):
                found[release] = {"number": number, **about, "holds": sorted(stored.payload(item).objects.items())}
    return {name: {**one, "number": 0} if isinstance(one, dict) else one for name, one in found.items()}


_WATCHED = ("Job", "CronJob", "ConfigMap", "ServiceAccount", "RoleBinding")


def _uids(house: House) -> dict[Any, str]:
    objects_there: dict[Any, builders.Object] = house.cluster.objects
    return {key: one["metadata"]["uid"] for key, one in objects_there.items() if key[0] in (*_WATCHED, "Secret")}
