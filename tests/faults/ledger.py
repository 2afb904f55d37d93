"""Which plans were played, and how they ended: a JSON line each in the cache folder; of a plan the last counts."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Iterable

from tests.faults import plan as plans
from tests.faults import stage, state


@dataclasses.dataclass(frozen=True)
class Entry:
    """`build` is the tag of the images that the plan was played with."""

    id: str
    place: str
    build: str
    green: bool
    met: bool
    problems: list[str]
    recovery_seconds: float
    seconds: float


class Ledger:
    """Also keeps the end states of fault-free runs, by build, and the logs of plans that failed."""

    def __init__(self, build: str, folder: pathlib.Path | None = None) -> None:
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        self.folder = folder or cache / "inspect-operator" / "faults"
        self.build = build
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = self.folder / "ledger.jsonl"

    def entries(self) -> dict[str, Entry]:
        """The last one of each plan, by its id."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return {entry.id: entry for entry in (Entry(**json.loads(line)) for line in lines)}

    def of(self, every: Iterable[plans.Plan]) -> dict[str, Entry]:
        """Of these plans, as far as their places have not been learned anew since."""
        entries = self.entries()
        return {one.id: entries[one.id] for one in every if one.id in entries and entries[one.id].place == one.place}

    def note(self, played: stage.Played) -> Entry:
        """One plan more."""
        plan = played.plan
        entry = Entry(
            plan.id, plan.place, self.build, not played.problems and played.met, played.met, played.problems,
            round(played.recovery_seconds, 1), round(played.seconds, 1),
        )  # fmt: skip
        with self._path.open("a") as file:
            file.write(json.dumps(dataclasses.asdict(entry), ensure_ascii=False) + "\n")
        if played.problems:
            folder = self.folder / "failed" / plan.id.replace("/", ".")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "operator.log").write_text(played.log)
            (folder / "writes.txt").write_text("\n".join(played.writes))
            (folder / "problems.txt").write_text("\n".join(played.problems))
            (folder / "state.json").write_text(json.dumps(played.end_state, indent=1, ensure_ascii=False))
        return entry

    def reference(self, plan: plans.Plan) -> state.State | None:
        """The end state of the fault-free run, where this build had one."""
        path = self._reference(plan)
        read: state.State | None = json.loads(path.read_text()) if path.exists() else None
        return read

    def keep_reference(self, plan: plans.Plan, reference: state.State) -> None:
        """For the plans to come."""
        path = self._reference(plan)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(reference, indent=1, ensure_ascii=False))

    def _reference(self, plan: plans.Plan) -> pathlib.Path:
        return self.folder / "references" / self.build / f"{plan.workload}.json"
