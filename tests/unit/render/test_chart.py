"""From a task to a chart on disk: which templates, which values, which files."""

import json
import pathlib

import pytest
import yaml
from tests.unit import builders
from tests.unit.builders import modern, original
from tests.unit.render import conftest

from inspect_operator import errors, settings
from inspect_operator.api import check
from inspect_operator.api import task as tasks
from inspect_operator.render import chart, context


def _env(renderer: chart.Renderer, written: builders.Object) -> list[dict[str, str]]:
    job = renderer.render(builders.want(written), builders.OWNER).manifests[-1]
    env: list[dict[str, str]] = job["spec"]["template"]["spec"]["containers"][0]["env"]
    return env


def test_files_of_a_chart(renderer: chart.Renderer, tmp_path: pathlib.Path) -> None:
    want = builders.want()
    made = renderer.render(want, builders.OWNER)
    renderer.write(made, tmp_path / "chart")
    files = sorted(
        str(path.relative_to(tmp_path / "chart")) for path in (tmp_path / "chart").rglob("*.*") if path.is_file()
    )
    assert files == [
        "Chart.yaml", "manifests/000-configmap.json", "manifests/001-job.json", "templates/manifests.yaml",
    ]  # fmt: skip
    metadata = yaml.safe_load((tmp_path / "chart" / "Chart.yaml").read_text())
    assert metadata["name"] == "inspection"
    assert metadata["version"] == f"0.1.0+{want.digest[:8]}"


def test_nothing_of_the_user_stands_in_a_file_that_helm_renders(
    renderer: chart.Renderer, tmp_path: pathlib.Path
) -> None:
    want = builders.want(modern("leak", script="leak", args=["leak"], env=[{"name": "A", "value": "leak"}]))
    renderer.write(renderer.render(want, builders.OWNER), tmp_path / "chart")
    for path in [tmp_path / "chart" / "Chart.yaml", *(tmp_path / "chart" / "templates").iterdir()]:
        assert "leak" not in path.read_text()


def test_the_same_task_gives_the_same_chart(renderer: chart.Renderer) -> None:
    want = builders.want(modern(env=[{"name": "B", "value": "1"}, {"name": "A", "value": "2"}]))
    one, other = renderer.render(want, builders.OWNER), chart.Renderer(conftest.SETTINGS).render(want, builders.OWNER)
    assert json.dumps(one.manifests) == json.dumps(other.manifests)


def test_a_site_replaces_the_templates(site: conftest.Site) -> None:
    (item,) = site("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ run.name }}}\ndata: {x: {{ release.name }}}\n")
    assert item["data"] == {"x": "night--disk"}


def test_a_kind_without_a_folder_of_templates(site: conftest.Site, tmp_path: pathlib.Path) -> None:
    site("# nothing\n")
    renderer = chart.Renderer(conftest.SETTINGS)
    with pytest.raises(errors.TemplateFailed, match="template folder image not found"):
        renderer.render(builders.want(modern(image="try:1")), builders.OWNER)


def test_only_yaml_files_are_rendered_others_are_there_to_be_included(
    site: conftest.Site, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "site" / "script" / "data.jinja").write_text("data: {x: z}\n")
    (tmp_path / "site" / "script" / "README.md").write_text("{{ broken")
    (item,) = site("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n{% include 'script/data.jinja' %}")
    assert item["data"] == {"x": "z"}


JOB = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: {{ run.name }}}\nspec: {template: {{ pod }}}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ run.config_map }}}\nimmutable: {{ run.once }}\n"


def test_a_site_adds_an_object_by_adding_a_file(site: conftest.Site, tmp_path: pathlib.Path) -> None:
    (tmp_path / "site" / "script" / "more.yaml").write_text(MAP)
    assert [item["kind"] for item in site(JOB)] == ["ConfigMap", "Job"]


def test_what_is_no_pod_is_there_once_however_many_nodes_there_are(site: conftest.Site, tmp_path: pathlib.Path) -> None:
    (tmp_path / "site" / "script" / "more.yaml").write_text(MAP)
    site(JOB)
    want = builders.want(modern(target={"nodes": {}}), facts=builders.on_nodes("a", "b", "c"))
    made = chart.Renderer(conftest.SETTINGS).render(want, builders.OWNER).manifests
    assert [item["kind"] for item in made] == ["ConfigMap", "Job", "Job", "Job"]
    assert [item["metadata"]["name"] for item in made[1:]] == [member.name for member in want.jobs]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "kind: Pod\n", "spec: []\n", "spec: {}\n---\nspec: {}\n", "spec:\n"]
)
def test_a_pod_template_that_is_no_pod_is_told(site: conftest.Site, tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "site" / "script" / "pod.yaml").write_text(text)
    with pytest.raises(errors.TemplateFailed, match=r"template script/pod\.yaml has to render one pod, with a spec"):
        site(JOB)


