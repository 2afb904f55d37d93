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

#: Renders the script task of builders.want() from a folder with one template.
Site = Callable[[str], tuple[manifest.Object, ...]]


@pytest.fixture(autouse=True)
def _shipped_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("templates", "charts", "checks"):
        monkeypatch.delenv(settings_module.PREFIX + name.upper(), raising=False)


@pytest.fixture
def renderer() -> chart.Renderer:
    """With the shipped templates and checks."""
    return chart.Renderer(SETTINGS)


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose only template is the text given; other files may be put into tmp_path / "site" before."""
    folder = tmp_path / "site" / "script"
    folder.mkdir(parents=True)
    monkeypatch.setenv("INSPECT_OPERATOR_TEMPLATES", str(folder.parent))

    def render(text: str) -> tuple[manifest.Object, ...]:
        (folder / "job.yaml").write_text(text, encoding="utf-8")
        return chart.Renderer(SETTINGS).render(builders.want(), builders.OWNER).manifests

    return render


def want(task: tasks.Task) -> desired.Desired:
    """The run of a task under names that don't follow its content."""
    return desired.Desired(task, "night--disk", "0123456789", "", "d" * 32)
