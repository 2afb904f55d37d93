"""The checks that look at the machine: each passes, fails and cannot tell, on prepared machines."""

import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from tests.unit.checks import machines

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

IDLE = "cpu  2 0 0 99998 0 0 0 0 0 0\ncpu0 1 0 0 49999 0 0 0 0 0 0\ncpu1 1 0 0 49999 0 0 0 0 0 0\n"
BUSY = "cpu  82 0 0 100118 0 0 0 0 0 0\ncpu0 80 0 0 50020 0 0 0 0 0 0\ncpu1 1 0 0 50099 0 0 0 0 0 0\n"


def then(machine: machines.Machine, before: str, after: str) -> None:
    """The second sample, taken after the check has slept, differs."""
    machine.proc("stat", before)
    machine.proc("later", after)
    machine.command("sleep", f'echo "$1" >> {machine.folder}/slept; cp "$PROC/later" "$PROC/stat"')


@pytest.mark.parametrize(
    ("parameters", "results"),
    [
        ({}, {"cpu0": "success", "cpu1": "success", "all": "success"}),
        ({"limitPercent": 79}, {"cpu0": "fail", "cpu1": "success", "all": "success"}),
        ({"limitPercent": 95, "warnPercent": 30}, {"cpu0": "warn", "cpu1": "success", "all": "warn"}),
        ({"each": False, "limitPercent": 40}, {"all": "fail"}),
    ],
)
def test_cpu_usage(machine: machines.Machine, parameters: dict[str, Any], results: dict[str, str]) -> None:
    then(machine, IDLE, BUSY)
    found = machine.check("cpu-usage", {**parameters, "seconds": 7})
    assert {case: result for case, (result, _) in found.items()} == {f"cpu-usage:{c}": r for c, r in results.items()}
    assert found["cpu-usage:all"][1].startswith("40% busy")
    assert (machine.folder / "slept").read_text() == "7\n"


def test_of_many_cpus_the_busiest_are_told_and_the_rest_is_counted(machine: machines.Machine) -> None:
    then(machine, rows := "".join(f"cpu{n} 0 0 0 0 0\n" for n in range(80)), rows.replace(" 0 0 0 0 0", " 90 0 0 10 0"))
    found = machine.check("cpu-usage")
    assert len(found) == 51
    assert found["cpu-usage"] == ("info", "and 30 more, less busy; of all 80 fail")


def test_cpu_usage_that_cannot_be_read_is_unknown(machine: machines.Machine) -> None:
    then(machine, "intr 1\n", "intr 1\n")
    assert [result for result, _ in machine.check("cpu-usage").values()] == ["unknown"]


def test_cpu_frequency(machine: machines.Machine) -> None:
    machine.proc("cpuinfo", "processor\t: 0\ncpu MHz\t\t: 1999.9\n\nprocessor\t: 1\ncpu MHz\t\t: 3100.5\n")
    assert machine.check("cpu-frequency") == {
        "cpu-frequency:cpu0": ("fail", "2000 MHz, at least 2000 MHz"),
        "cpu-frequency:cpu1": ("success", "3100 MHz, at least 2000 MHz"),
    }
    found = machine.check("cpu-frequency", {"minimumMegahertz": 1500})
    assert {result for result, _ in found.values()} == {"success"}


def test_cpu_frequency_from_cpufreq_or_not_at_all(machine: machines.Machine) -> None:
    machine.proc("cpuinfo", "processor : 0\nBogoMIPS : 50\n")
    assert machine.check("cpu-frequency")["cpu-frequency"][0] == "unknown"
    folder = machine.folder / "sys" / "devices" / "system" / "cpu" / "cpu3" / "cpufreq"
    folder.mkdir(parents=True)
    (folder / "scaling_cur_freq").write_text("800000\n")
    assert machine.check("cpu-frequency") == {"cpu-frequency:cpu3": ("fail", "800 MHz, at least 2000 MHz")}


@pytest.mark.parametrize(
    ("parameters", "result", "words"),
    [
        ({}, "success", "3.00 over 5 minutes on 2 CPUs, 1.50 each, limit 2 each"),
        ({"limitPerCpu": 1.5}, "fail", "limit 1.5 each"),
        ({"warnPerCpu": 1.2}, "warn", "1.50 each"),
        ({"minutes": 1}, "fail", "9.00 over 1 minutes"),
        ({"minutes": 15}, "success", "0.20 over 15 minutes"),
    ],
)
def test_load_average(machine: machines.Machine, parameters: dict[str, Any], result: str, words: str) -> None:
    machine.proc("stat", IDLE)
    machine.proc("loadavg", "9.00 3.00 0.20 1/200 999\n")
    found = machine.check("load-average", parameters)["load-average"]
    assert found[0] == result
    assert words in found[1]