def test_a_rejected_object_names_its_template(site: conftest.Site) -> None:
    with pytest.raises(errors.ManifestRejected, match=r"template job\.yaml: Secret 'a'"):
        site("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n")


def test_a_checks_script_is_put_into_the_config_map(renderer: chart.Renderer) -> None:
    renderer.checks["cpu.sh"] = check.Check("cpu.sh", "echo {{ 磁盘 }}\r\n")
    config_map, _ = renderer.render(builders.want(original(type="script", source="cpu.sh")), builders.OWNER).manifests
    assert config_map["data"] == {"script": "echo {{ 磁盘 }}\r\n"}


def test_a_checks_parameters_are_its_environment(renderer: chart.Renderer) -> None:
    made = _env(renderer, modern(check="disk-usage", parameters={"limitPercent": 90, "paths": ["/a", "/b $(x)"]}))
    assert {"name": "CHECK_LIMIT_PERCENT", "value": "90"} in made
    assert {"name": "CHECK_PATHS", "value": "/a\n/b $$(x)"} in made


@pytest.mark.parametrize(
    ("text", "written"), [("$(HOME)", "$$(HOME)"), ("5$", "5$$"), ("$$", "$$$$"), ("${a} $b", "$${a} $$b"), ("a", "a")]
)
def test_dollars_arrive_as_they_were_written(renderer: chart.Renderer, text: str, written: str) -> None:
    """Kubernetes expands $(NAME) in arguments and variables, and makes one dollar of two."""
    task = modern(image="try:1", args=[text], env=[{"name": "A", "value": text}])
    (job,) = renderer.render(builders.want(task), builders.OWNER).manifests
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert (container["args"], container["env"]) == ([written], [{"name": "A", "value": written}])


def test_dollars_of_a_script_are_its_own(renderer: chart.Renderer) -> None:
    config_map, _ = renderer.render(builders.want(modern(script="echo $(date) $$\n")), builders.OWNER).manifests
    assert config_map["data"] == {"script": "echo $(date) $$\n"}


def test_an_original_image_gets_the_environment_it_was_written_for(renderer: chart.Renderer) -> None:
    env = _env(renderer, original("task2", type="image", source="try:latest", script_location="local"))
    assert env == [
        {"name": "taskName", "value": "task2"},
        {"name": "type", "value": "image"},
        {"name": "script_location", "value": "local"},
        {"name": "message-operator-url", "value": "http://mymessage-svc.default:8888/v1/send"},
    ]


def test_the_configured_message_center_is_told_to_original_images(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = chart.Renderer(settings.Settings(message_center_url="http://center.example/send"))
    env = _env(renderer, original(type="image", source="try:latest"))
    assert env[-1] == {"name": "message-operator-url", "value": "http://center.example/send"}


@pytest.mark.parametrize("written", [modern(image="try:1"), original(type="script", script="true")])
def test_nobody_else_gets_that_environment(renderer: chart.Renderer, written: builders.Object) -> None:
    assert _env(renderer, written) == []


@pytest.mark.parametrize(
    ("resources", "requests", "limits"),
    [
        ({}, {"cpu": "10m", "memory": "32Mi"}, {"memory": "512Mi"}),
        ({"requests": {"cpu": "1"}}, {"cpu": "1", "memory": "32Mi"}, {"memory": "512Mi"}),
        ({"requests": {"memory": "1Gi"}}, {"cpu": "10m", "memory": "1Gi"}, {}),
        ({"limits": {"memory": "1Gi"}}, {"cpu": "10m"}, {"memory": "1Gi"}),
        ({"limits": {"cpu": "1"}}, {"memory": "32Mi"}, {"cpu": "1", "memory": "512Mi"}),
        ({"limits": {"x.io/gpu": 1}}, {"cpu": "10m", "memory": "32Mi"}, {"x.io/gpu": "1", "memory": "512Mi"}),
    ],
)  # fmt: skip
def test_no_request_is_ever_above_its_limit(
    resources: builders.Object, requests: dict[str, str], limits: dict[str, str]
) -> None:
    want = builders.want(modern(resources=resources))
    made = context.of_release(want, builders.OWNER, conftest.SETTINGS, None)["task"]["resources"]
    assert made == {"requests": requests, "limits": limits}


@pytest.mark.parametrize(
    ("timeout", "retries", "seconds"),
    [
        (600, 0, 720),
        (1, 0, 121),
        (60, 1, 2 * 180 + 10),
        (60, 3, 4 * 180 + 10 + 20 + 40),
        (60, 10, 11 * 180 + 10 + 20 + 40 + 80 + 160 + 320 + 4 * 360),
    ],
)
def test_the_jobs_deadline_leaves_room_for_every_attempt(timeout: int, retries: int, seconds: int) -> None:
    task = tasks.Task("a", tasks.Kind.SCRIPT, timeout_seconds=timeout, retries=retries)
    assert context.deadline_seconds(task) == seconds
