"""The original project's example, unchanged, does what its author promised."""

import pathlib

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
    # The address in the example is no address: that is what its row says.
    assert (remote["verdict"], remote["reason"]) == ("error", "HostUnreachable")
    assert [target["target"] for target in remote["targets"]] == ["xxxxxx"]
    assert set(kube.releases(namespace)) == {"myinspect--task1", "myinspect--task2", "myinspect--task3"}


def test_jobs_carry_the_original_labels(operator: process.Operator, namespace: str, try_image: str) -> None:
    operator.start()
    kube.run("apply", "-n", namespace, "-f", str(EXAMPLE))
    kube.finished(namespace, "myinspect")
    jobs = kube.items("jobs", namespace, labels="taskType=inspect")
    assert len(jobs) == 3
    for item in [*jobs, *kube.items("pods", namespace, labels="taskType=inspect")]:
        labels = item["metadata"]["labels"]
        assert labels["app"] == labels.get("job-name", item["metadata"]["name"])
        assert labels["app.kubernetes.io/instance"] in kube.releases(namespace)
