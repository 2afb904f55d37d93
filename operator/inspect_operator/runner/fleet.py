"""One script on every host of the hosts file: some at once, all within the time, and what came of it.

Exit code: 0 where every host's verdict is success, 124 where the time of the whole run was over, else 1.
"""

import math
import signal
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from inspect_operator.runner import (
    arguments,
    failure,
    findings,
    hosts,
    one_host,
    printing,
    remote,
    remote_program,
    ssh,
    stream,
    summary,
    targets,
    verdict,
)

FAILED = 1
MAX_MESSAGE = 1000  # characters
_GLANCE_SECONDS = 0.2


def run(given: arguments.Arguments, listed: hosts.Hosts, script: bytes, printer: printing.Printer) -> summary.Summary:
    """Inspects all hosts and prints their rows; the summary is for the termination message."""
    started = datetime.now(UTC)
    what = remote.Script(
        content=script,
        interpreter=remote_program.interpreter(given.interpreter, script),
        arguments=given.script_arguments,
        env=listed.env,
        grace_seconds=given.grace_seconds,
        timeout_seconds=listed.run_timeout_seconds,
    )
    fleet = _Fleet(listed, what, printer, given.results)
    fleet.run(given.timeout_seconds)
    printer.silence_hosts()
    results = fleet.results(given.timeout_seconds)
    rows = [result.target for result in results]
    for row in rows:
        if row.judgement.verdict is not verdict.Verdict.SUCCESS:
            printer.say(f"{row.name}: {row.judgement.verdict} ({row.judgement.reason}): {row.judgement.message}")
    printer.rows(targets.compose(rows))
    judgement = judge(rows, timed_out=fleet.timed_out, stopped=fleet.stopped_by is not None)
    passed = all(row.judgement.verdict is verdict.Verdict.SUCCESS for row in rows)
    exit_code = verdict.TIMED_OUT if fleet.timed_out else 0 if passed else FAILED
    return summary.Summary(exit_code, judgement, merged(results), started, datetime.now(UTC))


def judge(rows: Sequence[targets.Target], *, timed_out: bool = False, stopped: bool = False) -> verdict.Judgement:
    """The worst of all, with the reason of the first that has it; what stopped the whole run comes before."""
    worst = verdict.worst(row.judgement.verdict for row in rows) or verdict.Verdict.UNKNOWN
    first = next((row.judgement.reason for row in rows if row.judgement.verdict is worst), "")
    message = in_words(rows)
    if stopped:
        return verdict.error(verdict.Reason.TERMINATED, f"told to stop before all hosts were inspected; {message}")
    if timed_out:
        return verdict.error(verdict.Reason.DEADLINE_EXCEEDED, message)
    if worst is verdict.Verdict.SUCCESS:
        told = any(row.judgement.reason == verdict.Reason.PASSED for row in rows)
        first = verdict.Reason.PASSED if told else verdict.Reason.NO_FINDINGS
    return verdict.Judgement(worst, str(first), message)


def in_words(rows: Sequence[targets.Target]) -> str:
    """`3 of 5 hosts passed; error: db1 (HostUnreachable: …); fail: web1 (…)`, worst first, bounded."""
    passed = sum(row.judgement.verdict is verdict.Verdict.SUCCESS for row in rows)
    parts = [f"{passed} of {len(rows)} {'host' if len(rows) == 1 else 'hosts'} passed"]
    for kind in verdict.Verdict:
        named = [row for row in rows if row.judgement.verdict is kind and kind is not verdict.Verdict.SUCCESS]
        shown = [f"{row.name} ({_short(f'{row.judgement.reason}: {row.judgement.message}', 160)})" for row in named[:3]]
        more = [f"and {len(named) - 3} more"] if len(named) > 3 else []
        parts += [f"{kind}: {', '.join([*shown, *more])}"] if named else []
    return _short("; ".join(parts), MAX_MESSAGE)


def merged(results: Sequence[one_host.Inspected]) -> findings.Report:
    """All hosts' findings in one report, worst first."""
    sums = {kind.value: sum(getattr(each.report.counts, kind.value) for each in results) for kind in findings.Result}
    counts = findings.Counts(**sums)
    found = [finding for each in results for finding in each.report.findings]
    order = list(findings.Result)
    kept = tuple(sorted(found, key=lambda finding: order.index(finding.result))[: stream.MAX_FINDINGS])
    return findings.Report(kept, counts, counts.total - len(kept))


