"""Objects that people wrote keep their meaning from version to version: tests/corpus/objects, and what each made when
it was recorded (tests/corpus/generation-*): names, run keys, and every manifest.

A change of these reaches every cluster with the next upgrade of the operator. One that is meant is recorded beside what
was before: `RECORD_CORPUS=2 pytest tests/unit/test_corpus.py` writes into generation-2 what is different now.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.unit import builders, corpus, golden

from inspect_operator.api import crd
from inspect_operator.handlers import schedules
from inspect_operator.render import chart

#: Of the objects and manifests of the first generation. It changes with no release any more.
FIRST = "72d5e1f0234c12aa9bbaece8b0e03df511e6273501ee6c12219451aae2f1d6ad"


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chart.Renderer]:
    made = corpus.renderer(tmp_path_factory.mktemp("templates"))
    yield made
    made.close()


async def _made(name: str, renderer: chart.Renderer) -> list[builders.Object]:
    """What is written down of each release: who it is, then its objects."""
    inspection, wanted = corpus.wanted(corpus.body(name), renderer)
    wanted = await schedules.Schedules(renderer).digested(wanted, inspection.owner)
    made = []
    for want in wanted:
        assert want.refused is None
        about = {"release": want.release, "runKey": want.run_key, "trigger": want.trigger, "digest": want.digest}
        if want.held:
            made.append({**about, "held": want.held.reason})
            continue
        rendered = renderer.render(want, inspection.owner)
        made += [{**about, "chart": rendered.version}, *rendered.manifests]
    for policy in inspection.notifications or ():
        made.append({"notification": json.loads(json.dumps(dataclasses.asdict(policy)))})
    return made


def _recorded(name: str) -> pathlib.Path | None:
    """Where it is told what the object makes: in the last generation that has it."""
    found = corpus.FOLDER.glob(f"generation-*/{name}.yaml")
    return max(found, key=lambda path: int(path.parent.name.partition("-")[2]), default=None)


@pytest.mark.parametrize("name", corpus.NAMES)
async def test_what_was_written_makes_what_it_made(renderer: chart.Renderer, name: str) -> None:
    path, made = _recorded(name), golden.manifests(await _made(name, renderer))
    if (generation := os.environ.get("RECORD_CORPUS")) and (path is None or path.read_text(encoding="utf-8") != made):
        path = corpus.FOLDER / f"generation-{int(generation)}" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path is not None, "not recorded yet; see the head of this file"
    before = path.read_text(encoding="utf-8")
    if made != before:
        where = f"{path.relative_to(corpus.FOLDER.parents[1])}: what the object makes has changed.\n"
        raise AssertionError(where + "\n".join(_what_that_means(_releases(before), _releases(made))) + HOW)


HOW = """
Is that meant? Then record it beside what was before, which stays, and tell of it in CHANGELOG.md:
  RECORD_CORPUS=<the next generation, such as 2> pytest tests/unit/test_corpus.py"""

Release = tuple[builders.Object, list[builders.Object]]


def _releases(text: str) -> dict[str, Release]:
    """Of a recorded text who each release is and its objects, by name; what isn't of a release under no name."""
    found: dict[str, Release] = {}
    for one in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if "release" in one:
            found[one["release"]] = (one, [])
        elif "kind" in one:
            found[next(reversed(found))][1].append(one)
        else:
            found.setdefault("", ({}, []))[1].append(one)
    return found


def _what_that_means(before: dict[str, Release], now: dict[str, Release]) -> Iterator[str]:
    """Once the operator is upgraded, for everybody who has written this."""
    for name in sorted(before.keys() - now.keys()):
        yield f"  release {name}: it would have another name: uninstalled with its results, installed anew, RUN AGAIN"
    for name in sorted(before.keys() & now.keys()):
        (was, objects), (about, others) = before[name], now[name]
        scheduled = any(one["kind"] == "CronJob" for one in objects if "kind" in one)
        if not name and objects != others:
            yield "  its notices would be sent in another way, or to others"
        elif was.get("runKey") != about.get("runKey") or was.get("trigger") != about.get("trigger"):
            yield f"  release {name}: the key of its run would be another: the task would RUN AGAIN, in all clusters"
        elif _jobs(objects) != _jobs(others):
            yield f"  release {name}: its Jobs would have other names: they would RUN AGAIN, in all clusters"
        elif scheduled and was != about:
            yield f"  release {name}: each schedule like this one would get one new revision; nothing runs by that"
        elif was != about:
            yield f"  release {name}: each release like this one would be upgraded once; nothing runs by that"
        elif objects != others:
            yield f"  release {name}: runs that there are stay as they are; runs made from now on would be different"


