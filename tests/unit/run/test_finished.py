"""A Job that has ended: verdict, reason and words, from whatever is left to read."""

import dataclasses
import json
from typing import Any

import pytest

from inspect_operator.run import outcome, tail
from inspect_operator.run.outcome import Kind, Run, State
from inspect_operator.runner import stream, summary, verdict
from inspect_operator.runner.stream import Format
from inspect_operator.runner.verdict import Verdict

Objects = Any  # conftest.Objects
FAIL = "caseName:磁盘, caseDesc:, result:fail, resultDesc:满了"
PASS = "caseName:磁盘, caseDesc:, result:success, resultDesc:够用"


def note(objects: Objects, output: str, exit_code: int, judgement: verdict.Judgement | None = None) -> str:
    """The runner's own summary."""
    report = stream.parse(output.encode())
    judged = judgement or verdict.judge(exit_code, report)
    return summary.compose(summary.Summary(exit_code, judged, report, objects.at(2), objects.at(59))).decode()


def finish(
    objects: Objects,
    job: Any,
    *pods: dict[str, Any],
    log: bytes | None = None,
    kind: Kind = Kind.SCRIPT,
    form: Format | None = Format.AUTO,
) -> Run:
    run = outcome.observe(job, list(pods), [], log, objects.at(100), kind, form)
    assert run.state is State.FINISHED
    assert run.verdict is not None
    assert 0 < len(run.message.encode()) <= outcome.MAX_MESSAGE_BYTES
    return run


