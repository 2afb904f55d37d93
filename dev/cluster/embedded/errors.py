"""The one error a person is meant to read."""

from __future__ import annotations


class ClusterError(Exception):
    """Something a person can act on: the message says what is wrong and what to do about it."""
