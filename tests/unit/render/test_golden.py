"""What tasks become, as people would read it in the cluster."""

import pytest
from tests.unit import builders, golden
from tests.unit.builders import modern, original

from inspect_operator.render import chart

TASKS = {
    "script": modern("disk", script="df -h /\n"),
    "script-with-everything": modern(
        "Disk usage, 磁盘",
        script='#!/usr/bin/env python3\nprint("磁盘 {{ .Values.x }}")\n',
        interpreter="python3",
        args=["--limit", "80%", "-v"],
        env=[{"name": "LANG", "value": "zh_CN.UTF-8"}, {"name": "SAYS", "value": "yes"}],
        timeout="1h30m",
        retries=2,
        resources={"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
    ),
    "image": modern("network", image="registry.example/ping:2", args=["-c", "3"], env=[{"name": "A", "value": "1"}]),
    "original-source": original("task1", type="script", source="test.sh", script_location="local"),
    "original-image": original("task2", type="image", source="try:latest", restart=True),
}


@pytest.mark.parametrize("name", TASKS)
def test_what_a_task_becomes(renderer: chart.Renderer, name: str) -> None:
    renderer.scripts["test.sh"] = "echo a shipped script\n"
    want = builders.want(TASKS[name], release=f"night--{name}", trigger="g1" if name == "original-image" else "")
    made = renderer.render(want, builders.OWNER)
    golden.check(f"{name}.yaml", golden.manifests(made.manifests))
