"""A terminal that remembers."""

import io

import pytest

from inspect_operator.cli import terminal


@pytest.fixture
def shown() -> terminal.Terminal:
    """Neither colours nor anybody to see them."""
    return terminal.Terminal(io.StringIO(), io.StringIO())
