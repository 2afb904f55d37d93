"""What the tests of checks share."""

import pathlib
from collections.abc import Iterator

import pytest
from tests.unit.checks import api_server, machines


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> machines.Machine:
    """A prepared machine, with nothing prepared yet."""
    return machines.Machine(tmp_path)


@pytest.fixture
def api(tmp_path: pathlib.Path) -> Iterator[api_server.Server]:
    """A Kubernetes API that knows nothing yet."""
    with api_server.serving(tmp_path) as server:
        yield server
