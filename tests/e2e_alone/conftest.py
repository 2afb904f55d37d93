"""Tests of an operator for all namespaces, one after the other; what was installed before is there again afterwards."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import namespace
from tests.e2e.harness import kube
from tests.e2e_alone.chart import CHART, HERE, OURS, images

__all__ = ["installed_before", "namespace"]


@pytest.fixture
def installed_before() -> Iterator[None]:
    """Takes away what is installed, and brings it back, with this checkout's images: older ones may be gone by now."""
    there = kube.helm("list", "-n", "inspect-system", "-o", "json", "--filter", "^inspect-operator$")
    values = kube.helm("get", "values", *HERE, "-o", "json") if json.loads(there) else ""
    if values:
        kube.helm("uninstall", *HERE, "--wait", "--timeout", "120s", seconds=150)
    yield
    if values:
        command = ("upgrade", "--install", *HERE[:1], CHART, *HERE[1:], *OURS, "--values", "-", *images())
        kube.run(*command, stdin=values, binary="helm", seconds=150)
