"""Charts of watches.yaml on disk: found, refused in words, and seen to change."""

import pathlib
import tarfile

import pytest

from inspect_operator import errors
from inspect_operator.release import charts, helm, manifests, watches_file

HELM = helm.Helm("no-such-helm", 1)


@pytest.fixture
def chart(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "charts" / "web"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.2.3\n")
    (folder / "templates" / "c.yaml").write_text("kind: ConfigMap\n")
    return folder


async def test_every_change_of_a_chart_changes_its_digest(chart: pathlib.Path) -> None:
    source = charts.Source("charts/web", chart.parent.parent, HELM)
    source.check()
    first = await source.look()
    assert (first.name, first.version) == ("web", "1.2.3")
    assert await source.look() == first
    (chart / "templates" / "c.yaml").write_text("kind: Secret\n")
    second = await source.look()
    (chart / "templates" / "d.yaml").write_text("")
    assert len({first.digest, second.digest, (await source.look()).digest}) == 3


async def test_a_packaged_chart_is_read(chart: pathlib.Path) -> None:
    with tarfile.open(chart.parent / "web-1.2.3.tgz", "w:gz") as archive:
        archive.add(chart, "web")
    found = await charts.Source("web-1.2.3.tgz", chart.parent, HELM).look()
    assert (found.name, found.version) == ("web", "1.2.3")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("charts/none", "charts/none: no chart there"),
        ("oci://registry.example.com/web:1.0.0", "is not pinned"),
        ("oci://registry.example.com/web@sha256:12", "is not pinned"),
    ],
)
def test_what_is_no_chart_is_refused(written: str, words: str, chart: pathlib.Path) -> None:
    with pytest.raises(errors.SettingsInvalid, match=words):
        charts.Source(written, chart.parent.parent, HELM).check()


async def test_errors_of_the_file_name_entry_and_field(chart: pathlib.Path) -> None:
    path = chart.parent.parent / "watches.yaml"
    entry = "- {group: g.example.com, version: v1, kind: Web, chart: "
    for text, words in (
        (entry + "charts/none}", "g.example.com/v1 Web: chart: charts/none: no chart there"),
        (entry + "charts/web, overrideValues: {a..b: x}}", "g.example.com/v1 Web: overrideValues: 'a..b' is no path"),
        (entry.replace("chart", "template") + "charts/none}", "g.example.com/v1 Web: template: "),
        ("- [", "can't be read"),
    ):
        path.write_text(text)
        with pytest.raises(errors.SettingsInvalid) as caught:
            await watches_file.load(path, HELM, {})
        assert words in str(caught.value)
    path.write_text(entry + "charts/web, overrideValues: {image.tag: $TAG, plain: x}}")
    (served,) = await watches_file.load(path, HELM, {"TAG": "s3cret"})
    assert served.overrides == {"image": {"tag": "s3cret"}, "plain": "x"}
    assert served.shown == {"image.tag": "****", "plain": "x"}


def test_contents_of_secrets_are_not_shown_and_the_rest_is_as_helm_made_it() -> None:
    config = "# Source: web/c.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: Secret}\n"
    secret = "# Source: web/s.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hidden}\n"
    shown = manifests.without_secrets(f"---\n{config}\n---\n{secret}\n---\n{config}")
    assert "hidden" not in shown
    assert "REDACTED" in shown
    assert shown.count(config.strip()) == 2
    assert [one["kind"] for one in manifests.objects(shown)] == ["ConfigMap", "Secret", "ConfigMap"]
    assert "# Source: web/s.yaml" in shown


def test_lists_are_taken_apart_and_what_is_kept_is_known() -> None:
    item = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {helm.sh/resource-policy: keep}}}"
    (found,) = manifests.objects(f"apiVersion: v1\nkind: List\nitems: [{item}]\n")
    assert manifests.is_kept(found)
