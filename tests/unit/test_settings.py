"""What an administrator sets, and where shipped files are found."""

import dataclasses
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

import inspect_operator
from inspect_operator import errors, settings

ROOT = pathlib.Path(settings.__file__).parents[2]


def test_defaults() -> None:
    made = settings.read({})
    assert made == settings.Settings(lease_namespace=made.lease_namespace)
    assert (made.namespaces, made.helm, made.helm_concurrency) == ((), "helm", 4)
    assert made.runner_image == f"docker.io/inspect-operator/runner:{inspect_operator.__version__}"
    assert made.message_center_url == "", "nobody is notified until an address is set"


SETTABLE: list[tuple[str, str, Any]] = [
    ("NAMESPACES", "a", ("a",)),
    ("NAMESPACES", " a, b ,,c ", ("a", "b", "c")),
    ("LEASE_NAMESPACE", "inspect-system", "inspect-system"),
    ("LEASE_NAME", "mine", "mine"),
    ("LEASE_SECONDS", "2.5", 2.5),
    ("HELM", "/opt/helm", "/opt/helm"),
    ("HELM_CONCURRENCY", " 8 ", 8),
    ("HELM_ENGINE", "warm", "warm"),
    ("WARM_HELM", "/opt/warm-helm", "/opt/warm-helm"),
    ("RUNNER_IMAGE", "registry.example/runner@sha256:0", "registry.example/runner@sha256:0"),
    ("IMAGE_PULL_POLICY", "Never", "Never"),
    ("HTTP_PORT", "8080", 8080),
    ("STAND_BY", "true", True),
    ("STAND_BY", "False", False),
    ("LOG_LEVEL", "DEBUG", "DEBUG"),
    ("LOG_FORMAT", "json", "json"),
    ("MISSED_SCHEDULE_SECONDS", "90", 90.0),
    ("ACTIVE_RUNS", "7", 7),
    ("ACTIVE_RUNS_PER_NAMESPACE", "3", 3),
    ("SITE_CHECKS", "/checks", "/checks"),
    ("PROFILES", "node=ops, node=kube-system", ("node=ops", "node=kube-system")),
    ("MESSAGE_CENTER_URL", "http://center.example/send", "http://center.example/send"),
    ("NOTIFY_ALLOW", "alerts.example, 10.20.0.0/16", ("alerts.example", "10.20.0.0/16")),
    ("APPRISE_ALLOW", "mailto", ("mailto",)),
    ("SITE_TEMPLATES", "/templates", "/templates"),
]


