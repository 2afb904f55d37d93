"""What has been played, as Markdown: green of played of all, by fault and workload, and how long recovery took."""

import statistics
from collections.abc import Mapping, Sequence

from tests.faults import ledger
from tests.faults import plan as plans


def markdown(every: Sequence[plans.Plan], ran: Mapping[str, ledger.Entry]) -> str:
    """Each cell `green/all` of its plans; the last columns tell of the seconds until the end state was there again."""
    workloads = list(dict.fromkeys(sorted(plan.workload for plan in every)))
    lines = [
        "| fault | " + " | ".join(workloads) + " | recovery, median | slowest |",
        "| --- |" + " ---: |" * (len(workloads) + 2),
    ]
    for fault in plans.Fault:
        of_fault = [plan for plan in every if plan.fault is fault]
        cells = [_cell([plan for plan in of_fault if plan.workload == one], ran) for one in workloads]
        seconds = [ran[plan.id].recovery_seconds for plan in of_fault if plan.id in ran and ran[plan.id].green]
        times = [f"{statistics.median(seconds):.1f} s", f"{max(seconds):.1f} s"] if seconds else ["", ""]
        lines.append(f"| `{fault}` | " + " | ".join([*cells, *times]) + " |")
    return "\n".join(lines)


def _cell(some: Sequence[plans.Plan], ran: Mapping[str, ledger.Entry]) -> str:
    green = sum(plan.id in ran and ran[plan.id].green for plan in some)
    return f"{green}/{len(some)}" if some else ""
