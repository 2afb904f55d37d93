"""What tests of kinds share: the image of their charts, an example with its CRD, an operator that serves it."""

import pathlib
import shutil
import sys
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.harness import kinds, kube, process


@pytest.fixture(scope="session")
def web_image(runner_image: str) -> str:
    """Loaded under the name that the stock chart gives it."""
    kube.run("dev/cluster", "load", "tests/images/web", "--name", kinds.WEB, binary=sys.executable, seconds=300)
    return kinds.WEB


@pytest.fixture
def example(request: pytest.FixtureRequest, namespace: str, tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A copy of the example that the test names, with its CRD on the cluster. Asked for before the operator, it ends
    after it: objects that a failed test left don't keep the namespace."""
    folder = tmp_path / "kind"
    shutil.copytree(kinds.EXAMPLES / request.param, folder)
    kinds.install(folder / "crd.yaml")
    yield folder
    plural = yaml.safe_load((folder / "crd.yaml").read_text())["metadata"]["name"]
    kinds.let_go(plural, namespace)


@pytest.fixture
def serving(example: pathlib.Path, operator: process.Operator, tmp_path: pathlib.Path) -> process.Operator:
    """An operator that serves the example, and notes each call of helm."""
    operator.settings["WATCHES"] = str(example / "watches.yaml")
    operator.settings["HELM"] = str(process.counting_helm(tmp_path, tmp_path / "calls"))
    return operator.start()
