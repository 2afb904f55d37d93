"""The full report of a task's last run: JSON that one ConfigMap holds, at most 256 KiB of it.

It has what the status has no room for: all findings that could be read, more of the output, what each node found. What
doesn't fit is counted: `cut` findings, `targetsCut` nodes or hosts, at least `outputCut` bytes of output.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inspect_operator.api import group
from inspect_operator.api import task as tasks
from inspect_operator.plan import naming
from inspect_operator.publish import row as rows
from inspect_operator.run import outcome
from inspect_operator.runner import findings

VERSION = 1
KEY = "report.json"
MAX_BYTES = 256 * 1024
MAX_FINDINGS = 1000
MAX_OF_TARGET = 50  # failing findings of one node or host beside its row; all of them are among the others
MAX_OUTPUT_BYTES = 128 * 1024
MAX_STDERR_BYTES = 8 * 1024

Report = dict[str, Any]
_ORDER = [result.value for result in findings.Result]
_FROM_ROW = (
    "release", "revision", "schedule", "verdict", "reason", "message", "res", "started", "finished", "job", "runUid",
    "exitCode", "counts", "history", "passRate", "flapping", "newFindings", "fixedFindings", "missed", "advice",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class About:
    """Whose task it is; `kind` (script, image, check, ssh) and `target` (pod, nodes, hosts) are empty where unknown."""

    namespace: str
    inspect: str
    uid: str
    generation: int
    kind: str = ""
    target: str = ""


@dataclasses.dataclass(frozen=True)
class Detail:
    """What of a run is more than its row has room for, in the shapes of the row; `cut` findings are not among them."""

    findings: Sequence[rows.Row] = ()
    cut: int = 0
    output: str = ""
    output_cut: int = 0
    stderr: str = ""
    targets: Sequence[rows.Row] = ()


def detail(row: rows.Row, run: outcome.Run | None) -> Detail:
    """Of a run in a pod; where it was not read in this pass, what the row tells."""
    if run is None:
        return Detail(
            row.get("findings") or (), row.get("cut", 0), row.get("outputTail", ""), targets=row.get("targets") or ()
        )
    found = [rows.finding(one) for one in run.findings]
    targets = [one | _failing(found, one["target"]) for one in row.get("targets") or ()]
    return Detail(found, run.cut, run.output, run.output_cut, run.stderr_tail, targets)


def detail_of_nodes(row: rows.Row, members: Sequence[tuple[str, rows.Row]]) -> Detail:
    """Of runs on nodes, by node: each with its failing findings and the end of its output."""
    found: list[rows.Row] = []
    targets = []
    by_name = dict(members)
    for one in row.get("targets") or ():
        own = by_name.get(one["target"], {})
        of_node = [{**finding, "target": one["target"]} for finding in own.get("findings") or ()]
        found += of_node
        targets.append(one | _failing(of_node, one["target"]) | {"output": own.get("outputTail", "")})
    found.sort(key=lambda finding: _ORDER.index(finding["result"]) if finding["result"] in _ORDER else len(_ORDER))
    counted = sum((row.get("counts") or {}).values())
    return Detail(found, max(0, counted - len(found)), targets=targets)


def _failing(found: Sequence[rows.Row], target: str) -> rows.Row:
    own = [one for one in found if one.get("target") == target and one["result"] == "fail"]
    return {"findings": own[:MAX_OF_TARGET]}


def about(owner: tasks.Owner, generation: int, task: tasks.Task) -> About:
    """Of a task as it is wanted."""
    kind = "check" if task.check and task.kind is tasks.Kind.SCRIPT else task.kind.value
    target = "nodes" if task.nodes is not None else "hosts" if task.hosts else "pod"
    return About(owner.namespace, owner.name, owner.uid, generation, kind, target)


def of_run(whose: About, row: rows.Row, detail: Detail) -> Report:
    """The report of a run that ended."""
    return fitting(_of(whose, row, detail))


def of_row(whose: About, row: rows.Row) -> Report:
    """A lesser one, of what the status tells: where the full one isn't there (yet)."""
    found, targets = row.get("findings") or (), row.get("targets") or ()
    made = _of(whose, row, Detail(found, row.get("cut", 0), row.get("outputTail", ""), targets=targets))
    return fitting(_clean(made | {"targetsCut": row.get("targetsCut")}))


def of_missed(whose: About, row: rows.Row, previous: Mapping[str, Any]) -> Report:
    """What the last run found, under the verdict that the next one did not begin."""
    said = ("verdict", "reason", "message", "res", "missed", "history", "schedule", "revision", "advice")
    told = {name: row[name] for name in said if name in row}
    return fitting(_clean(of_row(whose, row) | dict(previous) | told | {"generation": whose.generation}))


def dumps(report: Report) -> str:
    """As it stands in the ConfigMap."""
    return json.dumps(report, ensure_ascii=False, separators=(",", ":"))


def loads(config_map: Mapping[str, Any]) -> Report:
    """The report that a ConfigMap holds; empty where it holds none that this version reads. Never raises."""
    try:
        report = json.loads((config_map.get("data") or {}).get(KEY, ""))
    except (ValueError, TypeError, RecursionError):
        return {}
    return report if isinstance(report, dict) and report.get("version") == VERSION else {}


