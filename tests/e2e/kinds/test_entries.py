"""What an entry of watches.yaml may say beside its chart, on objects of kinds made for it."""

import json
import pathlib
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.harness import kinds, kube, process, proxy

PERIOD = "helm.sdk.operatorframework.io/reconcile-period"
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Values.name | default .Release.Name }}}
data: {{ toJson (dict "said" (toJson .Values)) }}
"""
#: Beside it, what another object of the namespace says.
LOOKED_UP = """{{- $found := lookup "v1" "ConfigMap" .Release.Namespace "source" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {said: {{ dig "data" "said" "nothing" (default (dict) $found) | quote }}}
"""
JINJA = """{% import "labels.jinja" as ours %}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ name }}, labels: {{ ours.labels(labels) }}}
data: {said: {{ spec.said }}}
"""


class Site:
    """A folder with a watches.yaml of kinds that take anything, all in one group."""

    def __init__(self, folder: pathlib.Path, group: str) -> None:
        self.folder, self.group = folder, group
        self.entries: list[kube.Object] = []

    def add(self, kind: str, chart: str = "", **entry: object) -> None:
        """One kind; `chart` is the only template of its chart."""
        name = kind.lower()
        if chart:
            entry["chart"] = name
            (self.folder / name / "templates").mkdir(parents=True)
            (self.folder / name / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
            (self.folder / name / "templates" / "made.yaml").write_text(chart)
        self.entries.append({"group": self.group, "version": "v1", "kind": kind, **entry})
        (self.folder / "watches.yaml").write_text(yaml.safe_dump(self.entries))
        (self.folder / f"{name}-crd.json").write_text(json.dumps(kinds.open_crd(self.group, "v1", kind)))
        kinds.install(self.folder / f"{name}-crd.json")

    def plural(self, kind: str) -> str:
        return f"{kind.lower()}s.{self.group}"

    def apply(self, namespace: str, kind: str, called: str, labels: kube.Object | None = None, **spec: object) -> None:
        metadata = {"name": called, "labels": labels or {}}
        kube.apply({"apiVersion": f"{self.group}/v1", "kind": kind, "metadata": metadata, "spec": spec}, namespace)


@pytest.fixture
def site(namespace: str, tmp_path: pathlib.Path) -> Iterator[Site]:
    """Asked for before the operator, it ends after it: objects that a failed test left don't keep their kind."""
    folder = tmp_path / "site"
    folder.mkdir()
    made = Site(folder, f"entries-{namespace.rpartition('-')[2]}.example.com")
    yield made
    for entry in made.entries:
        plural = made.plural(entry["kind"])
        kinds.let_go(plural, namespace)
        kube.run("delete", "crd", plural, "--wait=false", "--ignore-not-found")


def said(namespace: str, name: str) -> str:
    """What a ConfigMap says; nothing where it isn't there."""
    return str(((kube.get("configmap", namespace, name) or {}).get("data") or {}).get("said", ""))


