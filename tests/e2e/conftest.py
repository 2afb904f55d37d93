"""Tests on a real cluster: each in a namespace of its own, with an operator of its own that serves only that.

Expects kubectl, helm and KUBECONFIG of the cluster in the environment (`make test` sees to it). An operator that is
installed in the cluster would serve the same namespaces: it is scaled down for the time of the tests.
"""

import datetime
import fcntl
import pathlib
import re
import secrets
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.harness import installed, kube, process, rights

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: What `make demo` installs.
CHART_RELEASE = ("inspect-operator", "charts/inspect-operator", "-n", "inspect-system")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Once, before the workers begin: the CRD of this checkout, and nobody else at work."""
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    replicas = installed.put_aside(ROOT)
    session.config.stash[_REPLICAS] = replicas
    session.config.stash[_BEGAN] = datetime.datetime.now(datetime.UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that may take longest first: begun last, they would keep the others' workers waiting."""

    def seconds(item: pytest.Item) -> float:
        mark = item.get_closest_marker("timeout")
        return float(mark.args[0]) if mark else 0.0

    items.sort(key=lambda item: -seconds(item))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """An operator that was scaled down comes back."""
    installed.bring_back(session.config.stash.get(_REPLICAS, ""))


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """After the whole suite: the operator's rights are those that it used. Some tests alone use only some of them."""
    session: Any = terminalreporter._session
    if config.args != ["tests/e2e"] or config.option.keyword or session.testsfailed or not session.testscollected:
        return
    if problems := rights.problems(ROOT, config.stash[_BEGAN]):
        terminalreporter.section("rights of the operator (charts/inspect-operator/files/rbac.yaml)", red=True)
        terminalreporter.write_line("\n".join(problems))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_REPLICAS = pytest.StashKey[str]()
_BEGAN = pytest.StashKey[datetime.datetime]()


@pytest.fixture(scope="session")
def runner_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The runner's image of this checkout, built and loaded; one worker builds, the others wait."""
    with (tmp_path_factory.getbasetemp().parent / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return f"docker.io/inspect-operator/runner:{process.image_tag(ROOT)}"


@pytest.fixture(scope="session")
def try_image(runner_image: str) -> str:
    """The image of the original example's task2, loaded under the name that it has there."""
    name = "docker.io/library/try:latest"
    kube.run("dev/cluster", "load", "tests/images/try", "--name", name, binary=sys.executable, seconds=300)
    return name


@pytest.fixture(scope="session")
def check_roles() -> None:
    """The ClusterRoles of the checks, as the chart's release would have them: they stay, a release takes them over."""
    text = kube.helm("template", *CHART_RELEASE, "-s", "templates/checks.yaml")
    name, _, _, where = CHART_RELEASE
    objects = [one for one in yaml.safe_load_all(text) if one]
    for one in objects:
        one["metadata"]["annotations"] = {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": where}
    assert {one["kind"] for one in objects} == {"ClusterRole"}
    kube.apply_as_helm(objects)


@pytest.fixture
def foreign_chart(tmp_path: pathlib.Path) -> str:
    """A chart of somebody else: one ConfigMap."""
    folder = tmp_path / "foreign"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: foreign\nversion: 1.0.0\n")
    (folder / "templates" / "c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n")
    return str(folder)


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A new namespace; it and all in it goes after the test."""
    plain = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")[:40].strip("-")
    name = f"t-{plain}-{secrets.token_hex(2)}"
    kube.run("create", "namespace", name)
    yield name
    # What is left of Inspects must not keep the namespace from going, whatever the test did to the operator.
    for found in kube.items("inspects", name):
        if found["metadata"].get("finalizers"):
            kube.merge("inspect", name, found["metadata"]["name"], {"metadata": {"finalizers": None}})
    kube.run("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def operator(namespace: str, runner_image: str, tmp_path: pathlib.Path) -> Iterator[process.Operator]:
    """An operator that serves the test's namespace; not started yet. It may not log a traceback."""
    made = process.Operator(ROOT, namespace, runner_image, tmp_path)
    yield made
    made.stop()
    assert "Traceback" not in made.log(), made.log()
