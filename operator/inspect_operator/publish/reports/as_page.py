"""A report as one page of HTML that can be forwarded: it needs no other file, no network and no script.

Its style sheet is named by its hash in the page's own security policy, which allows nothing else: should anything of
what a script printed ever become markup, a browser would neither run nor load it.
"""

import base64
import dataclasses
import hashlib
import math
import pathlib
import re

from inspect_operator import __version__
from inspect_operator.publish.reports import attention, model, words
from inspect_operator.render import page

FOLDER = pathlib.Path(__file__).resolve().parent / "page"
_HAN, _KANA_HANGUL = re.compile("[\u3400-\u9fff\uf900-\ufaff]"), re.compile("[\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af]")

#: Pixels of the trend: a bar for each run, tall where it did not pass, so that it tells without colour too.
BAR, GAP, TALL = 6, 3, 24
HEIGHTS = {"success": 12, "skipped": 6, "": 6, "unknown": 18}
RADIUS = 52
#: What the page may do besides having its style; an empty icon spares a request for one.
_ELSE = "img-src data:; base-uri 'none'; form-action 'none'"


@dataclasses.dataclass(frozen=True)
class Bar:
    """One run in the trend."""

    x: int
    y: int
    height: int
    verdict: str
    title: str


@dataclasses.dataclass(frozen=True)
class Matrix:
    """Targets by tasks: `cells` are by target, then by task, None where the task isn't run there."""

    tasks: tuple[str, ...]
    rows: tuple[tuple[str, tuple[model.Ran | None, ...]], ...]


def write(report: model.Report) -> str:
    """The whole page."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8").removesuffix("\n")  # as Jinja includes it
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    around = 2 * math.pi * RADIUS
    percent = report.score.percent
    places = {(where.namespace, where.name, task.name): f"task-{n}" for n, (where, task) in enumerate(report.tasks)}
    data = {
        "report": report,
        "names": sorted({inspection.name for inspection in report.inspections}),
        "namespaces": sorted({inspection.namespace for inspection in report.inspections if inspection.namespace}),
        "points": attention.points(report),
        "changed": [(where, task) for where, task in report.tasks if task.new or task.fixed or task.flapping],
        "tally": model.tally(report),
        "ring": {"radius": RADIUS, "around": f"{around:.1f}", "filled": f"{around * (percent or 0) / 100:.1f}"},
        "anchor": lambda where, task: places[(where.namespace, where.name, task.name)],
        "bars": bars,
        "matrix": matrix,
        "lang": language,
        "words": words,
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; {_ELSE}",
        "version": __version__,
    }
    return page.text(FOLDER, "page.html", data)


def bars(task: model.Task) -> list[Bar]:
    """The runs of a task, the oldest first; none where there was only one."""
    if not task.history:
        return []
    made = []
    for number, run in enumerate([*reversed(task.history), task.ran]):
        height = HEIGHTS.get(run.verdict, TALL)
        title = " ".join(part for part in (words.moment(run.finished or run.started), words.verdict(run)) if part)
        made.append(Bar(number * (BAR + GAP), TALL - height, height, run.verdict or "open", title))
    return made


def matrix(inspection: model.Inspection) -> Matrix | None:
    """How each target stands with each task; None where there are fewer than two targets."""
    tasks = [task for task in inspection.tasks if task.targets]
    by_task = [{target.name: target.ran for target in task.targets} for task in tasks]
    names = sorted({name for one in by_task for name in one})
    if len(names) < 2:
        return None
    ordered = sorted(names, key=lambda name: model.VERDICTS.index(model.worst(_verdicts(by_task, name))))
    rows = tuple((name, tuple(one.get(name) for one in by_task)) for name in ordered)
    return Matrix(tuple(task.name for task in tasks), rows)


def _verdicts(by_task: list[dict[str, model.Ran]], name: str) -> list[str]:
    return [one[name].verdict for one in by_task if name in one]


def language(said: str) -> str:
    """zh-Hans for text with Chinese characters: without it a browser may take the shapes of Japanese ones."""
    return "zh-Hans" if _HAN.search(said) and not _KANA_HANGUL.search(said) else ""
