"""The digest of a schedule's release: it follows what is rendered, and nothing else."""

import dataclasses
import pathlib

import pytest
from tests.unit import builders
from tests.unit.builders import modern

from inspect_operator import settings
from inspect_operator.handlers import schedules
from inspect_operator.plan import desired
from inspect_operator.render import chart

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

CRON = modern("nightly", script="df", schedule="@daily")


def _renderer(runner_image: str = "runner:1") -> chart.Renderer:
    return chart.Renderer(settings.Settings(runner_image=runner_image))


async def _digest(want: desired.Desired, renderer: chart.Renderer | None = None) -> str:
    (made,) = await schedules.Schedules(renderer or _renderer()).digested((want,), builders.OWNER)
    return made.digest


async def test_the_same_has_the_same_digest_also_after_a_restart() -> None:
    assert await _digest(builders.want(CRON)) == await _digest(builders.want(CRON))


@pytest.mark.parametrize(
    "edit",
    [
        {"schedule": "@hourly"},
        {"timeZone": "UTC"},
        {"suspend": True},
        {"script": "other"},
        {"timeout": "1m"},
        {"retries": 2},
        {"env": [{"name": "A", "value": "1"}]},
        {"resources": {"limits": {"cpu": "1"}}},
    ],
)
async def test_whatever_its_runs_will_be_is_in_it(edit: builders.Object) -> None:
    assert await _digest(builders.want({**CRON, **edit})) != await _digest(builders.want(CRON))


async def test_so_are_templates_and_settings(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await _digest(builders.want(CRON))
    assert await _digest(builders.want(CRON), _renderer(runner_image="runner:2")) != before
    for path in settings.data_folder("templates").rglob("*.yaml"):
        copy = tmp_path / path.relative_to(settings.data_folder("templates"))
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text().replace("successfulJobsHistoryLimit: 3", "successfulJobsHistoryLimit: 9"))
    monkeypatch.setenv("INSPECT_OPERATOR_TEMPLATES", str(tmp_path))
    assert await _digest(builders.want(CRON)) != before


async def test_what_is_made_by_now_is_not_in_it() -> None:
    want = builders.want(CRON)
    made = dataclasses.replace(want, made=frozenset({"night--nightly"}), waiting=True)
    assert await _digest(made) == await _digest(want)


async def test_nodes_that_join_and_leave_are_in_it() -> None:
    written = {**CRON, "target": {"nodes": {}}}
    one, two = (builders.want(written, facts=builders.on_nodes(*names)) for names in ("a", "ab"))
    assert await _digest(one) != await _digest(two)


async def test_templates_don_t_run_a_run_again_that_was_asked_for() -> None:
    """Its Job is immutable, so what it was made from is not compared."""
    want = builders.want(CRON, after=builders.want(CRON), request="now")
    again = builders.want({**CRON, "script": "other"}, after=want, request="now")
    assert again.jobs == want.jobs
    assert await _digest(want) != await _digest(builders.want(CRON))


async def test_a_task_done_once_keeps_its_digest() -> None:
    want = builders.want()
    assert await _digest(want) == want.digest
    assert await _digest(want, _renderer(runner_image="runner:2")) == want.digest


async def test_between_two_edits_it_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = _renderer()
    rendered: list[str] = []
    render = renderer.render

    def count(want: desired.Desired, owner: object) -> chart.Chart:
        rendered.append(want.release)
        return render(want, builders.OWNER)

    monkeypatch.setattr(renderer, "render", count)
    made = schedules.Schedules(renderer)
    for _ in range(3):
        await made.digested((builders.want(CRON),), builders.OWNER)
    assert len(rendered) == 1
    await made.digested((builders.want({**CRON, "script": "other"}),), builders.OWNER)
    assert len(rendered) == 2
    renderer.checks = dict(renderer.checks)
    await made.digested((builders.want({**CRON, "script": "other"}),), builders.OWNER)
    assert len(rendered) == 3, "a site's check may have changed"


async def test_a_template_that_fails_is_told_when_it_is_installed_not_here(monkeypatch: pytest.MonkeyPatch,
                                                                          tmp_path: pathlib.Path) -> None:  # fmt: skip
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "pod.yaml").write_text("{{ missing }}")
    monkeypatch.setenv("INSPECT_OPERATOR_TEMPLATES", str(tmp_path))
    want = builders.want(CRON)
    assert await _digest(want) == want.digest


async def test_what_may_not_be_changed_is_known_of_all_but_jobs() -> None:
    made = schedules.Schedules(_renderer())
    want = builders.want(CRON, after=builders.want(CRON), request="now")
    await made.digested((want, builders.want()), builders.OWNER)
    essences = made.essences("default", (want, builders.want()))
    assert set(essences) == {"night--nightly"}
    assert set(essences["night--nightly"]) == {("ConfigMap", "night--nightly"), ("CronJob", "night--nightly")}
