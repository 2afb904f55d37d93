"""The original project's example, unchanged, does what its author promised."""

import pathlib

import yaml

from tests.e2e.harness import kube, process

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "original.yaml"


def test_original_example_applies_unchanged(operator: process.Operator, namespace: str, try_image: str) -> None:
    operator.start()
    kube.run("apply", "-n", namespace, "-f", str(EXAMPLE))
    found = kube.finished(namespace, "myinspect")

    # task1's verdict comes from the one line that its script prints, whatever this machine's CPU does.
    script = kube.row(found, "task1")
    assert [finding["name"] for finding in script["findings"]] == ["无CPU降频"]
    expected = {"success": "success", "fail": "fail"}[script["findings"][0]["result"]]
    assert script["verdict"] == expected
    assert script["exitCode"] == 0

    image = kube.row(found, "task2")
    assert image["verdict"] == "success"
    for line in ("taskName=task2", "type=image", "script_location=", "message-operator-url=http://mymessage-svc."):
        assert line in image["outputTail"], line

    remote = kube.row(found, "task3")
    assert (remote["verdict"], remote["reason"]) == ("skipped", "NotYetSupported")
    assert set(kube.releases(namespace)) == {"myinspect--task1", "myinspect--task2"}


def test_jobs_carry_the_original_labels(operator: process.Operator, namespace: str, try_image: str) -> None:
    operator.start()
    kube.run("apply", "-n", namespace, "-f", str(EXAMPLE))
    kube.finished(namespace, "myinspect")
    jobs = kube.items("jobs", namespace, "-l", "taskType=inspect")
    assert len(jobs) == 2
    for item in [*jobs, *kube.items("pods", namespace, "-l", "taskType=inspect")]:
        labels = item["metadata"]["labels"]
        assert labels["app"] == labels.get("job-name", item["metadata"]["name"])
        assert labels["app.kubernetes.io/instance"] in kube.releases(namespace)


def test_password_of_a_remote_host_stays_in_the_object(operator: process.Operator, namespace: str) -> None:
    canary = "canary-pa55word"
    body = yaml.safe_load(EXAMPLE.read_text())
    body["spec"]["tasks"] = body["spec"]["tasks"][2:]
    body["spec"]["tasks"][0]["task"]["remote_ips"][0]["password"] = canary
    operator.start("--log-level", "DEBUG")
    kube.apply(body, namespace)
    found = kube.finished(namespace, "myinspect")
    assert canary in str(found["spec"])  # the search would find it
    assert canary not in str(found["status"])
    assert canary not in operator.log()
    assert canary not in str(kube.items("events,secrets,configmaps,jobs", namespace))
