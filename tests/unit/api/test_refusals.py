"""What an Inspect may not say: each refusal names the field, in words a person understands."""

from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator import errors
from inspect_operator.api import fields

KIB = 1024

REFUSED: list[tuple[str, builders.Object, tuple[str, ...]]] = [
    ("empty script", modern(script=""), ("spec.tasks[0].script",)),
    ("empty image", modern(image=""), ("spec.tasks[0].image",)),
    (
        "two kinds",
        modern(script="true", image="try:1"),
        ("spec.tasks[0]", "exactly one of script, scriptFrom, image, check"),
    ),
    (
        "an interpreter for an image",
        modern(image="try:1", interpreter="sh"),
        ("spec.tasks[0].interpreter", "leave it out"),
    ),
    (
        "both spellings",
        {"timeout": "1m", "task": {"task_name": "a", "type": "image", "source": "try:1"}},
        ("spec.tasks[0]", "inside task:", "timeout"),
    ),
    ("findings in a way of its own", modern(results={"format": "xml"}), ("spec.tasks[0].results.format", "junit")),
    ("a results file somewhere", modern(results={"file": "report.xml"}), ("spec.tasks[0].results.file",)),
    (
        "a results file of an image",
        modern(image="try:1", results={"file": "/tmp/a"}),
        ("spec.tasks[0].results.file", "let it print"),
    ),
    (
        "a results file on hosts",
        modern(results={"file": "/tmp/a"}, target=builders.hosts("a")),
        ("spec.tasks[0].results.file", "let the script print"),
    ),
    ("a check beside a script", modern(check="disk-usage", script="1"), ("spec.tasks[0]", "exactly one of script")),
    ("a script from nowhere", modern(scriptFrom={}), ("spec.tasks[0].scriptFrom.configMapKeyRef",)),
    (
        "a script in a Secret",
        modern(scriptFrom={"secretKeyRef": {"name": "a", "key": "b"}}),
        ("spec.tasks[0].scriptFrom", "configMapKeyRef"),
    ),
    (
        "a key with a slash",
        modern(scriptFrom={"configMapKeyRef": {"name": "a", "key": "../b"}}),
        ("spec.tasks[0].scriptFrom.configMapKeyRef.key",),
    ),
    (
        "a ConfigMap's name",
        modern(scriptFrom={"configMapKeyRef": {"name": "A_b", "key": "b"}}),
        ("spec.tasks[0].scriptFrom.configMapKeyRef.name",),
    ),
    ("an account's name", modern(serviceAccountName="a/b"), ("spec.tasks[0].serviceAccountName",)),
    ("an unknown word beside envFrom's", modern(envFrom=[{"fieldRef": {}}]), ("spec.tasks[0].envFrom[0].fieldRef",)),
    ("too many envFrom", modern(envFrom=[{"secretRef": {"name": "a"}}] * 17), ("spec.tasks[0].envFrom",)),
    ("no target", modern(target={}), ("spec.tasks[0].target", "exactly one of pod, nodes, hosts")),
    (
        "two targets",
        modern(target={"pod": {}, "nodes": {}}),
        ("spec.tasks[0].target", "exactly one of pod, nodes, hosts"),
    ),
    ("a target of another kind", modern(target={"node": {}}), ("spec.tasks[0].target.node",)),
    ("more to say of a pod", modern(target={"pod": {"name": "a"}}), ("spec.tasks[0].target.pod.name",)),
    (
        "labels for a task on nodes",
        modern(target={"nodes": {}}, nodeSelector={"a": "b"}),
        ("spec.tasks[0].nodeSelector: with target.nodes say it there, as selector",),
    ),
    (
        "tolerations for a task on nodes",
        modern(target={"nodes": {}}, tolerations=[]),
        ("spec.tasks[0].tolerations: with target.nodes say it there",),
    ),
    (
        "an unknown operator of a label",
        modern(target={"nodes": {"selector": {"matchExpressions": [{"key": "a", "operator": "Gt"}]}}}),
        ("spec.tasks[0].target.nodes.selector.matchExpressions[0].operator", "DoesNotExist"),
    ),
    (
        "a label's value",
        modern(target={"nodes": {"selector": {"matchLabels": {"a": "b c"}}}}),
        ("spec.tasks[0].target.nodes.selector.matchLabels.a",),
    ),
    (
        "a taint's effect",
        modern(target={"nodes": {"tolerations": [{"effect": "Never"}]}}),
        ("spec.tasks[0].target.nodes.tolerations[0].effect",),
    ),
    (
        "no values to compare with",
        modern(target={"nodes": {"selector": {"matchExpressions": [{"key": "a", "operator": "NotIn"}]}}}),
        ("spec.tasks[0].target.nodes.selector.matchExpressions[0]: NotIn needs values",),
    ),
    (
        "an empty list to compare with",
        modern(target={"nodes": {"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}}}),
        ("spec.tasks[0].target.nodes.selector.matchExpressions[0]: In needs values",),
    ),
    (
        "values where nothing is compared",
        modern(
            target={
                "nodes": {
                    "selector": {
                        "matchExpressions": [
                            {"key": "b", "operator": "Exists"},
                            {"key": "a", "operator": "DoesNotExist", "values": ["b"]},
                        ]
                    }
                }
            }
        ),
        ("spec.tasks[0].target.nodes.selector.matchExpressions[1]: DoesNotExist takes no values",),
    ),
    ("too many tolerations", modern(tolerations=[{"operator": "Exists"}] * 33), ("spec.tasks[0].tolerations",)),
    ("a label of the nodes", modern(nodeSelector={"a": "b/c"}), ("spec.tasks[0].nodeSelector.a",)),
    ("a registry's Secret", modern(imagePullSecrets=[{"name": ""}]), ("spec.tasks[0].imagePullSecrets[0].name",)),
    ("too many registries", modern(imagePullSecrets=[{"name": "a"}] * 9), ("spec.tasks[0].imagePullSecrets",)),
    ("a profile's name", modern(profile="Node"), ("spec.tasks[0].profile",)),
    ("a time zone without a schedule", modern(timeZone="Etc/UTC"), ("spec.tasks[0].timeZone belongs to a schedule",)),
    ("an empty time zone", modern(schedule="@daily", timeZone=""), ("spec.tasks[0].timeZone",)),
    (
        "waiting on a schedule",
        modern(schedule="@daily", dependsOn=["a"]),
        ("spec.tasks[0].dependsOn: a task with a schedule (its own, or that of the spec) can't wait",),
    ),
    ("waiting for too many", modern(dependsOn=list("abcdefghi")), ("spec.tasks[0].dependsOn",)),
    ("waiting for nobody", modern(dependsOn=[""]), ("spec.tasks[0].dependsOn[0]",)),
    ("neither yes nor no", modern(suspend="perhaps"), ("spec.tasks[0].suspend",)),
    ("no kind", {"name": "a"}, ("spec.tasks[0]", "exactly one of script, scriptFrom, image, check")),
    ("no name", {"script": "true"}, ("spec.tasks[0]", "name")),
    ("empty name", modern(""), ("spec.tasks[0].name",)),
    ("name too long", modern("n" * 254), ("spec.tasks[0].name",)),
    ("nothing at all", {}, ("spec.tasks[0]",)),
    ("unknown interpreter", modern(script="1", interpreter="perl"), ("spec.tasks[0].interpreter", "python3")),
    ("unknown field", modern(scirpt="true"), ("spec.tasks[0].scirpt",)),
    ("unknown field of a variable", modern(env=[{"name": "A", "valeu": "1"}]), ("spec.tasks[0].env[0]",)),
    ("a variable from elsewhere", modern(env=[{"name": "A", "valueFrom": {}}]), ("spec.tasks[0].env[0]",)),
    ("a variable's name", modern(env=[{"name": "1A", "value": ""}]), ("spec.tasks[0].env[0].name",)),
    (
        "repeated variables",
        modern(env=[{"name": name, "value": "1"} for name in ("B", "A", "C", "B", "A")]),
        ("spec.tasks[0].env", "A, B"),
    ),
    ("too many arguments", modern(args=["a"] * 65), ("spec.tasks[0].args",)),
    ("an argument too long", modern(args=["a", "a" * 4097]), ("spec.tasks[0].args[1]",)),
    ("an argument that Helm would change", modern(args=["a", "b\x7f"]), ("spec.tasks[0].args[1]", "U+007F")),
    (
        "a variable that Helm would change",
        modern(env=[{"name": "A", "value": "1\ufeff"}]),
        ("spec.tasks[0].env[0].value", "U+FEFF", "script"),
    ),
    ("an image that Helm would change", modern(image="a\x85b"), ("spec.tasks[0].image", "U+0085")),
    (
        "a prefix that Helm would change",
        modern(envFrom=[{"prefix": "\ufeffA", "secretRef": {"name": "a"}}]),
        ("spec.tasks[0].envFrom[0].prefix", "U+FEFF"),
    ),
    ("a file that Helm would change", modern(results={"file": "/tmp/\x80"}), ("spec.tasks[0].results.file", "U+0080")),
    ("a label that Helm would change", modern(nodeSelector={"a\x7f": "b"}), ("spec.tasks[0].nodeSelector", "U+007F")),
    (
        "a resource that Helm would change",
        modern(resources={"limits": {"a\x7f": "1"}}),
        ("spec.tasks[0].resources.limits", "U+007F"),
    ),
    (
        "original: an image that Helm would change",
        original(type="image", source="a\x85"),
        ("spec.tasks[0].task.source", "U+0085"),
    ),
    ("retries below 0", modern(retries=-1), ("spec.tasks[0].retries",)),
    ("retries beyond 10", modern(retries=11), ("spec.tasks[0].retries",)),
    ("timeout 0s", modern(timeout="0s"), ("spec.tasks[0].timeout", "'0s'", "1s")),
    ("timeout 0h0m", modern(timeout="0h0m"), ("spec.tasks[0].timeout",)),
    ("timeout of nothing", modern(timeout=""), ("spec.tasks[0].timeout",)),
    ("timeout without a number", modern(timeout="h"), ("spec.tasks[0].timeout",)),
    ("timeout without a unit", modern(timeout="10"), ("spec.tasks[0].timeout",)),
    ("timeout in the wrong order", modern(timeout="1m1h"), ("spec.tasks[0].timeout",)),
    ("timeout in days", modern(timeout="1d"), ("spec.tasks[0].timeout",)),
    ("timeout with a fraction", modern(timeout="1.5h"), ("spec.tasks[0].timeout",)),
    ("timeout with a line end", modern(timeout="10m\n"), ("spec.tasks[0].timeout",)),
    ("script of 200 KiB and a byte", modern(script="a" * (200 * KIB + 1)), ("script",)),
    ("script of 200 KiB in bytes", modern(script="磁" * (67 * KIB)), ("script", "'disk'", str(3 * 67 * KIB))),
    ("text that is no Unicode", modern(script="a\ud800"), ("spec.tasks[0].script",)),
    ("original: no name", {"task": {"type": "script", "script": "1"}}, ("spec.tasks[0].task.task_name",)),
    ("original: no type", original(type=""), ("spec.tasks[0].task.type", "missing")),
    ("original: no type field", {"task": {"task_name": "a", "script": "1"}}, ("spec.tasks[0].task.type", "missing")),
    ("original: unknown type", original(type="Script"), ("spec.tasks[0].task.type", "'Script'", "image")),
    ("original: image of nothing", original(type="image"), ("spec.tasks[0].task.source", "image")),
    ("original: script of nothing", original(type="script", script=""), ("spec.tasks[0].task", "script", "source")),
    (
        "original: unknown source",
        original(type="script", source="../cpu.sh"),
        ("spec.tasks[0].task.source", "'../cpu.sh'", ", ".join(builders.CHECKS)),
    ),
    (
        "original: unknown location",
        original(script_location="moon"),
        ("spec.tasks[0].task.script_location", "'moon'", "local, remote or all"),
    ),
    ("original: wrong type of a field", original(restart="maybe"), ("spec.tasks[0].task.restart",)),
]


@pytest.mark.parametrize(("written", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_task_is_refused_by_the_name_of_its_field(written: builders.Object, words: tuple[str, ...]) -> None:
    with pytest.raises(errors.SpecInvalid) as refused:
        builders.task(written)
    for word in words:
        assert word in str(refused.value)


def test_what_helm_would_change_is_refused_on_the_spec_too() -> None:
    with pytest.raises(errors.SpecInvalid, match=r"spec\.nodeSelector: the character U\+007F can't pass Helm"):
        builders.inspection(modern(), nodeSelector={"a\x7f": "b"})


@pytest.mark.parametrize(
    "schedule",
    ["", " ", "@reboot", "@Daily", "@every", "* * * *", "* * * * * *", " * * * * *", "* * * * * ", "*\t*\t*\t*\t*",
     "TZ=Asia/Shanghai * * * * *", "CRON_TZ=Etc/UTC * * * * *", "* * * * *\n", "every day", "* * * * {{ x }}",
     "* * * * " + "1" * 121],
)  # fmt: skip
def test_a_schedule_that_is_none_is_refused(schedule: str) -> None:
    with pytest.raises(errors.SpecInvalid, match=r"^spec\.tasks\[0\]\.schedule: "):
        builders.task(modern(schedule=schedule))


@pytest.mark.parametrize("index", [0, 3])
def test_the_refusal_counts_tasks_from_0_as_kubectl_does(index: int) -> None:
    written = [modern(f"t{number}") for number in range(4)]
    written[index] = modern("bad", timeout="0s")
    with pytest.raises(errors.SpecInvalid, match=rf"spec\.tasks\[{index}\]\.timeout"):
        builders.inspection(*written)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"timeout": "0s"}, ("spec.timeout", "'0s'")),
        ({"timeout": "soon"}, ("spec.timeout",)),
        ({"retries": 11}, ("spec.retries",)),
        ({"resources": {"request": {}}}, ("spec.resources.request",)),
        ({"schedule": "now"}, ("spec.schedule",)),
        ({"timeZone": "z" * 64}, ("spec.timeZone",)),
        ({"suspend": "perhaps"}, ("spec.suspend",)),
        ({"nodeSelector": {"a": "b c"}}, ("spec.nodeSelector.a",)),
        ({"tolerations": [{"key": "a b"}]}, ("spec.tolerations[0].key",)),
        ({"imagePullSecrets": ["a"]}, ("spec.imagePullSecrets[0]",)),
        ({"profile": "-"}, ("spec.profile",)),
        ({"ssh": {"user": "a b"}}, ("spec.ssh.user",)),
        ({"script": "true"}, ("spec.script",)),
    ],
)
@pytest.mark.parametrize("spell", [modern, original])
def test_a_common_setting_is_refused_where_it_stands(spell: type, spec: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(errors.SpecInvalid) as refused:
        builders.inspection(spell(), **spec)
    assert str(refused.value).startswith(f"{words[0]}:")
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        [modern("b"), modern("a"), modern("b")],
        [original("b"), original("a"), original("b")],
        [modern("b"), modern("a"), original("b")],
    ],
)
def test_repeated_names_are_refused_across_spellings(written: list[builders.Object]) -> None:
    with pytest.raises(errors.SpecInvalid, match=r"spec\.tasks: .*repeated: b$"):
        builders.inspection(*written)


