"""Both spellings become one canonical task."""

import pathlib
from typing import Any

import pytest
import yaml
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator.api import canonical, inspect
from inspect_operator.api import task as tasks

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"
Kind = tasks.Kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (modern("a", script="echo 1"), original("a", type="script", script="echo 1")),
        (
            modern("a", script="echo 1", restart=True),
            original("a", type="script", script="echo 1", restart=True),
        ),
        (modern("a", image="try:1"), original("a", type="image", source="try:1")),
        (modern("a", check="cpu.sh"), original("a", type="script", source="cpu.sh")),
        (
            modern("a", target={"nodes": {"tolerations": [{"operator": "Exists"}]}}),
            original("a", type="script", script="true", script_location="all"),
        ),
    ],
)
def test_both_spellings_say_the_same(one: builders.Object, other: builders.Object) -> None:
    first, second = vars(builders.task(one)), vars(builders.task(other))
    assert (first.pop("original"), second.pop("original")) == (False, True)
    assert second.pop("location") in ("", "all")
    assert first.pop("location") == ""
    assert first == second


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, ("auto", "")),
        ({"results": {}}, ("auto", "")),
        ({"results": {"format": "none"}}, ("none", "")),
        ({"results": {"format": "junit", "file": "/tmp/report.xml"}}, ("junit", "/tmp/report.xml")),
        ({"results": {"file": "/tmp/results"}}, ("auto", "/tmp/results")),
    ],
)
def test_how_findings_are_told(written: builders.Object, expected: tuple[str, str]) -> None:
    task = builders.task(modern(**written))
    assert (task.results_format, task.results_file) == expected


