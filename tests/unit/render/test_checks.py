"""Checks read from disk, and what is generated from them."""

import pathlib
import re
from typing import Any

import pytest
import yaml

from inspect_operator import errors
from inspect_operator.api import check
from inspect_operator.render import checks, checks_generate

ROOT = pathlib.Path(__file__).parents[3]
GOOD = "help: Tells something.\n"


def make(folder: pathlib.Path, name: str, text: str = GOOD, script: str = "script.sh") -> pathlib.Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "check.yaml").write_text(text)
    if script:
        (folder / name / script).write_text("true\n")
    return folder


def refusal(folder: pathlib.Path, **site: Any) -> str:
    with pytest.raises(errors.SettingsInvalid) as caught:
        checks.site(folder, **site) if site else checks.load(folder)
    return str(caught.value)


def test_the_shipped_checks() -> None:
    shipped = checks.load(ROOT / "checks")
    original = {name for name in shipped if name.endswith(".sh")}
    assert original == {path.name for path in (ROOT / "checks" / "original").glob("*.sh")}
    assert set(shipped) - original == {path.parent.name for path in (ROOT / "checks").glob("*/script.*")}
    assert len(set(shipped) - original) == 21
    for name, one in shipped.items():
        assert (one.name, one.interpreter) == (name, "python3" if one.script.startswith('"""') else "bash")
        assert re.search(r"[.?]$", one.help), name


