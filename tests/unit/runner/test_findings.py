"""One line of output to a finding, or to none."""

import pytest

from inspect_operator.runner import findings
from inspect_operator.runner.findings import Finding, Result

SUCCESS, FAIL, WARN, INFO, UNKNOWN = Result.SUCCESS, Result.FAIL, Result.WARN, Result.INFO, Result.UNKNOWN

CASES = [
    # The original project's example, both branches, byte for byte.
    (
        "caseName:无CPU降频, caseDesc:, result:fail, resultDesc:有3个CPU的频率低于2000MHz, 可能发生降频",
        Finding("无CPU降频", FAIL, "有3个CPU的频率低于2000MHz, 可能发生降频"),
    ),
    (
        "caseName:无CPU降频, caseDesc:, result:success, resultDesc:CPU频率都大于2000MHz, 无降频",
        Finding("无CPU降频", SUCCESS, "CPU频率都大于2000MHz, 无降频"),
    ),
    # Full-width punctuation, blanks, upper case, other separators.
    (
        "caseName：磁盘使用率，caseDesc：根分区，result：fail，resultDesc：已用 91%，阈值：80%",
        Finding("磁盘使用率", FAIL, "已用 91%，阈值：80%", "根分区"),
    ),
    (
        "  caseName : disk ,  caseDesc : root ,result: FAIL ,resultDesc : 91%",
        Finding("disk", FAIL, "91%", "root"),
    ),
    ("caseName:a;caseDesc:b;result:Success;resultDesc:c", Finding("a", SUCCESS, "c", "b")),
    ("caseName:a caseDesc:b result:fail resultDesc:c d e", Finding("a", FAIL, "c d e", "b")),
    # Values hold commas, colons and even the keys.
    (
        "caseName:a, b:c, caseDesc:x, y, result:fail, resultDesc:got result:success, caseDesc:no",
        Finding("a, b:c", FAIL, "got result:success, caseDesc:no", "x, y"),
    ),
    (
        "caseName:a, caseDesc:the result: must be 3, result:fail, resultDesc:4",
        Finding("a", FAIL, "4", "the result: must be 3"),
    ),
    # What may be missing.
    ("caseName:a, result:fail, resultDesc:b", Finding("a", FAIL, "b")),
    ("caseName:a, result:fail, resultDesc:b, caseDesc:c", Finding("a", FAIL, "b, caseDesc:c")),
    ("caseName:a, caseDesc:b, result:fail", Finding("a", FAIL, "", "b")),
    ("caseName:a, caseDesc:b, result:success, resultDesc:", Finding("a", SUCCESS, "", "b")),
    ("caseName:, caseDesc:, result:fail, resultDesc:x", Finding("", FAIL, "x")),
    ("caseName:a, caseDesc:, result:warning, resultDesc:x", Finding("a", WARN, "x")),
    # A result we do not know is no success.
    (
        "caseName:a, caseDesc:b, result:maybe, resultDesc:c",
        Finding("a", UNKNOWN, "result is not understood: maybe, resultDesc:c", "b"),
    ),
    ("caseName:a, caseDesc:b, result:", Finding("a", UNKNOWN, "result is not understood:", "b")),
    ("caseName:a, caseDesc:, result:unknown, resultDesc:no data", Finding("a", UNKNOWN, "no data")),
    # <check> <word> <message>
    ("disk-usage ok 45% of /var", Finding("disk-usage", SUCCESS, "45% of /var")),
    ("disk-usage pass", Finding("disk-usage", SUCCESS)),
    ("disk\twarn\t85% used", Finding("disk", WARN, "85% used")),
    ("dns error lookup of kubernetes.default failed", Finding("dns", FAIL, "lookup of kubernetes.default failed")),
    ("kube-system/coredns fail 0 of 2 ready", Finding("kube-system/coredns", FAIL, "0 of 2 ready")),
    ("CPU info 8 cores", Finding("CPU", INFO, "8 cores")),
    ("磁盘使用率 warn 85%", Finding("磁盘使用率", WARN, "85%")),
    ("node1 ok   spaces   ", Finding("node1", SUCCESS, "spaces")),
]

NOT_FINDINGS = [
    "",
    "caseName",
    "caseName:a",
    "caseName:a, caseDesc:b, resultDesc:c",
    "see caseName:a, caseDesc:b, result:fail, resultDesc:c",
    "+ echo caseName:a, caseDesc:b, result:fail, resultDesc:c",
    '    echo "caseName:a, caseDesc:b, result:fail, resultDesc:c"',
    "no error found",
    "more info at https://example.org",
    "Everything ok now",
    "An error occurred",
    "syntax error near unexpected token",
    "fatal error in line 3",
    "main.c:12: error: expected ';'",
    "curl: (7) error connecting",
    "ERROR something bad",
    "app ERROR cannot connect",
    "2024-01-01T00:00:00Z error cannot connect",
    "12:00:01 warn slow",
    "10.0.0.1 error unreachable",
    "level=error msg=bad",
    "  disk-usage fail indented",
    "disk-usage failing badly",
    "disk-usage error: with a colon",
    "disk-usage  ",
    "looks ok",
    "disk ok",
    "tests pass on all nodes",
    "ok disk-usage fine",
]


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_a_line_in_one_of_the_dialects_is_a_finding(line: str, expected: Finding) -> None:
    assert findings.parse_line(line) == expected


@pytest.mark.parametrize("line", NOT_FINDINGS)
def test_any_other_line_is_none(line: str) -> None:
    assert findings.parse_line(line) is None


def test_long_values_are_cut_with_an_ellipsis() -> None:
    finding = findings.parse_line(f"caseName:{'名' * 900}, caseDesc:{'d' * 900}, result:fail, resultDesc:{'m' * 9000}")
    assert finding is not None
    assert finding.name == "名" * (findings.MAX_NAME - 1) + "…"
    assert len(finding.description) == findings.MAX_DESCRIPTION
    assert len(finding.message) == findings.MAX_MESSAGE


@pytest.mark.parametrize(
    "line",
    [
        "caseName:" + ",caseDesc:" * 1600,
        "caseName:" + ",result:" * 2000,
        "caseName:x" + " " * 16000,
        "caseName:x,result:" + " " * 16000 + "y",
        "caseName:x,caseDesc:" + ", " * 8000,
        "a" * 16000 + " ok x",
        "a ok" + " " * 16000,
        "a." * 8000,
    ],
)
@pytest.mark.timeout(2)
def test_no_line_takes_more_than_a_moment(line: str) -> None:
    findings.parse_line(line)