def test_every_field_of_the_modern_spelling_arrives() -> None:
    written = modern(
        "Disk, 磁盘",
        script="#!/usr/bin/env python3\n",
        interpreter="python3",
        args=["-x", "", "{{ a }}"],
        env=[{"name": "B", "value": "2"}, {"name": "A", "value": ""}],
        envFrom=[{"configMapRef": {"name": "c"}}, {"prefix": "P_", "secretRef": {"name": "s"}}],
        serviceAccountName="reader",
        target={"pod": {}},
        dependsOn=["other"],
        timeout="1h2m3s",
        retries=2,
        restart=True,
        resources={"requests": {"cpu": 1, "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
        nodeSelector={"b": "2", "a": ""},
        tolerations=[{"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 5}],
        imagePullSecrets=[{"name": "registry"}],
        profile="node",
        suspend=True,
    )
    assert builders.task(written) == tasks.Task(
        name="Disk, 磁盘",
        kind=Kind.SCRIPT,
        script="#!/usr/bin/env python3\n",
        interpreter="python3",
        args=("-x", "", "{{ a }}"),
        env=(("B", "2"), ("A", "")),
        env_from=({"configMapRef": {"name": "c"}}, {"prefix": "P_", "secretRef": {"name": "s"}}),
        service_account="reader",
        depends_on=("other",),
        timeout_seconds=3723,
        retries=2,
        restart=True,
        requests=(("cpu", "1"), ("memory", "64Mi")),
        limits=(("memory", "1Gi"),),
        node_selector=(("a", ""), ("b", "2")),
        tolerations=(
            {"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 5},
        ),
        image_pull_secrets=("registry",),
        profile="node",
        suspend=True,
    )  # fmt: skip


def test_defaults() -> None:
    made = builders.task(modern("disk", script="true"))
    assert made == tasks.Task("disk", Kind.SCRIPT, script="true", timeout_seconds=600)
    assert (made.interpreter, made.retries, made.suspend, made.nodes, made.hosts) == ("", 0, False, None, ())


def test_the_owner_and_the_generation_are_the_objects_own() -> None:
    made = canonical.read(builders.body(modern(), generation=7, name="a.b", uid="u"), builders.CHECKS)
    assert (made.owner, made.generation) == (tasks.Owner("default", "a.b", "u"), 7)


@pytest.mark.parametrize(("written", "read"), [("", ""), (" 10:00\n", "10:00"), ("now for a, b", "now for a, b")])
def test_a_run_that_is_asked_for_stands_in_an_annotation(written: str, read: str) -> None:
    assert builders.inspection(modern(), request=written).run_request == read


def test_a_script_may_stand_in_a_config_map() -> None:
    made = builders.task(modern(scriptFrom={"configMapKeyRef": {"name": "scripts", "key": "big.sh"}}))
    assert (made.kind, made.script, made.script_from) == (
        Kind.SCRIPT, "", tasks.KeyRef("ConfigMap", "scripts", "big.sh"),
    )  # fmt: skip


FROM = {"scriptFrom": {"configMapKeyRef": {"name": "scripts", "key": "big.sh"}}}


@pytest.mark.parametrize(
    ("why", "fields", "interpreter"),
    [
        ("what the first line says, else bash", {"script": "true"}, ""),
        ("naming the default is no change", {"script": "true", "interpreter": "bash"}, ""),
        ("bash although the first line says otherwise", {"script": "#!/bin/sh\n", "interpreter": "bash"}, "bash"),
        ("the first line can't be known here", {**FROM, "interpreter": "bash"}, "bash"),
        ("of a ConfigMap, by its first line", FROM, ""),
        ("sh", {"script": "true", "interpreter": "sh"}, "sh"),
        ("python3", {"script": "print()", "interpreter": "python3"}, "python3"),
        ("a check has its own", {"check": "site.py"}, "python3"),
        ("and names bash where it wants it", {"check": "disk-usage"}, "bash"),
        ("an image has none", {"image": "try:1"}, ""),
    ],
)
def test_what_runs_a_script(why: str, fields: dict[str, Any], interpreter: str) -> None:
    assert builders.task(modern(**fields)).interpreter == interpreter, why


@pytest.mark.parametrize(("source", "interpreter"), [("cpu.sh", ""), ("site.py", "python3")])
def test_source_of_a_script_task_names_a_shipped_script(source: str, interpreter: str) -> None:
    made = builders.task(original(type="script", source=source))
    assert (made.kind, made.check, made.script, made.interpreter) == (Kind.SCRIPT, source, "", interpreter)


def test_script_wins_over_source_which_is_then_not_looked_at() -> None:
    made = builders.task(original(type="script", script="echo 1", source="no-such.py"))
    assert (made.script, made.check, made.interpreter) == ("echo 1", "", "")


def test_an_image_task_does_not_carry_a_script_along() -> None:
    made = builders.task(original(type="image", source="try:latest", script="echo 1"))
    assert (made.kind, made.image, made.script, made.check) == (Kind.IMAGE, "try:latest", "", "")


@pytest.mark.parametrize("location", [None, "", "local"])
def test_an_original_script_runs_in_a_pod_unless_it_says_otherwise(location: str | None) -> None:
    where = {} if location is None else {"script_location": location}
    made = builders.task(original(type="script", script="true", remote_ips=[{"ip": "1.2.3.4"}], **where))
    assert (made.kind, made.location, made.nodes, made.hosts) == (Kind.SCRIPT, location or "", None, ())


def test_all_means_every_node_whatever_its_taints() -> None:
    made = builders.task(original(type="script", script="true", script_location="all"))
    assert (made.kind, made.nodes) == (Kind.SCRIPT, tasks.Nodes({}, ({"operator": "Exists"},)))


def test_remote_means_the_hosts_that_are_listed() -> None:
    listed = [{"ip": ip, "password": "s3cret"} for ip in ("10.0.0.2", "10.0.0.1")]
    made = builders.task(original(type="script", script="true", script_location="remote", remote_ips=listed))
    assert (made.kind, [host.name for host in made.hosts]) == (Kind.SSH, ["10.0.0.2", "10.0.0.1"])


@pytest.mark.parametrize("location", ["remote", "all"])
def test_script_location_does_not_matter_for_an_image(location: str) -> None:
    made = builders.task(original(type="image", source="try:1", script_location=location))
    assert (made.kind, made.location, made.nodes, made.hosts) == (Kind.IMAGE, location, None, ())


@pytest.mark.parametrize("what", [{"script": "true"}, {"image": "try:1"}, {"check": "disk-usage"}, FROM])
def test_nodes_are_chosen_as_elsewhere_in_kubernetes(what: dict[str, Any]) -> None:
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "In", "values": ["d"]}]}
    nodes = {"selector": selector, "tolerations": [{"key": "k", "operator": "Exists"}]}
    made = builders.task(modern(**what, target={"nodes": nodes}))
    assert made.nodes == tasks.Nodes(selector, ({"key": "k", "operator": "Exists"},))
    assert made.kind is (Kind.IMAGE if "image" in what else Kind.SCRIPT)
    assert builders.task(modern(**what, target={"nodes": {}})).nodes == tasks.Nodes()


@pytest.mark.parametrize(
    "written", [modern(target={"nodes": {}}), original(type="script", script="true", script_location="all")]
)
def test_what_the_spec_says_of_pods_keeps_none_off_the_node_that_it_is_for(written: builders.Object) -> None:
    """Such a pod has to run on that very node: with labels that the node doesn't carry it would wait for ever."""
    made = builders.task(written, nodeSelector={"disk": "ssd"}, tolerations=[{"operator": "Exists"}])
    assert (made.node_selector, made.tolerations) == ((), ())


@pytest.mark.parametrize("where", ["task", "remote_ips"])
def test_unknown_fields_of_the_original_spelling_survive(where: str) -> None:
    written = original(remote_ips=[{"ip": "1.2.3.4"}])
    place = written["task"] if where == "task" else written["task"]["remote_ips"][0]
    place["futureField"] = {"any": ["thing", None]}
    assert builders.task(written).name == "disk"


@pytest.mark.parametrize("text", ["\x7f\x85\ufeff", "\x00\x1b", "{{ x }}", "\r\n"])
def test_a_script_may_hold_any_character(text: str) -> None:
    assert builders.task(modern(script=text)).script == text
    assert builders.task(original(type="script", script=text)).script == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2h5s", 7205), ("1h1m1s", 3661)]
)
def test_durations(text: str, seconds: int) -> None:
    assert builders.task(modern(timeout=text)).timeout_seconds == seconds


def test_every_field_of_the_modern_spelling_is_read() -> None:
    """A field that the schema has and nobody reads would be silence."""
    read = {"name", "task", "script", "scriptFrom", "image", "check", "parameters", "interpreter", "args", "env",
            "envFrom", "template", "serviceAccountName", "target", "dependsOn", "restart", "results"}  # fmt: skip
    assert set(inspect.TaskItem.model_fields) == read | set(inspect.Common.model_fields)


def test_the_original_example_is_understood_as_it_stands() -> None:
    written = yaml.safe_load((EXAMPLES / "original.yaml").read_text(encoding="utf-8"))
    written["metadata"] |= {"namespace": "default", "uid": "u", "generation": 1}
    first, second, third = canonical.read(written, builders.CHECKS).tasks
    assert (first.name, first.kind, first.location, first.check) == ("task1", Kind.SCRIPT, "local", "")
    assert first.script.startswith("# 检查是否有CPU降频\ncount=0\n")
    assert first.script.endswith("fi\n")
    assert (second.name, second.kind, second.image, second.restart) == ("task2", Kind.IMAGE, "try:latest", True)
    assert (third.name, third.kind, third.location, third.script) == ("task3", Kind.SSH, "remote", first.script)
    (host,) = third.hosts
    assert (host.name, host.login.address, host.login.user, host.login.port) == ("xxxxxx", "xxxxxx", "root", 22)
    assert third.ssh.trust_on_first_use