@pytest.mark.timeout(300)
def test_each_field_of_an_entry_does_what_it_says(site: Site, operator: process.Operator, namespace: str) -> None:
    site.add("Looked", LOOKED_UP, dryRunOption="server", reconcilePeriod="5s")
    site.add("Unwatched", CONFIG, watchDependentResources=False, reconcilePeriod="1h")
    site.add("Watched", CONFIG, selector={"matchLabels": {"tier": "web"}})
    site.add("Overridden", CONFIG, overrideValues={
        "image.repository": "$REGISTRY/{{ upper `web` | lower }}",
        "hosts[0]": "{{ list `a` `b` | join `.` }}",
        "ports": "{80,443}",
    })  # fmt: skip
    (site.folder / "jinja").mkdir()
    (site.folder / "jinja" / "made.yaml").write_text(JINJA)
    (site.folder / "jinja" / "labels.jinja").write_text(
        "{% macro labels(given) %}{{ dict(given, by='jinja') }}{% endmacro %}"
    )
    site.add("Templated", template="jinja")
    operator.settings["WATCHES"] = str(site.folder / "watches.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGISTRY", "registry.example.com")
        operator.start()
    for kind in ("Looked", "Unwatched", "Overridden"):
        site.apply(namespace, kind, kind.lower(), image={"tag": "1"}, ports=[1])
    site.apply(namespace, "Watched", "watched", {"tier": "web"}, said="as written")
    site.apply(namespace, "Watched", "unlabelled")
    hostile = "{{ .Values.x }}\n${#a[@]}: yes '\" 磁盘 1e3"
    site.apply(namespace, "Templated", "templated", {"team": "a"}, said=hostile)

    # Overrides: from the environment, by Go templates, by path; whatever is beside them stays.
    overridden = json.loads(kube.until("overridden", lambda: said(namespace, "overridden")))
    assert overridden == {
        "image": {"repository": "registry.example.com/web", "tag": "1"}, "hosts": ["a.b"], "ports": ["80", "443"],
    }  # fmt: skip
    # Jinja in place of a chart: what users write is data, macros are there, and its changes are releases.
    assert kube.until("templated", lambda: said(namespace, "templated")) == hostile
    labels = kube.there("configmap", namespace, "templated")["metadata"]["labels"]
    assert (labels["team"], labels["by"]) == ("a", "jinja")
    (site.folder / "jinja" / "made.yaml").write_text(JINJA + "binaryData: {more: AAAA}\n")

    # What is not watched stays as somebody left it, until its time has come; what is watched does not.
    kinds.ready(namespace, site.plural("Unwatched"), "unwatched")
    kinds.ready(namespace, site.plural("Watched"), "watched")
    for name in ("unwatched", "watched"):
        kube.merge("configmap", namespace, name, {"data": {"said": "by somebody"}})
    kube.until("put right", lambda: said(namespace, "watched") != "by somebody", 15)
    assert said(namespace, "unwatched") == "by somebody"

    # What a chart looks up is looked up anew.
    assert said(namespace, "looked") == "nothing"
    kube.run("create", "configmap", "source", "-n", namespace, "--from-literal=said=something")
    kube.until("looked up", lambda: said(namespace, "looked") == "something", 30)
    assert kube.history(namespace, "looked")[-1]["description"] == "what the chart looks up changed"
    kube.run("annotate", site.plural("Unwatched"), "unwatched", "-n", namespace, f"{PERIOD}=1s")
    kube.until("put right with the period", lambda: said(namespace, "unwatched") != "by somebody", 40)
    assert kinds.revision(namespace, "unwatched") == 1
    kube.until("templates changed", lambda: kube.there("configmap", namespace, "templated").get("binaryData"), 40)
    assert kinds.revision(namespace, "templated") == 2
    assert kube.get(site.plural("Watched"), namespace, "unlabelled") is not None
    assert "unlabelled" not in kube.releases(namespace), "outside of the selector"
    for kind in ("Looked", "Unwatched", "Overridden", "Watched", "Templated"):
        kube.run("delete", site.plural(kind), "--all", "-n", namespace, "--timeout=60s")
    kube.run("delete", "configmap", "source", "-n", namespace)
    kinds.assert_nothing_left(namespace)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", [2, pytest.param(3, marks=pytest.mark.soak)])
def test_what_a_killed_upgrade_made_is_cleared_away(
    site: Site, operator: process.Operator, namespace: str, tmp_path: pathlib.Path, number: int
) -> None:
    """Helm compares with the last deployed revision only: what the killed one made would stay for ever. Of an upgrade
    the second write is the new object, the third the end of the old one."""
    site.add("Named", CONFIG)
    operator.settings["WATCHES"] = str(site.folder / "watches.yaml")
    with proxy.Proxy(tmp_path) as bad:
        operator.settings["HELM"] = str(bad.helm)
        operator.start()
        site.apply(namespace, "Named", "web", name="first")
        kinds.ready(namespace, site.plural("Named"), "web")
        bad.hold_after_kill = True
        bad.arm(lambda count, method, path: "kill" if count == number else "")
        site.apply(namespace, "Named", "web", name="second")
        kube.until("helm was killed", lambda: bad.held)
        assert kube.get("configmap", namespace, "second") is not None
        site.apply(namespace, "Named", "web", name="third")
        bad.hold_after_kill = bad.held = False
        kinds.ready(namespace, site.plural("Named"), "web")
        assert kube.names("configmaps", namespace) - kinds.OWN == {"third"}
        assert {name: one["status"] for name, one in kube.releases(namespace).items()} == {"web": "deployed"}
        kube.run("delete", site.plural("Named"), "web", "-n", namespace, "--timeout=60s")
        kinds.assert_nothing_left(namespace)
