"""From an exit code and findings to a verdict, a reason in one word and a message for people.

The rules, in the order in which they are asked:
- 124, 126 and 127 are `error`: by convention the script did not run to its end, or not at all.
- A failing finding is `fail`, whatever the exit code says.
- Any other exit code but 0 is `fail`.
- A finding of `unknown`, or output that was cut, is `unknown`: no failure was seen, and none can be ruled out.
- The rest is `success`; warnings never fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from signal import Signals

from inspect_operator.runner import findings


class Verdict(StrEnum):
    """Worst first."""

    ERROR = "error"  # the inspection itself did not work
    FAIL = "fail"
    UNKNOWN = "unknown"
    SUCCESS = "success"
    SKIPPED = "skipped"


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """None where there is no verdict at all."""
    order = list(Verdict)
    return min(verdicts, key=order.index, default=None)


class Reason(StrEnum):
    """What the script's own end and its output tell. What Kubernetes tells is in `run/reasons.py`."""

    PASSED = "Passed"
    NO_FINDINGS = "NoFindings"
    FINDINGS = "Findings"
    EXIT_CODE = "ExitCode"
    NOT_EXECUTABLE = "NotExecutable"  # 126
    COMMAND_NOT_FOUND = "CommandNotFound"  # 127
    CONFIG_MAP_MISSING = "ConfigMapMissing"  # that of a task's scriptFrom
    BAD_ARGUMENTS = "BadArguments"  # the runner was called wrongly
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    OOM_KILLED = "OOMKilled"
    TERMINATED = "Terminated"  # told to stop from outside before the script had ended
    OUTPUT_TRUNCATED = "OutputTruncated"
    UNKNOWN_RESULT = "UnknownResult"

    # What SSH tells about a host; each is an error.
    HOST_UNREACHABLE = "HostUnreachable"  # no such name, no route, refused, or no SSH server
    CONNECT_TIMEOUT = "ConnectTimeout"
    HOST_KEY_UNKNOWN = "HostKeyUnknown"
    HOST_KEY_MISMATCH = "HostKeyMismatch"
    HOST_KEY_REVOKED = "HostKeyRevoked"
    KNOWN_HOSTS_MISSING = "KnownHostsMissing"  # the file that should hold the known keys
    NO_COMMON_ALGORITHM = "NoCommonAlgorithm"
    SECRET_MISSING = "SecretMissing"  # noqa: S105  (a reason's name)
    KEY_UNUSABLE = "KeyUnusable"  # a private key in no format we read, or its passphrase is wrong
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    JUMP_HOST_FAILED = "JumpHostFailed"
    NO_SHELL = "NoShell"  # logged in, but the account runs no command of ours
    COPY_FAILED = "CopyFailed"  # the script could not be put on the host
    CONNECTION_LOST = "ConnectionLost"


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reason: str
    message: str


def error(reason: str, message: str) -> Judgement:
    return Judgement(Verdict.ERROR, reason, message)


TIMED_OUT, CANNOT_EXECUTE, NOT_FOUND = 124, 126, 127  # exit codes as the shell and timeout(1) use them


def judge(exit_code: int, report: findings.Report, *, output_cut: bool = False) -> Judgement:
    """Judge a run that ended by itself. `output_cut`: findings may have been printed that `report` does not know."""
    seen = tally(report)
    if exit_code == TIMED_OUT:
        message = f"exit code 124: a command in it ran out of time; {seen}"
        return error(Reason.DEADLINE_EXCEEDED, message)
    if exit_code == CANNOT_EXECUTE:
        return error(Reason.NOT_EXECUTABLE, f"exit code 126: a command cannot be executed; {seen}")
    if exit_code == NOT_FOUND:
        return error(Reason.COMMAND_NOT_FOUND, f"exit code 127: a command was not found; {seen}")
    if report.counts.fail:
        ending = f" ({exit_in_words(exit_code)})" if exit_code else ""
        named = _named(report, findings.Result.FAIL)
        message = f"{report.counts.fail} of {_findings(report.counts.total)} failed{ending}: {named}"
        return Judgement(Verdict.FAIL, Reason.FINDINGS, message)
    if exit_code:
        return Judgement(Verdict.FAIL, Reason.EXIT_CODE, f"{exit_in_words(exit_code)}; {seen}")
    if report.counts.unknown:
        named = _named(report, findings.Result.UNKNOWN)
        return Judgement(Verdict.UNKNOWN, Reason.UNKNOWN_RESULT, f"exit code 0, but {named}")
    if output_cut:
        message = f"exit code 0, but only the end of the output could be read; in it {seen}"
        return Judgement(Verdict.UNKNOWN, Reason.OUTPUT_TRUNCATED, message)
    if report.counts.total == 0:
        return Judgement(Verdict.SUCCESS, Reason.NO_FINDINGS, "exit code 0, and no findings were printed")
    warned = f": {_named(report, findings.Result.WARN)}" if report.counts.warn else ""
    return Judgement(Verdict.SUCCESS, Reason.PASSED, seen + warned)


def exit_in_words(exit_code: int) -> str:
    """`exit code 3`, or `exit code 137 (killed by SIGKILL)`: a shell reports death by signal N as 128 + N."""
    try:
        return f"exit code {exit_code} (killed by {Signals(exit_code - 128).name})"
    except ValueError:
        return f"exit code {exit_code}"


def tally(report: findings.Report) -> str:
    """`3 findings: 2 success, 1 warn`."""
    counts = report.counts
    if counts.total == 0:
        return "no findings were printed"
    numbers = ((getattr(counts, result.value), result.value) for result in findings.Result)
    return f"{_findings(counts.total)}: " + ", ".join(f"{number} {result}" for number, result in numbers if number)


def _findings(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"


def _named(report: findings.Report, result: findings.Result) -> str:
    """The first three findings with this result, and how many more there are."""
    matching = [finding for finding in report.findings if finding.result is result]
    named = [f"{finding.name}: {finding.message}" if finding.message else finding.name for finding in matching[:3]]
    more = getattr(report.counts, result.value) - len(named)
    return "; ".join(text[:100] for text in named) + (f"; and {more} more" if more > 0 else "")
