"""A kind that is made by Jinja templates in place of a chart."""

import pytest
from tests.unit.handlers.kinds.conftest import Land

#: They start the process that renders them.
pytestmark = pytest.mark.slow

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ name }}}
spec: {replicas: {{ spec.replicas }}}
"""
LOOP = "{% for a in range(9999) %}{% for b in range(9999) %}{% set x = a %}{% endfor %}{% endfor %}"


def write(land: Land, **files: str) -> None:
    (land.folder / "web").mkdir(exist_ok=True)
    for name, text in files.items():
        (land.folder / "web" / name.replace("__", ".")).write_text(text)


@pytest.fixture
async def jinja(land: Land) -> Land:
    land.entry = {"chart": None, "template": "web"}
    write(land, deployment__yaml=DEPLOYMENT)
    await land.start()
    return land


async def test_templates_make_the_release_and_their_changes_make_it_anew(jinja: Land) -> None:
    await jinja.apply(replicas=2)
    deployment = jinja.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 2}
    assert jinja.called() == [("upgrade", "shop")]
    await jinja.look()
    assert jinja.called() == []
    write(jinja, service__yaml="apiVersion: v1\nkind: Service\nmetadata: {name: {{ name }}}\nspec: {type: ClusterIP}\n")
    await jinja.look()
    assert jinja.called() == [("upgrade", "shop")]
    assert jinja.there("Service") is not None
    await jinja.delete()
    assert jinja.there("Deployment") is None
    assert jinja.there("Web") is None


async def test_a_mistake_is_told_by_template_and_line_and_heals(jinja: Land) -> None:
    await jinja.apply(replicas=2)
    await jinja.apply(colour="blue")
    assert jinja.conditions()["ReleaseFailed"] == ("True", "UpgradeError")
    assert jinja.message("ReleaseFailed").startswith("template deployment.yaml, line 4: 'dict object' has no attribute")
    write(jinja, deployment__yaml=DEPLOYMENT.replace("spec.replicas", "spec.replicas | default(1)"))
    await jinja.look()
    assert "ReleaseFailed" not in jinja.conditions()
    deployment = jinja.there("Deployment")
    assert deployment is not None
    assert deployment["spec"] == {"replicas": 1}


async def test_a_hostile_one_is_stopped_and_others_are_served(jinja: Land) -> None:
    write(jinja, deployment__yaml="{% if spec.loop %}" + LOOP + "{% endif %}" + DEPLOYMENT)
    await jinja.look()
    await jinja.apply("bad", replicas=1, loop=True)
    await jinja.apply("good", replicas=1, loop=False)
    assert "took more than 2 s of CPU time" in jinja.message("ReleaseFailed", "bad")
    assert jinja.called() == [("upgrade", "good")]