@pytest.mark.parametrize(
    ("output", "exit_code", "expected", "reason"),
    [
        (PASS, 0, Verdict.SUCCESS, "Passed"),
        ("hello", 0, Verdict.SUCCESS, "NoFindings"),
        (FAIL, 0, Verdict.FAIL, "Findings"),
        (PASS, 3, Verdict.FAIL, "ExitCode"),
        ("x", 127, Verdict.ERROR, "CommandNotFound"),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_a_script_is_judged_by_its_summary_and_an_image_by_its_log(
    objects: Objects, output: str, exit_code: int, expected: Verdict, reason: str, kind: Kind
) -> None:
    message = note(objects, output, exit_code) if kind is Kind.SCRIPT else ""
    job = objects.failed() if exit_code else objects.complete()
    pod = objects.ended(exit_code, message=message)
    assert finish(objects, job, pod, kind=kind).needs_log
    run = finish(objects, job, pod, log=f"{output}\n".encode(), kind=kind)
    assert (run.verdict, run.reason, run.exit_code) == (expected, reason, exit_code)
    assert run.counts["fail"] == (output == FAIL)
    assert [finding.name for finding in run.findings] == (["磁盘"] if output in (PASS, FAIL) else [])
    assert run.output_tail == output
    assert (run.started, run.finished) == (objects.at(2), objects.at(59))
    assert (run.pod, run.uid, run.job, run.needs_log) == ("pod-1", "u1", "my--disk-k1", False)


def test_the_summary_outweighs_the_log(objects: Objects) -> None:
    pod = objects.ended(0, message=note(objects, PASS, 0))
    run = finish(objects, objects.complete(), pod, log=FAIL.encode())
    assert (run.verdict, run.counts["fail"], run.output_tail) == (Verdict.SUCCESS, 0, FAIL)


def test_the_termination_message_of_an_image_is_no_summary(objects: Objects) -> None:
    pod = objects.ended(0, message=note(objects, PASS, 0))
    assert finish(objects, objects.complete(), pod, log=FAIL.encode(), kind=Kind.IMAGE).verdict is Verdict.FAIL


def test_an_image_s_log_is_read_as_the_task_says(objects: Objects) -> None:
    log = FAIL.encode() + b'\n{"name":"a","result":"success"}\n'
    run = finish(objects, objects.complete(), objects.ended(), log=log, kind=Kind.IMAGE, form=Format.JSON_LINES)
    assert (run.verdict, run.counts["fail"], run.counts["success"]) == (Verdict.SUCCESS, 0, 1)


@pytest.mark.parametrize(("exit_code", "expected"), [(0, Verdict.SUCCESS), (3, Verdict.FAIL)])
@pytest.mark.parametrize("log", [None, FAIL.encode(), b"x" * tail.LOG_BYTES])
def test_where_no_findings_are_told_the_exit_code_is_the_result(
    objects: Objects, log: bytes | None, exit_code: int, expected: Verdict
) -> None:
    job = objects.failed() if exit_code else objects.complete()
    run = finish(objects, job, objects.ended(exit_code), log=log, kind=Kind.IMAGE, form=Format.NONE)
    assert run.verdict is expected


def test_findings_in_a_file_that_the_runner_could_not_tell_are_unknown(objects: Objects) -> None:
    run = finish(objects, objects.complete(), objects.ended(), log=PASS.encode(), form=None)
    assert (run.verdict, run.reason) == (Verdict.UNKNOWN, "LogLost")
    assert "its results file could not be read" in run.message


def test_the_last_of_stderr_comes_with_the_summary(objects: Objects) -> None:
    told = summary.parse(note(objects, PASS, 0))
    assert told is not None
    message = summary.compose(dataclasses.replace(told, stderr="oh\nno")).decode()
    assert finish(objects, objects.complete(), objects.ended(0, message=message)).stderr_tail == "oh\nno"
    assert finish(objects, objects.complete(), objects.ended(), log=b"").stderr_tail == ""


def test_without_a_summary_a_script_is_read_by_its_log(objects: Objects) -> None:
    run = finish(objects, objects.failed(), objects.ended(137), log=FAIL.encode())
    assert (run.verdict, run.reason) == (Verdict.FAIL, "Findings")
    assert "exit code 137 (killed by SIGKILL)" in run.message


@pytest.mark.parametrize(
    ("exit_code", "expected", "reason"),
    [
        (0, Verdict.UNKNOWN, "LogLost"),
        (3, Verdict.FAIL, "ExitCode"),
        (127, Verdict.ERROR, "CommandNotFound"),
    ],
)
def test_a_lost_log_leaves_the_verdict_of_the_exit_code(
    objects: Objects, exit_code: int, expected: Verdict, reason: str
) -> None:
    job = objects.failed() if exit_code else objects.complete()
    run = finish(objects, job, objects.ended(exit_code), kind=Kind.IMAGE)
    assert (run.verdict, run.reason) == (expected, reason)
    assert "the log could not be read" in run.message
    assert run.needs_log


def test_the_kubelet_s_excuse_is_no_log(objects: Objects) -> None:
    excuse = b"unable to retrieve container logs for containerd://97dad4f6"
    run = finish(objects, objects.complete(), objects.ended(), log=excuse, kind=Kind.IMAGE)
    assert (run.verdict, run.reason, run.output_tail) == (Verdict.UNKNOWN, "LogLost", "")
    run = finish(objects, objects.complete(), objects.ended(), log=excuse + b"\nmore\n", kind=Kind.IMAGE)
    assert run.verdict is Verdict.SUCCESS


def test_a_log_without_its_beginning_is_unknown_unless_a_failure_was_seen(objects: Objects) -> None:
    filler = b"x" * tail.LOG_BYTES
    passed, failed = (filler + f"\n{text}\n".encode() for text in (PASS, FAIL))
    run = finish(objects, objects.complete(), objects.ended(), log=passed[-tail.LOG_BYTES :], kind=Kind.IMAGE)
    assert (run.verdict, run.reason) == (Verdict.UNKNOWN, "OutputTruncated")
    run = finish(objects, objects.complete(), objects.ended(), log=failed[-tail.LOG_BYTES :], kind=Kind.IMAGE)
    assert (run.verdict, run.reason) == (Verdict.FAIL, "Findings")


def test_the_rest_of_a_cut_line_is_no_finding(objects: Objects) -> None:
    log = b"usage fail of the disk\n" + b"x" * tail.LOG_BYTES
    run = finish(objects, objects.complete(), objects.ended(), log=log[: tail.LOG_BYTES], kind=Kind.IMAGE)
    assert run.counts["fail"] == 0


def test_killed_for_memory_with_the_runner(objects: Objects) -> None:
    pod = objects.ended(137, "OOMKilled", container={"resources": {"limits": {"memory": "64Mi"}}})
    run = finish(objects, objects.failed(), pod, log=b"started\n")
    assert (run.verdict, run.reason, run.exit_code) == (Verdict.ERROR, "OOMKilled", 137)
    assert run.message.startswith("memory limit 64Mi: killed for memory; raise the memory limit")
    assert run.output_tail == "started"


def test_killed_for_memory_without_the_runner(objects: Objects) -> None:
    said = verdict.error(verdict.Reason.OOM_KILLED, "the kernel killed a process of the script for memory")
    pod = objects.ended(137, "Error", note(objects, FAIL, 137, said))
    run = finish(objects, objects.failed(), pod)
    assert (run.verdict, run.reason, run.counts["fail"]) == (Verdict.ERROR, "OOMKilled", 1)


def test_a_timeout_that_the_runner_enforced(objects: Objects) -> None:
    said = verdict.error(verdict.Reason.DEADLINE_EXCEEDED, "stopped after its timeout of 5 s")
    run = finish(objects, objects.failed(), objects.ended(124, message=note(objects, PASS, 124, said)), log=b"kept\n")
    assert (run.verdict, run.reason, run.exit_code) == (Verdict.ERROR, "DeadlineExceeded", 124)
    assert (run.message, run.output_tail) == ("stopped after its timeout of 5 s", "kept")


@pytest.mark.parametrize("exit_code", [0, 137, 143])
def test_a_timeout_that_the_kubelet_enforced(objects: Objects, exit_code: int) -> None:
    pod = objects.ended(exit_code, status={"phase": "Failed", "reason": "DeadlineExceeded"})
    run = finish(objects, objects.failed(), pod, log=f"{FAIL}\n".encode(), kind=Kind.IMAGE)
    assert (run.verdict, run.reason, run.counts["fail"]) == (Verdict.ERROR, "DeadlineExceeded", 1)
    assert run.message == "stopped after its timeout; 1 finding: 1 fail"


def test_what_a_kubelet_says_of_a_pod_that_had_ended_well_changes_nothing(objects: Objects) -> None:
    """Started anew, it finds old pods past their deadline: phase Succeeded, reason DeadlineExceeded."""
    status = {"phase": "Succeeded", "reason": "DeadlineExceeded", "message": "Pod was active on the node too long"}
    run = finish(objects, objects.complete(), objects.ended(0, status=status), log=b"disk ok 45%\n", kind=Kind.IMAGE)
    assert (run.verdict, run.reason) == (Verdict.SUCCESS, "Passed")


def test_the_job_s_deadline_took_the_pod_away(objects: Objects) -> None:
    run = finish(objects, objects.failed("DeadlineExceeded"))
    assert (run.verdict, run.reason) == (Verdict.ERROR, "DeadlineExceeded")
    assert run.message == "the Job's deadline of 900 s passed; Kubernetes removed the pod and its log"
    assert (run.exit_code, run.finished, run.needs_log) == (None, objects.at(60), False)


def test_the_job_s_deadline_met_a_pod_that_never_started(objects: Objects) -> None:
    pod = objects.waiting("ImagePullBackOff", "no such image", metadata={"deletionTimestamp": objects.stamp(60)})
    run = finish(objects, objects.failed("DeadlineExceeded"), pod)
    assert (run.reason, run.message) == ("DeadlineExceeded", "its time was over before it could start: no such image")


DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "bye"}


@pytest.mark.parametrize(
    "status", [{"reason": "Evicted", "message": "The node was low on resource: memory."}, {"conditions": [DISRUPTED]}]
)
def test_an_evicted_pod(objects: Objects, status: dict[str, Any]) -> None:
    said = verdict.error(verdict.Reason.TERMINATED, "told to stop before the script had ended")
    status = {"phase": "Failed"} | status
    for message in ("", note(objects, PASS, 143, said)):
        run = finish(objects, objects.failed(), objects.ended(143, message=message, status=status))
        assert (run.verdict, run.reason) == (Verdict.ERROR, "Evicted")
    assert run.counts["success"] == 1
    gone = finish(objects, objects.failed(), objects.pod(status=status))
    assert gone.reason == "Evicted"


@pytest.mark.parametrize(
    ("output", "expected", "reason"),
    [(PASS, Verdict.UNKNOWN, "PodDeleted"), (FAIL, Verdict.FAIL, "Findings")],
)
def test_a_pod_that_was_deleted_while_it_ran(objects: Objects, output: str, expected: Verdict, reason: str) -> None:
    said = verdict.error(verdict.Reason.TERMINATED, "told to stop before the script had ended")
    deleted = {"deletionTimestamp": objects.stamp(60)}
    pod = objects.ended(143, message=note(objects, output, 143, said), metadata=deleted)
    run = finish(objects, objects.failed(), pod)
    assert (run.verdict, run.reason) == (expected, reason)


def test_a_pod_that_was_deleted_after_it_had_ended_keeps_its_result(objects: Objects) -> None:
    deleted = {"deletionTimestamp": objects.stamp(60)}
    run = finish(objects, objects.complete(), objects.ended(0, message=note(objects, PASS, 0), metadata=deleted))
    assert (run.verdict, run.reason) == (Verdict.SUCCESS, "Passed")
    run = finish(objects, objects.failed(), objects.ended(3, metadata=deleted), log=b"", kind=Kind.IMAGE)
    assert (run.verdict, run.reason) == (Verdict.FAIL, "ExitCode")


def test_a_signal_that_no_deletion_explains_stays_the_runner_s_word(objects: Objects) -> None:
    said = verdict.error(verdict.Reason.TERMINATED, "told to stop before the script had ended")
    run = finish(objects, objects.failed(), objects.ended(143, message=note(objects, "", 143, said)))
    assert (run.verdict, run.reason) == (Verdict.ERROR, "Terminated")


@pytest.mark.parametrize(("complete", "reason"), [(True, "LogLost"), (False, "PodDeleted")])
def test_a_finished_job_without_its_pod_is_unknown(objects: Objects, complete: bool, reason: str) -> None:
    run = finish(objects, objects.complete() if complete else objects.failed())
    assert (run.verdict, run.reason, run.exit_code) == (Verdict.UNKNOWN, reason, None)
    assert (run.started, run.finished) == (objects.at(0), objects.at(60))


def test_a_command_that_cannot_be_started(objects: Objects) -> None:
    pod = objects.ended(128, "StartError", 'exec: "nope": executable file not found in $PATH')
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["startedAt"] = "1970-01-01T00:00:00Z"
    run = finish(objects, objects.failed(), pod, kind=Kind.IMAGE)
    assert (run.verdict, run.reason) == (Verdict.ERROR, "CreateContainerError")
    assert 'exec: "nope"' in run.message
    assert (run.exit_code, run.needs_log) == (None, False)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ({"reason": "OutOfmemory", "message": "Node didn't have enough resource"}, "OutOfmemory", "enough resource"),
        ({"reason": "not a word", "message": "what"}, "PodFailed", "what"),
        ({}, "BackoffLimitExceeded", "the Job failed"),
    ],
)
def test_a_pod_that_failed_before_its_container_ran(
    objects: Objects, status: dict[str, Any], reason: str, words: str
) -> None:
    run = finish(objects, objects.failed(), objects.pod(status={"phase": "Failed"} | status))
    assert (run.verdict, run.reason) == (Verdict.ERROR, reason)
    assert words in run.message


