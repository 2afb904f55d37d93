"""What the daemons are started with."""

import json
from pathlib import Path

import pytest
from embedded import binaries, components, configs, dns, folders, packages, start, topology, versions
from embedded.errors import ClusterError

STATE = Path("/s")


@pytest.fixture(autouse=True)
def _plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "cni_folder", lambda: Path("/usr/lib/cni"))


def everything() -> list[components.Component]:
    return components.all_of(STATE, Path("/programs"), True)


def test_no_two_components_share_a_port() -> None:
    ports = [port for component in everything() for _, port in component.ports]
    assert len(ports) == len(set(ports))
    assert all(port < 32768 for port in ports)


def test_only_the_api_server_listens_on_every_address() -> None:
    assert [component.name for component in everything() if "0.0.0.0" in str(component.ports)] == ["kube-apiserver"]


def test_the_audit_log_can_be_switched_off_and_has_a_limit() -> None:
    with_audit = components.apiserver(STATE, Path("/p"), True).argv
    assert "--audit-log-maxsize=64" in with_audit
    assert "--audit-log-maxbackup=2" in with_audit
    assert not [flag for flag in components.apiserver(STATE, Path("/p"), False).argv if "audit" in flag]


def test_the_audit_log_holds_no_bodies() -> None:
    assert {rule["level"] for rule in configs.AUDIT_POLICY["rules"]} == {"None", "Metadata"}


def test_a_component_is_told_apart_by_what_it_reads(tmp_path: Path) -> None:
    config = tmp_path / "config"
    component = components.Component("x", ["/x"], [config], lambda: True, [])
    config.write_text("1")
    before = component.fingerprint()
    config.write_text("2")
    assert component.fingerprint() != before


def test_a_full_disk_removes_no_image() -> None:
    kubelet = json.loads(configs.kubelet(STATE))
    assert kubelet["imageGCHighThresholdPercent"] == 100
    assert kubelet["evictionHard"]["imagefs.available"] == "0%"


def test_everything_containerd_keeps_is_below_the_state_folder() -> None:
    paths = [line.split('"')[1] for line in configs.containerd(STATE).splitlines() if ' = "/' in line]
    assert len(paths) > 5
    assert [path for path in paths if not path.startswith("/s/")] == ["/usr/lib/cni"]


def test_helm_is_stamped_with_its_whole_version() -> None:
    assert versions.HELM_LDFLAGS.endswith(f"version.version={versions.HELM}")
    assert versions.HELM.count(".") == 2


def test_helm_and_warm_helm_are_of_the_version_that_the_stamp_says() -> None:
    part = binaries.helm()
    assert f"\thelm.sh/helm/v4 {versions.HELM}\n" in (part.source / "go.mod").read_text()
    assert part.provides == ("helm", "warm-helm")


def test_name_servers_on_loopback_are_of_no_use_to_a_pod(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("nameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.7\nsearch x\n")
    assert dns.upstream_servers(tmp_path / "r") == ["192.0.2.7"]


def test_dns_works_without_any_name_server_outside() -> None:
    assert "forward" not in dns.corefile([])
    assert "forward . 192.0.2.7\n" in dns.corefile(["192.0.2.7"])


def test_a_changed_corefile_makes_a_changed_pod() -> None:
    def annotations(servers: list[str]) -> object:
        items = json.loads(dns.manifest(servers))["items"]
        return items[-1]["spec"]["template"]["metadata"]["annotations"]

    assert annotations([]) != annotations(["192.0.2.7"])


def test_a_dns_question_is_spelled_as_rfc_1035_says() -> None:
    question = dns.query("ab.c")
    assert question[12:] == b"\x02ab\x01c\x00\x00\x01\x00\x01"


def test_a_state_folder_too_deep_for_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/x" * 40)
    with pytest.raises(ClusterError, match="XDG_STATE_HOME"):
        folders.state()


def test_a_relative_xdg_path_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert folders.cache() == Path.home() / ".cache/inspect-operator"


@pytest.mark.parametrize(
    "line",
    [
        "E1121 05:44:10 x",
        "panic: no",
        'time="…" level=fatal msg=x',
        '{"level":"fatal","msg":"x"}',
        "Error: unknown flag",
    ],
)
def test_a_programs_last_loud_words_are_quoted(line: str) -> None:
    assert start.telling(["I1121 a", line, *["\tgoroutine"] * 20]) == [line]


def test_a_quiet_log_is_quoted_from_its_end() -> None:
    assert start.telling([str(number) for number in range(20)])[-1] == "19"


def test_the_pod_network_gives_the_node_its_address() -> None:
    bridge = json.loads(configs.cni(STATE))["plugins"][0]
    assert bridge["ipam"]["ranges"][0][0]["gateway"] == topology.NODE_ADDRESS
