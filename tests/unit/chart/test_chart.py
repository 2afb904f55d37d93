"""The operator's chart without Helm: what is generated from it, its hooks, its rights, and the queries of its alerts
and its dashboard against the metrics that there are."""

import importlib.util
import json
import pathlib
import re
import types
from typing import Any

import jsonschema
import pytest
import yaml
from dev.chart import generate, values

from inspect_operator.api import group
from inspect_operator.publish import metrics_generate

ROOT = pathlib.Path(__file__).parents[3]
CHART = ROOT / "charts/inspect-operator"
DEFAULTS = (CHART / "values.yaml").read_text(encoding="utf-8")

#: Of PromQL, what the chart's queries use.
_WORDS = {
    "sum", "max", "count", "rate", "increase", "absent", "topk", "time", "vector", "histogram_quantile",
    "by", "on", "and", "or", "label_values",
}  # fmt: skip


def _drifted() -> list[pathlib.Path]:
    return [path for path, text in generate.documents(ROOT).items() if path.read_text(encoding="utf-8") != text]


def test_what_is_generated_is_as_the_values_and_rights_say() -> None:
    assert _drifted() == [], "`make generate`"


def test_every_value_is_explained() -> None:
    explained = {value.path for value in values.read(DEFAULTS) if not value.group}

    def leaves(node: Any, path: str = "") -> set[str]:
        if path in explained or not isinstance(node, dict):
            return {path}
        return {leaf for name, child in node.items() for leaf in leaves(child, f"{path}.{name}".lstrip("."))}

    assert leaves(yaml.safe_load(DEFAULTS)) == explained
    assert set(values._MORE) <= explained, "a rule for a value that isn't there any more"


def test_a_group_of_values_may_be_explained_too() -> None:
    text = "# Of all.\na:\n  # One,\n  # in two lines.\n  b: 1\n\n#  c: example\n\n# Other.\nd: {}\n"
    found = list(values.read(text))
    assert [(one.path, one.words, one.group) for one in found] == [
        ("a", "Of all.", True), ("a.b", "One, in two lines.", False), ("d", "Other.", False),
    ]  # fmt: skip
    made = values.schema(found)["properties"]["a"]
    assert (made["description"], made["properties"]["b"]["type"]) == ("Of all.", "integer")


def _problems(text: str) -> list[str]:
    schema = values.schema(list(values.read(DEFAULTS)))
    given = yaml.safe_load(DEFAULTS)
    for name, value in yaml.safe_load(text).items():
        given[name] = {**given[name], **value} if isinstance(given.get(name), dict) else value
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(given)]


@pytest.mark.parametrize(
    "text",
    ["{}", "global: {a: b}",
     "nodeTargets: true", "nodeTargets: auto", "watchNamespaces: [a, b]", "profiles: {node: [ops]}",
     "resources: {limits: {cpu: 1}}", "image: {digest: 'sha256:" + "0" * 64 + "'}"],
)  # fmt: skip
def test_good_values_are_taken(text: str) -> None:
    assert _problems(text) == []


@pytest.mark.parametrize(
    "text",
    ["watchNamespace: a", "watchNamespaces: a", "replicas: two", "replicas: -1", "logLevel: LOUD", "nodeTargets: maybe",
     "uninstall: {inspects: refuse}", "image: {digest: latest}", "image: {name: a}", "profiles: {root: [a]}",
     "metrics: {serviceMonitor: {interval: often}}", "leaseSeconds: 1"],
)  # fmt: skip
def test_bad_values_are_refused(text: str) -> None:
    assert len(_problems(text)) == 1


def test_no_right_is_a_wildcard_and_each_says_what_it_is_for() -> None:
    rights = yaml.safe_load((CHART / "files/rbac.yaml").read_text())
    assert set(rights) == set(generate.PLACES)
    for rule in (rule for rules in rights.values() for rule in rules):
        assert rule["why"]
        assert not {"*"} & {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
        assert not {"escalate", "impersonate"} & set(rule["verbs"])
        if "bind" in rule["verbs"]:
            assert rule["checkRoles"], "else it could give anybody anything"


@pytest.fixture
def hooks() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", CHART / "files/hooks.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_hooks_know_the_operators_names(hooks: types.ModuleType) -> None:
    assert hooks.FINALIZER == group.FINALIZER
    assert f"/apis/{group.API_VERSION}" == hooks.INSPECTS


def test_an_operator_that_puts_its_finalizer_back_is_outlasted(
    hooks: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so until it ends, a moment after Helm has deleted its Deployment."""
    found = {"metadata": {"namespace": "a", "name": "b", "finalizers": [group.FINALIZER, "other.example/keep"]}}
    patches = []

    def ask(method: str, path: str, body: Any = None, kind: str = "") -> Any:
        if method == "GET":
            return {"items": [found]}
        patches.append(body)
        found["metadata"]["finalizers"] = [*body["metadata"]["finalizers"], *([group.FINALIZER] * (len(patches) < 3))]
        return found

    monkeypatch.setattr(hooks, "ask", ask)
    monkeypatch.setattr(hooks.time, "sleep", lambda _: None)
    hooks.let_go(["a"])
    assert found["metadata"]["finalizers"] == ["other.example/keep"]
    assert len(patches) == 3


def _queries() -> list[str]:
    groups = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    dashboard = json.loads((CHART / "files/dashboard.json").read_text())
    found = [rule["expr"] for one in groups for rule in one["rules"]]
    found += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return found + [one["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]


def _known() -> tuple[set[str], set[str]]:
    """Names of all series, and all labels."""
    families = [*metrics_generate.sample_families(), *metrics_generate.operator_families()]
    labels = {label for family in families for sample in family.samples for label in sample.labels}
    return metrics_generate.names(families), labels | {"instance", "job"}  # those two are Prometheus' own


def test_there_are_queries_to_check() -> None:
    assert len(_queries()) >= 25


@pytest.mark.parametrize("query", _queries())
def test_every_query_asks_for_metrics_and_labels_that_exist(query: str) -> None:
    series, labels = _known()
    bare = re.sub(r'"[^"]*"|\[[^]]*\]', "", query)
    names = set(re.findall(r"(?<![\w$])[a-zA-Z_]\w*", bare)) - _WORDS
    assert names & series, "it asks for no metric of ours"
    assert names - series - labels == set()


@pytest.mark.parametrize("query", [one for one in _queries() if "verdict=" in one or "outcome" in one])
def test_queries_name_verdicts_that_exist(query: str) -> None:
    verdicts = {"success", "fail", "error", "skipped", "unknown"}
    for words in re.findall(r'verdict=~?"([^"]*)"', query):
        assert set(words.split("|")) <= verdicts


def test_a_metric_that_does_not_exist_would_be_noticed() -> None:
    series, labels = _known()
    assert "inspect_task_result" in series
    assert {"inspect_task_results", "verdict"} - series - labels == {"inspect_task_results"}


def test_panels_have_their_own_ids_and_places() -> None:
    panels = json.loads((CHART / "files/dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