def test_what_a_check_yaml_says(tmp_path: pathlib.Path) -> None:
    text = """
help: Counts.
parameters:
  limit: {type: integer, minimum: 1, default: 3, description: How many.}
  all: {type: boolean, default: false, description: Everywhere.}
required: [limit]
access:
  clusterWide: all
  rules:
    - {apiGroups: [""], resources: [pods], verbs: [list]}
"""
    found = checks.load(make(tmp_path, "count", text, "script.py"))["count"]
    assert (found.help, found.interpreter, found.script) == ("Counts.", "python3", "true\n")
    assert found.parameters["additionalProperties"] is False
    assert (set(found.parameters["properties"]), found.parameters["required"]) == ({"limit", "all"}, ["limit"])
    assert found.access == check.Access(({"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},), "all")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("help: x\nschedule: daily\n", "'schedule' was unexpected"),
        ("parameters: {}\n", "'help' is a required property"),
        ("help: [x]\n", "help: ['x'] is not of type 'string'"),
        ("help: {\n", "no YAML"),
        ("- help\n", "is not of type 'object'"),
        ("help: x\nparameters: {a: {type: integer}}\n", "parameters.a: 'description' is a required property"),
        ("help: x\nparameters: {a: {type: object, description: d}}\n", "parameters.a.type: 'object' is not one of"),
        ("help: x\nparameters: {A-b: {type: string, description: d}}\n", "'A-b' does not match"),
        ("help: x\nparameters: {a: {type: integer, minimum: low, description: d}}\n", "parameters.a.minimum: 'low'"),
        ("help: x\nparameters: {a: {type: integer, default: b, description: d}}\n", "parameters.a: its default: 'b'"),
        ("help: x\nparameters: {a: {type: array, description: d}}\n", "parameters.a: say what the list holds"),
        ("help: x\nrequired: [a]\n", "required: there is no parameter a"),
        ("help: x\naccess: {}\n", "access: 'rules' is a required property"),
        ("help: x\naccess: {rules: []}\n", "access.rules: "),
        ("help: x\naccess: {rules: [{apiGroups: [''], resources: [pods], verbs: [list], names: [a]}]}\n", "'names'"),
        ("help: x\naccess: {clusterWide: all, rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]}\n",
         "access.clusterWide: no boolean parameter all"),
    ],
)  # fmt: skip
def test_a_wrong_check_yaml_is_named(tmp_path: pathlib.Path, text: str, words: str) -> None:
    message = refusal(make(tmp_path, "count", text))
    assert message.startswith(f"{tmp_path / 'count' / 'check.yaml'}: ")
    assert words in message


def test_a_folder_without_what_belongs_there(tmp_path: pathlib.Path) -> None:
    make(tmp_path / "a", "count", script="")
    assert "a check has exactly one of script.sh, script.py" in refusal(tmp_path / "a")
    (tmp_path / "a" / "count" / "script.sh").touch()
    (tmp_path / "a" / "count" / "script.py").touch()
    assert "a check has exactly one of script.sh, script.py" in refusal(tmp_path / "a")
    (tmp_path / "b" / "count").mkdir(parents=True)
    assert refusal(tmp_path / "b") == f"{tmp_path / 'b' / 'count' / 'check.yaml'}: No such file or directory"
    assert "small letters, digits and dashes" in refusal(make(tmp_path / "c", "Count_"))
    assert "No such file or directory" in refusal(tmp_path / "none")


def test_a_script_that_is_no_text_or_too_large(tmp_path: pathlib.Path) -> None:
    make(tmp_path, "count")
    (tmp_path / "count" / "script.sh").write_bytes(b"\xff")
    assert refusal(tmp_path) == f"{tmp_path / 'count' / 'script.sh'}: not UTF-8"
    (tmp_path / "count" / "script.sh").write_bytes(b"x" * (200 * 1024 + 1))
    assert refusal(tmp_path) == f"{tmp_path / 'count' / 'script.sh'}: 204801 bytes; at most 204800"


def test_each_original_has_its_line_of_help(tmp_path: pathlib.Path) -> None:
    make(tmp_path, "original", "a.sh: Tells.\n", "a.sh")
    assert checks.load(tmp_path)["a.sh"].help == "Tells."
    assert checks.load(tmp_path)["a.sh"].parameters["properties"] == {}
    (tmp_path / "original" / "b.sh").touch()
    assert "b.sh has no line of help there" in refusal(tmp_path)


def test_files_of_a_site_are_named_with_and_without_their_ending(tmp_path: pathlib.Path) -> None:
    for name in ("disks.sh", "net.py", "two.sh", "two.py", "README.md", ".hidden.sh", "..data.sh", "_old.py"):
        (tmp_path / name).write_text(f"# {name}\n")
    found = checks.site(tmp_path, shipped={})
    assert {name: (one.name, one.script, one.interpreter) for name, one in found.items()} == {
        "disks.sh": ("disks.sh", "# disks.sh\n", "bash"),
        "disks": ("disks", "# disks.sh\n", "bash"),
        "net.py": ("net.py", "# net.py\n", "python3"),
        "net": ("net", "# net.py\n", "python3"),
        "two.sh": ("two.sh", "# two.sh\n", "bash"),
        "two.py": ("two.py", "# two.py\n", "python3"),
    }
    assert all(one.parameters == {} and one.access is None for one in found.values())


def test_a_sites_folder_of_full_checks(tmp_path: pathlib.Path) -> None:
    make(tmp_path, "count")
    (tmp_path / "plain.sh").touch()
    assert set(checks.site(tmp_path, shipped={})) == {"count", "plain", "plain.sh"}


def test_a_sites_check_gets_no_rights(tmp_path: pathlib.Path) -> None:
    rules = "access: {rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}\n"
    message = refusal(make(tmp_path, "count", GOOD + rules), shipped={"other": None})
    assert f"{tmp_path / 'count' / 'check.yaml'}: a site's check gets no access" in message


@pytest.mark.parametrize("file", ["cpu.sh", "disk-usage.sh", "disk-usage.py"])
def test_a_site_takes_no_built_in_name(tmp_path: pathlib.Path, file: str) -> None:
    shipped = checks.load(ROOT / "checks")
    (tmp_path / file).touch()
    taken = file if file in shipped else "disk-usage"
    assert refusal(tmp_path, shipped=shipped) == f"{tmp_path}: {taken} is the name of another check; rename the file"
    assert "disk-usage is the name of a shipped check" in refusal(make(tmp_path / "b", "disk-usage"), shipped=shipped)


def test_a_folder_and_a_file_of_the_same_name(tmp_path: pathlib.Path) -> None:
    make(tmp_path, "count")
    (tmp_path / "count.sh").touch()
    assert "count is the name of another check" in refusal(tmp_path, shipped={"other": None})


def test_checks_out_of_a_configmap() -> None:
    found = checks.site_files({"a.sh": "true\n", "note.txt": "x"}, {}, "ConfigMap ops/checks")
    assert set(found) == {"a", "a.sh"}
    for texts, words in (
        ({"a b.sh": ""}, "ConfigMap ops/checks: 'a b.sh' is no name for a check"),
        ({"a.sh": "x" * 204801}, "ConfigMap ops/checks: a.sh: 204801 bytes"),
        ({"taken.sh": ""}, "ConfigMap ops/checks: taken is the name of another check"),
    ):
        with pytest.raises(errors.SettingsInvalid, match=re.escape(words)):
            checks.site_files(texts, {"taken": None}, "ConfigMap ops/checks")


@pytest.mark.parametrize("path", [checks_generate.TEMPLATE, checks_generate.REFERENCE])
def test_the_generated_file_is_what_the_checks_say(path: pathlib.Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == checks_generate.generated(ROOT)[ROOT / path], "`make generate`"


def test_every_check_and_parameter_stands_in_the_reference() -> None:
    text = (ROOT / checks_generate.REFERENCE).read_text(encoding="utf-8")
    assert text.count(checks_generate.MARK) == 1
    for name, one in checks.load(ROOT / "checks").items():
        assert f"## {name}\n" in text or f"| {name} |" in text
        assert all(f"| `{parameter}` |" in text for parameter in one.parameters["properties"])


def test_the_chart_has_a_role_for_each_check_that_asks_the_api_and_no_more_rights() -> None:
    shipped = checks.load(ROOT / "checks")
    text = (ROOT / checks_generate.TEMPLATE).read_text(encoding="utf-8").partition("{{- /* Accounts")[0]
    plain = re.sub(r"^\{\{-.*\}\}$", "", re.sub(r"labels: .*", "labels: {}", text), flags=re.MULTILINE)
    roles = {one["metadata"]["name"]: one["rules"] for one in yaml.safe_load_all(plain) if one}
    asking = {name: one.access for name, one in shipped.items() if one.access is not None}
    assert roles == {f"inspect-check-{name}": list(access.rules) for name, access in asking.items()}
    verbs = {verb for rules in roles.values() for rule in rules for verb in rule["verbs"]}
    assert verbs == {"get", "list", "create", "delete"}


def test_only_checks_that_may_ask_for_the_whole_cluster_have_accounts_for_it() -> None:
    text = checks_generate.chart_template(checks.load(ROOT / "checks"))
    listed = re.search(r"range \$name := list (.*) \}\}", text)
    assert listed is not None
    names = set(re.findall(r"inspect-check-([a-z-]+)", listed.group(1)))
    assert {"nodes-ready", "pods-abnormal"} < names
    assert not {"api-write", "deploy-and-service", "disk-usage"} & names
