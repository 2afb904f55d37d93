"""The six checks of the original file names: each passes, fails and cannot tell, on prepared machines."""

import subprocess
from pathlib import Path

import pytest
from tests.unit.checks import machines

from inspect_operator.runner import findings, stream

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

CHECKS = Path(__file__).resolve().parents[3] / "checks" / "original"
NAMES = {
    "cpu.sh": "cpu的使用率小于80%",
    "cpu_frequency_reduction.sh": "无CPU降频",
    "disk_capacity.sh": "磁盘使用率小于80%",
    "memory.sh": "内存的使用率小于80%",
    "t.sh": "无僵尸进程",
    "test.sh": "CPU是否降频",
}


def one(machine: machines.Machine, check: str) -> findings.Finding:
    """The one finding that each of them tells."""
    found = machine.run(CHECKS / check)
    assert [finding.name for finding in found] == [NAMES[check]]
    return found[0]


def test_the_six_names_are_shipped() -> None:
    assert {path.name for path in CHECKS.glob("*.sh")} == set(NAMES)


@pytest.mark.parametrize("check", NAMES)
def test_on_this_machine_each_tells_exactly_one_finding(check: str) -> None:
    done = subprocess.run(["bash", CHECKS / check], capture_output=True, check=True)
    report = stream.parse(done.stdout + done.stderr)
    assert [finding.name for finding in report.findings] == [NAMES[check]]
    assert report.findings[0].message


def then(machine: machines.Machine, before: str, after: str) -> None:
    """The second sample, taken after the check has slept, differs."""
    machine.proc("stat", before)
    machine.proc("later", after)
    machine.command("sleep", f"cp {machine.folder}/proc/later {machine.folder}/proc/stat")


IDLE_SINCE_BOOT = "cpu  2 0 0 99998 0 0 0 0 0 0\n" + "".join(f"cpu{n} 1 0 0 49999 0 0 0 0 0 0\n" for n in (0, 1))


def more(before: str, *busy_and_idle: tuple[int, int]) -> str:
    rows = before.splitlines()
    for number, (busy, idle) in enumerate(busy_and_idle):
        name, user, nice, system, was_idle, *rest = rows[number + 1].split()
        rows[number + 1] = " ".join([name, str(int(user) + busy), nice, system, str(int(was_idle) + idle), *rest])
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("busy_and_idle", "result", "message"),
    [
        ([(79, 21), (1, 99)], "success", "cpu的使用率都小于80%, 最高的是cpu0 79%"),
        ([(80, 20), (1, 99)], "fail", "有1个cpu的使用率大于等于80%, 最高的是cpu0 80%"),
        ([(95, 5), (100, 0)], "fail", "有2个cpu的使用率大于等于80%, 最高的是cpu1 100%"),
    ],
)
def test_cpu_looks_at_now_and_not_at_the_mean_since_boot(
    machine: machines.Machine, busy_and_idle: list[tuple[int, int]], result: str, message: str
) -> None:
    then(machine, IDLE_SINCE_BOOT, more(IDLE_SINCE_BOOT, *busy_and_idle))
    finding = one(machine, "cpu.sh")
    assert (finding.result, finding.message) == (result, message)


def test_cpu_that_cannot_be_read_is_unknown(machine: machines.Machine) -> None:
    then(machine, "intr 1\n", "intr 1\n")
    assert one(machine, "cpu.sh").result == "unknown"


@pytest.mark.parametrize(
    ("megahertz", "result", "words"),
    [
        (["2000.000", "3100.5"], "success", "最低2000.000MHz"),
        (["1999.999", "3100.5"], "fail", "最低1999.999MHz"),
        (["800.000", "900.123", "3100.5"], "fail", "最低800.000MHz"),
        (["10000.0"], "success", "最低10000.0MHz"),
    ],
)
def test_cpu_frequency(machine: machines.Machine, megahertz: list[str], result: str, words: str) -> None:
    machine.proc("cpuinfo", "".join(f"processor\t: 0\nmodel name\t: X\ncpu MHz\t\t: {mhz}\n\n" for mhz in megahertz))
    for check in ("cpu_frequency_reduction.sh", "test.sh"):
        finding = one(machine, check)
        assert finding.result == result
        assert words in finding.message
    if result == "fail":
        slow = sum(float(mhz) < 2000 for mhz in megahertz)
        assert f"有{slow}个CPU的频率低于2000MHz" in one(machine, "cpu_frequency_reduction.sh").message


