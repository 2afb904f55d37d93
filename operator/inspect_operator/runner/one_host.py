"""The inspection of one host, from its hosts-file entry to a row and a report."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from inspect_operator.runner import failure, findings, hosts, printing, remote, ssh, stream, targets, verdict


@dataclass(frozen=True, slots=True)
class Inspected:
    target: targets.Target
    report: findings.Report


class Inspection:
    """Runs in a thread of its own; `report` may be asked from another one, when time is over."""

    def __init__(
        self, host: hosts.Host, printer: printing.Printer, stopped: Callable[[], bool], form: stream.Format
    ) -> None:
        self._host = host
        self._stopped = stopped
        self._collector = stream.Collector()
        self._parsers = {number: stream.Parser(self._collector, form) for number in (1, 2)}
        self._outputs = {number: printing.Stream(printer, number, host.name) for number in (1, 2)}
        self.started = datetime.now(UTC)

    def run(self, script: remote.Script, trusted: ssh.Trust, connect_timeout_seconds: float) -> Inspected:
        """Never raises: what goes wrong is the host's row."""
        note = ""
        try:
            connection = ssh.connect(self._host, trusted, connect_timeout_seconds)
            note = connection.note
            try:
                ending = remote.Run(connection.transport, script, self._on_output, self._stopped).until_the_end()
            finally:
                connection.close()
        except failure.Failed as failed:
            self._close()
            return self.ended(failed.judgement, None, note)
        except Exception as problem:  # a thread must not end without a row
            self._close()
            message = f"the inspection ended by an error of the runner: {type(problem).__name__}"
            return self.ended(verdict.error(verdict.Reason.CONNECTION_LOST, message), None, note)
        self._close()
        exit_code = verdict.TIMED_OUT if ending.timed_out else ending.exit_code
        return self.ended(self._judge(ending, script), exit_code, note)

    def ended(self, judgement: verdict.Judgement, exit_code: int | None, note: str = "") -> Inspected:
        """The row, with what the host has told so far."""
        report = self._collector.report()
        named = tuple(replace(finding, target=self._host.name) for finding in report.findings)
        if note:
            judgement = replace(judgement, message=f"{judgement.message}; {note}")
        row = targets.Target(
            self._host.name, judgement, exit_code, report.counts, self.started, datetime.now(UTC)
        )  # fmt: skip
        return Inspected(row, replace(report, findings=named))

    def _judge(self, ending: remote.Ending, script: remote.Script) -> verdict.Judgement:
        seen = verdict.tally(self._collector.report())
        if ending.timed_out:
            left = "" if ending.exit_code is not None else "; the host did not say that it is stopped"
            message = f"stopped after its timeout of {script.timeout_seconds:g} s; {seen}{left}"
            return verdict.error(verdict.Reason.DEADLINE_EXCEEDED, message)
        if ending.stopped or ending.exit_code is None:
            return verdict.error(verdict.Reason.TERMINATED, f"stopped before the script had ended; {seen}")
        return verdict.judge(ending.exit_code, self._collector.report())

    def _on_output(self, number: int, piece: bytes) -> None:
        self._outputs[number].feed(piece)
        self._parsers[number].feed(piece)

    def _close(self) -> None:
        for number in (1, 2):
            self._outputs[number].close()
            self._parsers[number].close()
