"""The list of all metrics in docs/metrics.md: `python -m inspect_operator.publish.metrics_generate CHECKOUT` writes it
from what the operator's registry holds.
"""

import pathlib
import sys
from collections.abc import Iterator, Sequence

from prometheus_client import core

from inspect_operator.plan import steps
from inspect_operator.publish import meters, metrics

REFERENCE = pathlib.Path("docs/metrics.md")
#: Above it a person writes, below it the generator.
MARK = "<!-- Generated from the metrics by `make generate`: edit their help texts there. -->\n"


def generated(root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Every generated file below the checkout's root, with its content."""
    head, mark, _ = (root / REFERENCE).read_text(encoding="utf-8").partition(MARK)
    of_operator = [*operator_families()]
    lines = [
        *("", "## What was inspected", ""),
        *_table(sample_families()),
        *("", "## The operator", ""),
        *_table([one for one in of_operator if not one.name.startswith("process_")]),
        *("", "## Its process", "", "On Linux, as prometheus-client has them.", ""),
        *_table([one for one in of_operator if one.name.startswith("process_")]),
    ]
    return {root / REFERENCE: head + mark + "\n".join(lines) + "\n"}


def sample_families() -> list[core.GaugeMetricFamily]:
    """Those read from statuses, each with some sample."""
    moment = "2026-01-01T00:00:00Z"
    row = {"task_name": "t", "schedule": "@daily", "verdict": "success"}
    row |= dict.fromkeys(("started", "finished", "lastSuccess"), moment)
    return metrics.families([metrics.Seen("n", "i", {"observedGeneration": 1, "results": [row]})])


def operator_families() -> Iterator[core.Metric]:
    """Those that are counted, each with some sample."""
    made = meters.Meters()
    made.built("")
    made.leads("", True)
    made.notifications(lambda: [("slack", "sent", 0)])
    made.controller("")
    with made.helm(steps.Action.INSTALL):
        pass
    return iter(made.registry.collect())


def names(families: Sequence[core.Metric]) -> set[str]:
    """Of the series, as queries name them."""
    return {_name(one) for one in families} | {sample.name for one in families for sample in one.samples}


def _table(families: Sequence[core.Metric]) -> Iterator[str]:
    yield "| Metric | Type | Labels | |"
    yield "| --- | --- | --- | --- |"
    for one in families:
        labels = dict.fromkeys(label for sample in one.samples for label in sample.labels if label != "le")
        yield f"| `{_name(one)}` | {one.type} | {', '.join(labels)} | {one.documentation} |"


def _name(family: core.Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


if __name__ == "__main__":
    for path, content in generated(pathlib.Path(sys.argv[1])).items():
        path.write_text(content, encoding="utf-8")
