"""Deleting an Inspect removes every trace of it, whatever the operator was doing at the time."""

from tests.e2e.harness import kube, process

TASKS = [{"name": f"t{number}", "script": f"sleep {number % 2 * 600}"} for number in range(3)]


def test_deleted_inspect_leaves_nothing(operator: process.Operator, namespace: str) -> None:
    operator.start()
    _installed(namespace)
    kube.run("delete", "inspect", "leave", "-n", namespace, "--timeout=60s")
    _assert_nothing(namespace)


def test_deleted_while_the_operator_was_down(operator: process.Operator, namespace: str) -> None:
    operator.start()
    _installed(namespace)
    operator.kill()
    kube.run("delete", "inspect", "leave", "-n", namespace, "--wait=false")
    assert kube.get("inspect", namespace, "leave") is not None
    operator.start()
    kube.until("object gone", lambda: kube.get("inspect", namespace, "leave") is None)
    _assert_nothing(namespace)


def test_deleted_while_it_is_installed(operator: process.Operator, namespace: str) -> None:
    operator.start()
    tasks = [{"name": f"t{number}", "script": "sleep 600"} for number in range(12)]
    kube.apply(kube.inspect("leave", *tasks), namespace)
    kube.until("some are installed", lambda: kube.releases(namespace))
    kube.run("delete", "inspect", "leave", "-n", namespace, "--timeout=60s")
    _assert_nothing(namespace)


def test_deleted_with_its_namespace(operator: process.Operator, namespace: str) -> None:
    operator.settings["LEASE_NAMESPACE"] = "default"  # the Lease would go with the namespace
    operator.settings["LEASE_NAME"] = namespace
    operator.start()
    _installed(namespace)
    kube.run("delete", "namespace", namespace, "--timeout=90s", seconds=120)
    assert kube.run("get", "namespace", namespace, "--ignore-not-found") == ""
    kube.run("delete", "lease", namespace, "-n", "default")


def _installed(namespace: str) -> None:
    kube.apply(kube.inspect("leave", *TASKS), namespace)
    kube.until("installed", lambda: len(kube.items("pods", namespace)) == len(TASKS))


def _assert_nothing(namespace: str) -> None:
    assert kube.releases(namespace) == {}
    kinds = "inspects,jobs,pods,configmaps,secrets"
    kube.until(
        "every object gone",
        lambda: {item["metadata"]["name"] for item in kube.items(kinds, namespace)} <= {"kube-root-ca.crt"},
    )
