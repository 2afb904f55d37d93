"""The operator dies again and again in the middle of creating, editing and deleting: at rest the cluster is what the
objects say, and nothing ran twice."""

import random
import time

import pytest

from tests.e2e.harness import load, marker, process


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("objects", "deaths"), [(12, 5), pytest.param(20, 10, marks=pytest.mark.soak)])
def test_operator_killed_at_random_moments(
    operator: process.Operator, namespace: str, objects: int, deaths: int
) -> None:
    # A seed that is told: the moments can be had again.
    dice = random.Random(20)
    with marker.Markers() as markers:
        work = load.Load(namespace, markers, dice, objects)
        operator.start()
        for _ in range(deaths):
            work.turn()
            time.sleep(dice.random() * 3)
            operator.kill()
            operator.start()
        work.assert_all_is_well()