def _jobs(objects: list[builders.Object]) -> list[Any]:
    return [one["metadata"]["name"] for one in objects if one["kind"] == "Job"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"release": "other"}, "another name: uninstalled with its results, installed anew, RUN AGAIN"),
        ({"runKey": "0123456789"}, "the task would RUN AGAIN"),
        ({"trigger": "g2"}, "the task would RUN AGAIN"),
        ({"metadata": {"name": "other"}}, "its Jobs would have other names: they would RUN AGAIN"),
        ({"digest": "0" * 32}, "would be upgraded once; nothing runs by that"),
        ({"spec": {}}, "runs that there are stay as they are"),
    ],
)
def test_it_is_said_what_a_change_would_do(change: builders.Object, words: str) -> None:
    path = _recorded("script")
    assert path is not None
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    changed = [{**one, **{key: value for key, value in change.items() if key in one and one.get("kind") != "ConfigMap"}}
               for one in documents]  # fmt: skip
    (said,) = _what_that_means(_releases(golden.manifests(documents)), _releases(golden.manifests(changed)))
    assert words in said


def test_a_schedule_with_another_content_gets_one_revision() -> None:
    path = _recorded("schedule")
    assert path is not None
    before = _releases(path.read_text(encoding="utf-8"))
    now = {name: ({**about, "digest": "0" * 32}, objects) for name, (about, objects) in before.items()}
    (said,) = _what_that_means(before, now)
    assert "one new revision; nothing runs by that" in said


def test_the_first_generation_stays() -> None:
    found = hashlib.sha256()
    for path in sorted((corpus.FOLDER / "generation-1").iterdir()):
        found.update(path.read_bytes() + (corpus.FOLDER / "objects" / path.name).read_bytes())
    assert found.hexdigest() == FIRST, (
        "objects that were recorded once, and what they made, aren't edited: write new ones, record a new generation"
    )


def test_no_password_is_in_what_it_makes() -> None:
    assert "canary-4711" in (corpus.FOLDER / "objects/original-hosts.yaml").read_text(encoding="utf-8")
    assert not [path for path in corpus.FOLDER.glob("generation-*/*") if "canary" in path.read_text(encoding="utf-8")]


def _written(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that stands somewhere in an object's spec, with its path and, of a value, the value."""
    yield path, None if isinstance(node, dict | list) else node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _written(value, f"{path}.{key}")
            yield from _written(value, f"{path}[]")  # of a map with free keys
    for one in node if isinstance(node, list) else ():
        yield from _written(one, f"{path}[]")


def _writable(node: builders.Object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a schema; of one that takes few values, each of these."""
    below = [(f"{path}.{name}", child) for name, child in node.get("properties", {}).items()]
    below += [
        (f"{path}[]", node[word]) for word in ("items", "additionalProperties") if isinstance(node.get(word), dict)
    ]
    if not below:
        yield from ((path, value) for value in node.get("enum", [None]))
    for where, child in below:
        yield from _writable(child, where)


def test_the_corpus_has_every_field_that_may_be_written() -> None:
    (version,) = crd.definition()["spec"]["versions"]
    seen: set[tuple[str, Any]] = set()
    for name in corpus.NAMES:
        for path, value in _written(corpus.body(name)["spec"]):
            seen |= {(path, None), (path, value)} if not isinstance(value, dict | list) else {(path, None)}
    missing = [one for one in _writable(version["schema"]["openAPIV3Schema"]["properties"]["spec"]) if one not in seen]
    assert not missing, "write an object with it into tests/corpus/objects"
