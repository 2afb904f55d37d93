"""Templates of a site: who is rendered anew when they change, who is not, and what is told where they are broken."""

import dataclasses

import pytest
from tests.unit.builders import modern
from tests.unit.handlers.conftest import House

from inspect_operator.api import group

#: They start the process that renders templates of a site.
pytestmark = pytest.mark.slow

WHERE = "inspect-system"
NIGHTLY = modern("nightly", schedule="@daily")
PINGS = modern("pings", image="ping:1", schedule="@daily")
IMAGE = '{% macro image(name) %}{{ "site.example/" ~ name }}{% endmacro %}\n'
RUNNER = "spec: {containers: [{name: inspect, image: {{ parameters.image }}}]}\n"
SCHEMA = '{"type": "object", "properties": {"image": {"type": "string", "default": "a:1"}, "n": {"type": "integer"}}}'


@dataclasses.dataclass
class Site:
    """The operator, and the ConfigMaps beside it."""

    house: House

    async def put(self, folder: str, **files: str) -> None:
        """A ConfigMap with these files, `__` for a dot, and the time at which it is looked for."""
        data = {name.replace("__", "."): text for name, text in files.items()}
        metadata = {"name": f"site-{folder}", "namespace": WHERE, "labels": {group.LABEL_TEMPLATES: folder}}
        self.house.cluster.put({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data})
        await self.look()

    async def remove(self, folder: str) -> None:
        """Without the ConfigMap again."""
        del self.house.cluster.objects[("ConfigMap", WHERE, f"site-{folder}")]
        await self.look()

    async def look(self) -> None:
        """What the operator does every few seconds."""
        await self.house.operator._site_changed()
        await self.house.sync()

    def upgraded(self) -> list[str]:
        """Releases that Helm was called for since the last question."""
        names = sorted(call[1] for call in self.house.helm.calls)
        self.house.helm.calls.clear()
        return names

    def image(self, task: str) -> str:
        """Of a schedule's pods."""
        cron = self.house.cluster.objects[("CronJob", "default", f"night--{task}")]
        return str(cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.fixture
async def site(house: House) -> Site:
    house.configured = dataclasses.replace(house.configured, lease_namespace=WHERE)
    await house.start()
    return Site(house)


async def test_a_macro_changes_exactly_what_uses_it_and_goes_back(site: Site) -> None:
    await site.house.apply(NIGHTLY, PINGS, modern("once"), modern("later", suspend=True))
    await site.house.finish("once")
    job = site.house.uid("once")
    assert site.upgraded() == ["night--nightly", "night--once", "night--pings"]
    await site.put("macros", image__yaml=IMAGE)
    assert site.upgraded() == ["night--nightly", "night--pings"]
    assert (site.image("nightly"), site.image("pings")) == ("site.example/runner:1", "site.example/ping:1")
    assert "templates have changed since this run was made" in site.house.row("once")["advice"]
    assert "advice" not in site.house.row("nightly")
    await site.house.apply(NIGHTLY, PINGS, modern("once"), modern("later"))
    made = site.house.cluster.objects[("Job", "default", site.house.open_jobs("later")[0])]
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "site.example/runner:1"
    assert site.upgraded() == ["night--later"], "what had not run takes the new ones"
    await site.remove("macros")
    assert site.upgraded() == ["night--nightly", "night--pings"]
    assert (site.image("nightly"), site.image("pings")) == ("runner:1", "ping:1")
    assert "advice" not in site.house.row("once")
    assert "advice" in site.house.row("later")
    assert site.house.uid("once") == job


async def test_a_file_of_another_runner_concerns_nobody_else(site: Site) -> None:
    await site.house.apply(NIGHTLY, PINGS, modern("once"))
    await site.house.finish("once")
    site.upgraded()
    await site.put("image", pod__yaml=RUNNER.replace("parameters.image", "task.image"))
    assert site.upgraded() == ["night--pings"]
    assert "advice" not in site.house.row("once")


async def test_a_comment_changes_nothing(site: Site) -> None:
    await site.house.apply(NIGHTLY)
    site.upgraded()
    await site.put("macros", image__yaml="# ours\n{% macro image(name) %}{{ name }}{% endmacro %}\n")
    assert site.upgraded() == []
    assert site.house.condition("Ready") == ("True", "ReleasesDeployed")


async def test_a_broken_one_leaves_releases_alone_says_where_and_heals(site: Site) -> None:
    await site.house.apply(NIGHTLY, name="night")
    await site.house.apply(modern("later", suspend=True), name="other")
    await site.house.apply(modern("over"), name="done")
    await site.house.end(site.house.open_jobs()[0])
    site.upgraded()
    await site.put("macros", image__yaml="{# ours #}\n\n{% macro image(name) %}{{ nmae }}{% endmacro %}\n")
    assert site.upgraded() == []
    for name in ("night", "other"):
        assert site.house.condition("Ready", name) == ("False", "TemplateFailed")
        (ready,) = [one for one in site.house.status(name)["conditions"] if one["type"] == "Ready"]
        assert f"macros/image.yaml (ConfigMap {WHERE}/site-macros), line 3: 'nmae' is undefined" in ready["message"]
    assert site.house.condition("Ready", "done") == ("True", "ReleasesDeployed"), "nothing of it is to be rendered"
    assert site.image("nightly") == "runner:1"
    await site.put("macros", image__yaml=IMAGE)
    assert site.upgraded() == ["night--nightly"]
    for name in ("night", "other"):
        assert site.house.condition("Ready", name) == ("True", "ReleasesDeployed")


async def test_a_new_run_that_could_not_be_rendered_begins_once_it_can_be(site: Site) -> None:
    await site.put("script", pod__yaml="spec: {{ missing }}\n")
    await site.house.apply(modern("once"))
    assert site.upgraded() == []
    assert site.house.row("once")["reason"] == "TemplateFailed"
    await site.remove("script")
    assert site.upgraded() == ["night--once"]


async def test_a_runner_out_of_a_config_map(site: Site) -> None:
    await site.put("ours", pod__yaml=RUNNER, parameters__schema__json=SCHEMA)
    await site.house.apply({"name": "probe", "template": "ours", "parameters": {"image": "b:2"}})
    (job,) = site.house.open_jobs("probe")
    pod = site.house.cluster.objects[("Job", "default", job)]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "b:2"
    await site.house.finish("probe")
    assert site.house.row("probe")["verdict"] == "success"
    site.upgraded()
    await site.house.apply({"name": "probe", "template": "ours", "parameters": {"n": "two"}})
    (ready,) = [one for one in site.house.status()["conditions"] if one["type"] == "Ready"]
    assert "spec.tasks[0].parameters.n: expected integer, not 'two'; parameters of ours: image" in ready["message"]
    await site.house.apply({"name": "probe", "template": "nobodys"})
    (ready,) = [one for one in site.house.status()["conditions"] if one["type"] == "Ready"]
    assert "no template named 'nobodys'; there are image, ours, script, ssh" in ready["message"]
    assert site.upgraded() == []


async def test_a_schema_that_is_none_is_told_where_it_is_used(site: Site) -> None:
    await site.put("ours", pod__yaml=RUNNER, parameters__schema__json='{"type": "objekt"}')
    await site.house.apply({"name": "probe", "template": "ours"})
    assert site.house.condition("Ready") == ("False", "TemplateFailed")
    await site.put("ours", pod__yaml=RUNNER, parameters__schema__json=SCHEMA)
    assert site.upgraded() == ["night--probe"]


async def test_a_hostile_one_stops_only_those_who_use_it(site: Site) -> None:
    loop = "{% for a in range(9999) %}{% for b in range(9999) %}{% set x = a %}{% endfor %}{% endfor %}"
    await site.put("hostile", pod__yaml=loop)
    await site.house.apply({"name": "a", "template": "hostile"}, {"name": "b", "template": "hostile"}, NIGHTLY)
    assert site.upgraded() == ["night--nightly"]
    assert "took more than 2.02 s of CPU time" in site.house.row("a")["message"]
    assert site.house.row("b")["reason"] == "TemplateFailed"