def test_load_average_that_cannot_be_read_is_unknown(machine: machines.Machine) -> None:
    assert machine.check("load-average")["load-average"][0] == "unknown"
    machine.proc("stat", IDLE)
    machine.proc("loadavg", "nonsense here now\n")
    assert machine.check("load-average")["load-average"][0] == "unknown"


@pytest.mark.parametrize(
    ("parameters", "result"),
    [({}, "fail"), ({"limitPercent": 81}, "success"), ({"limitPercent": 90, "warnPercent": 80}, "warn")],
)
def test_memory_usage(machine: machines.Machine, parameters: dict[str, Any], result: str) -> None:
    machine.proc("meminfo", "MemTotal: 10240000 kB\nMemFree: 1 kB\nMemAvailable: 2048000 kB\nCached: 99 kB\n")
    found = machine.check("memory-usage", parameters)["memory-usage"]
    assert found[0] == result
    assert found[1].startswith("80.0% in use, 2000 of 10000 MiB available")


def test_memory_usage_that_cannot_be_read_is_unknown(machine: machines.Machine) -> None:
    machine.proc("meminfo", "MemTotal: 10000 kB\n")
    assert machine.check("memory-usage")["memory-usage"][0] == "unknown"


DF = """Use% Type Filesystem Mounted on
  - proc proc /proc
 79% ext4 /dev/vda1 /
 79% ext4 /dev/vda1 /var/lib/kubelet/pods/x
 91% xfs /dev/my disk /data one
100% squashfs /dev/loop0 /snap/core
 99% tmpfs tmpfs /run
"""


@pytest.mark.parametrize("check", ["disk-usage", "inode-usage"])
def test_file_systems(machine: machines.Machine, check: str) -> None:
    machine.command("df", f"cat << 'EOF'\n{DF}EOF")
    found = machine.check(check)
    assert list(found) == [f"{check}:/data one", f"{check}:/"], "fullest first, each once, those in memory left out"
    assert [result for result, _ in found.values()] == ["fail", "success"]
    assert found[f"{check}:/"][1].startswith("79% ")
    found = machine.check(check, {"limitPercent": 95, "warnPercent": 79, "ignoreTypes": ["xfs", "tmpfs"]})
    assert found.popitem()[0] == f"{check}:/"
    assert found == {f"{check}:/snap/core": found[f"{check}:/snap/core"]}
    assert found[f"{check}:/snap/core"][0] == "fail"


@pytest.mark.parametrize("check", ["disk-usage", "inode-usage"])
def test_on_a_node_the_file_systems_of_the_host(machine: machines.Machine, check: str) -> None:
    rows = "81% ext4 /dev/vda1 /tmp\n81% ext4 /dev/vda1 /host\n5% ext4 /dev/vdb /host/data\n97% xfs /dev/vdc /hosts"
    machine.command("df", f"cat << 'EOF'\n{rows}\nEOF")
    found = machine.check(check, HOST_ROOT="/host")
    assert {case: result for case, (result, _) in found.items()} == {f"{check}:/": "fail", f"{check}:/data": "success"}


@pytest.mark.parametrize("check", ["disk-usage", "inode-usage"])
def test_paths_that_were_asked_for(machine: machines.Machine, check: str) -> None:
    machine.command("df", '[ "${@: -1}" = "/host/a b" ] && echo "85% ext4 /dev/vda1 /host"')
    found = machine.check(check, {"paths": ["/a b", "/none"]}, HOST_ROOT="/host")
    assert {case: result for case, (result, _) in found.items()} == {
        f"{check}:/a b": "fail",
        f"{check}:/none": "unknown",
    }


@pytest.mark.parametrize("check", ["disk-usage", "inode-usage"])
def test_file_systems_that_cannot_be_read_are_unknown(machine: machines.Machine, check: str) -> None:
    machine.command("df", "exit 1")
    assert machine.check(check)[check][0] == "unknown"


def test_a_container_that_sees_its_overlay_alone_is_judged_by_that(machine: machines.Machine) -> None:
    machine.command("df", 'if [ "${@: -1}" = / ]; then echo "85% overlay overlay /"; fi')
    assert machine.check("disk-usage") == {"disk-usage:/": ("fail", "85% used, limit 80%")}


