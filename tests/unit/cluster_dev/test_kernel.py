"""What is changed in the kernel is put back."""

import json
from pathlib import Path

import pytest
from embedded import cgroups, footprint, mounts, processes, sysctls


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    root = tmp_path / "sys"
    for name, value in {"net/ipv4/ip_forward": "0", "kernel/panic": "1"}.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(value + "\n")
    return root


def test_settings_come_back_as_they_were(kernel: Path, tmp_path: Path) -> None:
    sysctls.apply(tmp_path / "n", kernel)
    assert (kernel / "net/ipv4/ip_forward").read_text() == "1"
    (kernel / "kernel/panic").write_text("10")  # as a kubelet does
    sysctls.apply(tmp_path / "n", kernel)
    assert sorted(sysctls.restore(tmp_path / "n", kernel)) == ["kernel.panic", "net.ipv4.ip_forward"]
    assert (kernel / "kernel/panic").read_text() == "1"
    assert sysctls.restore(tmp_path / "n", kernel) == []


def test_notes_of_an_earlier_boot_are_not_put_back(kernel: Path, tmp_path: Path) -> None:
    (tmp_path / "n").write_text(json.dumps({"boot": "another", "values": {"kernel/panic": "7"}}))
    assert sysctls.restore(tmp_path / "n", kernel) == []
    assert (kernel / "kernel/panic").read_text() == "1\n"
    assert processes.boot_id() != "another"


def test_mounts_below_our_folder_are_found_last_first() -> None:
    listed = "\n".join(
        f"{number} 1 0:1 / {point} rw - tmpfs tmpfs rw"
        for number, point in enumerate(["/", "/s", "/s/pods/a", r"/s/pods/a\040b", "/s2/pods", "/s/pods/a/deeper"])
    )
    assert [str(point) for point in mounts.below(Path("/s"), listed)] == [
        "/s/pods/a/deeper",
        "/s/pods/a b",
        "/s/pods/a",
    ]


def test_cgroups_of_version_1_are_made_usable_found_and_removed(tmp_path: Path) -> None:
    for name in ("cpuset", "memory"):
        (tmp_path / name).mkdir()
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-1\n")
    cgroups.ensure(tmp_path)
    pod = tmp_path / "memory/inspect-operator/kubepods/pod1"
    pod.mkdir(parents=True)
    (pod / "cgroup.procs").write_text("12\n34\n")
    assert cgroups.members(tmp_path) == {12, 34}
    (pod / "cgroup.procs").unlink()
    assert cgroups.remove(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cpuset", "memory"]
    assert not (tmp_path / "memory/inspect-operator").exists()


def test_cgroups_of_version_2_get_their_controllers(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    cgroups.ensure(tmp_path)
    assert (tmp_path / "inspect-operator").is_dir()
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"


def test_traces_elsewhere_go_but_not_what_was_there_before(tmp_path: Path) -> None:
    root, state = tmp_path / "root", tmp_path / "state"
    (root / "var/log/containers").mkdir(parents=True)
    footprint.note(state / "f", root)
    for folder in ("var/lib/kubelet/device-plugins", "var/lib/cni/results"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/kubelet/device-plugins/kubelet.sock").write_text("")
    for name in ("inspect-operator-abc-eth0", "cni-loopback-abc-lo", "other-xyz-eth0"):
        (root / "var/lib/cni/results" / name).write_text("")
    (root / "var/log/containers/ours.log").symlink_to(state / "pod-logs/x")
    (root / "var/log/containers/theirs.log").symlink_to("/var/log/pods/x")
    footprint.erase(state, state / "f", [], root)
    assert [entry.name for entry in (root / "var/lib/cni/results").iterdir()] == ["other-xyz-eth0"]
    assert not (root / "var/lib/kubelet").exists()
    assert [entry.name for entry in (root / "var/log/containers").iterdir()] == ["theirs.log"]