def test_names_that_differ_only_in_case_are_different_names() -> None:
    assert [one.name for one in builders.inspection(modern("a"), modern("A")).tasks] == ["a", "A"]


def test_a_hundred_tasks_are_the_most() -> None:
    written = [modern(f"t{number}") for number in range(fields.MAX_TASKS + 1)]
    assert len(builders.inspection(*written[:-1]).tasks) == 100
    with pytest.raises(errors.SpecInvalid, match=r"^spec\.tasks: .*100"):
        builders.inspection(*written)


def test_no_task_is_no_inspection() -> None:
    with pytest.raises(errors.SpecInvalid, match=r"^spec\.tasks"):
        builders.inspection()


def test_a_script_of_200_kib_is_taken() -> None:
    assert len(builders.task(modern(script="磁" * (200 * KIB // 3))).script) == 200 * KIB // 3
    assert len(builders.task(original(type="script", script="a" * 200 * KIB)).script) == 200 * KIB


def test_all_scripts_together_have_at_most_1_mib() -> None:
    fitting = [modern(f"t{number}", script="é" * (64 * KIB)) for number in range(8)]
    assert len(builders.inspection(*fitting).tasks) == 8
    with pytest.raises(errors.SpecInvalid, match=rf"scripts.*{KIB * KIB + 1} bytes.*{KIB * KIB}"):
        builders.inspection(*fitting, modern("last", script="a"))


def test_what_is_nested_too_deeply_is_refused_and_ends_nothing() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    try:
        with pytest.raises(errors.SpecInvalid, match=r"^spec"):
            builders.task(modern(check="memory.sh", parameters={"deep": deep}))
    finally:
        while deep:  # level by level: the interpreter itself would end in taking it down at once
            deep = deep.pop("a", {})


def test_more_than_one_complaint_is_counted() -> None:
    with pytest.raises(errors.SpecInvalid, match=r"spec\.tasks\[0\]\.retries: .*\(and 1 more\)"):
        builders.task(modern(retries=-1, restart="maybe"))


def test_a_refusal_does_not_repeat_what_was_written() -> None:
    """It may be a password that stands in the wrong place."""
    with pytest.raises(errors.SpecInvalid) as refused:
        builders.task(original(remote_ips=[{"ip": "1.2.3.4", "user": "root", "password": ["s3cret"]}]))
    assert "password" in str(refused.value)
    assert "s3cret" not in str(refused.value)
