"""The operator that is installed in the cluster, put aside while operators of the tests' own are at work."""

import contextlib
import pathlib
from collections.abc import Iterator

from tests.e2e.harness import kube

DEPLOYMENT = ("-n", "inspect-system", "deployment/inspect-operator")


def put_aside(root: pathlib.Path) -> str:
    """The CRD of this checkout, and nobody else at work; returns how many replicas there were."""
    # By the server: whatever others wrote as their last applied configuration stands in nobody's way.
    kube.run("apply", "--server-side", "--force-conflicts", "-f", str(root / "crds"))
    kube.run("wait", "--for=condition=Established", "crd/inspects.api.practice.com", "--timeout=30s")
    replicas = kube.run("get", *DEPLOYMENT, "-o", "jsonpath={.spec.replicas}", "--ignore-not-found")
    if replicas not in ("", "0"):
        kube.run("scale", *DEPLOYMENT, "--replicas=0")
        kube.run("wait", "pod", "-n", "inspect-system", "-l", "app.kubernetes.io/name=inspect-operator",
                 "--for=delete", "--timeout=60s")  # fmt: skip
    return replicas


def bring_back(replicas: str) -> None:
    """As many as there were."""
    if replicas not in ("", "0"):
        kube.run("scale", *DEPLOYMENT, f"--replicas={replicas}")


@contextlib.contextmanager
def aside(root: pathlib.Path) -> Iterator[None]:
    """Put aside meanwhile."""
    replicas = put_aside(root)
    try:
        yield
    finally:
        bring_back(replicas)