@pytest.mark.parametrize(
    ("second", "parameters", "result", "cases"),
    [
        ("Ss 1 0 init", {}, "success", []),
        ("Z 7 1 dead one\\nZ 8 1 new", {}, "fail", ["zombie-processes:7"]),
        ("Z 7 1 dead one\\nZ+ 9 3 gone", {"limit": 1}, "fail", ["zombie-processes:7", "zombie-processes:9"]),
        ("Z 7 1 dead one\\nZ+ 9 3 gone", {"limit": 2}, "success", ["zombie-processes:7", "zombie-processes:9"]),
    ],
)
def test_zombies_are_those_that_stay(
    machine: machines.Machine, second: str, parameters: dict[str, Any], result: str, cases: list[str]
) -> None:
    first = "Z 7 1 dead one\\nZ+ 9 3 gone\\nSs 1 0 Zed"
    machine.command("sleep", f"touch {machine.folder}/slept")
    machine.command("ps", f"[ -e {machine.folder}/slept ] && printf '{second}\\n' || printf '{first}\\n'")
    found = machine.check("zombie-processes", parameters)
    assert found.pop("zombie-processes")[0] == result
    assert list(found) == cases
    if cases:
        assert found[cases[0]][1] == "dead one is not reaped by its parent 1"


def test_a_real_zombie_is_found(machine: machines.Machine) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import os, sys\nif not os.fork(): os._exit(0)\nprint(flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        found = machine.check("zombie-processes", {"limit": 0})
        parent.communicate()
    assert found["zombie-processes"][0] == "fail"
    assert any(f"parent {parent.pid}" in message for _, message in found.values())


def test_without_ps_zombies_are_unknown(machine: machines.Machine) -> None:
    machine.command("ps", "exit 1")
    assert machine.check("zombie-processes")["zombie-processes"][0] == "unknown"


UNITS = "a.service loaded failed failed The A service\nrun-x.mount loaded failed failed /run/x"


def test_failed_units(machine: machines.Machine) -> None:
    machine.command("systemctl", f"echo '{UNITS}'")
    assert machine.check("systemd-units") == {
        "systemd-units:a.service": ("fail", "failed: The A service"),
        "systemd-units:run-x.mount": ("fail", "failed: /run/x"),
    }
    found = machine.check("systemd-units", {"ignore": ["run-*.mount", "b.service"]})
    assert list(found) == ["systemd-units:a.service"]
    found = machine.check("systemd-units", {"ignore": ["*"]})
    assert found == {"systemd-units": ("success", "no unit has failed, 2 ignored")}


def test_on_a_node_the_systemd_of_the_host_is_asked(machine: machines.Machine) -> None:
    host = machine.folder / "host"
    machine.command("chroot", f'[ "$1" = {host} ] && [ "$SYSTEMD_IGNORE_CHROOT" = 1 ] && shift && exec "$@"')
    machine.command("systemctl", f"echo '{UNITS}'")
    found = machine.check("systemd-units", HOST_ROOT=str(host))
    assert found["systemd-units"] == ("unknown", "this host has no systemctl: it does not run systemd")
    (host / "usr" / "bin").mkdir(parents=True)
    (host / "usr" / "bin" / "systemctl").touch(0o755)
    assert len(machine.check("systemd-units", HOST_ROOT=str(host))) == 2
    machine.command("systemctl", "echo 'Running in chroot, ignoring command' >&2")
    assert machine.check("systemd-units", HOST_ROOT=str(host))["systemd-units"][0] == "unknown"


def test_a_systemd_that_does_not_answer_is_unknown(machine: machines.Machine) -> None:
    machine.command("systemctl", "echo 'Failed to connect to bus' >&2; exit 1")
    found = machine.check("systemd-units")["systemd-units"]
    assert found[0] == "unknown"
    assert "Failed to connect to bus" in found[1]


SHELL = sorted(path.parent.name for path in machines.CHECKS.glob("*/script.sh"))


@pytest.mark.parametrize("check", SHELL)
def test_a_shell_check_runs_without_parameters_as_on_a_host(check: str) -> None:
    """Over SSH the defaults stand in the script, since no operator filled them in."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CHECK_")}
    file: pathlib.Path = machines.script(check)
    done = subprocess.run(["bash", file], env=bare, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith(f"caseName:{check}")
