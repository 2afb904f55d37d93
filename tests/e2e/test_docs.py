"""What the pages show works: the API server takes every object, and every command does what it says."""

import json
import pathlib

import pytest
import yaml

from tests.docs import commands, examples, pages
from tests.e2e.harness import kube, process, reader

PREPARED = ("host-health", "original")


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("try_image", "check_roles")
def test_a_reader_can_type_what_the_pages_say(
    namespace: str, operator: process.Operator, runner_image: str, tmp_path: pathlib.Path
) -> None:
    for name in PREPARED:
        kube.run("apply", "-n", namespace, "-f", str(pages.ROOT / f"examples/{name}.yaml"))
    operator.start()
    for name in ("host-health", "myinspect"):
        kube.finished(namespace, name, 120)
    one = reader.Reader(pages.ROOT, tmp_path, namespace, runner_image.rpartition(":")[2], {"inspect-system": namespace})
    typed = {name: one.read(name) for name in commands.SERVED}
    assert all(typed.values()), typed


def test_the_api_server_takes_every_object_that_is_shown(namespace: str, tmp_path: pathlib.Path) -> None:
    shown = [one.body for block in pages.blocks("yaml") for one in examples.of(block) if one.kind in _OBJECTS]
    files = [path for path in (pages.ROOT / "examples").rglob("*.yaml") if "charts" not in path.parts]
    written = [one for path in files if "{{" not in path.read_text() for one in yaml.safe_load_all(path.read_text())]
    shown += [one for one in written if isinstance(one, dict) and str(one.get("apiVersion", "")) in _KNOWN]
    objects = [
        {**one, "metadata": {**one["metadata"], "name": f"a{number}", "namespace": namespace}}
        for number, one in enumerate(shown)
    ]
    assert len(objects) > 40
    whole = {"apiVersion": "v1", "kind": "List", "items": objects}
    took = kube.run(
        "apply", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-", stdin=json.dumps(whole)
    )
    assert len(took.splitlines()) == len(objects)


_OBJECTS = (examples.Kind.INSPECT, examples.Kind.OBJECT)
#: Of other groups the CRDs may not be there.
_KNOWN = ("v1", "api.practice.com/v1alpha1", "rbac.authorization.k8s.io/v1", "networking.k8s.io/v1")


def test_the_chart_takes_every_value_that_is_shown(tmp_path: pathlib.Path) -> None:
    shown = [one for block in pages.blocks("yaml") for one in examples.of(block) if one.kind is examples.Kind.VALUES]
    assert shown
    for one in shown:
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(one.body))
        made = kube.helm("template", "op", str(pages.ROOT / "charts/inspect-operator"), "-f", str(file))
        assert "kind: Deployment" in made, one.block