def test_a_failed_init_container_is_named(objects: Objects) -> None:
    inits = [{"name": "prepare", "state": {"terminated": {"exitCode": 2}}}]
    pod = objects.waiting("PodInitializing", status={"phase": "Failed", "initContainerStatuses": inits})
    run = finish(objects, objects.failed(), pod)
    assert (run.reason, run.message) == ("InitContainerFailed", "init container prepare ended with exit code 2")


def test_a_container_that_the_node_lost_is_unknown(objects: Objects) -> None:
    run = finish(objects, objects.failed(), objects.ended(137, "ContainerStatusUnknown"))
    assert (run.verdict, run.reason) == (Verdict.UNKNOWN, "LogLost")


def test_attempts_are_counted(objects: Objects) -> None:
    run = finish(objects, objects.failed(attempts=3, retries=2), objects.ended(3), log=b"", kind=Kind.IMAGE)
    assert run.message.endswith("(attempt 3 of 3)")


def test_a_sidecar_is_not_the_task(objects: Objects) -> None:
    pod = objects.ended(3)
    sidecar = {"name": "istio-proxy", "state": {"terminated": {"exitCode": 0, "startedAt": objects.stamp(1)}}}
    pod["status"]["containerStatuses"].insert(0, sidecar)
    assert finish(objects, objects.failed(), pod, log=b"").exit_code == 3


