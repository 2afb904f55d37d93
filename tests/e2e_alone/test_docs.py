"""The pages that install the operator, read from the first to the last: what they say is typed, on an empty cluster."""

import pathlib

import pytest

from tests.docs import commands, pages
from tests.e2e.harness import kube, process, reader


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("installed_before")
def test_a_reader_installs_uses_and_uninstalls_it(namespace: str, tmp_path: pathlib.Path) -> None:
    one = reader.Reader(pages.ROOT, tmp_path, namespace, process.image_tag(pages.ROOT))
    typed = {name: one.read(name) for name in commands.INSTALLED}
    assert all(typed.values()), typed
    assert kube.helm("list", "-A", "-q", "--filter", "^inspect-operator$") == "", "the last page uninstalls it"
    assert kube.items("inspects", namespace) == []
