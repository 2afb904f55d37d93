"""The objects of tests/corpus, and what plan makes of them on three nodes, with every profile allowed."""

import dataclasses
import pathlib
import shutil

import pytest
import yaml
from tests.unit import builders

from inspect_operator import settings
from inspect_operator.api import canonical
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, nodes
from inspect_operator.render import chart

FOLDER = pathlib.Path(__file__).parents[1] / "corpus"
NAMES = sorted(path.stem for path in (FOLDER / "objects").glob("*.yaml"))
TAINT = {"key": "dedicated", "value": "web", "effect": "NoSchedule"}
NODES = (
    builders.node("node-1", labels={"pool": "web"}),
    builders.node("node-2", labels={"pool": "web"}, taints=[TAINT]),
    builders.node("node-3", labels={"pool": "db", "zone": "c"}),
)


def renderer(folder: pathlib.Path) -> chart.Renderer:
    """With the shipped templates and checks, and a runner of a site; `folder` is empty and stays until it is closed.
    What the scripts of checks say may get better, and is left out."""
    for part in (settings.data_folder("templates"), FOLDER / "templates"):
        shutil.copytree(part, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{settings.PREFIX}TEMPLATES", str(folder))
        made = chart.Renderer(settings.Settings(runner_image="registry.example/runner:1"))
    made.checks = {
        name: dataclasses.replace(one, script=f"the script of {name}\n") for name, one in made.checks.items()
    }
    return made


def body(name: str) -> builders.Object:
    """The object as the API server would serve it once it was applied."""
    found: builders.Object = yaml.safe_load((FOLDER / "objects" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert found["metadata"]["name"] == name
    return {**found, "metadata": {"namespace": "default", "uid": "uid-1", "generation": 1, **found["metadata"]}}


def wanted(written: builders.Object, used: chart.Renderer) -> tuple[tasks.Inspection, tuple[desired.Desired, ...]]:
    """The object as it is read, and its releases where nothing is there yet; those that wait for others, once these
    have succeeded."""
    inspection = canonical.read(written, used.checks, used.templates.runners)
    facts = desired.Facts(nodes=tuple(nodes.read(one) for one in NODES), profiles=frozenset({"node"}))
    first = desired.releases(inspection, {}, facts)
    results = {want.task.name: desired.Ended(want.run_key, "success") for want in first}
    return inspection, desired.releases(inspection, {}, dataclasses.replace(facts, results=results))
