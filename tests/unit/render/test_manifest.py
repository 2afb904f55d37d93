"""What a template may render, what it may not, and what is written on everything it renders."""

import re
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.render import conftest

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.render import documents, manifest

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ run.name }}
spec:
  template:
    spec: {}
"""


def _object(kind: str = "ConfigMap", api: str = "v1", name: Any = "a", **metadata: Any) -> manifest.Object:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize("item", [_object(kind, api) for api, kind in sorted(manifest.ALLOWED)])
def test_kinds_a_release_may_hold(item: manifest.Object) -> None:
    manifest.check("script/job.yaml", item, "default")


def test_those_kinds_are_few_and_all_namespaced() -> None:
    kinds = {kind for _, kind in manifest.ALLOWED}
    assert kinds == {"ConfigMap", "Job", "CronJob", "ServiceAccount", "RoleBinding"}


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (
            _object("Secret"),
            "Secret 'a' (v1) may not be in a release; allowed are ConfigMap, CronJob, Job, RoleBinding, ServiceAccount",
        ),
        (_object("Pod"), "Pod 'a'"),
        (_object("Namespace"), "Namespace 'a'"),
        (_object("Role", "rbac.authorization.k8s.io/v1"), "Role 'a'"),
        (_object("ClusterRole", "rbac.authorization.k8s.io/v1"), "ClusterRole 'a'"),
        (_object("ClusterRoleBinding", "rbac.authorization.k8s.io/v1"), "ClusterRoleBinding 'a'"),
        (_object("CustomResourceDefinition", "apiextensions.k8s.io/v1"), "CustomResourceDefinition 'a'"),
        (_object("Inspect", "api.practice.com/v1alpha1"), "Inspect 'a'"),
        (_object("List"), "List 'a'"),
        (_object("Job", "batch/v1beta1"), "(batch/v1beta1)"),
        (_object("configmap"), "configmap 'a'"),
        ({"metadata": {"name": "a"}}, "None 'a'"),
        ({"apiVersion": "v1", "kind": ["ConfigMap"], "metadata": {"name": "a"}}, "may not be in a release"),
        (_object(namespace="kube-system"), "ConfigMap 'a' is outside the Inspect's namespace default"),
        (_object(namespace=None), "outside the Inspect's namespace"),
        (_object(annotations={"helm.sh/hook": "pre-install"}), "ConfigMap 'a' is a Helm hook"),
        (_object(annotations={"helm.sh/hook-weight": "1"}), "Helm hook"),
        (_object(name=""), "needs a metadata.name"),
        (_object(name=None), "needs a metadata.name"),
        (_object(name=7), "needs a metadata.name"),
        (_object(name="a" * 64), "needs a metadata.name of 1 to 63 characters"),
    ],
)
def test_what_a_release_may_not_hold_is_rejected_by_template_and_object(item: manifest.Object, words: str) -> None:
    with pytest.raises(errors.ManifestRejected, match=f"^template script/job\\.yaml: .*{re.escape(words)}"):
        manifest.check("script/job.yaml", item, "default")


def test_its_own_namespace_may_be_named() -> None:
    manifest.check("script/job.yaml", _object(namespace="default"), "default")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c\n", "rendered no YAML (line 1 of what it rendered)"),
        ("a: 1\n b: 2\n", "(line 2 of what it rendered)"),
        ("a: [1\n", "rendered no YAML"),
        ("a: 1\na: 2\n", "rendered no YAML"),
        ("a: !!python/object:os.system {}\n", "rendered no YAML"),
        ("a: !custom 1\n", "rendered no YAML"),
        ("a: \x00\n", "rendered no YAML"),
        ("just text\n", "no Kubernetes object"),
        ("- a\n", "no Kubernetes object"),
        ("42\n", "no Kubernetes object"),
        ("kind: Job\n", "no Kubernetes object"),
        ("kind: Job\nmetadata: name\n", "no Kubernetes object"),
        ("metadata: {name: a}\ndata: {day: 2001-01-01}\n", "2001-01-01 is a date in YAML; put it in quotes"),
        ("metadata: {name: a}\ndata: \n  days:\n  - 1\n  - at: 2001-01-01T00:00:00Z\n", "is a date in YAML"),
        ("metadata: {name: a}\ndata: {x: .nan}\n", "put it in quotes"),
        ("metadata: {name: a}\ndata: {x: -.inf}\n", "put it in quotes"),
        ("metadata: {name: a}\ndata: {x: !!binary YQ==}\n", "put it in quotes"),
        ("metadata: {name: a}\ndata: {x: !!set {b}}\n", "put it in quotes"),
        ("metadata: {name: a}\ndata: {1: a, b: c}\n", "1 is a key but no text in YAML; put it in quotes"),
        ("metadata: {name: a}\ndata: {yes: a}\n", "True is a key but no text"),
    ],
)
def test_what_is_no_object_is_the_templates_failure(text: str, words: str) -> None:
    with pytest.raises(errors.TemplateFailed, match=re.escape(words)) as failed:
        documents.objects("script/job.yaml", text)
    assert str(failed.value).startswith("template script/job.yaml")


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.MantissaNoDotYAML1_1Warning")
def test_yaml_is_read_as_helm_reads_it() -> None:
    text = "metadata: {name: a}\ndata: {mode: 0555, on: [yes, off], time: 1e3, hex: 0x1f, quoted: 'yes'}\n"
    text = text.replace("on:", "'on':")
    (item,) = documents.objects("x", text)
    assert item["data"] == {"mode": 0o555, "on": [True, False], "time": 1000.0, "hex": 31, "quoted": "yes"}


def test_one_file_may_hold_several_objects_or_none() -> None:
    assert documents.objects("x", "# only a comment\n") == []
    two = documents.objects("x", "---\nmetadata: {name: a}\n---\n# nothing\n---\nmetadata: {name: b}\n")
    assert [item["metadata"]["name"] for item in two] == ["a", "b"]


@pytest.mark.parametrize(
    "broken",
    [
        JOB.replace("name: {{ run.name }}", "name: a\n  labels: [a]"),
        JOB.replace("name: {{ run.name }}", "name: a\n  labels: text"),
        JOB.replace("name: {{ run.name }}", "name: a\n  annotations: [a]"),
        JOB.replace("{{ run.name }}", "a").replace("    spec: {}", "    metadata: [a]"),
        JOB.replace("{{ run.name }}", "a").replace("    spec: {}", "    metadata: {labels: [a]}"),
    ],
)
def test_metadata_of_another_shape_is_rejected(site: conftest.Site, broken: str) -> None:
    with pytest.raises(errors.ManifestRejected, match=r"template job\.yaml: Job 'a'.*metadata"):
        site(broken)


@pytest.mark.parametrize(
    "metadata", ["", "metadata:", "metadata: {}", "metadata: {labels: }", "metadata: {labels: {}}"]
)
def test_labels_stand_on_the_object_and_on_its_pods(site: conftest.Site, metadata: str) -> None:
    (job,) = site(JOB.replace("    spec: {}", f"    {metadata}\n    spec: {{}}"))
    expected = {
        "taskType": "inspect",
        "app": builders.job(builders.want()),
        "app.kubernetes.io/name": "inspection",
        "app.kubernetes.io/instance": "night--disk",
        "app.kubernetes.io/component": "script",
        "app.kubernetes.io/part-of": "inspect-operator",
        "api.practice.com/inspect": "night",
    }
    for place in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert place["labels"] == expected
        assert place["annotations"] == {"api.practice.com/task": "disk"}


def test_a_sites_own_labels_stay_and_ours_win(site: conftest.Site) -> None:
    (job,) = site(
        JOB.replace(
            "metadata:\n", "metadata:\n  labels: {team: a, taskType: other, app: other}\n  annotations: {b: c}\n"
        )
    )
    labels, annotations = job["metadata"]["labels"], job["metadata"]["annotations"]
    assert (labels["team"], labels["taskType"], labels["app"]) == ("a", "inspect", builders.job(builders.want()))
    assert annotations == {"b": "c", "api.practice.com/task": "disk"}


def test_the_labels_of_a_schedule_stand_on_its_jobs_and_pods_too() -> None:
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "night--disk"}}
    cron["spec"] = {"jobTemplate": {"spec": {"template": {"spec": {}}}}}
    want = builders.want(builders.modern(schedule="@hourly", target={"nodes": {}}), facts=builders.on_nodes("n"))
    made = manifest.labelled(cron, want, "night", "n")
    job = made["spec"]["jobTemplate"]
    for place in (made["metadata"], job["metadata"], job["spec"]["template"]["metadata"]):
        assert (place["labels"]["app"], place["labels"]["taskType"]) == ("night--disk", "inspect")
        assert place["annotations"] == {"api.practice.com/task": "disk", "api.practice.com/target": "n"}


def test_what_is_no_job_has_no_app_label(site: conftest.Site) -> None:
    (item,) = site("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert "app" not in item["metadata"]["labels"]
    assert item["metadata"]["labels"]["taskType"] == "inspect"


@pytest.mark.parametrize("name", ["x" * 253, "磁" * 253, "😀" * 253])
def test_the_annotation_stays_under_1_kib_and_is_whole_characters(name: str) -> None:
    want = conftest.want(tasks.Task(name, tasks.Kind.SCRIPT, script="true"))
    value = manifest.labelled(_object("Job", "batch/v1"), want, "night")["metadata"]["annotations"][
        "api.practice.com/task"
    ]
    assert len(value.encode("utf-8")) <= 1000
    assert name.startswith(value)


def test_a_character_that_yaml_cannot_hold_is_a_blank_in_the_annotation() -> None:
    want = conftest.want(tasks.Task("a\x7fb\u2028c\ud800", tasks.Kind.SCRIPT, script="true"))
    made = manifest.labelled(_object("Job", "batch/v1"), want, "night")
    assert made["metadata"]["annotations"] == {"api.practice.com/task": "a b\u2028c "}