class _Fleet:
    def __init__(
        self, listed: hosts.Hosts, script: remote.Script, printer: printing.Printer, form: stream.Format
    ) -> None:
        self._listed = listed
        self._script = script
        self._printer = printer
        self._form = form
        self._waiting = deque(listed.hosts)
        self._begun: dict[str, one_host.Inspection] = {}
        self._results: dict[str, one_host.Inspected] = {}
        self._stop = threading.Event()  # hosts are to end what they run, none is to begin
        self._wake = threading.Event()  # the main thread has something to look at
        self._lock = threading.Lock()
        self.timed_out = False
        self.stopped_by: int | None = None

    def run(self, timeout_seconds: float | None) -> None:
        """Returns when every host is through, or soon after time is over or a signal came."""
        try:
            trusted = ssh.trust(self._listed.known_hosts, on_first_use=self._listed.trust_on_first_use)
        except failure.Failed as failed:
            for host in self._listed.hosts:
                self._results[host.name] = _not_begun(host, failed.judgement)
            return
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        workers = [
            threading.Thread(target=self._work, args=(trusted,), daemon=True)
            for _ in range(min(self._listed.parallelism, len(self._listed.hosts)))
        ]
        for worker in workers:
            worker.start()
        deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not self._all_done() and self.stopped_by is None:
            left = deadline - time.monotonic()
            if left <= 0:
                self.timed_out = True
                break
            self._wake.wait(min(left, _GLANCE_SECONDS))
            self._wake.clear()
        self._stop.set()
        if self.timed_out or self.stopped_by is not None:
            self._await_endings()

    def results(self, timeout_seconds: float | None) -> list[one_host.Inspected]:
        """In the order of the file; hosts that did not get through have a row that says so."""
        with self._lock:
            return [self._result(host, timeout_seconds) for host in self._listed.hosts]

    def _result(self, host: hosts.Host, timeout_seconds: float | None) -> one_host.Inspected:
        begun, result = self._begun.get(host.name), self._results.get(host.name)
        over = f"the time of the whole run ({timeout_seconds:g} s) was over" if timeout_seconds else ""
        if result is not None and result.target.judgement.reason != verdict.Reason.TERMINATED:
            return result
        if self.timed_out:
            how = f"stopped: {over}" if begun else f"not reached in time: {over}"
            judgement = verdict.error(verdict.Reason.DEADLINE_EXCEEDED, how)
        else:
            how = "told to stop before the script had ended" if begun else "not reached before we were told to stop"
            judgement = verdict.error(verdict.Reason.TERMINATED, how)
        if begun is None:
            return _not_begun(host, judgement)
        told = result.target.exit_code if result else None
        return begun.ended(judgement, verdict.TIMED_OUT if self.timed_out else told)

    def _work(self, trusted: ssh.Trust) -> None:
        while not self._stop.is_set():
            with self._lock:
                if not self._waiting:
                    return
                host = self._waiting.popleft()
                inspection = one_host.Inspection(host, self._printer, self._stop.is_set, self._form)
                self._begun[host.name] = inspection
            result = inspection.run(self._script, trusted, self._listed.connect_timeout_seconds)
            with self._lock:
                self._results[host.name] = result
            self._wake.set()

    def _await_endings(self) -> None:
        """Scripts that run get their grace; a host that is still being connected to is not waited for longer."""
        until = time.monotonic() + self._script.grace_seconds + remote_program.LINGER_SECONDS + 2.5
        while time.monotonic() < until and not self._all_ended():
            self._wake.wait(0.1)
            self._wake.clear()

    def _all_done(self) -> bool:
        with self._lock:
            return len(self._results) == len(self._listed.hosts)

    def _all_ended(self) -> bool:
        with self._lock:
            return len(self._results) == len(self._begun)

    def _on_signal(self, number: int, _frame: object) -> None:
        # Nothing else: an Event's lock may be held by the very thread that this interrupts.
        self.stopped_by = self.stopped_by or number


def _not_begun(host: hosts.Host, judgement: verdict.Judgement) -> one_host.Inspected:
    row = targets.Target(host.name, judgement, None, findings.Counts(), None, None)
    return one_host.Inspected(row, findings.Report())


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