def test_messages_are_cut_to_their_bytes(objects: Objects) -> None:
    status = {"phase": "Failed", "reason": "Evicted", "message": "满" * 3000}
    run = finish(objects, objects.failed(), objects.ended(143, status=status))
    assert run.message.endswith("满…")


@pytest.mark.parametrize("part", ["metadata", "status", "spec"])
@pytest.mark.parametrize("kind", Kind)
def test_objects_with_nothing_in_them_raise_nothing(objects: Objects, part: str, kind: Kind) -> None:
    """The API leaves out what is empty, and gives null for some of it."""
    bare = {"metadata": {"name": "x"}}
    for job in (bare, objects.failed(), objects.job()):
        for pod in (bare, {"metadata": {"name": "p"}, part: None} | ({"metadata": {"name": "p"}})):
            run = outcome.observe(job, [pod], [{}], b"", objects.at(5), kind)
            assert json.dumps([run.state, run.reason, run.message])


ROWS = b"""[web1] disk ok 45%
inspect-target {"target":"web1","verdict":"success","reason":"Passed","exitCode":0,"counts":{"success":1}}
inspect-target {"target":"web2","verdict":"error","reason":"Login","message":"authentication failed"}
"""


def test_hosts_have_the_rows_that_the_log_ends_with_and_the_tail_has_them_not(objects: Objects) -> None:
    pod = objects.ended(1, message=note(objects, PASS, 1))
    run = finish(objects, objects.failed(), pod, log=ROWS, kind=Kind.SSH)
    assert [(one.name, one.judgement.verdict, one.exit_code) for one in run.targets] == [
        ("web1", Verdict.SUCCESS, 0),
        ("web2", Verdict.ERROR, None),
    ]
    assert run.output_tail == "[web1] disk ok 45%"


@pytest.mark.parametrize("kind", [Kind.SCRIPT, Kind.IMAGE])
def test_of_others_such_lines_are_only_output(objects: Objects, kind: Kind) -> None:
    """A script can't make rows of hosts that there are not."""
    run = finish(objects, objects.complete(), objects.ended(0), log=ROWS, kind=kind)
    assert run.targets == ()
    assert "inspect-target" in run.output_tail


def test_without_its_log_the_summary_of_hosts_stands_and_the_log_is_still_wanted(objects: Objects) -> None:
    pod = objects.ended(1, message=note(objects, PASS, 1))
    run = finish(objects, objects.failed(), pod, kind=Kind.SSH)
    assert (run.verdict, run.targets, run.needs_log) == (Verdict.FAIL, (), True)
