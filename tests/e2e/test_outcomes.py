"""Each way in which a run can end has its own verdict, reason and words, within seconds of the fact."""

from tests.e2e.harness import kube, process

HUNGRY = "x = []\nwhile True:\n    x.append(bytearray(16 * 2**20))\n"


def test_each_end_has_its_own_words(operator: process.Operator, namespace: str) -> None:
    tasks: dict[str, tuple[kube.Object, str, str]] = {
        "passes": ({"script": "echo caseName:a, caseDesc:, result:success, resultDesc:fine"}, "success", "Passed"),
        "exit-3": ({"script": "echo to stderr >&2; exit 3"}, "fail", "ExitCode"),
        "finding": ({"script": "echo caseName:disk, caseDesc:, result:fail, resultDesc:full, 98%"}, "fail", "Findings"),
        "silent": ({"script": "true"}, "success", "NoFindings"),
        "slow": ({"script": "echo before; sleep 300; echo later", "timeout": "3s"}, "error", "DeadlineExceeded"),
        "hungry": (
            {"script": HUNGRY, "interpreter": "python3", "resources": {"limits": {"memory": "48Mi"}}},
            "error",
            "OOMKilled",
        ),
        "typo": ({"script": "no-such-command"}, "error", "CommandNotFound"),
        "warning": ({"script": "echo 'disk warn 85% used'"}, "success", "Passed"),
    }
    operator.start()
    kube.apply(kube.inspect("ends", *({"name": name, **task} for name, (task, _, _) in tasks.items())), namespace)
    found = kube.finished(namespace, "ends", 90)
    rows = {name: kube.row(found, name) for name in tasks}
    assert {name: (row["verdict"], row["reason"]) for name, row in rows.items()} == {
        name: (verdict, reason) for name, (_, verdict, reason) in tasks.items()
    }
    assert rows["exit-3"]["exitCode"] == 3
    assert "to stderr" in rows["exit-3"]["outputTail"]
    assert rows["finding"]["findings"] == [{"name": "disk", "result": "fail", "message": "full, 98%"}]
    assert "before" in rows["slow"]["outputTail"]
    assert "later" not in rows["slow"]["outputTail"]
    assert "memory" in rows["hungry"]["message"]
    assert kube.condition(found, "Succeeded")["status"] == "False"
    assert found["status"]["failed"] == 5
    events = kube.run("events", "-n", namespace, "--for", "inspect/ends")
    for word in ("RunPassed", "RunFailed", "RunError"):
        assert word in events


def test_image_that_does_not_exist(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("pull", {"name": "t", "image": "registry.invalid/no/such:1"}), namespace)
    waiting = kube.until("shown as waiting", lambda: _with_reason(namespace, "pull", "ImagePull"), 15)
    assert waiting["state"] == "waiting"
    assert "registry.invalid/no/such:1" in waiting["message"]
    kube.until("event", lambda: "ImagePull" in kube.run("events", "-n", namespace, "--for", "inspect/pull"), 15)
    # How it ends, two minutes later: test_record.py.


def test_pod_that_the_namespace_refuses(operator: process.Operator, namespace: str, try_image: str) -> None:
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    operator.start()
    # An image task may run as root, which the profile refuses; a script task passes it.
    kube.apply(
        kube.inspect("secure", {"name": "image", "image": try_image}, {"name": "script", "script": "id -u"}), namespace
    )
    found = kube.finished(namespace, "secure", 30)
    refused = kube.row(found, "image")
    assert (refused["verdict"], refused["reason"]) == ("error", "PodSecurity")
    assert "runAsNonRoot" in refused["message"]
    assert kube.row(found, "script")["verdict"] == "success"
    assert kube.row(found, "script")["outputTail"].strip() == "65532"


def test_pod_that_was_deleted(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("away", {"name": "t", "script": "sleep 600"}), namespace)
    kube.until("running", lambda: _with_state(namespace, "away", "active"))
    kube.run("delete", "pod", "-n", namespace, "-l", "taskType=inspect", "--grace-period=1")
    row = kube.row(kube.finished(namespace, "away"), "t")
    assert row["verdict"] in ("error", "unknown")
    assert row["reason"] == "PodDeleted", row


def test_job_that_was_deleted_while_it_ran(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("away", {"name": "t", "script": "sleep 600"}), namespace)
    kube.until("running", lambda: _with_state(namespace, "away", "active"))
    kube.run("delete", "job", "-n", namespace, "-l", "taskType=inspect")
    row = kube.row(kube.finished(namespace, "away"), "t")
    assert (row["verdict"], row["reason"]) == ("unknown", "JobDeleted")


def test_retries_say_how_many_attempts_were_made(operator: process.Operator, namespace: str) -> None:
    operator.start()
    kube.apply(kube.inspect("again", {"name": "t", "script": "exit 4", "retries": 1}), namespace)
    row = kube.row(kube.finished(namespace, "again", 90), "t")
    assert (row["verdict"], row["reason"], row["exitCode"]) == ("fail", "ExitCode", 4)
    assert "attempt 2 of 2" in row["message"]


def _with_reason(namespace: str, name: str, reason: str) -> kube.Object:
    row = kube.row(kube.get("inspect", namespace, name) or {}, "t")
    return row if row.get("reason") == reason else {}


def _with_state(namespace: str, name: str, state: str) -> bool:
    return kube.row(kube.get("inspect", namespace, name) or {}, "t").get("state") == state