@pytest.mark.skipif(Path("/sys/devices/system/cpu/cpu0/cpufreq").exists(), reason="this machine's cpufreq can be read")
def test_a_frequency_that_cannot_be_read_is_unknown(machine: machines.Machine) -> None:
    machine.proc("cpuinfo", "processor : 0\nBogoMIPS : 50\n")
    for check in ("cpu_frequency_reduction.sh", "test.sh"):
        assert one(machine, check).result == "unknown"


@pytest.mark.parametrize(
    ("rows", "result", "message"),
    [
        (["79% /dev/vda1", "5% /dev/vdb"], "success", "磁盘使用率都小于80%, 最高的是/dev/vda1 79%"),
        (["80% /dev/vda1", "5% /dev/vdb"], "fail", "有1个磁盘使用率大于等于80%: /dev/vda1 80%"),
        (["91% /dev/vda1", "100% my disk", "9% x"], "fail", "有2个磁盘使用率大于等于80%: my disk 100%, /dev/vda1 91%"),
        (["9% /dev/vda1"] * 5 + ["91% /dev/vdb"] * 3, "fail", "有1个磁盘使用率大于等于80%: /dev/vdb 91%"),
        (["- none", "5% /dev/vda"], "success", "磁盘使用率都小于80%, 最高的是/dev/vda 5%"),
    ],
)
def test_disk_capacity(machine: machines.Machine, rows: list[str], result: str, message: str) -> None:
    machine.command("df", f"printf '%s\\n' 'Use% Filesystem' {' '.join(repr(row) for row in rows)}")
    finding = one(machine, "disk_capacity.sh")
    assert (finding.result, finding.message) == (result, message)


def test_in_a_container_with_nothing_but_overlay_the_root_counts(machine: machines.Machine) -> None:
    machine.command("df", "[ \"$2\" = / ] && printf 'Use%%\\n 85%%\\n'; true")
    finding = one(machine, "disk_capacity.sh")
    assert (finding.result, finding.message) == ("fail", "有1个磁盘使用率大于等于80%: / 85%")


def test_disks_that_cannot_be_read_are_unknown(machine: machines.Machine) -> None:
    machine.command("df", "exit 1")
    assert one(machine, "disk_capacity.sh").result == "unknown"


@pytest.mark.parametrize(
    ("available", "result", "message"),
    [
        (2010, "success", "内存的使用率是79.9%, 小于80%"),
        (2100, "success", "内存的使用率是79.0%, 小于80%"),
        (2000, "fail", "内存的使用率是80.0%, 大于等于80%"),
        (0, "fail", "内存的使用率是100.0%, 大于等于80%"),
    ],
)
def test_memory(machine: machines.Machine, available: int, result: str, message: str) -> None:
    machine.proc("meminfo", f"MemTotal: 10000 kB\nMemFree: 1 kB\nMemAvailable: {available} kB\nCached: 99 kB\n")
    finding = one(machine, "memory.sh")
    assert (finding.result, finding.message) == (result, message)


def test_memory_that_cannot_be_read_is_unknown(machine: machines.Machine) -> None:
    machine.proc("meminfo", "MemTotal: 10000 kB\n")
    assert one(machine, "memory.sh").result == "unknown"


@pytest.mark.parametrize(
    ("first", "second", "result", "message"),
    [
        ("Ss 1 init", "Ss 1 init", "success", "无僵尸进程"),
        ("Z 7 quick\\nSs 1 init", "Ss 1 init", "success", "无僵尸进程"),
        ("Z 7 quick", "Z 8 quick", "success", "无僵尸进程"),
        ("Z 7 dead\\nZ+ 9 gone\\nSs 1 Zed", "Z 7 dead\\nZ+ 9 gone", "fail", "有2个僵尸进程: dead(7), gone(9)"),
    ],
)
def test_zombies_are_those_that_stay(
    machine: machines.Machine, first: str, second: str, result: str, message: str
) -> None:
    machine.command("sleep", f"touch {machine.folder}/slept")
    machine.command("ps", f"[ -e {machine.folder}/slept ] && printf '{second}\\n' || printf '{first}\\n'")
    finding = one(machine, "t.sh")
    assert (finding.result, finding.message) == (result, message)
