"""From an exit code and findings to a verdict and its words."""

import pytest

from inspect_operator.runner import findings, stream, verdict
from inspect_operator.runner.verdict import Reason, Verdict

NOTHING = b"hello\n"
PASSED = b"disk-usage ok 45%\n"
WARNED = b"disk-usage warn 85%\n"
FAILED = b"disk-usage fail 91%\nmemory-usage ok 20%\n"
ODD = b"caseName:a, caseDesc:, result:maybe, resultDesc:b\n"


@pytest.mark.parametrize(
    ("exit_code", "output", "expected", "reason", "words"),
    [
        (0, NOTHING, Verdict.SUCCESS, Reason.NO_FINDINGS, "no findings were printed"),
        (0, PASSED, Verdict.SUCCESS, Reason.PASSED, "1 finding: 1 success"),
        (0, WARNED, Verdict.SUCCESS, Reason.PASSED, "1 finding: 1 warn: disk-usage: 85%"),
        (0, FAILED, Verdict.FAIL, Reason.FINDINGS, "1 of 2 findings failed: disk-usage: 91%"),
        (1, FAILED, Verdict.FAIL, Reason.FINDINGS, "1 of 2 findings failed (exit code 1): disk-usage: 91%"),
        (3, NOTHING, Verdict.FAIL, Reason.EXIT_CODE, "exit code 3; no findings were printed"),
        (3, PASSED, Verdict.FAIL, Reason.EXIT_CODE, "exit code 3; 1 finding: 1 success"),
        (139, NOTHING, Verdict.FAIL, Reason.EXIT_CODE, "exit code 139 (killed by SIGSEGV)"),
        (200, NOTHING, Verdict.FAIL, Reason.EXIT_CODE, "exit code 200;"),
        (124, FAILED, Verdict.ERROR, Reason.DEADLINE_EXCEEDED, "exit code 124"),
        (126, NOTHING, Verdict.ERROR, Reason.NOT_EXECUTABLE, "exit code 126"),
        (127, NOTHING, Verdict.ERROR, Reason.COMMAND_NOT_FOUND, "exit code 127"),
        (0, ODD, Verdict.UNKNOWN, Reason.UNKNOWN_RESULT, "a: result is not understood: maybe"),
        (0, ODD + FAILED, Verdict.FAIL, Reason.FINDINGS, "1 of 3 findings failed"),
    ],
)
def test_judgement(exit_code: int, output: bytes, expected: Verdict, reason: Reason, words: str) -> None:
    judgement = verdict.judge(exit_code, stream.parse(output))
    assert (judgement.verdict, judgement.reason) == (expected, reason)
    assert words in judgement.message


@pytest.mark.parametrize(
    ("exit_code", "output", "expected"),
    [
        (0, NOTHING, (Verdict.UNKNOWN, Reason.OUTPUT_TRUNCATED)),
        (0, PASSED, (Verdict.UNKNOWN, Reason.OUTPUT_TRUNCATED)),
        (0, FAILED, (Verdict.FAIL, Reason.FINDINGS)),
        (1, PASSED, (Verdict.FAIL, Reason.EXIT_CODE)),
        (127, PASSED, (Verdict.ERROR, Reason.COMMAND_NOT_FOUND)),
    ],
)
def test_cut_output_is_unknown_unless_a_failure_was_seen(
    exit_code: int, output: bytes, expected: tuple[Verdict, Reason]
) -> None:
    judgement = verdict.judge(exit_code, stream.parse(output), output_cut=True)
    assert (judgement.verdict, judgement.reason) == expected


def test_the_message_names_three_and_counts_the_rest() -> None:
    output = "".join(f"check-{number} fail broken\n" for number in range(100))
    message = verdict.judge(0, stream.parse(output.encode())).message
    assert message.endswith("check-0: broken; check-1: broken; check-2: broken; and 97 more")


def test_the_message_stays_short() -> None:
    output = "".join(f"check-{number} fail {'满' * 900}\n" for number in range(9))
    assert len(verdict.judge(0, stream.parse(output.encode())).message) < 400


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], None),
        ([Verdict.SUCCESS, Verdict.SKIPPED], Verdict.SUCCESS),
        ([Verdict.SUCCESS, Verdict.UNKNOWN], Verdict.UNKNOWN),
        ([Verdict.UNKNOWN, Verdict.FAIL], Verdict.FAIL),
        ([Verdict.FAIL, Verdict.ERROR, Verdict.SUCCESS], Verdict.ERROR),
    ],
)
def test_the_worst_verdict(verdicts: list[Verdict], expected: Verdict | None) -> None:
    assert verdict.worst(verdicts) == expected


def test_every_result_is_counted_under_its_own_name() -> None:
    assert set(findings.Counts.__dataclass_fields__) == {result.value for result in findings.Result}