def config_map(owner: tasks.Owner, release: str, task: str, report: Report) -> dict[str, Any]:
    """The object that holds it; it goes with the Inspect, and is none of the release's."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(owner, release, task) | {"name": naming.report_name(release)},
        "data": {KEY: dumps(report)},
    }


def metadata(owner: tasks.Owner, release: str, task: str) -> dict[str, Any]:
    """But for the name, of each object that tells of a task's last run."""
    return {
        "namespace": owner.namespace,
        "labels": {
            group.LABEL_REPORT: "true",
            group.LABEL_INSTANCE: release,
            group.LABEL_INSPECT: naming.label_value(owner.name),
        },
        "annotations": {group.ANNOTATION_TASK: rows.cut(task)},
        "ownerReferences": [
            {"apiVersion": group.API_VERSION, "kind": group.KIND, "name": owner.name, "uid": owner.uid}
        ],
    }


def _of(whose: About, row: rows.Row, detail: Detail) -> Report:
    data = detail.output.encode("utf-8", "replace")
    output = data[-MAX_OUTPUT_BYTES:].decode("utf-8", "ignore")
    made = {
        "version": VERSION,
        **dataclasses.asdict(whose),
        "task": row["task_name"],
        **{name: row[name] for name in _FROM_ROW if name in row},
        "findings": list(detail.findings[:MAX_FINDINGS]),
        "cut": detail.cut + max(0, len(detail.findings) - MAX_FINDINGS),
        "targets": list(detail.targets),
        "output": output,
        "outputCut": detail.output_cut + max(0, len(data) - MAX_OUTPUT_BYTES),
        "stderr": detail.stderr.encode("utf-8", "replace")[-MAX_STDERR_BYTES:].decode("utf-8", "ignore"),
    }
    return _clean(made)


def _clean(made: Report) -> Report:
    """Without what is empty or nothing; an exit code of 0 is something."""
    return {
        name: value
        for name, value in made.items()
        if value not in (None, "", [], {}) and value is not False and (value != 0 or name in ("exitCode", "generation"))
    }


def fitting(report: Report) -> Report:
    """Cuts, the least needed first, until it is small enough, and counts what was cut."""
    for shrink in (
        _keep, _output(64), _without_outputs_of_targets, _output(16), _without_passing, _findings(300), _short_words,
        _output(4), _targets(300), _findings(50), _output(0), _targets(50), _findings(0), _targets(0),
    ):  # fmt: skip
        report = _clean(shrink(report))
        if len(dumps(report).encode("utf-8", "replace")) <= MAX_BYTES:
            break
    return report


def _keep(report: Report) -> Report:
    return report


def _output(kibibytes: int) -> Callable[[Report], Report]:
    def shrink(report: Report) -> Report:
        data = str(report.get("output", "")).encode("utf-8", "replace")
        kept = data[len(data) - kibibytes * 1024 :] if len(data) > kibibytes * 1024 else data
        text = kept.decode("utf-8", "ignore")
        return report | {"output": text, "outputCut": report.get("outputCut", 0) + len(data) - len(kept)}

    return shrink


def _without_outputs_of_targets(report: Report) -> Report:
    kept = [{name: value for name, value in one.items() if name != "output"} for one in report.get("targets", ())]
    return report | {"targets": kept}


def _without_passing(report: Report) -> Report:
    return _only(report, [one for one in report.get("findings", ()) if one["result"] not in ("success", "info")])


def _findings(number: int) -> Callable[[Report], Report]:
    """They are in order, the worst first; those of targets stand there once more."""

    def shrink(report: Report) -> Report:
        targets = [
            one | {"findings": list(one.get("findings", ()))[: number // 10]} for one in report.get("targets", ())
        ]
        return _only(report | {"targets": targets}, list(report.get("findings", ()))[:number])

    return shrink


def _only(report: Report, kept: list[Any]) -> Report:
    return report | {"findings": kept, "cut": report.get("cut", 0) + len(report.get("findings", ())) - len(kept)}


def _short_words(report: Report) -> Report:
    def short(one: Report) -> Report:
        return {name: rows.cut(value, 128) if isinstance(value, str) else value for name, value in one.items()}

    return report | {
        "findings": [short(one) for one in report.get("findings", ())],
        "targets": [
            short(one) | {"findings": [short(finding) for finding in one.get("findings", ())]}
            for one in report.get("targets", ())
        ],
    }


def _targets(number: int) -> Callable[[Report], Report]:
    """Those that did not pass first."""

    def shrink(report: Report) -> Report:
        targets = list(report.get("targets", ()))
        ordered = sorted(targets, key=lambda one: one.get("verdict") in ("success", "skipped"))
        names = {one["target"] for one in ordered[:number]}
        kept = [one for one in targets if one["target"] in names]
        return report | {"targets": kept, "targetsCut": report.get("targetsCut", 0) + len(targets) - len(kept)}

    return shrink
