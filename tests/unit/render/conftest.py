"""Settings that name everything they could otherwise take from this machine, and template folders of a site."""

import pathlib
from collections.abc import Callable

import pytest
from tests.unit import builders

from inspect_operator import settings as settings_module
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired
from inspect_operator.render import chart, manifest

SETTINGS = settings_module.Settings(runner_image="registry.example/runner:1", image_pull_policy="IfNotPresent")

POD = "spec: {containers: [{name: inspect, image: {{ settings.runner_image }}}]}\n"

#: Renders the script task of builders.want() from templates of a site, of which job.yaml is the text given.
Site = Callable[[str], tuple[manifest.Object, ...]]


@pytest.fixture(autouse=True)
def _shipped_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("templates", "charts", "checks"):
        monkeypatch.delenv(settings_module.PREFIX + name.upper(), raising=False)


@pytest.fixture
def renderer() -> chart.Renderer:
    """With the shipped templates, and few checks."""
    made = chart.Renderer(SETTINGS)
    made.checks = dict(builders.CHECKS)
    return made


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site's folder tmp_path / "site" has script/pod.yaml; other files may be put there before."""
    folder = tmp_path / "site"
    (folder / "script").mkdir(parents=True)
    (folder / "script" / "pod.yaml").write_text(POD)
    monkeypatch.setenv("INSPECT_OPERATOR_TEMPLATES", str(folder))

    def render(text: str) -> tuple[manifest.Object, ...]:
        (folder / "job.yaml").write_text(text, encoding="utf-8")
        return chart.Renderer(SETTINGS).render(builders.want(), builders.OWNER).manifests

    return render


def want(task: tasks.Task) -> desired.Desired:
    """The run of a task in one pod under names that don't follow its content; beside it the schedule it has."""
    key, release = "0123456789", "night--disk"
    crons = (desired.Member("", release),) if task.schedule else ()
    return desired.Desired(task, release, key, "", "d" * 32, (desired.Member("", f"{release}-{key}"),), crons)