@pytest.mark.parametrize(("name", "text", "value"), SETTABLE)
def test_every_setting_is_read_from_the_environment(name: str, text: str, value: Any) -> None:
    made = settings.read({f"INSPECT_OPERATOR_{name}": text})
    assert getattr(made, name.lower()) == value


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_is_none(text: str) -> None:
    assert settings.read({"INSPECT_OPERATOR_HELM_CONCURRENCY": text}).helm_concurrency == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HELM_CONCURRENCY", "many"),
        ("HELM_CONCURRENCY", "4.5"),
        ("HELM_CONCURRENCY", "0"),
        ("HELM_CONCURRENCY", "-1"),
        ("HELM_ENGINE", "hot"),
        ("LEASE_SECONDS", "15s"),
        ("LEASE_SECONDS", "0"),
        ("LEASE_SECONDS", "nan"),
        ("HTTP_PORT", "http"),
        ("STAND_BY", "yes"),
        ("HTTP_PORT", "-1"),
        ("IMAGE_PULL_POLICY", "always"),
        ("LOG_LEVEL", "VERBOSE"),
        ("LOG_FORMAT", "xml"),
        ("ACTIVE_RUNS", "0"),
        ("ACTIVE_RUNS_PER_NAMESPACE", "-1"),
        ("ACTIVE_RUNS", "all"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_variable(name: str, text: str) -> None:
    """At start, not by a queue that never moves or a message of some library."""
    with pytest.raises(errors.SettingsInvalid, match=f"^INSPECT_OPERATOR_{name}={text}: "):
        settings.read({f"INSPECT_OPERATOR_{name}": text})


def test_every_setting_is_proved_here() -> None:
    """A field of Settings that nothing reads from the environment could not be set at all."""
    proved = {name for name, _, _ in SETTABLE}
    assert proved == {field.name.upper() for field in dataclasses.fields(settings.Settings)}


@pytest.mark.parametrize(
    ("profiles", "namespace", "allowed"),
    [
        ((), "ops", set()),
        (("node=ops",), "ops", {"node"}),
        (("node=ops",), "other", set()),
        (("node=*",), "other", {"node"}),
        (("node=ops", "gpu=*"), "ops", {"node", "gpu"}),
    ],
)
def test_profiles_are_allowed_by_namespace(profiles: tuple[str, ...], namespace: str, allowed: set[str]) -> None:
    assert settings.Settings(profiles=profiles).profiles_of(namespace) == allowed


@pytest.mark.parametrize("text", ["node", "node=", "=ops", "node=ops,gpu"])
def test_a_profile_without_a_namespace_is_refused(text: str) -> None:
    """By a slip nobody gets more than was meant, or nothing without a word."""
    with pytest.raises(errors.SettingsInvalid, match=r"^INSPECT_OPERATOR_PROFILES: .*write profile=namespace"):
        settings.read({"INSPECT_OPERATOR_PROFILES": text})


def test_other_variables_do_not_matter() -> None:
    assert settings.read({"INSPECT_OPERATOR_UNKNOWN": "x", "HELM": "/other"}).helm == "helm"


@pytest.mark.parametrize("name", ["templates", "charts", "checks", "crds"])
def test_in_a_checkout_the_folders_are_beside_the_code(name: str) -> None:
    assert settings.data_folder(name, {}) == ROOT / name


def test_charts_are_seen_from_the_folder_that_people_name_not_from_where_its_links_lead(tmp_path: pathlib.Path) -> None:
    """A mounted ConfigMap is a link to a link to a folder, which is another one after each change."""
    (tmp_path / "..2026_01_02").mkdir()
    (tmp_path / "..2026_01_02" / "watches.yaml").write_text("[]")
    (tmp_path / "..data").symlink_to("..2026_01_02")
    (tmp_path / "watches.yaml").symlink_to("..data/watches.yaml")
    assert settings.watches_file({"INSPECT_OPERATOR_WATCHES": str(tmp_path / "watches.yaml")}).parent == tmp_path


def test_a_sites_own_folder_wins(tmp_path: pathlib.Path) -> None:
    environ = {"INSPECT_OPERATOR_TEMPLATES": str(tmp_path)}
    assert settings.data_folder("templates", environ) == tmp_path
    assert settings.data_folder("checks", environ) == ROOT / "checks"


def test_a_relative_folder_is_made_absolute(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert settings.data_folder("templates", {"INSPECT_OPERATOR_TEMPLATES": "mine"}) == tmp_path / "mine"


def test_a_folder_that_is_not_there_is_refused_and_not_replaced_by_another(tmp_path: pathlib.Path) -> None:
    chosen = tmp_path / "no-such-folder"
    with pytest.raises(errors.SettingsInvalid, match=f"^INSPECT_OPERATOR_TEMPLATES={chosen}: no such folder"):
        settings.data_folder("templates", {"INSPECT_OPERATOR_TEMPLATES": str(chosen)})


@pytest.mark.parametrize("packaged", [True, False])
def test_the_packages_own_files_come_before_the_checkouts(packaged: bool, tmp_path: pathlib.Path) -> None:
    """As the wheel is laid out: inspect_operator/data/templates."""
    package = tmp_path / "checkout" / "operator" / "inspect_operator"
    package.mkdir(parents=True)
    for name in ("settings.py", "errors.py", "__init__.py"):
        (package / name).write_text((pathlib.Path(settings.__file__).parent / name).read_text())
    (tmp_path / "checkout" / "templates").mkdir()
    expected = tmp_path / "checkout" / "templates"
    if packaged:
        expected = package / "data" / "templates"
        expected.mkdir(parents=True)
    code = "from inspect_operator import settings; print(settings.data_folder('templates', {}))"
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(expected)


def test_a_folder_that_is_nowhere_is_told_with_what_to_do() -> None:
    with pytest.raises(errors.SettingsInvalid, match=r"'nothing' not found: set INSPECT_OPERATOR_NOTHING"):
        settings.data_folder("nothing", {})


@pytest.mark.parametrize("name", ["templates", "charts", "checks", "crds"])
def test_the_shipped_folders_are_not_empty(name: str) -> None:
    assert any((ROOT / name).iterdir())
