"""What a release costs in requests, writes and helm processes: counts depend on neither machine nor load.

A higher figure here is a regression. A lower one belongs into the table, and into docs/performance.md.
"""

import json
import pathlib
import subprocess
import sys

import pytest

from tests.e2e.conftest import ROOT

OBJECTS, TASKS = 6, 5
#: Of each part at most so many requests, writes and helm processes: a release, but for the restart in all.
LIMITS = {
    "warm": {
        "install": (9.0, 5.5, 0.0),
        "change a script": (18.5, 9.5, 0.0),
        "idle": (0.15, 0.0, 0.0),  # a look at the site's checks and templates now and then
        "restart, nothing changed": (30.0, 0.0, 1.0),
        "delete": (10.5, 5.5, 0.0),
    },
    "exec": {
        "install": (16.5, 5.5, 1.0),
        "change a script": (26.5, 9.5, 1.0),
        "idle": (0.15, 0.0, 0.0),  # a look at the site's checks and templates now and then
        "restart, nothing changed": (30.0, 0.0, 1.0),
        "delete": (15.0, 5.5, 1.0),
    },
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("engine", LIMITS)
def test_nothing_costs_more_requests_writes_or_processes_than_before(engine: str, tmp_path: pathlib.Path) -> None:
    size = ["--objects", str(OBJECTS), "--tasks", str(TASKS), "--latencies", "0", "--idle-seconds", "3"]
    done = subprocess.run(
        [sys.executable, "dev/bench", "--only", "counts", "--peers", engine, "--out", str(tmp_path), *size],
        cwd=ROOT, capture_output=True, text=True, timeout=220, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads((tmp_path / "bench.json").read_text())["runs"]
    assert run["tracebacks"] == 0
    told = {}
    for part in run["parts"]:
        by = 1 if part["name"].startswith("restart") else OBJECTS * TASKS
        requests = part["requests"]
        writes = sum(number for what, number in requests.items() if not what.startswith("GET "))
        told[part["name"]] = (sum(requests.values()) / by, writes / by, part["helm_processes"] / by)
    limits = LIMITS[engine]
    assert set(told) == set(limits)
    assert all(
        seen <= limit for name, seens in told.items() for seen, limit in zip(seens, limits[name], strict=True)
    ), (told, {part["name"]: part["requests"] for part in run["parts"]})
