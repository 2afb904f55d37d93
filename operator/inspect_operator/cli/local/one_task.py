"""One task on this machine, with its retries, to the row that the status of its Inspect would have."""

import asyncio
import dataclasses
import pathlib
import tempfile

from inspect_operator import settings as settings_module
from inspect_operator.api import check as checks
from inspect_operator.api import task as tasks
from inspect_operator.cli import telling, terminal
from inspect_operator.cli.local import attempt, container, job, obstacle
from inspect_operator.cli.local import given as givens
from inspect_operator.plan import desired
from inspect_operator.publish import row as rows
from inspect_operator.publish import task_report
from inspect_operator.render import context
from inspect_operator.run import outcome
from inspect_operator.runner import lines, targets, verdict

#: Of a row: there is no cluster where these would be.
_OF_CLUSTER = ("release", "runKey", "job", "requested")


@dataclasses.dataclass(frozen=True)
class Result:
    """`report` is the full one, which the operator would keep in a ConfigMap."""

    row: rows.Row
    report: task_report.Report


class Place:
    """Where tasks run: what they find there, and who is told."""

    def __init__(
        self, given: givens.Given, settings: settings_module.Settings, shown: terminal.Terminal, *, quiet: bool
    ) -> None:
        self._given = given
        self._settings = settings
        self._shown = shown
        self._quiet = quiet

    async def result(
        self, want: desired.Desired, owner: tasks.Owner, generation: int, check: checks.Check | None
    ) -> Result:
        """Runs the task where it may and can; else why not."""
        row, run = await self._row(want, owner, check)
        row = rows.clean({name: value for name, value in row.items() if name not in _OF_CLUSTER})
        whose = task_report.about(owner, generation, want.task)
        return Result(row, task_report.of_run(whose, row, task_report.detail(row, run)))

    async def _row(
        self, want: desired.Desired, owner: tasks.Owner, check: checks.Check | None
    ) -> tuple[rows.Row, outcome.Run | None]:
        view, task = rows.View(want), want.task
        plain = rows.head(view)
        if want.refused:
            return plain | rows.ended(verdict.Verdict.ERROR.value, want.refused.reason, str(want.refused)), None
        if want.held:
            return rows.once(view, "", None, None), None
        refusal = obstacle.of(task, owner.namespace, want.release, self._given) or container.old_results(task)
        if refusal:
            told = rows.ended(refusal.verdict.value, refusal.reason, refusal.message)
            if refusal.reason == verdict.Reason.CONFIG_MAP_MISSING:
                told["exitCode"] = verdict.NOT_FOUND  # with which the runner ends in a pod
            return plain | told, None
        run = await self._attempts(task, owner, check)
        return rows.once(view, run.job, run, None), run

    async def _attempts(self, task: tasks.Task, owner: tasks.Owner, check: checks.Check | None) -> outcome.Run:
        for number in range(task.retries + 1):
            ended = await self._attempt(task, owner, check)
            if ended.exit_code == 0 or number == task.retries:
                break
            seconds = context.backoff_seconds(number)
            words = f"attempt {number + 1} of {task.retries + 1} ended with exit code {ended.exit_code}"
            self._shown.note(f"{task.name}: {words}; the next one begins in {seconds} s, as a Job's would")
            await asyncio.sleep(seconds)
        return job.judged(task, ended, number + 1)

    async def _attempt(self, task: tasks.Task, owner: tasks.Owner, check: checks.Check | None) -> attempt.Ended:
        prefix = telling.prefix(self._shown, task.name)

        def write(line: bytes) -> None:
            if not self._quiet and not line.startswith(targets.MARK):
                self._shown.print(f"{prefix} {lines.clean(line)}")

        # A script may leave what can't be removed.
        with tempfile.TemporaryDirectory(prefix="inspect-", ignore_cleanup_errors=True) as folder:
            made = container.lay_out(pathlib.Path(folder), task, owner, self._given, check, self._settings)
            try:
                return await attempt.run(made, write)
            finally:
                container.remove_results(task)  # a pod's go with it
